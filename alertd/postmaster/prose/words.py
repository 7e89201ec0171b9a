"""A sentence as a learner sees it: its words in their plain form, what part each plays, and where times stand."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alertd.postmaster.commands import when
from alertd.postmaster.commands.spelling import repair
from alertd.postmaster.prose.lexicon import Part, part_of, tokens

SUBJECT = "\x01"
TIME = "\x03"
"""What stands for a subject and for a time in a sentence that is looked at without them."""
_WORD = re.compile(
    r"[\x01\x03]|[A-Za-zÀ-ɏ0-9](?:[A-Za-zÀ-ɏ0-9_.+@%-]*[A-Za-zÀ-ɏ0-9_+%])?(?:['’][A-Za-z]+)*|[^\W_]|[^\w\s]"
)
_QUOTES = str.maketrans("’‘“”「」『』《》", '\'\'""""""""')
_END = " .。!~…,;-"
TELLING = frozenset(
    {
        Part.WANT, Part.ADD, Part.STOP, Part.NOT, Part.PAUSE, Part.RESUME, Part.ONLY, Part.REST, Part.KEEP, Part.MISS, Part.EXCESS,
        Part.CHANGE, Part.WHY, Part.WHICH, Part.MINE, Part.CHOICE, Part.HAVE, Part.PAST, Part.NOW, Part.HOW, Part.OTHERS, Part.RATHER, Part.IF,
    }
)  # fmt: skip
"""The parts that say what is wished."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, a Chinese character or a mark.

    Attributes:
        form: lower case, slips mended; numbers and addresses by their kind.
        part: what it does in a wish ("punct" for a mark).
        shape: how it is written.
        start: where it begins.
        end: where it ends.
    """

    form: str
    part: str
    shape: str
    start: int
    end: int

    @property
    def tells(self) -> bool:
        """Whether it says something about what is wished."""
        return self.part in TELLING


def words(text: str) -> tuple[Word, ...]:
    """The words of a sentence, without the mark at its end unless that asks."""
    found = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text.rstrip(_END))]
    parts: dict[int, Part] = {}
    for token in tokens(text.replace(SUBJECT, " ").replace(TIME, "\0")):
        for _, start, _ in found:
            if token.start <= start < token.end:
                parts[start] = token.part
    return tuple(_word(written, parts.get(start), start, end) for written, start, end in found)


def _word(written: str, part: Part | None, start: int, end: int) -> Word:
    form = _form(written)
    if part in {None, Part.TOPIC}:  # a slip of a known word is that word
        part = part_of(form) or part
    return Word(form, _part(written, part), _shape(written), start, end)


def _form(written: str) -> str:
    if written in {SUBJECT, TIME}:
        return "<q>" if written == SUBJECT else "<time>"
    if "@" in written and len(written) > 1:
        return "<addr>"
    if written.isdigit():
        return f"<n{min(len(written), 4)}>"
    return repair(written).lower().translate(_QUOTES)


def _part(written: str, part: Part | None) -> str:
    if written in {SUBJECT, TIME}:
        return "q" if written == SUBJECT else "time"
    return part.value if part else "punct"


def _shape(written: str) -> str:
    if "@" in written:
        return "addr"
    if written[0].isdigit():
        return f"n{min(len(written), 4)}"
    if not written.isascii():
        return "z"
    if written.isupper():
        return "AA"
    return "Aa" if written[0].isupper() else "a"


def without(text: str, subjects: tuple[tuple[int, int], ...]) -> str:
    """The sentence with a sign for each subject and for each time: what it says of anything."""
    out, at = "", 0
    for start, end in sorted(subjects):
        if start >= at:
            out, at = out + text[at:start] + SUBJECT, end
    out += text[at:]
    made, at = "", 0
    for start, end in sorted(when.places(out)):
        if start >= at and SUBJECT not in out[start:end]:
            made, at = made + out[at:start] + TIME, end
    return made + out[at:]
