"""Pick up the deliveries that dead workers left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryState
from alertd.store.tables import attempt, delivery, worker
from alertd.store.workers import is_dead

DEATHS = 20
"""A mail that so many workers died with is set aside: it may be what kills them."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What dead workers left: put back, resting in doubt, held."""

    put_back: int
    in_doubt: int
    held: int


async def recover(
    connection: AsyncConnection,
    *,
    now: datetime,
    lease: timedelta,
    hold_doubts: bool,
    resend_after: timedelta,
) -> Recovered:
    """Pick up what dead workers left: claimed rows are due again, what was in doubt rests or is held.

    Args:
        connection: a writing transaction.
        now: the instant.
        lease: a worker without a heartbeat for this long is dead.
        hold_doubts: what was in doubt is held for a person instead of being sent again.
        resend_after: how long what was in doubt rests.
    """
    living = select(worker.c.id).where(~is_dead(now, lease))
    left = delivery.c.claimed_by.is_not(None) & delivery.c.claimed_by.not_in(living)
    await _note_deaths(connection, left, now=now)
    many = (
        select(attempt.c.delivery_id)
        .where(attempt.c.stage == "worker", attempt.c.delivery_id.in_(select(delivery.c.id).where(left)))
        .group_by(attempt.c.delivery_id)
        .having(func.count() >= DEATHS)
    )
    poison = f"{DEATHS} workers died with it"
    doubt = "in doubt: the process died between the final dot and the relay's answer"
    free: dict[str, Any] = {"claimed_by": None}
    held = {"state": DeliveryState.HELD, **free}
    resting = {"reply": doubt, **({**free, "next_at": now + resend_after} if not hold_doubts else held)}
    counted: list[int] = []
    for where, values in (
        (left & delivery.c.id.in_(many), {"reply": poison, **held}),
        (left & (delivery.c.state == DeliveryState.IN_DOUBT), resting),
        (left & (delivery.c.state == DeliveryState.CLAIMED), {"state": DeliveryState.PENDING, **free}),
    ):
        counted.append((await connection.execute(update(delivery).where(where).values(values))).rowcount)
    poisoned, doubts, back = counted
    return Recovered(back, 0 if hold_doubts else doubts, poisoned + (doubts if hold_doubts else 0))


async def _note_deaths(connection: AsyncConnection, left: ColumnElement[bool], *, now: datetime) -> None:
    columns = ["delivery_id", "at", "relay", "stage", "code", "enhanced", "text"]
    died = literal("the worker died: ").concat(delivery.c.state)
    rows = select(
        delivery.c.id, literal(now, attempt.c.at.type), literal(""), literal("worker"), null(), null(), died
    ).where(left)
    await connection.execute(insert(attempt).from_select(columns, rows))
