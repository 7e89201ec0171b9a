"""The sandbox catalogue's reports: read from reports.toml, and printed as the institute prints them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from alertd.schedule import parse_duration

BEFORE = 5087
"""The running number over all years is the number within this year and this."""

FILE = Path(__file__).parent / "reports.toml"
Found = Mapping[str, frozenset[str]]
"""The local part of a reader's address, and the labels of their queries."""


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """One report of the sandbox catalogue.

    Attributes:
        author: names as printed.
        day: the day printed on it; its year is that of its number.
        appears: so long after the story began; None for those that are there from the beginning.
        found_by: whom the story must tell of it, and which of their queries find it.
    """

    number: int
    title: str
    author: str
    department: str
    day: date
    abstract: str
    keywords: tuple[str, ...]
    language: str = "en"
    appears: timedelta | None = None
    found_by: Found = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Its page, below the catalogue's address."""
        return f"/reports/{self.day.year}-{self.number}"

    def lines(self) -> tuple[str, ...]:
        """Its text under the institute's labels, a paragraph each, English or Chinese."""
        total = self.number + BEFORE
        if self.language == "zh":
            return (
                f"作者：{self.author}，{self.department}",
                f"研究报告 {self.day.year}年第{self.number}号（总第{total}号） {self.day}",
                f"摘要：{self.abstract}",
                f"关键词：{'，'.join(self.keywords)}",
            )
        return (
            f"By {self.author}, {self.department}",
            f"Research Report No {self.number}, {self.day.year} (Total NO {total}) {self.day}",
            f"Abstract: {self.abstract}",
            f"Key words: {', '.join(self.keywords)}",
        )


def load_reports() -> tuple[SandboxReport, ...]:
    """All reports, in the order of their numbers."""
    tables = tomllib.loads(FILE.read_text("utf-8"))["report"]
    return tuple(sorted(map(_report, tables), key=lambda each: each.number))


def _report(table: Mapping[str, Any]) -> SandboxReport:
    values = dict(table)
    appears = values.pop("appears", None)
    return SandboxReport(
        keywords=tuple(values.pop("keywords")),
        appears=parse_duration(appears) if appears else None,
        found_by=_found(values.pop("for", {})),
        **values,
    )


def _found(table: Mapping[str, list[str]]) -> Found:
    return {reader: frozenset(labels) for reader, labels in table.items()}
