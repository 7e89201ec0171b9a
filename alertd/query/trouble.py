"""What went wrong while reading a query, before it becomes an error for the reader."""

from __future__ import annotations

from dataclasses import dataclass

A_TERM = 'a word, a "phrase", field:word or a group in brackets'


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read.

    Attributes:
        size: bytes of UTF-8.
        terms: words and phrases.
        depth: brackets within brackets.
    """

    size: int
    terms: int
    depth: int


TYPED = Limits(size=4096, terms=100, depth=20)
"""For what people type."""

STORED = Limits(size=1 << 20, terms=10_000, depth=TYPED.depth + 2)
"""For canonical texts out of the store: `restrict` may have added to what was typed."""


class Trouble(Exception):  # noqa: N818 - never leaves the room; parse turns it into QuerySyntaxError
    """Reading stopped.

    Attributes:
        at: index in the typed text.
        expected: what could have stood there.
        mended: the text with this one thing put right, or "" when nobody can guess.
    """

    def __init__(self, message: str, *, at: int, expected: str, mended: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.expected = expected
        self.mended = mended


def without(text: str, start: int, end: int) -> str:
    """The text with a piece cut out."""
    return f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()
