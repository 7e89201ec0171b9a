"""What every matcher must do; the naive one is the oracle, an index must give the same answers faster."""

from __future__ import annotations

from typing import Protocol

from alertd.model import QueryId
from alertd.query import Document


class Matcher(Protocol):
    """A set of standing queries."""

    def add(self, query_id: QueryId, canonical: str) -> None:
        """Hold a query from now on; one with the same id is replaced.

        Raises:
            QuerySyntaxError: `canonical` is no canonical text.
        """

    def discard(self, query_id: QueryId) -> None:
        """Let a query go; one that is not held is no error."""

    def match(self, document: Document) -> set[QueryId]:
        """The ids of the held queries that match a report."""
