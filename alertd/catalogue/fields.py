"""From an entry to a report's fields: the feed's elements, and what its text prints under labels, which wins. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import parsedate

from alertd.catalogue.entry import Entry
from alertd.catalogue.labels import LabelSet
from alertd.catalogue.printed import (
    ByLine,
    NumberLine,
    number_in_title,
    plausible,
    read_by_line,
    read_date,
    read_number,
    read_number_line,
    read_people,
    read_total,
    split_list,
)
from alertd.model import ReportFields

_NUMBER_HEAD = r"(?:[A-Z][a-z]{1,20} ){0,2}Report No\.? ?\d{1,6} ?, ?(?:19|20)\d\d ?\(Total"
_RUN_ON_NUMBER = re.compile(rf"^(?!{_NUMBER_HEAD})([^\n]*?\S) +(?={_NUMBER_HEAD})", re.MULTILINE)
_RUN_ON_BY = re.compile(r"(?<=\S) +(?=By [A-Z][^\n]{2,200}\n(?:[A-Z][a-z]{1,20} ){0,2}Report No)")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3040-\u30ff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_EAST = frozenset({"zh", "ja", "ko"})


@dataclass(slots=True)
class _Text:
    """What one text of an entry prints."""

    labelled: dict[str, str] = field(default_factory=dict)
    by: ByLine = field(default_factory=ByLine)
    line: NumberLine = field(default_factory=NumberLine)
    free: str = ""


def read_fields(entry: Entry, labels: LabelSet, *, language: str) -> ReportFields:
    """The fields of an entry.

    What the text prints under a label beats the feed's element of the same meaning: `pubDate` is often the day of the
    export and `dc:creator` whoever pressed the button. The printed date is not clamped here (decide.py knows `now`).

    Args:
        entry: cleaned by the worker.
        labels: of the catalogue.
        language: of the catalogue, when the text does not tell.
    """
    text = _read_text(entry, labels)
    by = _people(entry, text)
    number = _number(entry, text)
    abstract = (
        text.labelled.get("abstract") or entry.summary if entry.content else text.labelled.get("abstract")
    )
    abstract = abstract or text.free
    year = number.year or (number.dated.year if number.number and number.dated else None)
    return ReportFields(
        title=entry.title or _untitled(entry, number, abstract),
        url=entry.link,
        abstract=abstract,
        authors=by.authors,
        department=by.department,
        number=number.number,
        year=year,
        total_number=number.total_number,
        keywords=split_list(text.labelled["keywords"]) if text.labelled.get("keywords") else entry.categories,
        dated=number.dated or feed_date(entry),
        language=guess_language(
            f"{entry.title} {abstract[:2000]}", declared=entry.language, default=language
        ),
    )


def feed_date(entry: Entry) -> date | None:
    """The day the feed gives: published, else updated; the day at the publisher's, not in UTC."""
    return _day(entry.published, entry.published_utc) or _day(entry.updated, entry.updated_utc)


def newest_date(entry: Entry, fields: ReportFields) -> date | None:
    """The latest day known of the report: one whose feed date is recent is not old, whatever it prints, nor the reverse."""
    return max((day for day in (fields.dated, feed_date(entry)) if day), default=None)


def guess_language(text: str, *, declared: str, default: str) -> str:
    """The primary language tag. The script decides between East Asian and other languages: declarations often lie."""
    tag = re.split("[-_]", declared.strip().lower())[0]
    tag = tag if re.fullmatch("[a-z]{2,3}", tag) else ""
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    if _KANA.search(text) and han:
        return "ja"
    if han * 4 > latin and han:  # a Chinese word is about two signs, an English one about six letters
        return tag if tag in _EAST else "zh"
    if latin:
        tag = tag or default
        return tag if tag not in _EAST else "en"
    return tag or default


