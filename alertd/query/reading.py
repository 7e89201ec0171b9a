"""From typed text to a `Query` and back: the checks on the whole, the canonical text, the corrected example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alertd.errors import QuerySyntaxError
from alertd.query.document import field_tokens
from alertd.query.grammar import compose
from alertd.query.scan import scan
from alertd.query.tree import Field, Node, Term, all_of, anchored, any_of, contradiction
from alertd.query.trouble import STORED, TYPED, Trouble

GRAMMAR = 1
"""The version of folding and syntax; a change that gives an old query another meaning or canonical text raises it."""

_MENDS = 5  # a text with more than this wrong with it gets no corrected example


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read.

    Attributes:
        typed: the text as typed.
        canonical: the same for all who mean the same; `parse` reads it as the same query.
        tree: what it means.
    """

    typed: str
    canonical: str
    tree: Node


def parse(text: str) -> Query:
    """Read what a person typed.

    Raises:
        QuerySyntaxError: it cannot be read; with the column, what was expected and, where one can be guessed, a
            corrected example.
    """
    try:
        return _typed(text)
    except Trouble as trouble:
        raise QuerySyntaxError(
            trouble.message, column=trouble.at + 1, expected=trouble.expected, suggestion=_mend(trouble)
        ) from None


def read_canonical(text: str) -> Query:
    """Read a canonical text that the store kept; `restrict` may have made it longer than `parse` takes.

    Raises:
        QuerySyntaxError: it is no canonical text.
    """
    try:
        tree = anchored(compose(text, scan(text, STORED)).node)
    except Trouble as trouble:
        raise QuerySyntaxError(trouble.message, column=trouble.at + 1, expected=trouble.expected) from None
    return Query(text, str(tree), tree)


def restrict(query: Query, catalogues: Sequence[str]) -> Query:
    """The query for reports of these catalogues only; of none named, the query as it is."""
    names = [token.text for name in catalogues for token in field_tokens(Field.CATALOGUE, name)]
    if not names:
        return query
    tree = all_of([query.tree, any_of(Term(Field.CATALOGUE, (name,)) for name in names)])
    return replace(query, canonical=str(tree), tree=tree)


def _mend(trouble: Trouble) -> str:
    for _ in range(_MENDS):
        mended = trouble.mended
        if not mended:
            break
        try:
            _typed(mended)
        except Trouble as next_trouble:
            trouble = next_trouble
        else:
            return mended
    return ""


def _typed(text: str) -> Query:
    lexemes = scan(text, TYPED)
    draft = compose(text, lexemes)
    if not draft.finds:
        grouped = any(lexeme.kind == "OR" for lexeme in lexemes)
        raise Trouble(
            "the query only says what to leave out",
            at=next(lexeme.start for lexeme in lexemes if lexeme.kind == "NOT"),
            expected="a word that must occur too, or * for every report",
            mended=f"* ({text.strip()})" if grouped else f"* {text.strip()}",
        )
    tree = anchored(draft.node)
    both = contradiction(tree)
    if both is not None:
        raise Trouble(
            f"{both} is asked for and left out, so nothing can match",
            at=max((lexeme.start for lexeme in lexemes if lexeme.term == both), default=0),
            expected="the word once: with or without NOT",
        )
    canonical = str(tree)
    _check_written_out(canonical)
    return Query(text, canonical, tree)


def _check_written_out(canonical: str) -> None:
    """`title:(a b)` is written `title:a title:b`: what `parse` gives, `parse` must take."""
    try:
        scan(canonical, TYPED)
    except Trouble as trouble:
        raise Trouble(
            f"written out in full, {trouble.message}", at=0, expected="a shorter query, or several queries"
        ) from None
