"""Pause and resume. A pause leaves cursors where they are, so nothing is lost; what waits can be skipped on return."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import SubscriberId, SubscriberState
from alertd.store import announcements, due, subscribers, subscriptions


async def pause(connection: AsyncConnection, subscriber_id: SubscriberId, *, until: datetime | None) -> bool:
    """Pause an active (or already paused) reader until an instant, or until they resume; False when they have ended."""
    (row,) = await subscribers.lock(connection, [subscriber_id])
    if row.state not in {SubscriberState.ACTIVE, SubscriberState.PAUSED}:
        return False
    await subscribers.change(connection, row.id, state=SubscriberState.PAUSED, pause_until=until)
    return True


async def resume(connection: AsyncConnection, subscriber_id: SubscriberId, *, skip: bool = False) -> bool:
    """Let a paused reader get mail again; True when they were paused.

    Args:
        connection: the writing transaction.
        subscriber_id: whom.
        skip: what came meanwhile is told as skipped instead of being sent; cursors are not pushed over it.
    """
    (row,) = await subscribers.lock(connection, [subscriber_id])
    if row.state is not SubscriberState.PAUSED:
        return False
    await subscribers.change(connection, row.id, state=SubscriberState.ACTIVE, pause_until=None)
    await subscriptions.mark_behind(connection, [row.id])
    if skip:
        upto = await announcements.last_no(connection)
        for schedule_id in await subscriptions.active_schedules(connection, row.id):
            waiting = await due.due(connection, schedule_id, [row.id], upto=upto)
            await due.tell(connection, [(each, None) for each in waiting], reason="skipped")
    return True


async def resume_over(connection: AsyncConnection, *, now: datetime, limit: int = 500) -> int:
    """Resume readers whose pause is over; returns how many, so that a sweep knows whether to come again."""
    ids = await subscribers.resume_over(connection, now=now, limit=limit)
    await subscriptions.mark_behind(connection, ids)
    return len(ids)
