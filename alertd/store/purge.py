"""Statements that forget what is older than it must be kept (docs/data.md, rule 9). Each takes a small bite.

A report with its announcements and its `told` rows stays while any living cursor, any unfinished delivery or the feed may
still come back to it; otherwise it would be new again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, Table, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryState, Kind, No, ReportState, SubscriberState
from alertd.store.tables import (
    announcement,
    attempt,
    content,
    counter,
    cursor,
    delivery,
    digest,
    edition,
    inbound,
    match,
    pending_request,
    quota,
    report,
    revision,
    schedule,
    subscriber,
    told,
    worker,
)

_OVER = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.EXPIRED)


async def low_water(connection: AsyncConnection) -> No:
    """The number up to which every active cursor has decided."""
    lowest = (
        await connection.execute(select(func.min(cursor.c.no)).where(cursor.c.active.is_(True)))
    ).scalar_one()
    if lowest is not None:
        return No(lowest)
    return No((await connection.execute(select(func.max(counter.c.no)))).scalar_one())


async def sweep_idle(connection: AsyncConnection, *, limit: int) -> int:
    """Move up cursors of immediate schedules that lag only because nothing matched; returns how many.

    An immediate edition looks only at readers with a match, so the others' cursors stay low and would keep every report for
    ever. Where no edition is open, all up to the schedule's mark is decided for active readers who are not behind.
    """
    quiet = ~exists().where(edition.c.schedule_id == schedule.c.id, edition.c.completed_at.is_(None))
    statement = (
        select(schedule.c.id, schedule.c.mark)
        .where(schedule.c.kind == Kind.IMMEDIATE, quiet)
        .order_by(schedule.c.id)
        .with_for_update()
    )
    swept = 0
    for schedule_id, mark in (await connection.execute(statement)).all():
        lag = (
            cursor.c.schedule_id == schedule_id,
            cursor.c.active.is_(True),
            cursor.c.behind.is_(False),
            cursor.c.no < mark,
        )
        readers = (
            select(subscriber.c.id)
            .join(cursor, cursor.c.subscriber_id == subscriber.c.id)
            .where(*lag, subscriber.c.state == SubscriberState.ACTIVE)
            .order_by(subscriber.c.id)
            .limit(limit - swept)
            .with_for_update(of=subscriber)
        )
        ids = list((await connection.execute(readers)).scalars())
        moved = update(cursor).where(*lag, cursor.c.subscriber_id.in_(ids)).values(no=mark)
        swept += (await connection.execute(moved)).rowcount
    return swept


async def deliveries(connection: AsyncConnection, *, before: datetime, limit: int) -> int:
    """Forget deliveries that ended before an instant, with their attempts and their digests; returns how many.

    Those of an edition that is not complete stay: its balance counts them.
    """
    open_edition = exists().where(
        digest.c.id == delivery.c.digest_id,
        edition.c.id == digest.c.edition_id,
        edition.c.completed_at.is_(None),
    )
    doomed = (
        select(delivery.c.id, delivery.c.digest_id)
        .where(delivery.c.state.in_(_OVER), delivery.c.done_at < before, ~open_edition)
        .order_by(delivery.c.id)
        .limit(limit)
    )
    rows = (await connection.execute(doomed)).all()
    ids = [row.id for row in rows]
    await connection.execute(delete(attempt).where(attempt.c.delivery_id.in_(ids)))
    await connection.execute(delete(delivery).where(delivery.c.id.in_(ids)))
    digests = [row.digest_id for row in rows if row.digest_id is not None]
    await connection.execute(delete(digest).where(digest.c.id.in_(digests)))
    return len(ids)


async def reports(connection: AsyncConnection, *, before: datetime, low: No, limit: int) -> int:
    """Forget reports last seen before an instant of which all is decided; returns how many."""
    # read once from the few mails under way: the ledger has no index on its reports
    pending = (
        select(told.c.report_id)
        .join(delivery, delivery.c.digest_id == told.c.digest_id)
        .where(delivery.c.state.not_in(_OVER))
    )
    undecided = exists().where(
        announcement.c.report_id == report.c.id, or_(announcement.c.no > low, announcement.c.at >= before)
    )
    doomed = (
        select(report.c.id)
        .where(report.c.last_seen_at < before, report.c.state != ReportState.HELD, ~undecided)
        .where(report.c.id.not_in(pending))
        .order_by(report.c.id)
        .limit(limit)
    )
    ids = list((await connection.execute(doomed)).scalars())
    numbers = select(announcement.c.no).where(announcement.c.report_id.in_(ids))
    await connection.execute(delete(match).where(match.c.no.in_(numbers)))
    for table in (told, announcement, revision):
        await connection.execute(delete(table).where(table.c.report_id.in_(ids)))
    await connection.execute(delete(report).where(report.c.id.in_(ids)))
    return len(ids)


async def leftovers(connection: AsyncConnection, *, before: datetime, now: datetime) -> int:
    """Forget contents without digests, empty old editions, ended workers, used requests, old limits and raw mails."""
    # once for all contents: there is no index on what a digest points to
    used = select(digest.c.content_id).where(digest.c.content_id.is_not(None))
    no_digest = ~exists().where(digest.c.edition_id == edition.c.id)
    total = 0
    bites: tuple[tuple[Table, ColumnElement[bool]], ...] = (
        (content, content.c.id.not_in(used)),
        (edition, edition.c.completed_at.is_not(None) & (edition.c.completed_at < before) & no_digest),
        (worker, worker.c.ended_at.is_not(None) & (worker.c.ended_at < before)),
        (pending_request, pending_request.c.expires_at < before),
        (quota, quota.c.window_at < before),
    )
    for table, condition in bites:
        total += await _bite(connection, table, condition)
    raw = update(inbound).where(inbound.c.purge_at <= now, inbound.c.raw.is_not(None)).values(raw=None)
    return total + (await connection.execute(raw)).rowcount


async def _bite(connection: AsyncConnection, table: Table, condition: ColumnElement[bool]) -> int:
    keys = list(table.primary_key.columns)
    if len(keys) == 1:
        some: Select[tuple[int]] = select(keys[0]).where(condition).limit(1000)
        return (await connection.execute(delete(table).where(keys[0].in_(some)))).rowcount
    return (await connection.execute(delete(table).where(condition))).rowcount
