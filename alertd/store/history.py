"""Statements that read what happened between one report and one reader."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryState, No, ReportId, ReportState, ScheduleId, SubscriberId
from alertd.store.tables import (
    announcement,
    catalogue,
    cursor,
    delivery,
    digest,
    edition,
    match,
    report,
    revision,
    subscription,
    told,
    topic,
)


class ReportFacts(NamedTuple):
    """Where a report came from and stands."""

    id: ReportId
    catalogue: str
    identity: str
    revision: int
    state: ReportState
    reason: str | None
    seen_at: datetime


class Asked(NamedTuple):
    """A subscription of the reader, whether or not it asks for the report, and the announcement its query matches."""

    shown: str
    schedule_id: ScheduleId
    since_no: No
    until_no: No | None
    dropped_at: datetime | None
    no: No | None
    first_no: No | None

    @property
    def asks(self) -> bool:
        """Whether its interval holds the announcement and it is not dropped."""
        return (
            self.first_no is not None
            and self.dropped_at is None
            and self.since_no < self.first_no
            and (self.until_no is None or self.first_no <= self.until_no)
        )


class ToldRow(NamedTuple):
    """A row of the ledger, with the digest that told it while that is kept."""

    revision: int
    reason: str
    digest_id: int | None
    edition_id: int | None
    due_at: datetime | None
    opened_at: datetime | None
    withdrawn_at: datetime | None


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


async def find_reports(connection: AsyncConnection, text: str, *, limit: int = 10) -> list[ReportFacts]:
    """Reports named by id, identity (guid or URL), number or total number; the newest first."""
    columns = (
        report.c.id,
        catalogue.c.name,
        report.c.identity,
        report.c.revision,
        report.c.state,
        report.c.reason,
        report.c.seen_at,
    )
    wanted = [report.c.identity == text]
    if text.isascii() and text.isdigit():
        wanted.append(report.c.id == int(text) if len(text) < 16 else report.c.identity == text)  # noqa: PLR2004
    for name in ("number", "total_number", "url"):
        # fields are canonical JSON, so a value stands there exactly once in this form
        wanted.append(revision.c.fields.like(_json_like(name, text), escape="\\"))
    statement = (
        select(*columns)
        .join(catalogue, catalogue.c.id == report.c.catalogue_id)
        .join(revision, and_(revision.c.report_id == report.c.id, revision.c.revision == report.c.revision))
        .where(or_(*wanted))
        .order_by(report.c.id.desc())
        .limit(limit)
    )
    return [_facts(tuple(row)) for row in await connection.execute(statement)]


def _facts(values: tuple[object, ...]) -> ReportFacts:
    row = ReportFacts._make(values)
    return row._replace(state=ReportState(row.state))


def _json_like(name: str, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f'%"{name.replace("_", chr(92) + "_")}":"{escaped}"%'


async def asked(connection: AsyncConnection, reader: SubscriberId, report_id: ReportId) -> list[Asked]:
    """Every subscription the reader has or had, with the announcement of this report that its query matches."""
    numbers = (
        select(announcement.c.no, announcement.c.first_no, match.c.query_id)
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


async def carried(connection: AsyncConnection, digest_id: int) -> Carried | None:
    """The delivery of a digest, None when it is purged."""
    statement = select(
        delivery.c.id,
        delivery.c.state,
        delivery.c.queued_at,
        delivery.c.next_at,
        delivery.c.attempts,
        delivery.c.done_at,
        delivery.c.code,
        delivery.c.reply,
    ).where(delivery.c.digest_id == digest_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    found = Carried._make(row)
    return found._replace(state=DeliveryState(found.state))


async def cursors(connection: AsyncConnection, reader: SubscriberId) -> dict[ScheduleId, No]:
    """The reader's active cursors."""
    statement = select(cursor.c.schedule_id, cursor.c.no).where(
        cursor.c.subscriber_id == reader, cursor.c.active.is_(True)
    )
    return {ScheduleId(id_): No(no) for id_, no in await connection.execute(statement)}
