"""Workers: processes that claim deliveries. A worker's heartbeat is its lease; its id, never reused, is the fence."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.store.tables import worker

LEASE = timedelta(minutes=2)
"""A worker without a heartbeat for so long is dead."""


class WorkerRow(NamedTuple):
    """A worker that nobody has ended: it runs, or it died and nobody has noticed yet."""

    id: int
    host: str
    pid: int
    started_at: datetime
    beat_at: datetime


async def register(
    connection: AsyncConnection, *, host: str, pid: int, roles: Collection[str], now: datetime
) -> int:
    """A new worker; returns its id."""
    statement = (
        insert(worker)
        .values(host=host, pid=pid, roles=" ".join(sorted(roles)), started_at=now, beat_at=now)
        .returning(worker.c.id)
    )
    return int((await connection.execute(statement)).scalar_one())


async def beat(connection: AsyncConnection, worker_id: int, *, now: datetime) -> bool:
    """Renew the lease. False: another process has ended this worker, and what it had claimed is no longer its own."""
    statement = (
        update(worker).where(worker.c.id == worker_id, worker.c.ended_at.is_(None)).values(beat_at=now)
    )
    return (await connection.execute(statement)).rowcount == 1


async def end(connection: AsyncConnection, worker_ids: Collection[int], *, now: datetime) -> None:
    """These workers are no more: they stopped in good order, or somebody knows that they died."""
    statement = update(worker).where(worker.c.id.in_(sorted(worker_ids)), worker.c.ended_at.is_(None))
    await connection.execute(statement.values(ended_at=now))


async def end_others(
    connection: AsyncConnection, worker_id: int, *, now: datetime, host: str | None = None
) -> list[int]:
    """End every other worker, or every other one of a host; returns their ids.

    For a SQLite store's lock holder, who knows that it is alone, so that a restart need not wait for a lease.
    """
    statement = update(worker).where(worker.c.id != worker_id, worker.c.ended_at.is_(None))
    if host is not None:
        statement = statement.where(worker.c.host == host)
    rows = await connection.execute(statement.values(ended_at=now).returning(worker.c.id))
    return sorted(rows.scalars())


def is_dead(now: datetime, lease: timedelta) -> ColumnElement[bool]:
    """The condition under which a worker row counts as dead: ended, or without a heartbeat for the lease."""
    return or_(worker.c.ended_at.is_not(None), worker.c.beat_at < now - lease)


async def dead(connection: AsyncConnection, *, now: datetime, lease: timedelta) -> list[int]:
    """Ids of workers whose heartbeat stopped though nobody ended them."""
    statement = select(worker.c.id).where(is_dead(now, lease), worker.c.ended_at.is_(None))
    return sorted((await connection.execute(statement)).scalars())


async def standing(connection: AsyncConnection) -> list[WorkerRow]:
    """The workers that have not ended, the newest first."""
    columns = [worker.c[name] for name in WorkerRow._fields]
    statement = select(*columns).where(worker.c.ended_at.is_(None)).order_by(worker.c.id.desc())
    return [WorkerRow._make(row) for row in await connection.execute(statement)]


async def last_end(connection: AsyncConnection) -> datetime | None:
    """When a worker last ended, None when none did."""
    instant: datetime | None = (await connection.execute(select(func.max(worker.c.ended_at)))).scalar_one()
    return instant


async def last_instant(connection: AsyncConnection) -> datetime | None:
    """The latest heartbeat of any worker: the store has lived until then. None for a store nobody ran on."""
    instant: datetime | None = (await connection.execute(select(func.max(worker.c.beat_at)))).scalar_one()
    return instant
