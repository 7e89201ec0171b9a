"""Take back digests that did not leave: what was told is told no more, and the reader is behind (docs/data.md, rule 7)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryId, DeliveryState, DigestId, No, SubscriberId
from alertd.store import due, editions, subscribers, subscriptions
from alertd.store.tables import delivery


async def withdraw(
    connection: AsyncConnection, deliveries: Collection[DeliveryId], *, reason: str, now: datetime
) -> list[DeliveryId]:
    """Withdraw the digests of these deliveries that are still pending; returns those that were.

    What is in doubt is never withdrawn: it may have arrived. The readers are locked first, then each delivery's UPDATE must
    hit its pending row, then the ledger forgets the digest's reports and every cursor of the reader falls below the
    smallest of their numbers.
    """
    if not deliveries:
        return []
    readers = (
        await connection.execute(
            select(delivery.c.subscriber_id)
            .distinct()
            .where(delivery.c.id.in_(sorted(deliveries)), delivery.c.subscriber_id.is_not(None))
        )
    ).scalars()
    await subscribers.lock(connection, [SubscriberId(id_) for id_ in readers])
    statement = (
        update(delivery)
        .where(
            delivery.c.id.in_(sorted(deliveries)),
            delivery.c.state == DeliveryState.PENDING,
            delivery.c.digest_id.is_not(None),
        )
        .values(state=DeliveryState.EXPIRED, reply=f"withdrawn: {reason}", done_at=now)
        .returning(delivery.c.id, delivery.c.digest_id)
    )
    taken = {DeliveryId(id_): DigestId(digest_id) for id_, digest_id in await connection.execute(statement)}
    if taken:
        digests = list(taken.values())
        await editions.withdraw(connection, digests, reason=reason, now=now)
        lowest = await due.untell(connection, digests)
        await subscriptions.lower(connection, {reader: No(no - 1) for reader, no in lowest.items()})
    return list(taken)
