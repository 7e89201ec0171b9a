"""What is due: the one statement of the rule, and the ledger `told` (docs/data.md, rules 4 and 5).

Due to reader u on schedule k are the reports of announcements with `cursor < no <= upto` that a subscription of u on k asks
for, that are not retracted, and of which no equal or newer revision is in `told`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    TextClause,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import (
    DigestId,
    Kind,
    No,
    ReportFields,
    ReportId,
    ReportState,
    ScheduleId,
    SubscriberId,
    SubscriberState,
    fields_from_json,
)
from alertd.store.tables import (
    announcement,
    catalogue,
    cursor,
    match,
    report,
    revision,
    subscriber,
    subscription,
    told,
    topic,
)
from alertd.store.upsert import upsert


class Due(NamedTuple):
    """One revision of a report that is due to one reader."""

    subscriber_id: SubscriberId
    report_id: ReportId
    revision: int


class Found(NamedTuple):
    """One report of one digest, and one of the reader's queries that found it, by the name a mail gives it."""

    digest_id: DigestId
    report_id: ReportId
    revision: int
    label: str
    typed: str
    topic_title: str | None

    @property
    def shown(self) -> str:
        """What the mail calls the query."""
        return self.label or self.topic_title or self.typed


def is_active() -> TextClause:
    """A cursor of a schedule the reader has. Text, because SQLite uses the partial index only for the very same term."""
    return text("cursor.active")


def is_behind() -> TextClause:
    """A cursor that was lowered, or whose reader was away. Text, as `is_active`."""
    return text("cursor.behind")


def asks_for(asked: FromClause = subscription) -> ColumnElement[bool]:
    """Whether a subscription asks for an announcement: its interval holds `first_no`, and it is not dropped."""
    return and_(
        asked.c.dropped_at.is_(None),
        asked.c.since_no < announcement.c.first_no,
        or_(asked.c.until_no.is_(None), announcement.c.first_no <= asked.c.until_no),
    )


def due_statement(
    schedule_id: ScheduleId, upto: No, *cursors: ColumnElement[bool] | TextClause
) -> Select[tuple[int, int, int]]:
    """SELECT DISTINCT subscriber, report, revision that are due on a schedule up to a number.

    The subscriptions of these cursors are worked out first, then the matches above the lowest of the cursors that are of
    their queries. Left to itself SQLite sorts all subscriptions there are, and reads all matches there ever were, to find
    what is due to a few readers.

    Args:
        schedule_id: the schedule.
        upto: the number.
        cursors: which cursors are meant.
    """
    asked = (
        select(
            cursor.c.subscriber_id,
            cursor.c.no,
            subscription.c.query_id,
            subscription.c.since_no,
            subscription.c.until_no,
            subscription.c.dropped_at,
        )
        .select_from(cursor)
        .join(
            subscription,
            and_(
                subscription.c.subscriber_id == cursor.c.subscriber_id,
                subscription.c.schedule_id == cursor.c.schedule_id,
            ),
        )
        .where(cursor.c.schedule_id == schedule_id, is_active(), *cursors)
        .cte("asked")
        .prefix_with("MATERIALIZED")
    )
    already = exists().where(
        told.c.subscriber_id == asked.c.subscriber_id,
        told.c.report_id == announcement.c.report_id,
        told.c.revision >= announcement.c.revision,
    )
    bounds = and_(
        match.c.no > select(func.min(asked.c.no)).scalar_subquery(),
        match.c.no <= upto,
        match.c.query_id.in_(select(asked.c.query_id)),
    )
    return (
        select(asked.c.subscriber_id, announcement.c.report_id, announcement.c.revision)
        .select_from(asked)
        .join(match, and_(match.c.query_id == asked.c.query_id, match.c.no > asked.c.no, bounds))
        .join(announcement, and_(announcement.c.no == match.c.no, asks_for(asked)))
        .join(report, and_(report.c.id == announcement.c.report_id, report.c.state != ReportState.RETRACTED))
        .where(~already)
        .distinct()
    )


async def due(
    connection: AsyncConnection, schedule_id: ScheduleId, readers: Collection[SubscriberId], *, upto: No
) -> list[Due]:
    """What is due to these (locked) readers on a schedule."""
    if not readers:
        return []
    statement = due_statement(schedule_id, upto, cursor.c.subscriber_id.in_(sorted(readers)))
    return [Due._make(row) for row in await connection.execute(statement)]


async def count_due(connection: AsyncConnection, schedule_id: ScheduleId, *, upto: No, above: No) -> int:
    """How many (active reader, revision) are due and not behind: none may be left when an edition is complete."""
    matched = (
        select(subscription.c.subscriber_id)
        .join(match, match.c.query_id == subscription.c.query_id)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(match.c.no > above, match.c.no <= upto, subscriber.c.state == SubscriberState.ACTIVE)
    )
    inner = due_statement(
        schedule_id, upto, cursor.c.behind.is_(False), cursor.c.subscriber_id.in_(matched)
    ).where(match.c.no > above)
    return (await connection.execute(select(func.count()).select_from(inner.subquery()))).scalar_one()


async def tell(
    connection: AsyncConnection, rows: Sequence[tuple[Due, DigestId | None]], *, reason: str
) -> list[tuple[Due, DigestId | None]]:
    """Write the ledger; returns only what was not in it. The key is the promise "never twice"."""
    if not rows:
        return []
    by_due = dict(rows)
    statement = (
        upsert(connection, told)
        .on_conflict_do_nothing()
        .returning(told.c.subscriber_id, told.c.report_id, told.c.revision)
    )
    # the values beside the statement, not in it: else it is compiled anew for each number of rows
    values = [{**due._asdict(), "digest_id": digest_id, "reason": reason} for due, digest_id in rows]
    returned = [Due._make(row) for row in await connection.execute(statement, values)]
    return [(key, by_due[key]) for key in returned]


