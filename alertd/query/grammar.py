"""The grammar, and how its parts are put together in normal form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedToken

from alertd.query.scan import Lexeme
from alertd.query.tree import EVERY, Node, all_of, any_of, none_of
from alertd.query.trouble import A_TERM, Trouble, without

_SYNTAX = """
    start: either
    either: both (OR both)*
    both: single (AND? single)*
    single: NOT? FIELD? NOT? atom
    ?atom: TERM | STAR | OPEN either CLOSE
    %declare OR AND NOT FIELD TERM STAR OPEN CLOSE
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A part of a query and whether it, or its negation, says what to find rather than what to leave out.

    `anchored` adds the `*` that the node may need at last; the node itself has none within.
    """

    node: Node
    finds: bool = True
    negation_finds: bool = False


def compose(text: str, lexemes: list[Lexeme]) -> Draft:
    """The query of these lexemes.

    Raises:
        Trouble: they are in no order that means something.
    """
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


def _combine(tree: Tree[Token], lexemes: list[Lexeme]) -> Draft:
    """Fold lark's tree into ours; it is no deeper than the brackets, which `scan` counted."""
    parts = list(_parts(tree, lexemes))
    if len(parts) == 1 and tree.data != "single":
        return parts[0]
    if tree.data == "either":
        return Draft(
            any_of(part.node for part in parts),
            finds=all(part.finds for part in parts),
            negation_finds=any(part.negation_finds for part in parts),
        )
    if tree.data == "both":
        return Draft(
            all_of(part.node for part in parts),
            finds=any(part.finds for part in parts),
            negation_finds=all(part.negation_finds for part in parts),
        )
    marks = [child for child in tree.children if isinstance(child, Token)]
    negations = [lexemes[int(mark)] for mark in marks if mark.type == "NOT"]
    return _negated(parts[0], negations[0]) if len(negations) == 1 else parts[0]


def _parts(tree: Tree[Token], lexemes: list[Lexeme]) -> Iterator[Draft]:
    for child in tree.children:
        if isinstance(child, Tree):
            yield _combine(child, lexemes)
        elif child.type == "STAR":
            yield Draft(EVERY, negation_finds=True)
        elif (term := lexemes[int(child)].term) is not None:
            yield Draft(term)


def _negated(part: Draft, negation: Lexeme) -> Draft:
    try:
        node = none_of(part.node)
    except ValueError:
        raise Trouble(
            "this leaves out every report",
            at=negation.start,
            expected="NOT before a word or a group of words",
        ) from None
    return Draft(node, finds=part.negation_finds, negation_finds=part.finds)
