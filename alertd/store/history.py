"""Statements that read what happened between one report and one reader."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryState, No, ReportId, ScheduleId, SubscriberId
from alertd.store.tables import (
    announcement,
    content,
    cursor,
    delivery,
    digest,
    edition,
    match,
    subscription,
    told,
    topic,
)


class Asked(NamedTuple):
    """A subscription of the reader, whether or not it asks for the report, and the announcement its query matches."""

    shown: str
    schedule_id: ScheduleId
    since_no: No
    until_no: No | None
    dropped_at: datetime | None
    no: No | None
    first_no: No | None
    revision: int | None

    @property
    def came_later(self) -> bool:
        """Whether its query matches, but it was asked for only afterwards."""
        return self.first_no is not None and self.since_no >= self.first_no

    @property
    def covers(self) -> bool:
        """Whether its query matches and its interval holds the announcement, dropped or not."""
        return (
            self.first_no is not None
            and self.since_no < self.first_no
            and (self.until_no is None or self.first_no <= self.until_no)
        )

    @property
    def asks(self) -> bool:
        """Whether its interval holds the announcement and it is not dropped."""
        return self.covers and self.dropped_at is None


class ToldRow(NamedTuple):
    """A row of the ledger, with the digest that told it while that is kept."""

    revision: int
    reason: str
    digest_id: int | None
    edition_id: int | None
    due_at: datetime | None
    opened_at: datetime | None
    withdrawn_at: datetime | None


class Withdrawn(NamedTuple):
    """A digest that held the report, did not leave and was taken back."""

    edition_id: int
    due_at: datetime
    withdrawn_at: datetime
    reason: str


class Carried(NamedTuple):
    """The delivery that carries a digest."""

    id: int
    state: DeliveryState
    queued_at: datetime
    next_at: datetime
    attempts: int
    done_at: datetime | None
    code: int | None
    reply: str | None


async def asked(connection: AsyncConnection, reader: SubscriberId, report_id: ReportId) -> list[Asked]:
    """Every subscription the reader has or had, with the announcement of this report that its query matches."""
    numbers = (
        select(announcement.c.no, announcement.c.first_no, announcement.c.revision, match.c.query_id)
        .join(match, match.c.no == announcement.c.no)
        .where(announcement.c.report_id == report_id)
        .subquery()
    )
    statement = (
        select(
            subscription.c.label,
            topic.c.title,
            subscription.c.typed,
            subscription.c.schedule_id,
            subscription.c.since_no,
            subscription.c.until_no,
            subscription.c.dropped_at,
            numbers.c.no,
            numbers.c.first_no,
            numbers.c.revision,
        )
        .outerjoin(topic, topic.c.id == subscription.c.topic_id)
        .outerjoin(numbers, numbers.c.query_id == subscription.c.query_id)
        .where(subscription.c.subscriber_id == reader)
        .order_by(subscription.c.id, numbers.c.no)
    )
    return [
        Asked(label or title or typed, *rest)
        for label, title, typed, *rest in await connection.execute(statement)
    ]


async def told_rows(connection: AsyncConnection, reader: SubscriberId, report_id: ReportId) -> list[ToldRow]:
    """The ledger's rows of this pair, the newest revision last."""
    statement = (
        select(
            told.c.revision,
            told.c.reason,
            told.c.digest_id,
            digest.c.edition_id,
            edition.c.due_at,
            edition.c.opened_at,
            digest.c.withdrawn_at,
        )
        .outerjoin(digest, digest.c.id == told.c.digest_id)
        .outerjoin(edition, edition.c.id == digest.c.edition_id)
        .where(told.c.subscriber_id == reader, told.c.report_id == report_id)
        .order_by(told.c.revision)
    )
    return [ToldRow._make(row) for row in await connection.execute(statement)]


async def withdrawn(
    connection: AsyncConnection, reader: SubscriberId, report_id: ReportId, *, since: No
) -> list[Withdrawn]:
    """The digests that held this report and were taken back, oldest first, as long as their contents are kept.

    The ledger forgot what they told, so their contents are looked into: those of editions that reach up to `since`, the number
    the report was first announced under.
    """
    statement = (
        select(
            digest.c.edition_id, edition.c.due_at, digest.c.withdrawn_at, digest.c.reason, content.c["items"]
        )
        .join(edition, edition.c.id == digest.c.edition_id)
        .join(content, content.c.id == digest.c.content_id)
        .where(
            digest.c.subscriber_id == reader,
            digest.c.withdrawn_at.is_not(None),
            edition.c.upto_no >= since,
        )
        .order_by(digest.c.withdrawn_at, digest.c.id)
    )
    return [
        Withdrawn(edition_id, due_at, at, reason or "")
        for edition_id, due_at, at, reason, items in await connection.execute(statement)
        if any(each.get("id") == report_id for each in items.get("reports", ()))
    ]


async def carried(connection: AsyncConnection, digests: Collection[int]) -> dict[int, Carried]:
    """The deliveries of these digests, by digest; purged ones are missing."""
    columns = [delivery.c[name] for name in Carried._fields]
    statement = select(delivery.c.digest_id, *columns).where(delivery.c.digest_id.in_(sorted(digests)))
    found = {}
    for digest_id, *values in await connection.execute(statement):
        row = Carried._make(values)
        found[digest_id] = row._replace(state=DeliveryState(row.state))
    return found


async def cursors(connection: AsyncConnection, reader: SubscriberId) -> dict[ScheduleId, No]:
    """The reader's active cursors."""
    statement = select(cursor.c.schedule_id, cursor.c.no).where(
        cursor.c.subscriber_id == reader, cursor.c.active.is_(True)
    )
    return {ScheduleId(id_): No(no) for id_, no in await connection.execute(statement)}
