"""Statements on subscriptions and cursors. Subscriptions are intervals and are never overwritten (docs/data.md, rule 2).

The readers concerned must be locked (`store.subscribers.lock`) by whoever writes here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import No, Origin, QueryId, ScheduleId, SubscriberId, SubscriptionId, TopicId
from alertd.store.tables import cursor, query, subscription, topic
from alertd.store.upsert import upsert


class SubscriptionRow(NamedTuple):
    """A stored subscription that is not dropped and has no successor, with its query and its topic's title."""

    id: SubscriptionId
    root_id: SubscriptionId
    subscriber_id: SubscriberId
    schedule_id: ScheduleId
    query_id: QueryId
    topic_id: TopicId | None
    topic_version: int | None
    label: str
    typed: str
    origin: Origin
    since_no: No
    dropped_at: datetime | None
    drop_reason: str | None
    canonical: str
    topic_name: str | None
    topic_title: str | None

    @property
    def shown(self) -> str:
        """What a mail calls it: the reader's label, else the topic's title, else what was typed."""
        return self.label or self.topic_title or self.typed


class NewSubscription(NamedTuple):
    """One row to add; the first of its chain when `root_id` is None."""

    subscriber_id: SubscriberId
    schedule_id: ScheduleId
    query_id: QueryId
    typed: str
    label: str
    origin: Origin
    since_no: No
    topic_id: TopicId | None = None
    topic_version: int | None = None
    root_id: SubscriptionId | None = None


async def of_subscribers(
    connection: AsyncConnection, ids: Collection[SubscriberId], *, dropped: bool = False
) -> dict[SubscriberId, list[SubscriptionRow]]:
    """The heads of these readers' chains in id order; with `dropped` also those that were dropped."""
    statement = _heads().where(subscription.c.subscriber_id.in_(sorted(ids)))
    if not dropped:
        statement = statement.where(subscription.c.dropped_at.is_(None))
    found: dict[SubscriberId, list[SubscriptionRow]] = {}
    for row in await _rows(connection, statement):
        found.setdefault(row.subscriber_id, []).append(row)
    return found


async def heads_of_query(connection: AsyncConnection, query_id: QueryId) -> list[SubscriptionRow]:
    """The undropped heads that ask for a query, in id order."""
    statement = _heads().where(subscription.c.query_id == query_id, subscription.c.dropped_at.is_(None))
    return await _rows(connection, statement)


def _heads() -> Select[Any]:
    columns = [subscription.c[name] for name in SubscriptionRow._fields[:13]]
    return (
        select(*columns, query.c.canonical, topic.c.name, topic.c.title)
        .join(query, query.c.id == subscription.c.query_id)
        .outerjoin(topic, topic.c.id == subscription.c.topic_id)
        .where(subscription.c.until_no.is_(None))
        .order_by(subscription.c.id)
    )


async def _rows(connection: AsyncConnection, statement: Select[Any]) -> list[SubscriptionRow]:
    found = [SubscriptionRow._make(values) for values in await connection.execute(statement)]
    return [row._replace(origin=Origin(row.origin)) for row in found]


async def add(connection: AsyncConnection, rows: Sequence[NewSubscription]) -> None:
    """Insert subscriptions and open their cursors: a reader new to a schedule begins at `since_no`."""
    if not rows:
        return
    values = [{**row._asdict(), "root_id": row.root_id or 0} for row in rows]
    await connection.execute(insert(subscription), values)
    await connection.execute(  # a chain's first row is its own root
        update(subscription)
        .where(
            subscription.c.root_id == 0,
            subscription.c.subscriber_id.in_(sorted({row.subscriber_id for row in rows})),
        )
        .values(root_id=subscription.c.id)
    )
    await _open_cursors(connection, {(row.subscriber_id, row.schedule_id): row.since_no for row in rows})


async def _open_cursors(
    connection: AsyncConnection, wanted: dict[tuple[SubscriberId, ScheduleId], No]
) -> None:
    """Start cursors that are not active. An active one stays where it is: low is safe, the intervals do the rest."""
    statement = upsert(connection, cursor)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subscriber_id", "schedule_id"],
            set_={"active": True, "no": statement.excluded.no, "behind": False},
            where=cursor.c.active.is_(False),
        ),
        [
            {"subscriber_id": reader, "schedule_id": schedule_id, "active": True, "no": no, "behind": False}
            for (reader, schedule_id), no in wanted.items()
        ],
    )


