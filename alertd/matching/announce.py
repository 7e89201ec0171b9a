"""Announcing: reports become effective under the next numbers, with the queries that match them.

The counter row is taken exclusively first of all, then queries that are new are read, then reports are matched, then all is
written: one transaction, that of whoever stores the reports (docs/data.md, rule 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.matching.matcher import Matcher
from alertd.model import Announce, No, QueryId
from alertd.query import GRAMMAR, read_report
from alertd.store import announcements, queries


class Announcer:
    """Announces reports; keeps the matcher's queries in step with the store.

    Args:
        matcher: empty; it is filled from the store, under the counter, whenever something is announced.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._last = QueryId(0)

    async def lock(self, connection: AsyncConnection) -> No:
        """Take the counter exclusively; the first statement of an announcing transaction."""
        return await announcements.lock_counter(connection)

    async def __call__(self, connection: AsyncConnection, found: Sequence[Announce], now: datetime) -> int:
        """Announce these reports in this order, each under a number of its own, also when nothing matches.

        A revision that was announced before - a late match, a report that comes back - gets a new number and keeps the
        first one.

        Returns:
            How many matches were written.
        """
        last = await self.lock(connection)
        await self._read_new_queries(connection)
        first = await announcements.first_numbers(connection, {each.report_id for each in found})
        rows, pairs = [], []
        for offset, each in enumerate(found, start=1):
            no = No(last + offset)
            first_no = first.setdefault((each.report_id, each.revision), no)
            rows.append(
                announcements.NewAnnouncement(no, first_no, each.report_id, each.revision, each.cause)
            )
            document = read_report(each.fields, catalogue=each.catalogue)
            pairs += [(no, query_id) for query_id in sorted(self._matcher.match(document))]
        await announcements.add(connection, rows, pairs, now=now)
        return len(pairs)

    async def _read_new_queries(self, connection: AsyncConnection) -> None:
        for query_id, canonical in await queries.later_than(connection, self._last, grammar=GRAMMAR):
            self._matcher.add(query_id, canonical)
            self._last = query_id
