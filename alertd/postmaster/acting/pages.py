"""The answer as it grows: what was done, what was not, what else was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Page:
    """An answer being written.

    Attributes:
        language: of the answer.
        subject: "" until something gives it one.
        done: one line for each thing done.
        failed: one line for each thing that could not be.
        sections: what was asked to be shown.
        show_now: whether the reader's queries belong in it.
    """

    language: str
    subject: str = ""
    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    sections: list[dict[str, Any]] = field(default_factory=list)
    show_now: bool = False

    def section(
        self, heading: str, *, lines: list[str] | None = None, items: list[str] | None = None
    ) -> None:
        """Add a part."""
        self.sections.append({"heading": heading, "lines": lines or [], "items": items or []})
