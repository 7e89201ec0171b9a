"""Which of a sentence's times is wanted, and for which of its subjects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alertd.postmaster.commands import when
from alertd.postmaster.commands.model import When

_CUT = re.compile(
    r"\s*[,;，；。]\s*|\s+(?:but|while|whereas|however|though|yet)\s+|\s+and\s+(?=\S+ (?:[\w-]+ ){0,2}(?:daily|weekly|monthly|every|once|each|immediately|at))|(?:而|但是?|不过)(?=[\u4e00-\u9fff])|(?:改成|改为|换成|换为|调成|调整为|改到|改|换)(?=[每周月日一即实立])",
    re.IGNORECASE,
)


def wanted_time(text: str) -> When | None:
    """The timing that a sentence asks for: where its clauses name different ones, the last ("a mail a day is too much, weekly?")."""
    whole = when.find(text).when
    parts = [timing for clause in _CUT.split(text) if (timing := when.find(clause).when)]
    kinds = [timing for timing in parts if timing.kind]
    if whole is None or len({timing.kind for timing in kinds}) < 2:  # noqa: PLR2004
        return whole
    minutes = [timing.minute for timing in parts if timing.minute is not None]
    last = kinds[-1]
    return When(last.kind, last.days, last.minute if last.minute is not None else next(iter(minutes), None))


def times_of(text: str, subjects: Sequence[tuple[str, int, int]]) -> list[tuple[tuple[str, ...], When]]:
    """Each timing with the subjects it is for: those of its clause, else those of the clause before it.

    Args:
        text: the sentence.
        subjects: their queries, and where they stand.
    """
    found: list[tuple[tuple[str, ...], When]] = []
    waiting: tuple[str, ...] = ()
    for start, end in _clauses(text, [(begin, stop) for _, begin, stop in subjects]):
        here = tuple(query for query, begin, stop in subjects if start <= begin and stop <= end)
        timing = when.find(_blank(text, start, end, subjects)).when
        if timing and (timing.kind or timing.minute is not None):
            found.append((here or waiting, timing))
            waiting = ()
        elif here:
            waiting += here
    if waiting and found and not found[-1][0]:
        found[-1] = (waiting, found[-1][1])
    return found


def _blank(text: str, start: int, end: int, subjects: Sequence[tuple[str, int, int]]) -> str:
    """The clause without its subjects: "weekly working hours" is no time."""
    for _, begin, stop in subjects:
        text = text[:begin] + "~" * (stop - begin) + text[stop:]
    return text[start:end]


def _clauses(text: str, subjects: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    cuts = [
        match.span()
        for match in _CUT.finditer(text)
        if not any(begin < match.end() and match.start() < stop for begin, stop in subjects)
    ]
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]
