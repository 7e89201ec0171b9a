"""The outbox: queue, look, and what an operator does by hand. What a worker does with a row is in `claims`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, case, func, insert, literal, select, text, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryId, DeliveryState, DigestId, MailKind, SubscriberId
from alertd.store.tables import attempt, delivery

TEXT_CAP = 500
"""Characters kept of what a relay said."""

_OPEN = "open"
"""Pending and in doubt together, as they stand in one index."""

_DEFAULTS: dict[str, Any] = {
    "subscriber_id": None,
    "digest_id": None,
    "inbound_id": None,
    "args": {},
    "expires_at": None,
    "state": DeliveryState.PENDING,
    "attempts": 0,
}


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as people look at it.

    Attributes:
        reply: what the relay said last, or why we did what we did.
        data_at: when the DATA began of which no refusal is known.
    """

    id: DeliveryId
    kind: MailKind
    priority: int
    subscriber_id: SubscriberId | None
    digest_id: DigestId | None
    inbound_id: int | None
    address: str
    state: DeliveryState
    claimed_by: int | None
    attempts: int
    next_at: datetime
    expires_at: datetime | None
    relay: str | None
    code: int | None
    enhanced: str | None
    reply: str | None
    queued_at: datetime
    data_at: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try that did not end with a 250. `stage` is that of `RelayError`, or "worker" when the process died."""

    delivery_id: DeliveryId
    at: datetime
    relay: str
    stage: str
    code: int | None
    enhanced: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Mails of one priority that wait: how many, since when the oldest, when the next is tried."""

    count: int
    oldest_at: datetime
    next_at: datetime


_COLUMNS = [delivery.c[name] for name in DeliveryRow.__dataclass_fields__]


def is_open() -> TextClause:
    """What the outbox still has to do. Text, because SQLite uses the partial index only for the very same constants."""
    return text("delivery.state IN ('pending', 'in_doubt')")


def is_busy() -> TextClause:
    """What a worker has, or had when its connection broke; text for the same reason."""
    return text("delivery.state IN ('claimed', 'in_doubt')")


def is_over() -> TextClause:
    """What waits for nobody, or for an operator; text for the same reason."""
    return text("delivery.state IN ('held', 'sent', 'failed', 'expired')")


async def queue(connection: AsyncConnection, rows: Iterable[Mapping[str, Any]]) -> list[DeliveryId]:
    """Put mails into the outbox, in the transaction that causes them; returns their ids in order.

    Args:
        connection: the writing transaction.
        rows: values of `delivery` columns. `kind`, `priority`, `address`, `key_id` and `queued_at` must be there;
            `date_at` and `next_at` are `queued_at` unless given.
    """
    values = _values(rows)
    if not values:
        return []
    statement = insert(delivery).returning(delivery.c.id, sort_by_parameter_order=True)
    return [DeliveryId(id_) for id_ in (await connection.execute(statement, values)).scalars()]


async def queue_many(connection: AsyncConnection, rows: Iterable[Mapping[str, Any]]) -> None:
    """As `queue`, for whom the ids are nothing: on SQLite, ids in order cost a statement for each row."""
    if values := _values(rows):
        await connection.execute(insert(delivery), values)


def _values(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**_DEFAULTS, "date_at": row["queued_at"], "next_at": row["queued_at"], **row} for row in rows]


async def counts(connection: AsyncConnection) -> dict[DeliveryState, int]:
    """How many deliveries are in each state; states without any are 0.

    Each part is counted in the partial index of its states, all in one statement: one view of the database.
    """
    by_state = select(delivery.c.state, func.count())
    statement = union_all(
        by_state.where(is_over()).group_by(delivery.c.state),
        by_state.where(is_busy()).group_by(delivery.c.state),
        select(literal(_OPEN), func.count()).select_from(delivery).where(is_open()),
    )
    found: dict[str, int] = {state: count for state, count in await connection.execute(statement)}
    found[DeliveryState.PENDING] = found.pop(_OPEN) - found.get(DeliveryState.IN_DOUBT, 0)
    return {state: found.get(state, 0) for state in DeliveryState}


async def next_due(connection: AsyncConnection) -> datetime | None:
    """When the next delivery that nobody works on is due, None when there is none."""
    statement = select(func.min(delivery.c.next_at)).where(is_open(), delivery.c.claimed_by.is_(None))
    instant: datetime | None = (await connection.execute(statement)).scalar_one()
    return instant


async def oldest_waiting(connection: AsyncConnection) -> datetime | None:
    """When the oldest mail that still waits was queued, None when none waits."""
    statement = select(func.min(delivery.c.queued_at)).where(is_open())
    instant: datetime | None = (await connection.execute(statement)).scalar_one()
    return instant


async def waiting(connection: AsyncConnection) -> dict[int, Waiting]:
    """What the outbox still has to do, by priority."""
    statement = (
        select(
            delivery.c.priority, func.count(), func.min(delivery.c.queued_at), func.min(delivery.c.next_at)
        )
        .where(is_open())
        .group_by(delivery.c.priority)
    )
    return {priority: Waiting(*rest) for priority, *rest in await connection.execute(statement)}


async def last_sent_at(connection: AsyncConnection) -> datetime | None:
    """When the relay last took a mail, None when it never did."""
    statement = select(func.max(delivery.c.done_at)).where(is_over(), delivery.c.state == DeliveryState.SENT)
    instant: datetime | None = (await connection.execute(statement)).scalar_one()
    return instant


