"""The oracle: plain evaluation of a query's tree against a report, and a matcher that asks every query.

Whoever wants to predict what the service finds needs this module alone: `matches(text, fields, catalogue=...)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alertd.model import QueryId, ReportFields
from alertd.query import (
    And,
    Document,
    Every,
    Node,
    Not,
    Or,
    Query,
    Term,
    parse,
    read_canonical,
    read_report,
    restrict,
)

__all__ = [
    "Document",
    "NaiveMatcher",
    "Query",
    "evaluate",
    "matches",
    "parse",
    "read_report",
    "restrict",
]


def evaluate(tree: Node, document: Document) -> bool:
    """Whether the query matches the report."""
    match tree:
        case Every():
            return True
        case Term():
            return tree.needle in document.text(tree.where, exact=tree.exact)
        case Not(term=term):
            return not evaluate(term, document)
        case And(parts=parts):
            return all(evaluate(part, document) for part in parts)
        case Or(parts=parts):
            return any(evaluate(part, document) for part in parts)


def matches(query_text: str, fields: ReportFields | Mapping[str, Any], *, catalogue: str) -> bool:
    """Whether a query, as typed, matches a report.

    Args:
        query_text: the query.
        fields: the report, or a mapping of the names of its fields; lists will do for tuples.
        catalogue: the name of the report's catalogue.

    Raises:
        QuerySyntaxError: the query cannot be read.
        TypeError: a name is no field of a report.
    """
    if not isinstance(fields, ReportFields):
        values: dict[str, Any] = {"title": ""}
        for name, value in fields.items():
            values[name] = tuple(value) if isinstance(value, list) else value
        fields = ReportFields(**values)
    return evaluate(parse(query_text).tree, read_report(fields, catalogue=catalogue))


class NaiveMatcher:
    """Asks every query it holds."""

    def __init__(self) -> None:
        self._trees: dict[QueryId, Node] = {}

    def add(self, query_id: QueryId, canonical: str) -> None:
        """Hold a query from now on; one with the same id is replaced.

        Raises:
            QuerySyntaxError: `canonical` is no canonical text.
        """
        self._trees[query_id] = read_canonical(canonical).tree

    def discard(self, query_id: QueryId) -> None:
        """Let a query go; one that is not held is no error."""
        self._trees.pop(query_id, None)

    def match(self, document: Document) -> set[QueryId]:
        """The ids of the held queries that match a report."""
        return {query_id for query_id, tree in self._trees.items() if evaluate(tree, document)}
