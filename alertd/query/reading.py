"""From lexemes to a `Query`: the grammar, the checks on the whole, and the corrected example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedToken

from alertd.errors import QuerySyntaxError
from alertd.query.document import field_tokens
from alertd.query.scan import Lexeme, scan
from alertd.query.tree import (
    EVERY,
    Field,
    Node,
    Term,
    all_of,
    anchored,
    any_of,
    contradiction,
    none_of,
)
from alertd.query.trouble import A_TERM, STORED, TYPED, Limits, Trouble, without

GRAMMAR = 1
"""The version of folding and syntax; a change that gives an old query another meaning or canonical text raises it."""

_SYNTAX = """
    start: either
    either: both (OR both)*
    both: single (AND? single)*
    single: NOT? FIELD? NOT? atom
    ?atom: TERM | STAR | OPEN either CLOSE
    %declare OR AND NOT FIELD TERM STAR OPEN CLOSE
"""
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
        tree = _read(text, STORED).node
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
    draft = _draft(text, lexemes)
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


@dataclass(frozen=True, slots=True)
class _Draft:
    """A part of a query and whether it, or its negation, says what to find rather than what to leave out."""

    node: Node
    finds: bool = True
    negation_finds: bool = False


def _read(text: str, limits: Limits) -> _Draft:
    draft = _draft(text, scan(text, limits))
    return replace(draft, node=anchored(draft.node))


def _draft(text: str, lexemes: list[Lexeme]) -> _Draft:
    parser = _parser().parse_interactive("")
    index = 0
    try:
        for lexeme in lexemes:
            parser.feed_token(Token(lexeme.kind, str(index)))
            index += 1
        tree = parser.feed_token(Token("$END", ""))
    except UnexpectedToken:
        raise _unexpected(text, lexemes, index) from None
    return _combine(tree, lexemes)


@cache
def _parser() -> Lark:
    return Lark(_SYNTAX, parser="lalr", lexer="basic", maybe_placeholders=False)


def _unexpected(text: str, lexemes: list[Lexeme], index: int) -> Trouble:
    """What to say when a term was needed and `lexemes[index]`, or the end, came instead.

    Whatever may follow a complete term is always welcome, so nothing but a term is ever missing.
    """
    if not lexemes:
        return Trouble("there is nothing to look for", at=0, expected=f"{A_TERM}, or * for every report")
    if index == 0:
        return _lonely(text, lexemes[0], "before")
    before = lexemes[index - 1]
    here = lexemes[index] if index < len(lexemes) else None
    if here is None or here.kind not in {"OR", "AND", "CLOSE"} or before.kind in {"NOT", "FIELD"}:
        return _lonely(text, before, "after")
    if before.kind == "OPEN" and here.kind == "CLOSE":
        return Trouble(
            "there is nothing between these brackets",
            at=before.start,
            expected=f"{A_TERM} between the brackets",
            mended=without(text, before.start, here.end),
        )
    if before.kind == "OPEN":
        return _lonely(text, here, "before")
    return _lonely(
        text, before if here.kind == "CLOSE" else here, "after" if here.kind == "CLOSE" else "before"
    )


def _lonely(text: str, lexeme: Lexeme, side: str) -> Trouble:
    """An operator or a field's name with nothing on one side of it."""
    shown = text[lexeme.start : lexeme.end]
    return Trouble(
        f"nothing stands {side} {shown}",
        at=lexeme.start,
        expected=f"{A_TERM} {side} {shown}",
        mended=without(text, lexeme.start, lexeme.end),
    )


def _combine(tree: Tree[Token], lexemes: list[Lexeme]) -> _Draft:
    """Fold lark's tree into ours; it is no deeper than the brackets, which `scan` counted."""
    parts = list(_parts(tree, lexemes))
    if len(parts) == 1 and tree.data != "single":
        return parts[0]
    if tree.data == "either":
        return _Draft(
            any_of(part.node for part in parts),
            finds=all(part.finds for part in parts),
            negation_finds=any(part.negation_finds for part in parts),
        )
    if tree.data == "both":
        return _Draft(
            all_of(part.node for part in parts),
            finds=any(part.finds for part in parts),
            negation_finds=all(part.negation_finds for part in parts),
        )
    marks = [child for child in tree.children if isinstance(child, Token)]
    negations = [lexemes[int(mark)] for mark in marks if mark.type == "NOT"]
    return _negated(parts[0], negations[0]) if len(negations) == 1 else parts[0]


def _parts(tree: Tree[Token], lexemes: list[Lexeme]) -> Iterator[_Draft]:
    for child in tree.children:
        if isinstance(child, Tree):
            yield _combine(child, lexemes)
        elif child.type == "STAR":
            yield _Draft(EVERY, negation_finds=True)
        elif (term := lexemes[int(child)].term) is not None:
            yield _Draft(term)


def _negated(part: _Draft, negation: Lexeme) -> _Draft:
    try:
        node = none_of(part.node)
    except ValueError:
        raise Trouble(
            "this leaves out every report",
            at=negation.start,
            expected="NOT before a word or a group of words",
        ) from None
    return _Draft(node, finds=part.negation_finds, negation_finds=part.finds)
