"""The tree of a query in normal form, and its canonical text.

Normal form: NOT stands only before terms (De Morgan), AND and OR are flat, sorted and without repetition, `*` is left
only where without it a query would say nothing but what to leave out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from alertd.query.folding import BREAK, LITERAL, is_cjk, stem


class Field(StrEnum):
    """Where a term is looked for; the value is the name to type."""

    ANY = ""
    TITLE = "title"
    ABSTRACT = "abstract"
    KEYWORD = "keyword"
    AUTHOR = "author"
    DEPARTMENT = "department"
    NUMBER = "number"
    CATALOGUE = "catalogue"


TEXT_FIELDS = (Field.TITLE, Field.ABSTRACT, Field.KEYWORD, Field.AUTHOR, Field.DEPARTMENT)
"""Where a term without a field is looked for."""

WHOLE_FIELDS = frozenset({Field.NUMBER, Field.CATALOGUE})
"""A term must be all of a value of these: `catalogue:drc` does not find the catalogue "drc-en"."""

EXACT_FIELDS = WHOLE_FIELDS | {Field.AUTHOR}
"""Fields whose words are not stemmed: Hughes is not Hugh."""

SEGMENT = "\n"
"""The token between two values of a field (two key words): no phrase reaches over it."""

OPERATORS = {
    **dict.fromkeys(("OR", "|", "||", "或", "或者"), "OR"),
    **dict.fromkeys(("AND", "&", "&&", "和", "与", "且", "并且"), "AND"),
    **dict.fromkeys(("NOT", "非", "不含"), "NOT"),
}
"""Words that are operators when they stand alone."""


@dataclass(frozen=True, slots=True)
class Term:
    """Tokens that must stand side by side.

    Attributes:
        where: the field.
        tokens: stems, or whole words where `exact`.
        prefix: the last token may go on.
        needle: what to look for in a folded text (`Document.text`); it follows from the others.
    """

    where: Field
    tokens: tuple[str, ...]
    prefix: bool = False
    needle: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        joined = " " + " ".join(self.tokens)
        whole = self.where in WHOLE_FIELDS
        opening = SEGMENT if whole else ""
        closing = "" if self.prefix else " " + opening
        object.__setattr__(self, "needle", opening + joined + closing)

    @property
    def exact(self) -> bool:
        """Whether its tokens are whole words rather than stems."""
        return self.prefix or self.where in EXACT_FIELDS

    def __str__(self) -> str:
        name = f"{self.where}:" if self.where else ""
        body = self._body()
        star = "*" if self.prefix else ""
        if body.isalnum() and body not in OPERATORS:
            return f"{name}{body}{star}"
        if body.startswith(LITERAL) and body[1:].isalnum():
            return f"{name}{body}"
        return f'{name}"{body}{star}"'

    def _body(self) -> str:
        if self.where is Field.CATALOGUE:
            return self.tokens[0]
        text = ""
        for token, stemmed in zip(self.tokens, stem(self.tokens), strict=True):
            beside = is_cjk(token) and is_cjk(text[-1:])
            space = "" if not text or beside or BREAK in (token, text[-1]) else " "
            mark = LITERAL if not self.exact and stemmed != token else ""
            text += space + mark + token
        return text


@dataclass(frozen=True, slots=True)
class Every:
    """Every report."""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, slots=True)
class Not:
    """Reports that the term does not match."""

    term: Term

    def __str__(self) -> str:
        return f"-{self.term}"


@dataclass(frozen=True, slots=True)
class And:
    """Reports that every part matches; at least two parts."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Reports that some part matches; at least two parts."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(str(part) for part in self.parts)


Node = Term | Every | Not | And | Or
EVERY = Every()


def all_of(parts: Iterable[Node]) -> Node:
    """The conjunction in normal form; of nothing, every report."""
    flat: set[Node] = set()
    for part in parts:
        flat.update(part.parts if isinstance(part, And) else (part,))
    return _joined(And, flat - {EVERY})


def any_of(parts: Iterable[Node]) -> Node:
    """The disjunction in normal form; there must be at least one part."""
    flat: set[Node] = set()
    for part in parts:
        flat.update(part.parts if isinstance(part, Or) else (part,))
    return EVERY if EVERY in flat else _joined(Or, flat)


def _joined(kind: type[And | Or], parts: set[Node]) -> Node:
    if not parts:
        return EVERY
    ordered = tuple(sorted(parts, key=lambda part: (isinstance(part, Not), str(part))))
    return ordered[0] if len(ordered) == 1 else kind(ordered)


def none_of(node: Node) -> Node:
    """The negation in normal form.

    Raises:
        ValueError: it would leave out every report.
    """
    match node:
        case Every():
            raise ValueError("this leaves out every report")
        case Term():
            return Not(node)
        case Not(term=term):
            return term
        case And(parts=parts):
            return any_of(none_of(part) for part in parts if part != EVERY)
        case Or(parts=parts):
            return all_of(none_of(part) for part in parts)


def anchored(node: Node) -> Node:
    """The query itself, with `*` before it when it only says what to leave out."""
    if says_what_to_find(node):
        return node
    return And((EVERY, *(node.parts if isinstance(node, And) else (node,))))


def says_what_to_find(node: Node) -> bool:
    """Whether a report must have something, whichever way it is found."""
    match node:
        case Not():
            return False
        case And(parts=parts):
            return any(says_what_to_find(part) for part in parts)
        case Or(parts=parts):
            return all(says_what_to_find(part) for part in parts)
        case _:
            return True


def contradiction(node: Node) -> Term | None:
    """A term that the same conjunction asks for and leaves out, if there is one."""
    if isinstance(node, And | Or):
        if isinstance(node, And):
            both = [part.term for part in node.parts if isinstance(part, Not) and part.term in node.parts]
            if both:
                return both[0]
        return next((found for part in node.parts if (found := contradiction(part)) is not None), None)
    return None
