"""A digest at once: what waits for one reader goes out now, by the same rule as every edition."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.digest import chunk
from alertd.digest.contents import ContentMaker
from alertd.model import No, SubscriberId
from alertd.store import announcements, editions, schedules, subscriptions


async def send_now(
    connection: AsyncConnection,
    contents: ContentMaker,
    subscriber_id: SubscriberId,
    *,
    request: str,
    now: datetime,
) -> int:
    """Give a reader what is due to them on all of their schedules; returns how many digests that made.

    Args:
        connection: the writing transaction.
        contents: makes the digests.
        subscriber_id: whom.
        request: names the occasion, so that the same request is served once.
        now: the instant.
    """
    upto = await announcements.last_no(connection)
    count = 0
    for schedule_id in await subscriptions.active_schedules(connection, subscriber_id):
        edition_id = await editions.open_edition(
            connection,
            schedule_id=schedule_id,
            occasion=f"{upto}/now/{request}",
            due_at=now,
            from_no=No(0),
            upto_no=upto,
            now=now,
        )
        if edition_id is None:
            continue
        done = await chunk.serve(
            connection,
            [subscriber_id],
            edition_id=edition_id,
            schedule=await schedules.get(connection, schedule_id),
            upto=upto,
            due_at=now,
            contents=contents,
            now=now,
        )
        counts = {"readers": done.readers, "digests": done.digests, "reports": done.reports}
        await editions.complete(connection, edition_id, counts=counts, now=now)
        count += done.digests
    return count
