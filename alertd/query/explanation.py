"""Which words of a report a query found, as they stand in the original text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alertd.model import ReportFields
from alertd.query.document import field_tokens, field_values
from alertd.query.folding import Token, stem
from alertd.query.reading import Query
from alertd.query.tree import TEXT_FIELDS, WHOLE_FIELDS, And, Every, Field, Node, Not, Or, Term

_AROUND = 40  # characters of context on each side of a hit


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece of a report that a term of a query found.

    Attributes:
        term: the term's canonical text.
        field: where it was found, never `Field.ANY`.
        value: which value of the field, from 0: the second key word is 1.
        start: index of the first character within that value's original text.
        end: index after the last.
        text: `original[start:end]`.
        snippet: the same with some words around it, on one line.
    """

    term: str
    field: Field
    value: int
    start: int
    end: int
    text: str
    snippet: str


def explain(query: Query, fields: ReportFields, *, catalogue: str) -> tuple[Hit, ...]:
    """Everything in the report that made the query match, in reading order; nothing when it does not match.

    Words after NOT show nothing, and neither does `*`.
    """
    page = _Page(field_values(fields, catalogue))
    hits = page.explain(query.tree)
    return tuple(sorted(set(hits or ()), key=page.reading_order))


@dataclass(frozen=True, slots=True)
class _Value:
    field: Field
    index: int
    text: str
    tokens: Sequence[Token]
    stems: Sequence[str]


class _Page:
    """A report's values with their tokens and where these stood."""

    def __init__(self, values: dict[Field, tuple[str, ...]]) -> None:
        self.values = [
            _Value(where, index, text, tokens, stem([token.text for token in tokens]))
            for where, texts in values.items()
            for index, text in enumerate(texts)
            for tokens in [field_tokens(where, text)]
        ]
        self.order = {where: place for place, where in enumerate(values)}

    def reading_order(self, hit: Hit) -> tuple[int, int, int, int, str]:
        return self.order[hit.field], hit.value, hit.start, hit.end, hit.term

    def explain(self, node: Node) -> list[Hit] | None:
        """The hits of a part of a query; None when it does not match."""
        match node:
            case Every():
                return []
            case Term():
                return list(self._hits(node)) or None
            case Not(term=term):
                return [] if self.explain(term) is None else None
            case And(parts=parts):
                found = [self.explain(part) for part in parts]
                return None if None in found else [hit for hits in found if hits for hit in hits]
            case Or(parts=parts):
                some = [hits for part in parts if (hits := self.explain(part)) is not None]
                return [hit for hits in some for hit in hits] if some else None

    def _hits(self, term: Term) -> Iterator[Hit]:
        for value in self.values:
            if value.field is term.where or (term.where is Field.ANY and value.field in TEXT_FIELDS):
                for first, last in _places(term, value):
                    start, end = value.tokens[first].start, value.tokens[last].end
                    yield Hit(
                        str(term),
                        value.field,
                        value.index,
                        start,
                        end,
                        value.text[start:end],
                        _snippet(value.text, start, end),
                    )


def _places(term: Term, value: _Value) -> Iterator[tuple[int, int]]:
    """First and last token of each place where the term stands."""
    words = [token.text for token in value.tokens] if term.exact else value.stems
    size = len(term.tokens)
    whole = term.where in WHOLE_FIELDS
    for first in range(1 if whole else len(words)):
        last = first + size - 1
        here = tuple(words[first : last + 1])
        if len(here) < size or here[:-1] != term.tokens[:-1]:
            continue
        if term.prefix:
            found = here[-1].startswith(term.tokens[-1])
        else:
            found = here[-1] == term.tokens[-1] and (not whole or len(words) == size)
        if found:
            yield first, last


def _snippet(text: str, start: int, end: int) -> str:
    first = max(0, start - _AROUND)
    after = min(len(text), end + _AROUND)
    head = text[first:start]
    tail = text[end:after]
    if first > 0:  # no half words at the rims, but a rim without any space is Chinese
        head = "…" + (re.sub(r"^\S*\s+", "", head) if re.search(r"\s", head) else head)
    if after < len(text):
        tail = (re.sub(r"\s+\S*$", "", tail) if re.search(r"\s", tail) else tail) + "…"
    return " ".join(f"{head}{text[start:end]}{tail}".split())
