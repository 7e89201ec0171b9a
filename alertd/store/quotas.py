"""Counted limits: how often something was done in a window of time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.clock import EPOCH
from alertd.store.tables import quota
from alertd.store.upsert import upsert

_PARTS = 24
"""A window is counted in so many parts, so that it slides in steps of a twenty-fourth; at worst it is one part longer."""


async def count(connection: AsyncConnection, bucket: str, *, window: timedelta, now: datetime) -> int:
    """How often it was taken within the window that ends now; a part that reaches into the window counts whole."""
    statement = select(func.coalesce(func.sum(quota.c.n), 0)).where(
        quota.c.bucket == bucket, quota.c.window_at > now - window - window / _PARTS
    )
    return int((await connection.execute(statement)).scalar_one())


async def take(
    connection: AsyncConnection, bucket: str, *, most: int, window: timedelta, now: datetime
) -> bool:
    """Count one more, if that is not more than `most` within the window; whether it was counted."""
    part = window / _PARTS
    at = EPOCH + ((now - EPOCH) // part) * part
    # counted first and taken back if it was too much: the row is ours then, and nobody counts beside us
    statement = upsert(connection, quota).values(bucket=bucket, window_at=at, n=1)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["bucket", "window_at"], set_={"n": quota.c.n + 1})
    )
    if await count(connection, bucket, window=window, now=now) <= most:
        return True
    await connection.execute(
        update(quota).where(quota.c.bucket == bucket, quota.c.window_at == at).values(n=quota.c.n - 1)
    )
    return False


async def forget(connection: AsyncConnection, buckets: Collection[str]) -> None:
    """Begin to count these anew."""
    await connection.execute(delete(quota).where(quota.c.bucket.in_(sorted(buckets))))
