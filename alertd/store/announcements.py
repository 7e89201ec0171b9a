"""Statements on the announcement counter, announcements and matches.

The counter row is the heart of the rule of what is due: an announcer holds it exclusively, whoever takes a `since_no` or
inserts a query holds it shared, so that neither can miss the other (docs/data.md, rule 1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import Cause, No, QueryId, ReportId, ReportState
from alertd.store.tables import announcement, counter, match, report

COUNTER = "announcement"


class NewAnnouncement(NamedTuple):
    """One row to write: `no` is taken from the counter, `first_no` is that of the revision's first announcement."""

    no: No
    first_no: No
    report_id: ReportId
    revision: int
    cause: Cause


async def lock_counter(connection: AsyncConnection) -> No:
    """Take the counter exclusively, first of all in the transaction; returns the last number given."""
    statement = select(counter.c.no).where(counter.c.name == COUNTER).with_for_update()
    return No((await connection.execute(statement)).scalar_one())


async def share_counter(connection: AsyncConnection) -> No:
    """Take the counter shared: no announcement is between numbering and commit while we hold it."""
    statement = select(counter.c.no).where(counter.c.name == COUNTER).with_for_update(read=True)
    return No((await connection.execute(statement)).scalar_one())


async def last_no(connection: AsyncConnection) -> No:
    """The last committed number, without any lock."""
    return No((await connection.execute(select(counter.c.no).where(counter.c.name == COUNTER))).scalar_one())


async def add(
    connection: AsyncConnection,
    rows: Sequence[NewAnnouncement],
    matches: Iterable[tuple[No, QueryId]],
    *,
    now: datetime,
) -> None:
    """Write announcements with their matches, mark their reports, and move the (locked) counter to the last of them."""
    if not rows:
        return
    await connection.execute(insert(announcement), [{**row._asdict(), "at": now} for row in rows])
    pairs = [{"no": no, "query_id": query_id} for no, query_id in matches]
    if pairs:
        await connection.execute(insert(match), pairs)
    await connection.execute(
        update(counter).where(counter.c.name == COUNTER).values(no=max(row.no for row in rows))
    )
    await connection.execute(
        update(report)
        .where(report.c.id.in_(sorted({row.report_id for row in rows})))
        .where(report.c.state != ReportState.RETRACTED)  # what is retracted stays so, whatever the feed does
        .values(state=ReportState.ANNOUNCED, reason=None)
    )


async def first_numbers(
    connection: AsyncConnection, report_ids: Collection[ReportId]
) -> dict[tuple[ReportId, int], No]:
    """The number under which each (report, revision) was first announced."""
    statement = (
        select(announcement.c.report_id, announcement.c.revision, func.min(announcement.c.no))
        .where(announcement.c.report_id.in_(sorted(report_ids)))
        .group_by(announcement.c.report_id, announcement.c.revision)
    )
    rows = await connection.execute(statement)
    return {(ReportId(report_id), revision): No(no) for report_id, revision, no in rows}


class AnnouncementRow(NamedTuple):
    """A stored announcement of one report."""

    no: No
    first_no: No
    revision: int
    cause: str
    at: datetime


async def of_report(connection: AsyncConnection, report_id: ReportId) -> list[AnnouncementRow]:
    """Every announcement of a report, oldest first."""
    statement = (
        select(*(announcement.c[name] for name in AnnouncementRow._fields))
        .where(announcement.c.report_id == report_id)
        .order_by(announcement.c.no)
    )
    return [AnnouncementRow._make(row) for row in await connection.execute(statement)]
