"""Facts as printed in a report's head lines: the by-line, the number line, dates, lists of key words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alertd.catalogue.labels import NARROW

MAX_LIST = 100
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(" + "|".join(_MONTHS) + r")[a-z]{0,6}\.?"
_DATES = (
    (re.compile(r"(?<!\d)((?:19|20)\d\d)\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?!\d)"), (0, 1, 2)),
    (
        re.compile(rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+((?:19|20)\d\d)", re.IGNORECASE),
        (2, 1, 0),
    ),
    (re.compile(rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)", re.IGNORECASE), (2, 0, 1)),
    (re.compile(r"(?<!\d)(\d{1,2})\.(\d{1,2})\.((?:19|20)\d\d)(?!\d)"), (2, 1, 0)),
)
# "Research Report No 178, 2015 (Total NO 4863) 2015-11-23": a few words, then the number and nothing of a sentence
_NUMBER_LINE = re.compile(
    r"^(?:[A-Za-z][\w'-]{0,30}\s){0,6}No\.?\s?(\d{1,6})(?:\s?,\s?((?:19|20)\d\d))?(?=\s*(?:[(,;]|$|(?:19|20)\d\d[-/.]))",
    re.IGNORECASE,
)
_NUMBER_IN_TITLE = re.compile(r"\(\s?No\.?\s?(\d{1,6})(?:\s?,\s?((?:19|20)\d\d))?\s?\)\s*$", re.IGNORECASE)
_TOTAL = re.compile(
    r"\bTotal\s{0,3}(?:No\.?|number)\s?:?\s?(\d{1,8})|总\s?(?:编号|号|期)?\s?:?\s?第?\s?(\d{1,8})\s?[号期]?",
    re.IGNORECASE,
)
_HAN_NUMBER = re.compile(r"(?:\[?((?:19|20)\d\d)\]?\s?年?\s?,?\s?)?第\s?(\d{1,6})\s?[号期]")
_BARE_NUMBER = re.compile(r"^\[?((?:19|20)\d\d)\]?\s?[-/年]?\s?(\d{1,6})\s?[号期]?$")
_BY = re.compile(r"^by\s+(?=\S)", re.IGNORECASE)
_UNIT = re.compile(
    r"\b(?:department|dept|institute|cent(?:er|re)|office|bureau|school|academy|university|college|division|ministry"
    r"|commission|committee|council|laboratory|faculty|foundation|team|group|bank|society|association)\b"
    r"|(?:部|所|中心|局|院|司|处|室|组|会|大学|学院|委)$",
    re.IGNORECASE,
)
_NAME = re.compile(r"^(?:(?:[A-Z][\w.'’-]{0,30}|de|van|von|der|la|al|bin|di)\s?){1,5}$")
_HAN_NAME = re.compile(r"^[\u3400-\u9fff·]{2,8}$")
_SPACED_NAME = re.compile(
    r"(?<![\u3400-\u9fff])([\u3400-\u9fff])\s([\u3400-\u9fff])(?![\u3400-\u9fff])"
)  # 张 三
_AND = re.compile(r"\s+(?:and|&)\s+|^(?:and|&)\s+|[、;；/]", re.IGNORECASE)
_COMMAS = re.compile(r"[,，]")
_LISTS = re.compile(r"[,，、;；\n]")


@dataclass(frozen=True, slots=True)
class NumberLine:
    """What a report's number line says; "" and None where it does not."""

    number: str = ""
    year: int | None = None
    total_number: str = ""
    dated: date | None = None


@dataclass(frozen=True, slots=True)
class ByLine:
    """Who wrote it and where they work."""

    authors: tuple[str, ...] = ()
    department: str = ""


def read_date(text: str) -> date | None:
    """The first date in a text, whatever its form; None when there is none that exists."""
    narrow = text.translate(NARROW)
    for pattern, order in _DATES:
        for found in pattern.finditer(narrow):
            year, month, day = (found.groups()[index] for index in order)
            number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
            try:
                return plausible(date(int(year), number, int(day)))
            except ValueError:
                continue
    return None


def plausible(day: date) -> date | None:
    """The day, or None for those that software writes when it knows none."""
    return day if day.year >= 1900 and day != date(1970, 1, 1) else None  # noqa: PLR2004 - no feed is older


