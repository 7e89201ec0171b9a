"""How long a pause lasts, as people write it: "2 weeks", "until 1 December", "到月底"."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

_WORDS = {
    "a": 1, "an": 1, "the next": 1, "the coming": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "couple of": 2, "a couple of": 2, "few": 3, "a few": 3, "half a": 0,
    "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may(?!\s+(?:i|we|you|be|not|also|have)\b)|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_LENGTH = re.compile(
    r"(?P<number>\d{1,3}|(?<=for )the (?:next|coming)|a couple of|couple of|a few|few|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve)\s+"
    r"(?P<unit>days?|weeks?|fortnights?|months?|years?)\b|"
    r"(?P<zhnumber>\d{1,3}|半|[一二两三四五六七八九十]{1,3})\s*(?:个)?(?P<zhunit>天|周|星期|礼拜|(?<=[个半])月|年(?!\d))",
    re.IGNORECASE,
)
_ISO = re.compile(r"(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*[日号]?")
_ZH = re.compile(
    r"(?:(?P<next>明年))?(?P<m>\d{1,2}|[一二三四五六七八九十]{1,2})月(?:(?P<d>\d{1,2}|[一二三四五六七八九十]{1,3})[日号]?|(?P<end>底|末|下旬)|(?P<early>上旬|初)|(?P<middle>中旬|中))?"
)
_NAMED = (
    re.compile(
        rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<y>\d{{4}}))?", re.IGNORECASE
    ),
    re.compile(
        rf"\b{_MONTH}(?:\s+(?:the\s+)?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b)?(?:,?\s+(?P<y>\d{{4}}))?",
        re.IGNORECASE,
    ),
)
_WEEKDAY = re.compile(
    r"\b(?P<next>next\s+)?(?P<day>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b",
    re.IGNORECASE,
)


_RANGE = re.compile(
    r"(?:\d{1,2}(?:st|nd|rd|th)?\.?(?: of)? [a-z]{3,9}|[a-z]{3,9} \d{1,2}(?:st|nd|rd|th)?|\d[日号])\.?,?\s*(?:to|until|till|through|and|-|–|—|至|到|~)\s*(?P<end>.+)$",
    re.IGNORECASE,
)
"""From one day to another; the end is what counts."""
_MONTHLY = re.compile(rf"\b{_MONTH}|\d月\d", re.IGNORECASE)
_END_OF = re.compile(rf"\bend of (?:the month of )?{_MONTH}(?:,? (?P<y>\d{{4}}))?", re.IGNORECASE)


def read_until(text: str, today: date) -> date | None:
    """The day on which the pause that this text speaks of ends, None when it names none (or one that is past)."""
    if match := _RANGE.search(text):
        text = match["end"] if match["end"] and _MONTHLY.search(match["end"]) else text
    end = _UP_TO.search(text)
    told = (read for part in ([end["end"], text] if end else [text]) if (read := _day(part, today)))
    found = next(told, None)
    return found if found and today < found < date(today.year + 10, 1, 1) else None


def is_dated(text: str) -> bool:
    """Whether a day or a month is named in a text, not only a length of time."""
    return bool(_ISO.search(text) or _ZH.search(text) or any(each.search(text) for each in _NAMED))


_UP_TO = re.compile(
    r"(?:\b(?:until|till|through|before|back (?:on|by|in))\b|暂停到|停到|到|至|直到)(?P<end>.{2,})$",
    re.IGNORECASE,
)


def _day(text: str, today: date) -> date | None:
    return _month_end(text, today) or _dated(text, today) or _relative(text, today)


_IN_MAY = re.compile(
    r"\b(?:until|till|in|by|through|of|mid|early|late|to|since|before|next)[ -]may\b|\d(?:st|nd|rd|th)? may\b|\bmay (?:the )?\d",
    re.IGNORECASE,
)
"""Where "may" without its capital is the month."""


def _dated(text: str, today: date) -> date | None:
    if match := _ISO.search(text):
        return _date(int(match["y"]), int(match["m"]), int(match["d"]))
    for expression in _NAMED:
        match = expression.search(text)
        if match and (match["month"] != "may" or _IN_MAY.search(text)):
            month = _MONTHS.index(match["month"][:3].lower()) + 1
            return _upcoming(month, int(match["d"] or 1), int(match["y"]) if match["y"] else None, today)
    match = _ZH.search(text)
    if match and not _LENGTH.search(text):
        month = _numeral(match["m"])
        year = today.year + 1 if match["next"] else None
        if match["end"] and 1 <= month <= 12:  # noqa: PLR2004
            return _upcoming(month, calendar.monthrange(year or today.year, month)[1], year, today)
        told = match["d"] or ("15" if match["middle"] else "10" if match["early"] == "上旬" else "1")
        return _upcoming(month, _numeral(told), year, today)
    return None


def _month_end(text: str, today: date) -> date | None:
    match = _END_OF.search(text)
    if match is None:
        return None
    month = _MONTHS.index(match["month"][:3].lower()) + 1
    year = int(match["y"]) if match["y"] else today.year + (month < today.month)
    return _date(year, month, calendar.monthrange(year, month)[1])


def _relative(text: str, today: date) -> date | None:
    low = text.lower()
    if re.search(r"end of (?:the |this )?month|月底|月末", low):
        return today.replace(day=calendar.monthrange(today.year, today.month)[1])
    if re.search(r"end of (?:the |this )?year|年底|年末", low):
        return date(today.year, 12, 31)
    if re.search(r"new year|明年|元旦", low):
        return date(today.year + 1, 1, 1)
    if match := _LENGTH.search(text):
        return _after(match, today)
    if re.search(r"next month|下个?月", low):
        return _months_on(today.replace(day=1), 1)
    if re.search(r"next week|下个?(?:周|星期)(?![一二三四五六日天])", low):
        return today + timedelta(days=7 - today.weekday())
    if re.search(r"tomorrow|明天", low):
        return today + timedelta(days=1)
    if match := re.search(r"下个?(?:周|星期)([一二三四五六日天])", text):
        return today + timedelta(days=7 - today.weekday() + "一二三四五六日天".index(match[1]) % 7)
    if match := _WEEKDAY.search(text):
        ahead = (_WEEKDAYS.index(match["day"][:3].lower()) - today.weekday()) % 7 or 7
        return today + timedelta(days=ahead)
    return None


def _after(match: re.Match[str], today: date) -> date:
    unit = (match["unit"] or match["zhunit"]).lower()
    written = (match["number"] or match["zhnumber"]).lower()
    if written == "半":
        return today + timedelta(days=182 if unit == "年" else 15)
    number = int(written) if written.isdecimal() else _WORDS.get(written) or _numeral(written)
    if unit.startswith(("day", "天", "日")):
        return today + timedelta(days=number)
    if unit.startswith(("week", "fortnight", "周", "星期", "礼拜")):
        return today + timedelta(days=number * (14 if unit.startswith("fortnight") else 7))
    return _months_on(today, number * (12 if unit.startswith(("year", "年")) else 1))


def _numeral(text: str) -> int:
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return _WORDS.get(text, 0)
    return (_WORDS.get(tens, 1) if tens else 1) * 10 + (_WORDS.get(ones, 0) if ones else 0)


def _months_on(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _upcoming(month: int, day: int, year: int | None, today: date) -> date | None:
    found = _date(year or today.year, month, day)
    if found and not year and found <= today:
        return _date(today.year + 1, month, day)
    return found


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