async def drop(
    connection: AsyncConnection, roots: Collection[SubscriptionId], *, reason: str, now: datetime
) -> None:
    """Drop whole chains, and close the cursors of schedules that nothing is left on."""
    if not roots:
        return
    statement = (
        update(subscription)
        .where(subscription.c.root_id.in_(sorted(roots)), subscription.c.dropped_at.is_(None))
        .values(dropped_at=now, drop_reason=reason)
        .returning(subscription.c.subscriber_id)
    )
    readers = {SubscriberId(id_) for (id_,) in await connection.execute(statement)}
    await close_idle_cursors(connection, readers)


async def drop_all(
    connection: AsyncConnection, readers: Collection[SubscriberId], *, reason: str, now: datetime
) -> None:
    """Drop everything these readers ask for: they leave, are suppressed or complained."""
    if not readers:
        return
    await connection.execute(
        update(subscription)
        .where(subscription.c.subscriber_id.in_(sorted(readers)), subscription.c.dropped_at.is_(None))
        .values(dropped_at=now, drop_reason=reason)
    )
    await close_idle_cursors(connection, readers)


async def close_idle_cursors(connection: AsyncConnection, readers: Collection[SubscriberId]) -> None:
    """Close active cursors of these readers whose schedule has no undropped row."""
    if not readers:
        return
    still_asked = exists().where(
        subscription.c.subscriber_id == cursor.c.subscriber_id,
        subscription.c.schedule_id == cursor.c.schedule_id,
        subscription.c.dropped_at.is_(None),
    )
    await connection.execute(
        update(cursor)
        .where(cursor.c.subscriber_id.in_(sorted(readers)), cursor.c.active.is_(True), ~still_asked)
        .values(active=False, behind=False)
    )


async def move(connection: AsyncConnection, roots: Collection[SubscriptionId], *, to: ScheduleId) -> None:
    """Move whole chains to another schedule: each reader's cursor[to] = min(cursor[from], cursor[to]), behind."""
    if not roots:
        return
    moving = and_(subscription.c.root_id.in_(sorted(roots)), subscription.c.dropped_at.is_(None))
    left = select(subscription.c.subscriber_id, subscription.c.schedule_id).where(
        moving, subscription.c.schedule_id != to
    )
    sources = {(reader, schedule_id) for reader, schedule_id in await connection.execute(left)}
    if not sources:
        return
    readers = sorted({reader for reader, _ in sources})
    standing = select(cursor.c.subscriber_id, cursor.c.schedule_id, cursor.c.no).where(
        cursor.c.subscriber_id.in_(readers), cursor.c.active.is_(True)
    )
    lowest: dict[int, int] = {}
    for reader, schedule_id, no in await connection.execute(standing):
        if (reader, schedule_id) in sources or schedule_id == to:
            lowest[reader] = min(no, lowest.get(reader, no))
    await connection.execute(update(subscription).where(moving).values(schedule_id=to))
    statement = upsert(connection, cursor)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["subscriber_id", "schedule_id"],
            set_={"active": True, "no": statement.excluded.no, "behind": True},
        ),
        [
            {"subscriber_id": reader, "schedule_id": to, "active": True, "no": no, "behind": True}
            for reader, no in sorted(lowest.items())
        ],
    )
    await close_idle_cursors(connection, [SubscriberId(reader) for reader in readers])


async def replace(
    connection: AsyncConnection,
    rows: Sequence[SubscriptionRow],
    *,
    query_id: QueryId,
    no: No,
    topic_version: int | None = None,
) -> None:
    """Give these heads a successor with another query: they end at `no`, the successor begins there (counter shared).

    The successor is of `topic_version`, or of its predecessor's when that is None.
    """
    if not rows:
        return
    await connection.execute(
        update(subscription).where(subscription.c.id == bindparam("b_id")).values(until_no=no),
        [{"b_id": row.id} for row in rows],
    )
    await add(
        connection,
        [
            NewSubscription(
                subscriber_id=row.subscriber_id,
                schedule_id=row.schedule_id,
                query_id=query_id,
                typed=row.typed,
                label=row.label,
                origin=row.origin,
                since_no=no,
                topic_id=row.topic_id,
                topic_version=row.topic_version if topic_version is None else topic_version,
                root_id=row.root_id,
            )
            for row in rows
        ],
    )


