"""What queries would have brought: the reports of the last weeks, folded beforehand, asked with the naive evaluator.

Folding a report costs a millisecond, asking it one query two microseconds. So reports are read and folded before a mail is
handled, through the reading engine and in threads, and no transaction waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.matching.naive import evaluate
from alertd.model import Report, ReportId
from alertd.query import Document, Query, read_report
from alertd.store import reports
from alertd.store.engines import Store

DAYS = 90
MOST_REPORTS = 2000
_BATCH = 50


class _Kept(NamedTuple):
    report: Report
    document: Document


class Past:
    """The newest reports, folded."""

    def __init__(self) -> None:
        self._kept: dict[tuple[ReportId, int], _Kept] | None = None
        self._turn = asyncio.Lock()

    async def refresh(self, store: Store, *, now: datetime) -> None:
        """Read what is new since the last time; cheap when that is nothing."""
        async with self._turn:
            async with store.read() as connection:
                standing = await reports.recent_ids(connection, since=_since(now), limit=MOST_REPORTS)
                known = self._kept or {}
                missing = [key for key in standing if key not in known]
                found = await reports.get_many(connection, [id_ for id_, _ in missing]) if missing else {}
            fresh = {(each.id, each.revision): each for each in found.values()}
            folded = await _fold([fresh[key] for key in missing if key in fresh])
            everything = {**known, **folded}
            self._kept = {key: everything[key] for key in standing if key in everything}

    async def find(
        self, connection: AsyncConnection, queries: Sequence[Query], *, now: datetime
    ) -> list[list[Report]]:
        """For each query the reports of the last `DAYS` that it matches, newest first, as they were at the last refresh."""
        if self._kept is None:
            recent = await reports.recent(connection, since=_since(now), limit=MOST_REPORTS)
            self._kept = await _fold(list(reversed(recent)))
        since = _since(now)
        kept = [each for each in self._kept.values() if each.report.seen_at >= since]
        return [[each.report for each in kept if evaluate(query.tree, each.document)] for query in queries]

    def titled(self, text: str) -> list[Report]:
        """Reports whose title holds this text, newest first."""
        wanted = text.strip().casefold()
        if not wanted:
            return []
        return [
            each.report
            for each in (self._kept or {}).values()
            if wanted in each.report.fields.title.casefold()
        ]


def _since(now: datetime) -> datetime:
    return now - timedelta(days=DAYS)


async def _fold(found: Sequence[Report]) -> dict[tuple[ReportId, int], _Kept]:
    """In small batches in a thread, so that the loop goes on meanwhile."""
    folded: dict[tuple[ReportId, int], _Kept] = {}
    for start in range(0, len(found), _BATCH):
        part = found[start : start + _BATCH]
        for kept in await asyncio.to_thread(_fold_all, part):
            folded[kept.report.id, kept.report.revision] = kept
    return folded


def _fold_all(part: Sequence[Report]) -> list[_Kept]:
    return [_Kept(each, read_report(each.fields, catalogue=each.catalogue)) for each in part]
