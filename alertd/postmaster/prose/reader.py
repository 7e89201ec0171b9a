"""The learned reader: sentences in, their subjects and wishes out. Linear models, read by CRFsuite."""

from __future__ import annotations

import lzma
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pycrfsuite

from alertd.postmaster.prose import features
from alertd.postmaster.prose.marks import Role, Sentence, Subject, Wish
from alertd.postmaster.prose.words import Word, words

MODEL = Path(__file__).parent / "model"
SUBJECTS, ROLES, WISHES = "subjects.crfsuite.xz", "roles.crfsuite.xz", "wishes.crfsuite.xz"
"""The three models' files: which words name subjects, what is said of each, and what else is asked."""
BEGINS, GOES_ON, OUTSIDE = "B", "I", "O"
ASKED, NOT_ASKED = "y", "n"
GRAVE = frozenset({Wish.LEAVE, Wish.FORGET, Wish.KEEP, Wish.PAUSE, Wish.ALL})
THINNED = 0.25
"""Of the sentences that do not ask for a wish, this share is learned from, but for the grave wishes, of which all are."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sentence says.

    Attributes:
        subjects: those it says something about, in their order.
        wishes: how sure it is that each is asked, 0 to 1.
    """

    subjects: tuple[Subject, ...]
    wishes: dict[Wish, float]


class Reader:
    """Reads mails by the models of a folder. One reader may serve several threads."""

    def __init__(self, folder: Path = MODEL) -> None:
        # a tagger reads from these bytes as long as it lives
        self._bytes = [lzma.decompress((folder / name).read_bytes()) for name in (SUBJECTS, ROLES, WISHES)]
        self._subjects, self._roles, self._wishes = (_tagger(each) for each in self._bytes)
        self._turn = threading.Lock()  # a tagger holds the sequence it is asked about

    def read(self, mail: Sequence[Sentence]) -> tuple[Reading, ...]:
        """What each sentence of a mail says."""
        with self._turn:
            return tuple(
                self._sentence(sentence.text, place)
                for sentence, place in zip(mail, features.places(mail), strict=True)
            )

    def _sentence(self, text: str, place: features.Place) -> Reading:
        found = spans(self._subjects, text, place)
        named = self._roles.tag(features.of_subjects(text, found, place)) if found else []
        subjects = tuple(
            Subject(Role(role), *span) for role, span in zip(named, found, strict=True) if role != Role.NONE
        )
        kept = [(subject.start, subject.end) for subject in subjects]
        seen = features.of_sentence(text, kept, [subject.role for subject in subjects], place)
        wishes: dict[Wish, float] = {}
        for wish in Wish:
            self._wishes.set([about(wish, seen)])
            sure = self._wishes.marginal(ASKED, 0)
            wishes[wish] = sure if wish in GRAVE else _unthinned(sure)
        return Reading(subjects, wishes)


def spans(subjects: pycrfsuite.Tagger, text: str, place: features.Place) -> list[tuple[int, int]]:
    """Where words stand that may name subjects, by the model that finds them."""
    row = words(text)
    return _joined(row, subjects.tag(features.of_words(text, row, place))) if row else []


def _unthinned(sure: float) -> float:
    """What the likelihood would be had nothing been left out in learning."""
    return sure * THINNED / (sure * THINNED + 1 - sure)


def about(wish: Wish, seen: Sequence[str]) -> list[str]:
    """A sentence's observations for the question whether it asks for this."""
    return [f"{wish}|{each}" for each in seen]


def _joined(row: Sequence[Word], tags: Sequence[str]) -> list[tuple[int, int]]:
    """The stretches that tags mark."""
    found: list[tuple[int, int]] = []
    inside = False
    for word, tag in zip(row, tags, strict=True):
        if tag == GOES_ON and inside:
            found[-1] = (found[-1][0], word.end)
        elif tag != OUTSIDE:
            found.append((word.start, word.end))
        inside = tag != OUTSIDE
    return found


def _tagger(model: bytes) -> pycrfsuite.Tagger:
    tagger = pycrfsuite.Tagger()
    tagger.open_inmemory(model)
    return tagger


@cache
def reader() -> Reader:
    """The reader of the model that comes with the program."""
    return Reader()
