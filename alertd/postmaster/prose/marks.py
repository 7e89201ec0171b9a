"""The marked-up examples that the reader learns from, and what a mark says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from alertd.postmaster.charsets import fold_width, simplify

EXAMPLES = Path(__file__).parent / "examples"


class Role(StrEnum):
    """What a sentence says about a subject that it names."""

    WANTED = "+"
    UNWANTED = "-"
    ONLY = "="
    LOOKED_UP = "?"
    SPOKEN_OF = "~"
    NONE = "none"


class Wish(StrEnum):
    """What a sentence asks for beside subjects."""

    LEAVE = "leave"
    FORGET = "forget"
    KEEP = "keep"
    ALL = "all"
    PAUSE = "pause"
    RESUME = "resume"
    WHEN = "when"
    ZONE = "zone"
    ENGLISH = "english"
    CHINESE = "chinese"
    HTML = "html"
    TEXT = "text"
    LIST = "list"
    TOPICS = "topics"
    PAST = "past"
    PREVIEW = "preview"
    WHY = "why"
    NOW = "now"
    HELP = "help"
    EXPORT = "export"
    ADDRESS = "address"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject in a sentence: `text[start:end]` names it."""

    role: Role
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a mail.

    Attributes:
        text: as written, on one line.
        title: it stands in the mail's subject line.
    """

    text: str
    title: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence and its marks."""

    sentence: Sentence
    subjects: tuple[Subject, ...]
    wishes: frozenset[Wish]

    @property
    def plain(self) -> bool:
        """Whether it has no mark at all."""
        return not self.subjects and not self.wishes


class MarkError(ValueError):
    """An example that cannot be read: file, line and what is wrong."""


_SUBJECT = re.compile(r"([+\-=?~])\{([^{}]+)\}")


def read_examples(files: Iterable[Path]) -> Iterator[tuple[Marked, ...]]:
    """The mails of these files: a sentence a line, a blank line between mails.

    Raises:
        MarkError: a brace without a mark, or a wish that is none.
    """
    for file in files:
        mail: list[Marked] = []
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
            if line.strip():
                try:
                    mail.append(read_line(line))
                except ValueError as error:
                    raise MarkError(f"{file}:{number}: {error}") from None
            elif mail:
                yield tuple(mail)
                mail = []
        if mail:
            yield tuple(mail)


def read_line(line: str) -> Marked:
    """One line: `Send me +{pensions} every Friday. => when`; widths and characters made plain, as a mail's are.

    Raises:
        ValueError: a brace without a mark, or a wish that is none.
    """
    body, _, wishes = simplify(fold_width(line)).strip().partition(" => ")
    title = body.lower().startswith("subject:")
    body = body[len("subject:") :].strip() if title else body
    text, subjects, at = "", [], 0
    for match in _SUBJECT.finditer(body):
        text += body[at : match.start()]
        subjects.append(Subject(Role(match[1]), len(text), len(text) + len(match[2])))
        text, at = text + match[2], match.end()
    text += body[at:]
    if "{" in text or "}" in text:
        raise ValueError("a brace without one of the marks + - = ? ~ before it: write +{subject}")
    names = frozenset(name.strip() for name in wishes.split(",") if name.strip())
    if unknown := sorted(names - set(Wish)):
        raise ValueError(f"{', '.join(unknown)}: behind => stand some of {', '.join(Wish)}")
    asked = frozenset(map(Wish, names))
    return Marked(Sentence(text, title=title), tuple(subjects), asked)
