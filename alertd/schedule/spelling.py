"""Schedules as people write them, in files and in mails, English and Chinese."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable

from alertd.model import Kind, Schedule
from alertd.schedule.timeofday import NUMERAL, number, read_bare_hour, read_time

_Reader = Callable[[str], tuple[int, int] | None]

DEFAULT_MINUTE = 8 * 60
"""When a digest goes if only the kind was given: 08:00."""

EXPECTED = "immediate, daily at HH:MM, weekly on monday at HH:MM or monthly on 1 at HH:MM"
"""The spellings of alertd.toml, for messages and help."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST_TEXT = 200
_LAST_DAY = 31

_WEEKDAY = r"(mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?(?![a-z])"
_KINDS = (
    (
        Kind.IMMEDIATE,
        r"(?:immediate(?:ly)?|instant(?:ly)?|at once)(?![a-z])|立即|立刻|即时|即時|实时|實時|马上|馬上",
    ),
    (Kind.DAILY, r"(?:daily|(?:every|each) ?day)(?![a-z])|每天|每日|天天"),
    (
        Kind.WEEKLY,
        rf"(?:weekly|(?:every|each) week)(?![a-z])|(?:(?:every|each|on) )?(?={_WEEKDAY})|每个?(?:周|週|星期|礼拜|禮拜)",
    ),
    (Kind.MONTHLY, r"(?:monthly|(?:every|each) month)(?![a-z])|每[个個]?月"),
)
_STARTS = ("immediate", "immediately", "instant", "daily", "weekly", "monthly", "every", *_WEEKDAYS)
_SPACE = re.compile(r"^[\s,，]*(?:的\s*)?")
_ON_WEEKDAY = re.compile(rf"(?:on |周|週|星期)?(?:{_WEEKDAY}|([一二三四五六日天1-7])(?![0-9]))")
_ON_DATE = re.compile(
    rf"(?:on )?(?:the )?(?:day )?(?:([0-9]{{1,2}})(?:st|nd|rd|th)?|({NUMERAL})(?=[日号號]))(?![0-9a-z:])"
    r"(?: of (?:the|each|every) month)?\s*[日号號]?"
)


def parse_schedule(text: str, *, zone: str) -> Schedule:
    """Read a schedule: the spellings of `format_schedule`, and what people write instead.

    The kind comes first; the day and the time follow in any order and default to Monday, the 1st and 08:00.

    Args:
        text: for example "daily at 08:00", "every friday 8pm", "每周一 8点".
        zone: IANA name the schedule is to be read in; an immediate schedule has none of its own and gets "UTC".

    Raises:
        ValueError: it cannot be read; the message says where and what was expected.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().strip().rstrip(".!。 ")
    folded = re.sub(r"\s+", " ", folded)
    if not folded or len(folded) > _LONGEST_TEXT:
        raise ValueError(f"{_shown(text)} is not a schedule; expected {EXPECTED}")
    kind, end = _kind(folded, text)
    day, minute = _read_rest(kind, folded[end:])
    if kind is Kind.IMMEDIATE:
        return Schedule(kind)
    if kind is Kind.DAILY:
        return Schedule(kind, 0, minute, zone)
    return Schedule(kind, day, minute, zone)


def format_schedule(schedule: Schedule) -> str:
    """The spelling of the files: "weekly on monday at 08:00". `parse_schedule` in the same zone reads it back."""
    at = f"at {schedule.minute // 60:02}:{schedule.minute % 60:02}"
    if schedule.kind is Kind.IMMEDIATE:
        return "immediate"
    if schedule.kind is Kind.DAILY:
        return f"daily {at}"
    if schedule.kind is Kind.WEEKLY:
        return f"weekly on {_WEEKDAYS[schedule.days - 1]} {at}"
    return f"monthly on {schedule.days} {at}"


def _kind(folded: str, text: str) -> tuple[Kind, int]:
    for kind, pattern in _KINDS:
        found = re.match(pattern, folded)
        if found:
            return kind, found.end()
    near = difflib.get_close_matches(folded.split(" ", maxsplit=1)[0], _STARTS, n=1, cutoff=0.7)
    hint = f"did you mean {near[0]!r}? Expected" if near else "expected"
    raise ValueError(f"{_shown(text)} is not a schedule; {hint} {EXPECTED}")


def _read_rest(kind: Kind, rest: str) -> tuple[int, int]:
    """The day (1 by default) and the minute of the day from what follows the kind."""
    days: dict[Kind, list[tuple[str, _Reader]]] = {
        Kind.WEEKLY: [("day", _weekday)],
        Kind.MONTHLY: [("day", _date)],
    }
    # A number that can only be a time comes first, then a day, then a bare number as the hour.
    readers = [("minute", read_time), *days.get(kind, []), ("minute", read_bare_hour)]
    if kind is Kind.IMMEDIATE:
        readers = []
    found: dict[str, int] = {}
    while rest := _SPACE.sub("", rest, count=1):
        for slot, reader in readers:
            value = None if slot in found else reader(rest)
            if value is not None:
                found[slot] = value[0]
                rest = rest[value[1] :]
                break
        else:
            raise ValueError(f"cannot read {_shown(rest)} in the schedule; expected {EXPECTED}")
    return found.get("day", 1), found.get("minute", DEFAULT_MINUTE)


def _weekday(rest: str) -> tuple[int, int] | None:
    found = _ON_WEEKDAY.match(rest)
    if found is None:
        return None
    if found[1]:
        return next(at for at, name in enumerate(_WEEKDAYS, 1) if name.startswith(found[1])), found.end()
    return ("一二三四五六日".find(found[2].replace("天", "日")) + 1) or int(found[2]), found.end()


def _date(rest: str) -> tuple[int, int] | None:
    found = _ON_DATE.match(rest)
    if found is None:
        return None
    day = number(found[1] or found[2])
    if not 1 <= day <= _LAST_DAY:
        raise ValueError(
            f"there is no day {day} in any month; expected 1 to 31 (31 is the last day of a shorter month)"
        )
    return day, found.end()


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")  # noqa: PLR2004 - enough to recognise it
