"""Learn the reader's models from the examples: `python -m alertd.postmaster.prose.training [FOLDER]`."""

from __future__ import annotations

import hashlib
import lzma
import random
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pycrfsuite

from alertd.postmaster.commands import lines
from alertd.postmaster.prose import features
from alertd.postmaster.prose.marks import EXAMPLES, Marked, MarkError, Role, Subject, Wish, read_examples
from alertd.postmaster.prose.reader import (
    ASKED,
    BEGINS,
    GOES_ON,
    GRAVE,
    MODEL,
    NOT_ASKED,
    OUTSIDE,
    ROLES,
    SUBJECTS,
    THINNED,
    WISHES,
    about,
    spans,
)
from alertd.postmaster.prose.words import Word, words

MADE_OF = "made-of"
"""The file beside the models that names the examples and the observations they were made of."""
_SEED = 7
_SAMPLED = 97
"""Every so many sentences are looked at to tell whether other things are observed than when the model was made."""
_COPIES = 2
"""Further copies of a sentence with other subjects in it: what a subject is called says nothing."""
_FOREIGN, _LOWER = 0.2, 0.25
"""How often an English subject stands in a Chinese copy, and how often a copy is typed without capitals."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A marked sentence and where it stands in its mail."""

    text: str
    subjects: tuple[Subject, ...]
    wishes: frozenset[Wish]
    place: features.Place

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where its subjects stand."""
        return [(subject.start, subject.end) for subject in self.subjects]


def lessons(mails: Iterable[Sequence[Marked]]) -> list[Lesson]:
    """The sentences to learn from. A subject line without marks is a title, of which nothing is learned."""
    return [
        Lesson(marked.sentence.text, marked.subjects, marked.wishes, place)
        for mail in map(_said, mails)
        for marked, place in zip(mail, features.places([each.sentence for each in mail]), strict=True)
        if not (marked.sentence.title and marked.plain)
    ]


def _said(mail: Sequence[Marked]) -> list[Marked]:
    """The mail as its reader gets it: without greeting, thanks, and what stands below a closing."""
    kept: list[Marked] = []
    for marked in mail:
        text = marked.sentence.text
        if not marked.sentence.title and marked.plain:
            if lines.closes(text):
                break
            if lines.greets(text) or lines.thanks(text):
                continue
        kept.append(marked)
    return kept


def made_of() -> str:
    """A hash over the examples, and over what is observed in some of them: a model made of others is out of date."""
    files = sorted(EXAMPLES.glob("*.txt"))
    made = hashlib.sha256(b"\0".join(file.read_bytes() for file in files))
    for lesson in lessons(read_examples(files))[::_SAMPLED]:
        roles = [subject.role for subject in lesson.subjects]
        seen = (
            features.of_words(lesson.text, words(lesson.text), lesson.place),
            features.of_subjects(lesson.text, lesson.spans, lesson.place),
            features.of_sentence(lesson.text, lesson.spans, roles, lesson.place),
        )
        made.update(repr(seen).encode())
    return made.hexdigest()


def train(mails: Iterable[Sequence[Marked]], folder: Path) -> None:
    """Write the three models to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    learned = lessons(mails)
    with ProcessPoolExecutor(2) as pool:
        wishes = pool.submit(_learn_wishes, learned, folder / WISHES)
        _learn_roles(learned, _no_subjects(learned, folder), folder / ROLES)
        _save(_learn_subjects(learned, copies=_COPIES), folder / SUBJECTS)
        wishes.result()


def _trainer(**settings: float) -> pycrfsuite.Trainer:
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({"feature.minfreq": 2, "feature.possible_transitions": True, **settings})
    return trainer


def _save(trainer: pycrfsuite.Trainer, file: Path) -> None:
    plain = file.with_suffix("")
    trainer.train(str(plain))
    file.write_bytes(lzma.compress(plain.read_bytes(), preset=9))
    plain.unlink()


def _tags(row: Sequence[Word], named: Sequence[tuple[int, int]]) -> list[str]:
    tags = [OUTSIDE] * len(row)
    for start, end in named:
        inside = [at for at, word in enumerate(row) if start <= word.start < end]
        for at in inside:
            tags[at] = BEGINS if at == inside[0] else GOES_ON
    return tags


