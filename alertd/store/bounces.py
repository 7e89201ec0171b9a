"""Statements on bounces."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryId, SubscriberId
from alertd.store.tables import bounce, delivery


class BounceRow(NamedTuple):
    """A stored bounce. `weight` is in hundredths of a point."""

    kind: str
    status: str | None
    reason: str
    weight: int
    at: datetime


class Carrier(NamedTuple):
    """The delivery that a signed return path names; `address` is "" when its reader was forgotten."""

    id: DeliveryId
    subscriber_id: SubscriberId | None
    address: str


async def carrier(connection: AsyncConnection, delivery_id: DeliveryId) -> Carrier | None:
    """Whose mail came back; None when the delivery is purged."""
    statement = select(delivery.c.id, delivery.c.subscriber_id, delivery.c.address).where(
        delivery.c.id == delivery_id
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Carrier._make(row)


async def add(
    connection: AsyncConnection,
    row: BounceRow,
    *,
    delivery_id: DeliveryId | None,
    subscriber_id: SubscriberId | None,
    inbound_id: int | None,
) -> None:
    """Keep a bounce."""
    await connection.execute(
        insert(bounce).values(
            {
                "delivery_id": delivery_id,
                "subscriber_id": subscriber_id,
                "inbound_id": inbound_id,
                "class": row.kind,
                "status": row.status,
                "reason": row.reason,
                "weight": row.weight,
                "at": row.at,
            }
        )
    )


async def of_subscriber(
    connection: AsyncConnection, subscriber_id: SubscriberId, *, since: datetime | None = None
) -> list[BounceRow]:
    """A reader's bounces, or those after an instant, oldest first."""
    statement = (
        select(bounce.c["class"], bounce.c.status, bounce.c.reason, bounce.c.weight, bounce.c.at)
        .where(bounce.c.subscriber_id == subscriber_id)
        .order_by(bounce.c.at, bounce.c.id)
    )
    if since is not None:
        statement = statement.where(bounce.c.at > since)
    return [BounceRow._make(row) for row in await connection.execute(statement)]
