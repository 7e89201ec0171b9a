"""What the learned reader looks at: a word, a subject or a sentence as a list of named observations.

A learner and the reader must look at the same things: both come here. Every observation is a string; a changed one wants a
new training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import Stemmer

from alertd.postmaster.commands import when
from alertd.postmaster.prose.lexicon import Part
from alertd.postmaster.prose.marks import Role, Sentence
from alertd.postmaster.prose.words import Word, without, words

_BEFORE, _AFTER = "<s>", "</s>"
_NONE = ("none",)
"""What a sentence says that is not there."""
_SHORT = 6
"""Words up to which a sentence's length is told."""
_TOLD = frozenset(
    {"time", "q", "mails", "data", "erase", "copy", "english", "chinese", "html", "text", "happened", "topic"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sentence stands in its mail.

    Attributes:
        before: what the sentence before it says, roughly; of the first of the body there is none.
        after: likewise the one behind it.
        first: it is the first of the body, or stands in the subject line.
        opened: the sentence before it ends in a colon.
        left: how many follow.
        alone: the subject line, or the body, has no other.
        title: it is the mail's subject line.
    """

    before: tuple[str, ...] = _NONE
    after: tuple[str, ...] = _NONE
    first: bool = True
    opened: bool = False
    left: int = 0
    alone: bool = True
    title: bool = False


def places(mail: Sequence[Sentence]) -> tuple[Place, ...]:
    """The place of each sentence of a mail."""
    around = [_around(sentence.text) for sentence in mail]
    made = []
    for at, sentence in enumerate(mail):
        first = at == 0 or mail[at - 1].title
        last = at + 1 == len(mail) or sentence.title
        made.append(
            Place(
                before=_NONE if first else around[at - 1],
                after=_NONE if last else around[at + 1],
                first=first,
                opened=not first and mail[at - 1].text[-1:] in {":", "："},
                left=len(mail) - at - 1,
                alone=sum(each.title == sentence.title for each in mail) == 1,
                title=sentence.title,
            )
        )
    return tuple(made)


_STEM = Stemmer.Stemmer("english")


def _stem(form: str) -> str:
    return str(_STEM.stemWord(form)) if form.isascii() and form.isalpha() else form


class _Row:
    """Words by their place; beyond the ends there are marks."""

    def __init__(self, row: Sequence[Word]) -> None:
        self.row = row

    def form(self, at: int) -> str:
        if 0 <= at < len(self.row):
            return self.row[at].form
        return _BEFORE if at < 0 else _AFTER

    def part(self, at: int) -> str:
        return self.row[at].part if 0 <= at < len(self.row) else "-"

    def forms(self, *at: int) -> str:
        return "_".join(self.form(each) for each in at)

    def parts(self, *at: int) -> str:
        return "_".join(self.part(each) for each in at)


def of_words(text: str, row: Sequence[Word], place: Place) -> list[list[str]]:
    """The observations of each word of a sentence, to find the subjects by."""
    spans = when.places(text)
    told = sorted({f"bag={word.form}" for word in row if word.tells})[:12]
    told += [f"title={place.title}", f"left={min(place.left, 2)}", f"first={place.first}"]
    told += [f"opened={place.opened}"]
    if len(row) <= _SHORT:
        told.append(f"n={len(row)}")
        told.append(f"n,left={len(row)},{min(place.left, 2)},{place.first}")
    return [[*_of_word(_Row(row), at, spans), *told] for at in range(len(row))]


def _of_word(row: _Row, i: int, timed: Sequence[tuple[int, int]]) -> list[str]:
    word = row.row[i]
    found = ["b", f"w={word.form}", f"s={word.shape}", f"p={word.part}"]
    found.append(f"t={any(start <= word.start < end for start, end in timed)}")
    found += [f"w{d}={row.form(i + d)}" for d in (-4, -3, -2, -1, 1, 2, 3, 4)]
    found += [f"p{d}={row.part(i + d)}" for d in (-3, -2, -1, 1, 2, 3)]
    found += [
        f"p-1,0={row.parts(i - 1, i)}",
        f"p0,1={row.parts(i, i + 1)}",
        f"p-1..1={row.parts(i - 1, i, i + 1)}",
        f"p-3..-1={row.parts(i - 3, i - 2, i - 1)}",
        f"p1..3={row.parts(i + 1, i + 2, i + 3)}",
        f"w-2,-1={row.forms(i - 2, i - 1)}",
        f"w-1,0={row.forms(i - 1, i)}",
        f"w0,1={row.forms(i, i + 1)}",
        f"w1,2={row.forms(i + 1, i + 2)}",
        f"w-3..-1={row.forms(i - 3, i - 2, i - 1)}",
        f"w1..3={row.forms(i + 1, i + 2, i + 3)}",
        f"wp-1,0={row.form(i - 1)}_{word.part}",
        f"wp1,0={row.form(i + 1)}_{word.part}",
        f"sp={word.shape}_{word.part}",
        f"ss={row.row[i - 1].shape if i else '-'}_{word.shape}",
    ]
    if word.form.isascii():
        found += [f"suf={word.form[-3:]}", f"pre={word.form[:4]}", f"st={_stem(word.form)}"]
    left = [each for each in reversed(row.row[:i]) if each.tells][:2]
    right = [each for each in row.row[i + 1 :] if each.tells][:2]
    found += [
        f"L={_parts(left[:1])}",
        f"R={_parts(right[:1])}",
        f"LL={_parts(left)}",
        f"RR={_parts(right)}",
        f"LR={_parts(left[:1])}|{_parts(right[:1])}",
        f"lw={_forms(left[:1])}",
        f"rw={_forms(right[:1])}",
    ]
    return found


def _parts(row: Iterable[Word]) -> str:
    return ",".join(word.part for word in row)


def _forms(row: Iterable[Word]) -> str:
    return ",".join(word.form for word in row)


def _chinese(row: Iterable[Word]) -> str:
    """The single characters of a stretch, everything longer a bar."""
    return "".join(word.form if len(word.form) == 1 else "|" for word in row)


def of_subjects(text: str, subjects: Sequence[tuple[int, int]], place: Place) -> list[list[str]]:
    """Each subject's observations, to find its role by: what is said around it, whatever it names."""
    row = words(without(text, tuple(subjects)))
    at = [i for i, word in enumerate(row) if word.part == "q"]
    shared = _of_all(row) + [f"prev={each}" for each in place.before] + [f"title={place.title}"]
    found = []
    for k, i in enumerate(at):
        low, high = at[k - 1] if k else -1, at[k + 1] if k + 1 < len(at) else len(row)
        own = [f"k={min(k, 2)}", f"of={min(len(at), 3)}", *_of_subject(_Row(row), i, low, high)]
        found.append(list(dict.fromkeys([*own, *shared])))
    return found


def _of_all(row: Sequence[Word]) -> list[str]:
    forms = [word.form for word in row]
    chinese = _chinese(row)
    return [
        "b",
        *(f"W={form}" for form in forms),
        *(f"S={_stem(form)}" for form in forms),
        *(f"WW={left}_{right}" for left, right in pairwise([_BEFORE, *forms, _AFTER])),
        *(f"z3={chinese[j : j + 3]}" for j in range(len(chinese) - 2)),
    ]


def _of_subject(row: _Row, i: int, low: int, high: int) -> list[str]:
    found = [f"w-{d}={row.form(i - d)}" for d in (1, 2, 3)] + [f"w+{d}={row.form(i + d)}" for d in (1, 2, 3)]
    found += [f"b={row.form(i - d)}" for d in range(1, 7)] + [f"a={row.form(i + d)}" for d in range(1, 7)]
    found += [
        f"bb={row.forms(i - 2, i - 1)}",
        f"bbb={row.forms(i - 3, i - 2, i - 1)}",
        f"aa={row.forms(i + 1, i + 2)}",
        f"aaa={row.forms(i + 1, i + 2, i + 3)}",
        f"ba={row.forms(i - 1, i + 1)}",
    ]
    near_before, near_after = row.row[low + 1 : i], row.row[i + 1 : high]
    found += [f"B={word.form}" for word in near_before] + [f"A={word.form}" for word in near_after]
    found += [f"SB={_stem(word.form)}" for word in near_before]
    found += [f"SA={_stem(word.form)}" for word in near_after]
    before = [word for word in row.row[:i] if word.tells]
    after = [word for word in row.row[i + 1 :] if word.tells]
    nb, na = [word for word in near_before if word.tells], [word for word in near_after if word.tells]
    found += [
        f"bm={_parts(before[-1:])}",
        f"bm2={_parts(before[-2:])}",
        f"bm3={_parts(before[-3:])}",
        f"am={_parts(after[:1])}",
        f"am2={_parts(after[:2])}",
        f"nb={_parts(nb[-2:])}",
        f"na={_parts(na[:2])}",
        f"m={_parts(nb[-2:])}|{_parts(na[:2])}",
    ]
    found += [f"P={word.part}" for word in before] + [f"PA={word.part}" for word in after]
    left, right = _chinese(row.row[max(0, i - 4) : i]), _chinese(row.row[i + 1 : i + 5])
    found += [f"zb={left[-m:]}" for m in (2, 3, 4)] + [f"za={right[:m]}" for m in (2, 3, 4)]
    return found


def _around(text: str) -> tuple[str, ...]:
    """What a sentence says to those beside it, roughly."""
    row = words(text)
    said = {word.part for word in row if word.tells}
    said |= {_stem(word.form) for word in row if word.part not in {Part.FILL, Part.TOPIC, Part.JOIN, "punct"}}
    return tuple(sorted(said)) or _NONE


def of_sentence(
    text: str, subjects: Sequence[tuple[int, int]], roles: Sequence[Role], place: Place
) -> list[str]:
    """A sentence's observations, to find by what it asks beside its subjects."""
    row = words(without(text, tuple(subjects)))
    role = iter(roles)
    forms = [f"<{next(role, Role.WANTED)}>" if word.part == "q" else word.form for word in row]
    found = ["b", *_grams([_BEFORE, *forms, _AFTER]), *_pieces(forms)]
    stems = [_stem(form) for form in forms]
    found += [f"S={stem}" for stem in stems] + [f"SS={left}_{right}" for left, right in pairwise(stems)]
    chinese = "".join(form if len(form) == 1 else "|" for form in forms)
    found += [f"z4={chinese[j : j + 4]}" for j in range(len(chinese) - 3)]
    parts = [word.part for word in row if word.tells or word.part in _TOLD]
    found += [f"P={part}" for part in parts]
    found += [f"PP={left}_{right}" for left, right in pairwise(parts)]
    found += [f"PPP={'_'.join(three)}" for three in zip(parts, parts[1:], parts[2:], strict=False)]
    found += [f"PS={'_'.join(parts[:7])}", f"len={min(len(row), 12)}"]
    found += [f"has={each}" for each in roles] or ["has=none"]
    found += [f"title={place.title}", f"alone={place.alone}", f"last={place.left == 0}"]
    found += [f"prev={each}" for each in place.before]
    found += [f"next={each}" for each in place.after]
    return list(dict.fromkeys(found))


def _grams(forms: Sequence[str]) -> list[str]:
    found = [f"1={form}" for form in forms]
    for left, right, name in ((0, 1, "2"), (0, 2, "k"), (0, 3, "k")):
        found += [f"{name}={forms[i + left]}_{forms[i + right]}" for i in range(len(forms) - right)]
    return found + [f"3={'_'.join(forms[i : i + 3])}" for i in range(len(forms) - 2)]


def _pieces(forms: Sequence[str]) -> list[str]:
    """Beginnings and ends of longer words, by which a slip is still known."""
    long = [form for form in forms if form.isascii() and form[0].isalpha() and len(form) > 4]  # noqa: PLR2004
    return [
        *(f"{size}={form[:size]}" for form in long for size in (4, 5)),
        *(f"e={form[-4:]}" for form in long),
    ]
