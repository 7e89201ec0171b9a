"""Statements on subscribers.

Every writer of a reader's rows first locks those `subscriber` rows in id order (`lock`), then reads what it decides from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import Origin, SubscriberId, SubscriberState
from alertd.store.tables import subscriber


class SubscriberRow(NamedTuple):
    """A stored subscriber. `own_settings` names what the person changed by themselves."""

    id: SubscriberId
    tag: str
    address: str
    address_key: str
    language: str
    format: str
    zone: str
    state: SubscriberState
    pause_until: datetime | None
    origin: Origin
    own_settings: tuple[str, ...]
    epoch: int
    created_at: datetime
    ended_at: datetime | None
    end_reason: str | None


_COLUMNS = tuple(subscriber.c[name] for name in SubscriberRow._fields)


def _row(values: Sequence[Any]) -> SubscriberRow:
    row = SubscriberRow(*values)
    return row._replace(
        state=SubscriberState(row.state), origin=Origin(row.origin), own_settings=tuple(row.own_settings)
    )


async def _rows(connection: AsyncConnection, statement: Select[Any]) -> list[SubscriberRow]:
    return [_row(values) for values in await connection.execute(statement)]


async def lock(connection: AsyncConnection, ids: Collection[SubscriberId]) -> list[SubscriberRow]:
    """Lock these readers in id order and read them as they are now."""
    statement = (
        select(*_COLUMNS).where(subscriber.c.id.in_(sorted(ids))).order_by(subscriber.c.id).with_for_update()
    )
    return await _rows(connection, statement)


async def get(connection: AsyncConnection, subscriber_id: SubscriberId) -> SubscriberRow:
    """One reader, unlocked."""
    return _row((await connection.execute(select(*_COLUMNS).where(subscriber.c.id == subscriber_id))).one())


async def find_by_key(
    connection: AsyncConnection, address_key: str, *, lock: bool = False
) -> SubscriberRow | None:
    """The reader with this address key, locked when asked."""
    statement = select(*_COLUMNS).where(subscriber.c.address_key == address_key)
    if lock:
        statement = statement.with_for_update()
    found = (await connection.execute(statement)).one_or_none()
    return None if found is None else _row(found)


async def find_by_keys(
    connection: AsyncConnection, keys: Collection[str], *, lock: bool = False
) -> list[SubscriberRow]:
    """The readers with these address keys, in id order; locked when asked."""
    statement = select(*_COLUMNS).where(subscriber.c.address_key.in_(sorted(keys))).order_by(subscriber.c.id)
    if lock:
        statement = statement.with_for_update()
    return await _rows(connection, statement)


async def find_by_tag(connection: AsyncConnection, tag: str) -> SubscriberRow | None:
    """The reader whom tokens name by this tag."""
    found = (await connection.execute(select(*_COLUMNS).where(subscriber.c.tag == tag))).one_or_none()
    return None if found is None else _row(found)


async def page(
    connection: AsyncConnection,
    *,
    after: SubscriberId,
    limit: int,
    state: SubscriberState | None = None,
    origin: Origin | None = None,
) -> list[SubscriberRow]:
    """A keyset page in id order."""
    statement = select(*_COLUMNS).where(subscriber.c.id > after).order_by(subscriber.c.id).limit(limit)
    if state is not None:
        statement = statement.where(subscriber.c.state == state)
    if origin is not None:
        statement = statement.where(subscriber.c.origin == origin)
    return await _rows(connection, statement)


async def add(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> dict[str, SubscriberId]:
    """Insert readers; returns their ids by address key. Every key must be new."""
    if not rows:
        return {}
    statement = insert(subscriber).returning(subscriber.c.address_key, subscriber.c.id)
    return {key: SubscriberId(id_) for key, id_ in await connection.execute(statement, rows)}


async def change(connection: AsyncConnection, subscriber_id: SubscriberId, **values: Any) -> None:
    """Set columns of one locked reader."""
    if values:
        await connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(**values))


async def change_many(connection: AsyncConnection, values: Mapping[SubscriberId, Mapping[str, Any]]) -> None:
    """Set columns of locked readers, each to their own values."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for reader, columns in values.items():
        if columns:
            row = {"b_id": reader, **{f"b_{name}": value for name, value in columns.items()}}
            groups.setdefault(tuple(sorted(columns)), []).append(row)
    for names, rows in groups.items():
        # typed by the column, or JSON and instants would go to the driver as they are
        new = {name: bindparam(f"b_{name}", type_=subscriber.c[name].type) for name in names}
        await connection.execute(
            update(subscriber).where(subscriber.c.id == bindparam("b_id")).values(new), rows
        )


async def end(
    connection: AsyncConnection,
    ids: Iterable[SubscriberId],
    *,
    reason: str,
    state: SubscriberState,
    now: datetime,
) -> None:
    """Put locked readers into a state that ends (ended or suppressed) and make their manage tokens void."""
    rows = [{"b_id": id_} for id_ in ids]
    if rows:
        statement = (
            update(subscriber)
            .where(subscriber.c.id == bindparam("b_id"))
            .values(
                state=state, ended_at=now, end_reason=reason, pause_until=None, epoch=subscriber.c.epoch + 1
            )
        )
        await connection.execute(statement, rows)


async def take_address(connection: AsyncConnection, subscriber_id: SubscriberId) -> None:
    """Leave a locked reader without an address: they were forgotten, or gave it to another subscription of theirs.

    The row stays, so that its id and tag are never given to another.
    """
    await change(connection, subscriber_id, address="", address_key=f"forgotten:{subscriber_id}")


async def resume_over(connection: AsyncConnection, *, now: datetime, limit: int) -> list[SubscriberId]:
    """Make readers active whose pause ends at or before `now`; locks them in id order."""
    over = (subscriber.c.state == SubscriberState.PAUSED, subscriber.c.pause_until <= now)
    waiting = select(subscriber.c.id).where(*over).order_by(subscriber.c.id).limit(limit).with_for_update()
    ids = [id_ for (id_,) in await connection.execute(waiting)]
    if ids:
        await connection.execute(
            update(subscriber)
            .where(subscriber.c.id.in_(ids))
            .values(state=SubscriberState.ACTIVE, pause_until=None)
        )
    return [SubscriberId(id_) for id_ in ids]


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """How many readers there are by state; counted in the index."""
    statement = select(subscriber.c.state, func.count()).group_by(subscriber.c.state)
    return {state: count for state, count in await connection.execute(statement)}