async def set_labels(connection: AsyncConnection, labels: Sequence[tuple[SubscriptionId, str]]) -> None:
    """Name chains."""
    if labels:
        await connection.execute(
            update(subscription)
            .where(subscription.c.root_id == bindparam("b_root"))
            .values(label=bindparam("b_label")),
            [{"b_root": root, "b_label": label} for root, label in labels],
        )


async def mark_behind(connection: AsyncConnection, readers: Collection[SubscriberId]) -> None:
    """Note that these readers' cursors lag (they resumed): the next edition of each schedule looks at them."""
    await connection.execute(
        update(cursor)
        .where(cursor.c.subscriber_id.in_(sorted(readers)), cursor.c.active.is_(True))
        .values(behind=True)
    )


async def lower(connection: AsyncConnection, lowest: dict[SubscriberId, No]) -> None:
    """Lower every active cursor of these readers to at most this number; those lowered are behind."""
    rows: list[dict[str, Any]] = [{"b_reader": reader, "b_no": no} for reader, no in lowest.items()]
    if rows:
        await connection.execute(
            update(cursor)
            .where(
                cursor.c.subscriber_id == bindparam("b_reader"),
                cursor.c.active.is_(True),
                cursor.c.no > bindparam("b_no"),
            )
            .values(no=bindparam("b_no"), behind=True),
            rows,
        )


async def topic_heads_behind(
    connection: AsyncConnection, topic_id: TopicId, version: int, *, limit: int
) -> list[SubscriberId]:
    """Readers with an undropped head of an older version of this topic, in id order."""
    statement = (
        select(subscription.c.subscriber_id)
        .where(
            subscription.c.topic_id == topic_id,
            subscription.c.topic_version < version,
            subscription.c.until_no.is_(None),
            subscription.c.dropped_at.is_(None),
        )
        .group_by(subscription.c.subscriber_id)
        .order_by(subscription.c.subscriber_id)
        .limit(limit)
    )
    return [SubscriberId(id_) for (id_,) in await connection.execute(statement)]


async def count_by_query(connection: AsyncConnection, query_ids: Collection[QueryId]) -> dict[QueryId, int]:
    """How many undropped subscriptions ask for each of these queries."""
    statement = (
        select(subscription.c.query_id, func.count())
        .where(subscription.c.query_id.in_(sorted(query_ids)), subscription.c.dropped_at.is_(None))
        .group_by(subscription.c.query_id)
    )
    return {QueryId(id_): count for id_, count in await connection.execute(statement)}


async def active_schedules(connection: AsyncConnection, subscriber_id: SubscriberId) -> list[ScheduleId]:
    """The schedules on which a reader has an active cursor."""
    statement = (
        select(cursor.c.schedule_id)
        .where(cursor.c.subscriber_id == subscriber_id, cursor.c.active.is_(True))
        .order_by(cursor.c.schedule_id)
    )
    return [ScheduleId(id_) for (id_,) in await connection.execute(statement)]


async def with_open_of_origin(
    connection: AsyncConnection, readers: Collection[SubscriberId], origin: Origin
) -> set[SubscriberId]:
    """Those of these readers who have an undropped subscription of this origin."""
    statement = (
        select(subscription.c.subscriber_id)
        .distinct()
        .where(subscription.c.subscriber_id.in_(sorted(readers)))
        .where(subscription.c.origin == origin, subscription.c.dropped_at.is_(None))
    )
    return {SubscriberId(id_) for id_ in (await connection.execute(statement)).scalars()}


async def ever_of_origin(connection: AsyncConnection, reader: SubscriberId, origin: Origin) -> bool:
    """Whether this reader has, or had, a subscription of this origin."""
    statement = select(
        exists().where(subscription.c.subscriber_id == reader, subscription.c.origin == origin)
    )
    return bool((await connection.execute(statement)).scalar_one())