def _learn_subjects(learned: Sequence[Lesson], *, copies: int) -> pycrfsuite.Trainer:
    rng = random.Random(_SEED)  # noqa: S311 - the same lesson at each training
    pools: dict[bool, list[str]] = {True: [], False: []}
    for lesson in learned:
        for start, end in lesson.spans:
            name = lesson.text[start:end]
            pools[name.isascii()].append(name)
    trainer = _trainer(c1=0.05, c2=0.3, max_iterations=90)

    def learn(text: str, named: Sequence[tuple[int, int]], place: features.Place) -> None:
        if row := words(text):
            trainer.append(features.of_words(text, row, place), _tags(row, named))

    for lesson in learned:
        versions = [(lesson.text, lesson.spans)]
        if lesson.subjects:
            versions += [_substituted(lesson, pools, rng) for _ in range(copies)]
        for text, named in versions:
            learn(text, named, lesson.place)
            if text.isascii() and rng.random() < _LOWER:
                learn(text.lower(), named, lesson.place)
    return trainer


def _substituted(
    lesson: Lesson, pools: dict[bool, list[str]], rng: random.Random
) -> tuple[str, list[tuple[int, int]]]:
    """The sentence about other subjects."""
    text, at, named = "", 0, []
    for start, end in lesson.spans:
        latin = lesson.text[start:end].isascii() or rng.random() < _FOREIGN
        name = rng.choice(pools[latin] or [lesson.text[start:end]])
        text += lesson.text[at:start]
        named.append((len(text), len(text) + len(name)))
        text, at = text + name, end
    return text + lesson.text[at:], named


def _no_subjects(learned: Sequence[Lesson], folder: Path) -> list[list[Subject]]:
    """Per lesson, what a finder that never saw it takes for subjects and is none: each half read by the other's finder."""
    found: list[list[Subject]] = [[] for _ in learned]
    half = folder / "half.crfsuite"
    for k in (0, 1):
        _learn_subjects([lesson for at, lesson in enumerate(learned) if at % 2 != k], copies=0).train(
            str(half)
        )
        tagger = pycrfsuite.Tagger()
        tagger.open(str(half))
        for at, lesson in enumerate(learned):
            if at % 2 == k:
                found[at] = [
                    Subject(Role.NONE, start, end)
                    for start, end in spans(tagger, lesson.text, lesson.place)
                    if not any(start < e and s < end for s, e in lesson.spans)
                ]
        tagger.close()
        half.unlink()
    return found


def _learn_roles(learned: Sequence[Lesson], no_subjects: Sequence[list[Subject]], file: Path) -> None:
    trainer = _trainer(c1=0.05, c2=0.3, max_iterations=120)
    for lesson, none in zip(learned, no_subjects, strict=True):
        versions = [list(lesson.subjects)] if lesson.subjects else []
        if none:
            versions.append(sorted([*lesson.subjects, *none], key=lambda each: each.start))
        for version in versions:
            at = [(subject.start, subject.end) for subject in version]
            trainer.append(
                features.of_subjects(lesson.text, at, lesson.place),
                [subject.role.value for subject in version],
            )
    _save(trainer, file)


def _learn_wishes(learned: Sequence[Lesson], file: Path) -> None:
    trainer = _trainer(c1=0.05, c2=0.3, max_iterations=130)
    rng = random.Random(_SEED)  # noqa: S311 - the same lesson at each training
    for lesson in learned:
        roles = [subject.role for subject in lesson.subjects]
        seen = features.of_sentence(lesson.text, lesson.spans, roles, lesson.place)
        for wish in Wish:
            if wish in lesson.wishes:
                trainer.append([about(wish, seen)], [ASKED])
            elif wish in GRAVE or rng.random() < THINNED:
                trainer.append([about(wish, seen)], [NOT_ASKED])
    _save(trainer, file)


def main(target: Path) -> None:
    """Learn from the examples; a fault in one of them is told, and changes nothing."""
    try:
        mails = list(read_examples(sorted(EXAMPLES.glob("*.txt"))))
    except MarkError as error:
        sys.exit(str(error))
    train(mails, target)
    (target / MADE_OF).write_text(made_of() + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else MODEL)
