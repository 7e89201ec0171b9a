"""What a reader's queries find in reports that are stored already: nothing is written, nobody is told. Pure.

It asks the oracle, one query after the other: a preview is for a handful of queries, and must not depend on the matcher
that it lets people check.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alertd.matching.naive import evaluate
from alertd.model import Report, ReportId
from alertd.query import Node, read_report


@dataclass(frozen=True, slots=True)
class Asked:
    """A query by the name that mails give it."""

    label: str
    tree: Node


@dataclass(frozen=True, slots=True)
class Preview:
    """What was found.

    Attributes:
        found_by: per report found, the labels of the queries that found it, in the reader's order, each once.
        counts: per query, in the same order, how many reports it found.
    """

    found_by: dict[ReportId, tuple[str, ...]]
    counts: tuple[int, ...]


def preview(asked: Sequence[Asked], reports: Iterable[Report]) -> Preview:
    """Try queries on reports at their newest text."""
    counts = [0] * len(asked)
    found_by: dict[ReportId, tuple[str, ...]] = {}
    for report in reports:
        document = read_report(report.fields, catalogue=report.catalogue)
        labels: dict[str, None] = {}
        for place, each in enumerate(asked):
            if evaluate(each.tree, document):
                counts[place] += 1
                labels[each.label] = None
        if labels:
            found_by[report.id] = tuple(labels)
    return Preview(found_by, tuple(counts))
