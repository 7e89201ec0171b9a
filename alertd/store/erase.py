"""Statements that erase what is kept about one person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryState, SubscriberId
from alertd.store.subscribers import SubscriberRow
from alertd.store.tables import (
    attempt,
    bounce,
    consent,
    cursor,
    delivery,
    inbound,
    pending_request,
    subscriber,
    subscription,
    told,
)

_OPEN = (DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.HELD)


async def mails(connection: AsyncConnection, reader: SubscriberId, *, now: datetime) -> None:
    """What went to them and what came from them: addresses, texts and the relay's words."""
    theirs = select(delivery.c.id).where(delivery.c.subscriber_id == reader)
    await connection.execute(delete(attempt).where(attempt.c.delivery_id.in_(theirs)))
    await connection.execute(
        update(delivery)
        .where(delivery.c.subscriber_id == reader, delivery.c.state.in_(_OPEN))
        .values(state=DeliveryState.EXPIRED, done_at=now)
    )
    await connection.execute(
        update(delivery)
        .where(delivery.c.subscriber_id == reader, delivery.c.state != DeliveryState.IN_DOUBT)
        .values(address="", args={}, reply="forgotten")
    )
    came = select(consent.c.inbound_id).where(
        consent.c.subscriber_id == reader, consent.c.inbound_id.is_not(None)
    )
    await connection.execute(
        update(inbound).where(inbound.c.id.in_(came)).values(raw=None, sender=None, outcome=None, reason=None)
    )


async def rows(connection: AsyncConnection, reader: SubscriberRow) -> None:
    """What they asked for and were told; their row keeps its id and tag and loses its address."""
    for table in (told, cursor, subscription, bounce):
        await connection.execute(delete(table).where(table.c.subscriber_id == reader.id))
    await connection.execute(
        delete(pending_request).where(
            (pending_request.c.subscriber_id == reader.id)
            | (pending_request.c.address_key == reader.address_key)
        )
    )
    await connection.execute(
        update(consent)
        .where(consent.c.subscriber_id == reader.id)
        .values(network=None, wording=None, inbound_id=None)
    )
    await connection.execute(
        update(subscriber)
        .where(subscriber.c.id == reader.id)
        .values(address="", address_key=f"forgotten:{reader.id}", own_settings=[], language="en", zone="UTC")
    )
