"""The answer as it grows: what was done, what was not, what else was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from alertd.postmaster.acting.words import say


@dataclass(slots=True)
class Page:
    """An answer being written.

    Attributes:
        language: of the answer.
        subject: "" until something gives it one.
        done: one line for each thing done.
        failed: one line for each thing that could not be done.
        unclear: one line for each thing that was not understood.
        notes: paragraphs that stand under no heading.
        sections: what was asked to be shown.
        show_now: whether the reader's queries belong in it.
    """

    language: str
    subject: str = ""
    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sections: list[dict[str, Any]] = field(default_factory=list)
    show_now: bool = False

    def say(self, key: str, **facts: object) -> str:
        """A sentence in the answer's language."""
        return say(self.language, key, **facts)

    def did(self, key: str, **facts: object) -> None:
        """Say that something was done."""
        self.done.append(self.say(key, **facts))

    def could_not(self, key: str, **facts: object) -> None:
        """Say that something could not be done."""
        self.failed.append(self.say(key, **facts))

    def note(self, key: str, **facts: object) -> None:
        """Say something about the mail as a whole."""
        self.notes.append(self.say(key, **facts))

    def section(
        self, heading: str, *, lines: list[str] | None = None, items: list[str] | None = None
    ) -> None:
        """Add a part."""
        self.sections.append({"heading": heading, "lines": lines or [], "items": items or []})

    @property
    def parts(self) -> list[dict[str, Any]]:
        """All of it, as the template wants it: notes, what was done, what was not, what was asked for."""
        listed = (("done", self.done), ("not_done", self.failed), ("not_understood", self.unclear))
        parts: list[dict[str, Any]] = []
        if self.notes:
            parts.append({"heading": "", "lines": self.notes, "items": []})
        parts += [{"heading": self.say(key), "lines": [], "items": items} for key, items in listed if items]
        return parts + self.sections