async def doubted(connection: AsyncConnection) -> Waiting | None:
    """Mails in doubt, and when the next of them is sent again; None when there are none."""
    statement = select(func.count(), func.min(delivery.c.queued_at), func.min(delivery.c.next_at)).where(
        is_busy(), delivery.c.state == DeliveryState.IN_DOUBT
    )
    count, *instants = (await connection.execute(statement)).one()
    return Waiting(count, *instants) if count else None


async def last_attempts(connection: AsyncConnection, *, limit: int) -> list[AttemptRow]:
    """The newest tries that the relay did not take, newest first; a worker that died under a mail is none."""
    columns = [attempt.c[name] for name in AttemptRow.__dataclass_fields__]
    statement = select(*columns).where(attempt.c.stage != "worker").order_by(attempt.c.id.desc()).limit(limit)
    return [AttemptRow(*values) for values in await connection.execute(statement)]


async def listing(
    connection: AsyncConnection,
    *,
    states: Collection[DeliveryState] = (),
    kinds: Collection[MailKind] = (),
    subscriber_id: SubscriberId | None = None,
    digest_ids: Collection[DigestId] = (),
    ids: Collection[DeliveryId] = (),
    limit: int = 100,
) -> list[DeliveryRow]:
    """Deliveries that fit every filter given, newest first."""
    statement = select(*_COLUMNS).order_by(delivery.c.id.desc()).limit(limit)
    for column, wanted in (
        (delivery.c.state, states),
        (delivery.c.kind, kinds),
        (delivery.c.digest_id, digest_ids),
        (delivery.c.id, ids),
    ):
        if wanted:
            statement = statement.where(column.in_(sorted(wanted)))
    if subscriber_id is not None:
        statement = statement.where(delivery.c.subscriber_id == subscriber_id)
    return [_row(values) for values in (await connection.execute(statement)).mappings()]


async def count_of(connection: AsyncConnection, reader: SubscriberId) -> int:
    """How many deliveries a subscriber has."""
    statement = select(func.count()).where(delivery.c.subscriber_id == reader)
    return (await connection.execute(statement)).scalar_one()


def _row(values: Mapping[Any, Any]) -> DeliveryRow:
    known = dict(values)
    return DeliveryRow(
        **{**known, "kind": MailKind(known["kind"]), "state": DeliveryState(known["state"])},
    )


async def attempts(connection: AsyncConnection, ids: Collection[DeliveryId]) -> list[AttemptRow]:
    """Every try of these deliveries that did not end with a 250, oldest first."""
    columns = [attempt.c[name] for name in AttemptRow.__dataclass_fields__]
    statement = select(*columns).where(attempt.c.delivery_id.in_(sorted(ids))).order_by(attempt.c.id)
    return [AttemptRow(*values) for values in await connection.execute(statement)]


async def hold(connection: AsyncConnection, ids: Collection[DeliveryId], *, reason: str) -> list[DeliveryId]:
    """Stop deliveries that wait, until somebody releases them; returns those that were waiting.

    What a worker is busy with is left alone.
    """
    statement = (
        update(delivery)
        .where(delivery.c.id.in_(sorted(ids)), is_open(), delivery.c.claimed_by.is_(None))
        .values(state=DeliveryState.HELD, reply=reason[:TEXT_CAP])
        .returning(delivery.c.id)
    )
    return [DeliveryId(id_) for id_ in (await connection.execute(statement)).scalars()]


async def hold_all(connection: AsyncConnection, *, reason: str) -> int:
    """Stop everything that waits or was under way: a store brought back from a backup must not mail it again."""
    statement = update(delivery).where(
        delivery.c.state.in_([DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.IN_DOUBT])
    )
    values = {"state": DeliveryState.HELD, "claimed_by": None, "reply": reason[:TEXT_CAP]}
    return (await connection.execute(statement.values(values))).rowcount


async def release(
    connection: AsyncConnection, ids: Collection[DeliveryId], *, now: datetime
) -> list[DeliveryId]:
    """Try held or failed deliveries again from now on; returns those that were held or had failed.

    One that may have arrived stays in doubt, so that it is never withdrawn.
    """
    statement = (
        update(delivery)
        .where(
            delivery.c.id.in_(sorted(ids)),
            delivery.c.state.in_([DeliveryState.HELD, DeliveryState.FAILED]),
        )
        .values(
            state=case(
                (delivery.c.data_at.is_not(None), DeliveryState.IN_DOUBT), else_=DeliveryState.PENDING
            ),
            next_at=now,
            attempts=0,
            done_at=None,
        )
        .returning(delivery.c.id)
    )
    return [DeliveryId(id_) for id_ in (await connection.execute(statement)).scalars()]


async def expire(
    connection: AsyncConnection, ids: Collection[DeliveryId], *, reason: str, now: datetime
) -> list[DeliveryId]:
    """Drop deliveries that wait, are held or have failed; returns those that were."""
    statement = (
        update(delivery)
        .where(
            delivery.c.id.in_(sorted(ids)),
            delivery.c.state.in_(
                [DeliveryState.PENDING, DeliveryState.IN_DOUBT, DeliveryState.HELD, DeliveryState.FAILED]
            ),
            delivery.c.claimed_by.is_(None),
        )
        .values(state=DeliveryState.EXPIRED, reply=reason[:TEXT_CAP], done_at=now)
        .returning(delivery.c.id)
    )
    return [DeliveryId(id_) for id_ in (await connection.execute(statement)).scalars()]
