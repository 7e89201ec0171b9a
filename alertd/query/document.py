"""A report folded once, so that a thousand queries can be asked of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alertd.model import ReportFields
from alertd.query.folding import BREAK, Token, fold, stem, tokenize
from alertd.query.tree import EXACT_FIELDS, SEGMENT, TEXT_FIELDS, Field

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")

# "No 178", "Research Report No. 178", "第178号", "2015年第178期 (总第4863号)": all mean their digits.
_AROUND_NUMBERS = frozenset(
    {"no", "nr", "num", "number", "report", "research", "total", *"第总号期年编", BREAK}
)


@dataclass(frozen=True, slots=True)
class Document:
    """The folded texts of one report.

    In a text each token stands between spaces and each value between line ends, so that asking for words, phrases and
    Chinese substrings alike is asking for a piece of text.

    Attributes:
        words: per field, tokens as they are.
        stems: per field that is stemmed, tokens stemmed; `Field.ANY` is all text fields together in both.
    """

    words: Mapping[Field, str]
    stems: Mapping[Field, str]

    def text(self, where: Field, *, exact: bool) -> str:
        """The folded text of a field, of whole words or of stems."""
        return (self.words if exact else self.stems)[where]


def read_report(fields: ReportFields, *, catalogue: str) -> Document:
    """Fold a report.

    Args:
        fields: its text.
        catalogue: the name of its catalogue.
    """
    tokens = {
        where: [[token.text for token in field_tokens(where, value)] for value in values]
        for where, values in field_values(fields, catalogue).items()
    }
    words = {where: _text(values) for where, values in tokens.items()}
    stems = {where: _text(map(stem, tokens[where])) for where in TEXT_FIELDS}
    words[Field.ANY] = "".join(words[where] for where in TEXT_FIELDS)
    stems[Field.ANY] = "".join(stems[where] for where in TEXT_FIELDS)
    return Document(words, {where: text for where, text in stems.items() if where not in EXACT_FIELDS})


def _text(values: Iterable[list[str]]) -> str:
    return SEGMENT + SEGMENT.join(f" {' '.join(words)} " for words in values if words) + SEGMENT


def field_values(fields: ReportFields, catalogue: str) -> dict[Field, tuple[str, ...]]:
    """The values of each field as a reader sees them; a number in each form that may be asked for."""
    return {
        Field.TITLE: (fields.title,),
        Field.ABSTRACT: (fields.abstract,),
        Field.KEYWORD: fields.keywords,
        Field.AUTHOR: fields.authors,
        Field.DEPARTMENT: (fields.department,),
        Field.NUMBER: _number_forms(fields),
        Field.CATALOGUE: (catalogue,),
    }


def _number_forms(fields: ReportFields) -> tuple[str, ...]:
    forms = [fields.number, fields.total_number]
    if fields.number and fields.year is not None:
        forms += [f"{fields.number}/{fields.year}", f"{fields.year}/{fields.number}"]
    return tuple(form for form in forms if form)


def field_tokens(where: Field, text: str) -> list[Token]:
    """The tokens of a value of this field, in a report or in a query."""
    if where is Field.CATALOGUE:
        name = _NOT_IN_NAMES.sub(" ", fold(text).text).strip()
        return [Token(name, 0, len(text))] if name else []
    tokens = tokenize(text)
    if where is Field.NUMBER:
        return [token for token in tokens if token.text not in _AROUND_NUMBERS]
    return tokens
