"""Statements on schedules: rows shared by all who chose the same kind, days, minute and zone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import Kind, No, Schedule, ScheduleId, SubscriberState
from alertd.schedule import next_due
from alertd.store import announcements
from alertd.store.due import is_active, is_behind
from alertd.store.tables import counter, cursor, schedule, subscriber
from alertd.store.upsert import insert_or_ignore


class ScheduleRow(NamedTuple):
    """A stored schedule. `next_due_at` is None for immediate ones, which are due by `mark`."""

    id: ScheduleId
    value: Schedule
    next_due_at: datetime | None
    mark: No


def _row(values: Sequence[Any]) -> ScheduleRow:
    id_, kind, days, minute, zone, next_due_at, mark = values
    return ScheduleRow(ScheduleId(id_), Schedule(Kind(kind), days, minute, zone), next_due_at, No(mark))


_COLUMNS = (
    schedule.c.id,
    schedule.c.kind,
    schedule.c.days,
    schedule.c.minute,
    schedule.c.zone,
    schedule.c.next_due_at,
    schedule.c.mark,
)


async def ensure(
    connection: AsyncConnection, values: Collection[Schedule], *, now: datetime
) -> dict[Schedule, ScheduleId]:
    """The ids of these schedules, inserting those that are new with their first due time after `now`.

    The counter must be held shared: a new immediate schedule starts at the last number.
    """
    wanted = sorted(set(values), key=lambda value: (value.kind, value.days, value.minute, value.zone))
    if not wanted:
        return {}
    found = await _find(connection, wanted)
    new = [value for value in wanted if value not in found]
    if new:
        mark = await announcements.last_no(connection)
        rows = [
            {
                "kind": value.kind,
                "days": value.days,
                "minute": value.minute,
                "zone": value.zone,
                "next_due_at": None if value.kind is Kind.IMMEDIATE else next_due(value, now),
                "mark": mark,
            }
            for value in new
        ]
        await connection.execute(insert_or_ignore(connection, schedule), rows)
        found |= await _find(connection, new)
    return found


async def _find(connection: AsyncConnection, values: Sequence[Schedule]) -> dict[Schedule, ScheduleId]:
    kinds = {value.kind for value in values}
    zones = {value.zone for value in values}
    statement = select(*_COLUMNS).where(schedule.c.kind.in_(kinds), schedule.c.zone.in_(zones))
    rows = [_row(row) for row in await connection.execute(statement)]
    return {row.value: row.id for row in rows if row.value in set(values)}


async def get(connection: AsyncConnection, schedule_id: ScheduleId, *, lock: bool = False) -> ScheduleRow:
    """One schedule; with `lock` its row is held until the transaction ends."""
    statement = select(*_COLUMNS).where(schedule.c.id == schedule_id)
    if lock:
        statement = statement.with_for_update()
    return _row((await connection.execute(statement)).one())


async def due(connection: AsyncConnection, *, now: datetime) -> list[ScheduleId]:
    """Schedules whose time has come, and immediate ones with new announcements or readers who are behind."""
    someone_behind = exists().where(
        cursor.c.schedule_id == schedule.c.id,
        is_behind(),
        is_active(),
        # a paused reader who is behind waits, or we would open editions for ever
        subscriber.c.id == cursor.c.subscriber_id,
        subscriber.c.state == SubscriberState.ACTIVE,
    )
    last = select(counter.c.no).where(counter.c.name == announcements.COUNTER).scalar_subquery()
    statement = (
        select(schedule.c.id)
        .where(
            or_(
                schedule.c.next_due_at <= now,
                and_(schedule.c.kind == Kind.IMMEDIATE, or_(schedule.c.mark < last, someone_behind)),
            )
        )
        .order_by(schedule.c.next_due_at, schedule.c.id)
    )
    return [ScheduleId(id_) for (id_,) in await connection.execute(statement)]


async def all_rows(connection: AsyncConnection) -> list[ScheduleRow]:
    """Every schedule, the next due first, immediate ones first of all."""
    statement = select(*_COLUMNS).order_by(schedule.c.next_due_at.nulls_first(), schedule.c.id)
    return [_row(row) for row in await connection.execute(statement)]


class Coming(NamedTuple):
    """A schedule with its readers; `next_due_at` is None for an immediate one."""

    value: Schedule
    next_due_at: datetime | None
    readers: int


async def coming(connection: AsyncConnection) -> list[Coming]:
    """The schedules that some active reader has, with how many do, the next due first, immediate ones last."""
    statement = (
        select(*_COLUMNS, func.count())
        .join(cursor, and_(cursor.c.schedule_id == schedule.c.id, cursor.c.active.is_(True)))
        .join(
            subscriber,
            and_(subscriber.c.id == cursor.c.subscriber_id, subscriber.c.state == SubscriberState.ACTIVE),
        )
        .group_by(schedule.c.id)
        .order_by(schedule.c.next_due_at.nulls_last(), schedule.c.id)
    )
    found = [(_row(values), count) for *values, count in await connection.execute(statement)]
    return [Coming(row.value, row.next_due_at, count) for row, count in found]


async def set_next_due(connection: AsyncConnection, schedule_id: ScheduleId, next_due_at: datetime) -> None:
    """Move a schedule to its next due time."""
    await connection.execute(
        update(schedule).where(schedule.c.id == schedule_id).values(next_due_at=next_due_at)
    )


async def set_mark(connection: AsyncConnection, schedule_id: ScheduleId, mark: No) -> None:
    """Note that announcements up to here are in editions of this immediate schedule."""
    await connection.execute(update(schedule).where(schedule.c.id == schedule_id).values(mark=mark))
