"""What queries would have brought: a scan of the store's last weeks with the naive evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.matching.naive import evaluate
from alertd.model import Report, ReportId
from alertd.query import Document, Query, read_report
from alertd.store import reports

DAYS = 90
_MOST_REPORTS = 2000
_MOST_KEPT = 6000


class Past:
    """Looks back; keeps the folded texts, which cost a millisecond each."""

    def __init__(self) -> None:
        self._documents: dict[tuple[ReportId, int], Document] = {}

    async def find(
        self, connection: AsyncConnection, queries: Sequence[Query], *, now: datetime, days: int = DAYS
    ) -> list[list[Report]]:
        """For each query the reports of the last `days` that it matches, newest first."""
        recent = await reports.recent(connection, since=now - timedelta(days=days), limit=_MOST_REPORTS)
        recent.reverse()
        documents = [self._document(each) for each in recent]
        return [
            [each for each, document in zip(recent, documents, strict=True) if evaluate(query.tree, document)]
            for query in queries
        ]

    def _document(self, each: Report) -> Document:
        key = (each.id, each.revision)
        if key not in self._documents:
            if len(self._documents) > _MOST_KEPT:
                self._documents.clear()
            self._documents[key] = read_report(each.fields, catalogue=each.catalogue)
        return self._documents[key]
