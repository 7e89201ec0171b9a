"""Lengths of time as people write them: "15m", "400d", "2 weeks", "1h 30m", "2周"."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

_UNITS = {
    timedelta(seconds=1): ("s", "sec", "secs", "second", "seconds", "秒", "秒钟"),
    timedelta(minutes=1): ("m", "min", "mins", "minute", "minutes", "分", "分钟"),
    timedelta(hours=1): ("h", "hr", "hrs", "hour", "hours", "小时"),
    timedelta(days=1): ("d", "day", "days", "天", "日"),
    timedelta(weeks=1): ("w", "week", "weeks", "周", "星期", "个星期", "礼拜"),
    timedelta(days=30): ("month", "months", "个月"),
    timedelta(days=365): ("y", "year", "years", "年"),
}
_SPELLED = {name: unit for unit, names in _UNITS.items() for name in names}
_PART = re.compile(
    r"([0-9]{1,9})\s*(" + "|".join(sorted(_SPELLED, key=len, reverse=True)) + r")(?![a-z])[\s,]*"
)
_LONGEST = timedelta(days=36_500)
_SHORT = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "m"),
    (timedelta(seconds=1), "s"),
)


def parse_duration(text: str) -> timedelta:
    """Read a length of time: one or more of number and unit. A month is 30 days, a year 365.

    Raises:
        ValueError: it is not one, or longer than a hundred years; the message says what was expected.
    """
    rest = unicodedata.normalize("NFKC", text).casefold().strip()
    seconds = 0
    shown = text if len(text) <= 40 else text[:40] + "…"  # noqa: PLR2004 - enough to recognise it
    if not rest:
        raise ValueError("a duration is missing; expected a number and a unit, such as 15m, 12h or 30d")
    while rest:
        part = _PART.match(rest)
        if part is None:
            raise ValueError(
                f"{shown!r} is not a duration; expected a number and a unit, such as 15m, 12h or 30d"
            )
        seconds += int(part[1]) * int(_SPELLED[part[2]].total_seconds())
        if seconds > _LONGEST.total_seconds():
            raise ValueError(f"{shown!r} is too long; expected at most a hundred years")
        rest = rest[part.end() :]
    return timedelta(seconds=seconds)


def format_duration(length: timedelta) -> str:
    """The shortest spelling that `parse_duration` reads back; fractions of a second are dropped.

    >>> format_duration(timedelta(minutes=90))
    '1h30m'
    """
    parts = []
    for unit, name in _SHORT:
        count, length = divmod(length, unit)
        if count:
            parts.append(f"{count}{name}")
    return "".join(parts) or "0s"
