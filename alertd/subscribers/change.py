"""Change what a reader has: queries added, dropped, moved to another schedule; language, zone, format.

Every function locks in the order of docs/data.md: the counter shared when a number or query is taken, then the reader.
What a person changes by themselves becomes theirs (`own_settings`): the file leaves it alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.errors import RefusedError
from alertd.model import Kind, Origin, Schedule, ScheduleId, SubscriberId, SubscriberState, SubscriptionId
from alertd.store import announcements, schedules, subscribers, subscriptions
from alertd.store.subscribers import SubscriberRow
from alertd.store.subscriptions import SubscriptionRow
from alertd.subscribers.enrol import Wish, add_wishes
from alertd.subscribers.own import with_former

DROPPED_BY_READER = "dropped by the reader"


async def add_queries(
    connection: AsyncConnection,
    subscriber_id: SubscriberId,
    wishes: Sequence[Wish],
    *,
    origin: Origin,
    now: datetime,
) -> int:
    """Add queries to a reader, from now on; returns how many were new."""
    no = await announcements.share_counter(connection)
    await subscribers.lock(connection, [subscriber_id])
    return await add_wishes(
        connection, [(subscriber_id, wish) for wish in wishes], origin=origin, no=no, now=now
    )


async def held(
    connection: AsyncConnection, subscriber_id: SubscriberId
) -> tuple[SubscriberRow, list[SubscriptionRow]]:
    """A reader, locked, and what they ask for."""
    (row,) = await subscribers.lock(connection, [subscriber_id])
    return row, (await subscriptions.of_subscribers(connection, [subscriber_id])).get(subscriber_id, [])


async def drop_queries(
    connection: AsyncConnection,
    subscriber_id: SubscriberId,
    roots: Collection[SubscriptionId],
    *,
    reason: str = DROPPED_BY_READER,
    now: datetime,
) -> None:
    """Drop whole chains of a reader; what the file gave stays dropped when the reader dropped it."""
    await subscribers.lock(connection, [subscriber_id])
    await subscriptions.drop(connection, roots, reason=reason, now=now)


async def move_queries(
    connection: AsyncConnection,
    subscriber_id: SubscriberId,
    schedule: Schedule,
    *,
    roots: Collection[SubscriptionId] | None = None,
    own: bool = True,
    now: datetime,
) -> ScheduleId:
    """Move some of a reader's queries, or all, to another schedule; nothing is lost or repeated by it."""
    await announcements.share_counter(connection)
    row, rows = await held(connection, subscriber_id)
    ids = await schedules.ensure(connection, [schedule], now=now)
    wanted = {each.root_id for each in rows} if roots is None else set(roots)
    await subscriptions.move(connection, wanted, to=ids[schedule])
    if own:
        await _own(connection, row, "schedule")
    return ids[schedule]


async def set_zone(
    connection: AsyncConnection, subscriber_id: SubscriberId, zone: str, *, own: bool = True, now: datetime
) -> None:
    """Give a reader another time zone: each of their schedules keeps its hour, in the new zone."""
    await announcements.share_counter(connection)
    row, rows = await held(connection, subscriber_id)
    by_id = {each.id: each.value for each in await schedules.all_rows(connection)}
    targets: dict[Schedule, set[SubscriptionId]] = {}
    for each in rows:
        value = by_id[each.schedule_id]
        if value.kind is not Kind.IMMEDIATE and value.zone != zone:
            targets.setdefault(replace(value, zone=zone), set()).add(each.root_id)
    ids = await schedules.ensure(connection, targets, now=now)
    for value, roots in targets.items():
        await subscriptions.move(connection, roots, to=ids[value])
    await subscribers.change(connection, row.id, zone=zone)
    if own:
        await _own(connection, row, "time_zone")


async def set_setting(
    connection: AsyncConnection, subscriber_id: SubscriberId, *, own: bool = True, **values: Any
) -> None:
    """Set a reader's `language` or `format`."""
    (row,) = await subscribers.lock(connection, [subscriber_id])
    await subscribers.change(connection, subscriber_id, **values)
    if own:
        await _own(connection, row, *values)


async def set_address(connection: AsyncConnection, subscriber_id: SubscriberId, address: str) -> None:
    """Give a reader another (proved) address; who is declared by file stays so, whatever address the file names.

    A subscription that ended gives its address away: its owner has proved to be this reader.

    Raises:
        RefusedError: another reader has it.
    """
    key = address_key(address)
    other = await subscribers.find_by_key(connection, key)
    locked = await subscribers.lock(connection, {subscriber_id, other.id} if other else {subscriber_id})
    by_id = {each.id: each for each in locked}
    row = by_id.pop(subscriber_id)
    for each in by_id.values():
        if each.state not in {SubscriberState.ENDED, SubscriberState.SUPPRESSED}:
            raise RefusedError("another subscription has this address")
        await subscribers.take_address(connection, each.id)
    own = list(row.own_settings)
    if key != row.address_key and await subscriptions.ever_of_origin(connection, row.id, Origin.FILE):
        own = with_former(own, row.address_key)
    await subscribers.change(
        connection, row.id, address=address, address_key=key, epoch=row.epoch + 1, own_settings=own
    )


async def _own(connection: AsyncConnection, row: SubscriberRow, *settings: str) -> None:
    if not set(settings) <= set(row.own_settings):
        await subscribers.change(connection, row.id, own_settings=sorted({*row.own_settings, *settings}))