def _read_text(entry: Entry, labels: LabelSet) -> _Text:
    """Both texts of an entry, the long one first; what one lacks the other may have."""
    read = [_read_one(text, labels, title=entry.title) for text in (entry.content, entry.summary) if text]
    whole = _Text()
    for each in read:
        whole.labelled = {**each.labelled, **whole.labelled}
        whole.by = ByLine(whole.by.authors or each.by.authors, whole.by.department or each.by.department)
        whole.line = _merge(whole.line, each.line)
        whole.free = whole.free or each.free
    return whole


def _read_one(text: str, labels: LabelSet, *, title: str) -> _Text:
    text = _RUN_ON_NUMBER.sub(r"\1\n", text, count=1)
    sections = labels.cut(_RUN_ON_BY.sub("\n", text))
    read = _Text(labelled=dict(sections.labelled))
    abstract, below = _part_abstract(read.labelled.get("abstract", ""))
    if below:
        read.labelled["abstract"] = abstract
    kept = []
    for line in (*sections.free, *below):
        number = read_number_line(line)
        by = None if number else read_by_line(line)
        if number:
            read.line = _merge(read.line, number)
        elif by:
            read.by = by if not read.by.authors else read.by
        elif line != title:
            kept.append(line)
    read.free = "\n".join(kept).strip()
    return read


def _part_abstract(text: str) -> tuple[str, list[str]]:
    """An abstract ends where a full number line stands below it: the rest is the page's foot."""
    lines = text.split("\n")
    for index, line in enumerate(lines[1:], start=1):
        number = read_number_line(line)
        if number and (number.total_number or number.dated):
            return "\n".join(lines[:index]).strip(), lines[index:]
    return text, []


def _people(entry: Entry, text: _Text) -> ByLine:
    labelled = read_people(text.labelled.get("author", "").replace("\n", ", "))
    authors = labelled.authors or text.by.authors
    department = text.labelled.get("department", "") or labelled.department or text.by.department
    if authors:
        return ByLine(authors, department)
    given = [read_people(name) if read_people(name).department else ByLine((name,)) for name in entry.authors]
    names = tuple(dict.fromkeys(name for each in given for name in each.authors))
    return ByLine(names, department or next((each.department for each in given if each.department), ""))


def _number(entry: Entry, text: _Text) -> NumberLine:
    """Labelled, else in the number line, else prism, else at the title's end; each part on its own."""
    labelled = read_number(text.labelled["number"]) if text.labelled.get("number") else NumberLine()
    total = read_total(text.labelled.get("total_number", ""))
    dated = read_date(text.labelled.get("date", ""))
    number = _merge(
        NumberLine(labelled.number, labelled.year, total or labelled.total_number, dated), text.line
    )
    number = _merge(number, NumberLine(entry.number, None))
    number = _merge(number, number_in_title(entry.title))
    return _merge(number, NumberLine(dated=labelled.dated))


def _merge(first: NumberLine, second: NumberLine) -> NumberLine:
    """The first's facts, with the second's where it has none; a year belongs to its number."""
    same = not first.number or first.number == second.number or not second.number
    return NumberLine(
        first.number or second.number,
        first.year or (second.year if same else None),
        first.total_number or second.total_number,
        first.dated or second.dated,
    )


def _untitled(entry: Entry, number: NumberLine, abstract: str) -> str:
    if number.number:
        return f"No {number.number}, {number.year}" if number.year else f"No {number.number}"
    text = abstract or entry.content or entry.summary
    return entry.link or " ".join(text[:100].split()) or entry.guid or "(untitled)"


def _day(written: str, utc: str) -> date | None:
    """The day as written with its own offset, checked against what feedparser made of it."""
    parsed = datetime.fromisoformat(utc).date() if utc else None
    day = read_date(written) if written[:4].isdigit() else None
    if day is None and (parts := parsedate(written)):
        try:
            day = date(*parts[:3])
        except ValueError:
            day = None
    if day is None or (parsed and abs((day - parsed).days) > 1):
        day = parsed
    return plausible(day) if day else None