def read_number_line(line: str) -> NumberLine | None:
    """The facts of a number line, None when the line is something else."""
    narrow = line.translate(NARROW).strip()
    if not 0 < len(narrow) <= 200:  # noqa: PLR2004 - a head line, not a paragraph
        return None
    found = _NUMBER_LINE.match(narrow)
    if found:
        return NumberLine(found[1], _year(found[2]), _total(narrow), read_date(narrow))
    han = _HAN_NUMBER.search(narrow)
    if han and len(narrow) <= 80 and not re.search("[。,;]", narrow[: han.start()]):  # noqa: PLR2004
        return NumberLine(han[2], _year(han[1]), _total(narrow), read_date(narrow))
    return None


def read_number(value: str) -> NumberLine:
    """The facts of what stands behind a number's label: "178", "2015年第178号（总4863号）", "WP-7"."""
    narrow = value.translate(NARROW).strip()
    if bare := _BARE_NUMBER.match(narrow):
        return NumberLine(bare[2], _year(bare[1]))
    line = read_number_line(narrow) or read_number_line("No " + narrow)
    return line or NumberLine(narrow[:50], None, _total(narrow))


def read_total(value: str) -> str:
    """The running number behind its label."""
    found = re.search(r"\d{1,8}", value.translate(NARROW))
    return found[0] if found else ""


def number_in_title(title: str) -> NumberLine:
    """The number at a title's end: "... (No 178, 2015)", "……（2015年第178号）"."""
    narrow = title.translate(NARROW)
    if found := _NUMBER_IN_TITLE.search(narrow):
        return NumberLine(found[1], _year(found[2]))
    if found := re.search(_HAN_NUMBER.pattern + r"[^()]{0,30}\)\s*$", narrow):
        return NumberLine(found[2], _year(found[1]), _total(found[0]))
    return NumberLine()


def read_by_line(line: str) -> ByLine | None:
    """The facts of "By NAME, DEPARTMENT, INSTITUTION", None when the line is a sentence that begins with "By"."""
    line = line.strip()
    begin = _BY.match(line)
    if not begin or len(line) > 400:  # noqa: PLR2004
        return None
    rest = line[begin.end() :]
    first = _AND.split(_COMMAS.split(rest)[0])[0].strip()
    return read_people(rest) if _NAME.match(first) or _HAN_NAME.match(first) else None


def read_people(text: str) -> ByLine:
    """Names up to the first that is a unit; what follows a unit belongs to it until another name and unit follow."""
    authors: list[str] = []
    units: list[str] = []
    in_unit = False
    for index, part in enumerate(_COMMAS.split(text)):
        new_person = bool(re.match(r"\s*(?:and|&)\s", part, re.IGNORECASE))
        if _UNIT.search(part.strip()):
            units += [] if in_unit else [part.strip(" .")]
            in_unit = True
        elif not in_unit or new_person:
            names = [name for name in (each.strip(" .") for each in _people(part)) if name]
            authors += names if index == 0 or all(map(_is_name, names)) else []
            in_unit = False
    return ByLine(tuple(dict.fromkeys(authors))[:MAX_LIST], "; ".join(dict.fromkeys(units)))


def split_list(text: str) -> tuple[str, ...]:
    """Key words as printed; semicolons part them if there are any, else commas, else spaces between Chinese words."""
    narrow = text.translate({0xFF1B: ";"})
    if ";" in narrow:
        parts: Sequence[str] = re.split(r"[;\n]", narrow)
    elif _LISTS.search(text):
        parts = _LISTS.split(text)
    else:
        parts = text.split() if re.match(r"^[\u3400-\u9fff\s]+$", text) else [text]
    clean = (" ".join(part.split()).strip(" .。") for part in parts)
    return tuple(dict.fromkeys(part[:200] for part in clean if part))[:MAX_LIST]


def _people(part: str) -> list[str]:
    part = _SPACED_NAME.sub(r"\1\2", part)
    names = _AND.split(part)
    han = part.split()
    if len(names) == 1 and len(han) > 1 and all(_HAN_NAME.match(name) and len(name) <= 4 for name in han):  # noqa: PLR2004
        return han
    return names


def _is_name(name: str) -> bool:
    acronym = name.isupper() and " " not in name and len(name) <= 8  # noqa: PLR2004 - "DRC"
    return not acronym and bool(_NAME.match(name) or _HAN_NAME.match(name))


def _year(text: str | None) -> int | None:
    return int(text) if text else None


def _total(narrow: str) -> str:
    found = _TOTAL.search(narrow)
    return (found[1] or found[2]) if found else ""
