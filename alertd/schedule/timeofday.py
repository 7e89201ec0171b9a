"""Times of the day as people write them: "08:00", "8:30 pm", "noon", "下午3点半"."""

from __future__ import annotations

import re

NUMERAL = r"(?:二?十[一二三四五六七八九]?|三十一?|[一二两三四五六七八九零])"
"""A Chinese numeral from 0 to 31, as a pattern."""

_HALF_DAY = r"(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚)?\s*"
_NOON = 12
_HOURS = 24
_MINUTES = 60
_CLOCK = re.compile(
    rf"(?:at |在|于|於)?{_HALF_DAY}([0-9]{{1,2}})[:.h]([0-9]{{2}})(?![0-9])\s*([ap])?(?:\.?m(?:\.|(?![a-z])))?"
)
_HOUR = re.compile(r"(?:at )?([0-9]{1,2})\s*(?:([ap])\.?m(?:\.|(?![a-z]))|o'?clock(?![a-z]))")
_AT_HOUR = re.compile(r"at ([0-9]{1,2})(?![0-9a-z])")
_BARE_HOUR = re.compile(r"([0-9]{1,2})(?![0-9a-z日号號])")
_NAMED = re.compile(r"(?:at )?(noon|midday|midnight)(?![a-z])")
_CHINESE_HOUR = re.compile(
    rf"(?:在|于|於)?{_HALF_DAY}([0-9]{{1,2}}|{NUMERAL})\s*[点點时時]\s*(?:(半)|整|钟|鐘|(?:([0-9]{{1,2}}|{NUMERAL})\s*分))?"
)


def read_time(rest: str) -> tuple[int, int] | None:
    """The minute of the day when a time that cannot be a date stands here, and where it ends.

    Raises:
        ValueError: it has the form of a time, and no clock shows it.
    """
    if found := _CLOCK.match(rest):
        return _minute(found[2], found[3], found[4] or found[1]), found.end()
    if found := _HOUR.match(rest):
        return _minute(found[1], "0", found[2]), found.end()
    if found := _AT_HOUR.match(rest):
        return _minute(found[1], "0", None), found.end()
    if found := _NAMED.match(rest):
        return 0 if found[1] == "midnight" else _NOON * _MINUTES, found.end()
    if found := _CHINESE_HOUR.match(rest):
        return _minute(found[2], "30" if found[3] else found[4] or "0", found[1]), found.end()
    return None


def read_bare_hour(rest: str) -> tuple[int, int] | None:
    """The minute of the day when a number stands here that nothing else claimed, and where it ends."""
    found = _BARE_HOUR.match(rest)
    return (_minute(found[1], "0", None), found.end()) if found else None


def _minute(hour_text: str, minute_text: str, half: str | None) -> int:
    hour, minute = number(hour_text), number(minute_text)
    shown = f"{hour_text}:{minute_text.zfill(2)}"
    if half in {"a", "p"} and not 1 <= hour <= _NOON:
        raise ValueError(f"{shown} {half}m is not a time of day; expected 00:00 to 23:59, or 1am to 12pm")
    if half in {"p", "下午", "中午", "傍晚"} and hour < (_NOON if half != "中午" else 10):
        hour += _NOON
    elif half in {"晚上", "晚"} and hour <= _NOON:
        hour = (hour + _NOON) % _HOURS
    elif half in {"a", "凌晨"} and hour == _NOON:
        hour = 0
    if hour >= _HOURS or minute >= _MINUTES:
        raise ValueError(f"{shown} is not a time of day; expected 00:00 to 23:59")
    return hour * _MINUTES + minute


def number(text: str) -> int:
    """The value of digits or of a `NUMERAL`."""
    if text.isascii():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    digits = "零一二三四五六七八九"
    return (10 * (digits.index(tens) if tens else 1) if ten else 0) + (
        digits.index(ones.replace("两", "二")) if ones else 0
    )