async def found_by(connection: AsyncConnection, digests: Collection[DigestId]) -> list[Found]:
    """For each report told in these digests: every undropped query of the reader that asks for it and found it.

    All of the reader's queries, whatever their schedule: the report will not come again for the others.
    """
    statement = (
        select(
            told.c.digest_id,
            told.c.report_id,
            told.c.revision,
            subscription.c.label,
            subscription.c.typed,
            topic.c.title,
        )
        .select_from(told)
        .join(
            announcement,
            and_(announcement.c.report_id == told.c.report_id, announcement.c.revision == told.c.revision),
        )
        .join(match, match.c.no == announcement.c.no)
        .join(
            subscription,
            and_(
                subscription.c.query_id == match.c.query_id,
                subscription.c.subscriber_id == told.c.subscriber_id,
            ),
        )
        .outerjoin(topic, topic.c.id == subscription.c.topic_id)
        .where(told.c.digest_id.in_(sorted(digests)), asks_for())
        .order_by(subscription.c.root_id, subscription.c.id)
        .distinct()
        .add_columns(subscription.c.root_id, subscription.c.id)
    )
    rows = await connection.execute(statement)
    return [
        Found(DigestId(a), ReportId(b), c, label, typed, title) for a, b, c, label, typed, title, *_ in rows
    ]


class Text(NamedTuple):
    """The stored text of one revision, and its catalogue."""

    report_id: ReportId
    revision: int
    fields: ReportFields
    catalogue: str


async def texts(connection: AsyncConnection, reports: Collection[ReportId]) -> list[Text]:
    """Every revision of these reports."""
    statement = (
        select(revision.c.report_id, revision.c.revision, revision.c.fields, catalogue.c.name)
        .join(report, report.c.id == revision.c.report_id)
        .join(catalogue, catalogue.c.id == report.c.catalogue_id)
        .where(revision.c.report_id.in_(sorted(reports)))
    )
    return [
        Text(ReportId(a), b, fields_from_json(c), d) for a, b, c, d in await connection.execute(statement)
    ]


async def untell(connection: AsyncConnection, digests: Collection[DigestId]) -> dict[SubscriberId, No]:
    """Take these digests' rows out of the ledger; returns per reader the smallest number of their reports."""
    lowest = (
        select(told.c.subscriber_id, func.min(announcement.c.no))
        .join(announcement, announcement.c.report_id == told.c.report_id)
        .where(told.c.digest_id.in_(sorted(digests)))
        .group_by(told.c.subscriber_id)
    )
    found = {SubscriberId(reader): No(no) for reader, no in await connection.execute(lowest)}
    await connection.execute(delete(told).where(told.c.digest_id.in_(sorted(digests))))
    return found


async def advance(
    connection: AsyncConnection, schedule_id: ScheduleId, readers: Collection[SubscriberId], *, upto: No
) -> None:
    """Cursors of these readers move up to a number, and they are no longer behind."""
    if readers:
        await connection.execute(
            update(cursor)
            .where(
                cursor.c.schedule_id == schedule_id,
                cursor.c.subscriber_id.in_(sorted(readers)),
                cursor.c.no <= upto,
            )
            .values(no=upto, behind=False)
        )


async def readers_of_chunk(
    connection: AsyncConnection,
    *,
    schedule_id: ScheduleId,
    kind: Kind,
    from_no: No,
    upto: No,
    after: SubscriberId,
    limit: int,
) -> list[SubscriberId]:
    """The next readers an edition looks at, in id order.

    Daily and slower: by readers. Immediate: from the match side for announcements above the schedule's mark, plus every
    active reader who is behind; idle cursors stay low, which is safe.
    """
    if kind is not Kind.IMMEDIATE:
        statement = select(cursor.c.subscriber_id).where(
            cursor.c.schedule_id == schedule_id, is_active(), cursor.c.subscriber_id > after
        )
    else:
        matched = (
            select(subscription.c.subscriber_id)
            .join(match, match.c.query_id == subscription.c.query_id)
            .where(
                match.c.no > from_no,
                match.c.no <= upto,
                subscription.c.schedule_id == schedule_id,
                subscription.c.dropped_at.is_(None),
                subscription.c.subscriber_id > after,
            )
        )
        behind = (
            select(cursor.c.subscriber_id)
            .join(subscriber, subscriber.c.id == cursor.c.subscriber_id)
            .where(
                cursor.c.schedule_id == schedule_id,
                is_behind(),
                cursor.c.active.is_(True),  # not `is_active()`: few are behind, that index is the one to use
                cursor.c.subscriber_id > after,
                subscriber.c.state == SubscriberState.ACTIVE,
            )
        )
        both = matched.union(behind).subquery()
        statement = select(both.c.subscriber_id)
    statement = statement.order_by(statement.selected_columns[0]).limit(limit)
    return [SubscriberId(id_) for (id_,) in await connection.execute(statement)]


async def told_digests(connection: AsyncConnection, edition_digests: Select[tuple[int]]) -> int:
    """How many of these digests have rows in the ledger."""
    statement = select(func.count(told.c.digest_id.distinct())).where(told.c.digest_id.in_(edition_digests))
    return (await connection.execute(statement)).scalar_one()


async def count_told(connection: AsyncConnection, reader: SubscriberId) -> int:
    """How many reports are in the ledger of a reader."""
    statement = select(func.count(told.c.report_id.distinct())).where(told.c.subscriber_id == reader)
    return (await connection.execute(statement)).scalar_one()
