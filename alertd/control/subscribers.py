"""`alertd subscriber list|show`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.clock import EPOCH
from alertd.control.plain import record
from alertd.errors import NotFoundError
from alertd.model import Origin, ScheduleId, SubscriberId, SubscriberState
from alertd.schedule import describe
from alertd.store import bounces, consents, deliveries, schedules, subscribers, subscriptions
from alertd.store.engines import Store
from alertd.store.subscribers import SubscriberRow

PAGE = 1000

_LISTED = ("address", "state", "language", "zone", "format", "origin", "created_at", "pause_until")
_HIDDEN = {"tag", "epoch", "address_key"}  # the tag names them in tokens
_MAIL = ("id", "kind", "state", "queued_at", "done_at", "code", "reply")
_LATEST = 10


async def pages(
    store: Store, *, state: str = "", origin: str = "", after: int = 0, limit: int | None = None
) -> AsyncIterator[list[dict[str, Any]]]:
    """Subscribers in the order in which they came, each with the number of its queries, a page at a time.

    Args:
        store: to read.
        state: only those, "" for all.
        origin: only those, "" for all.
        after: begin behind this id.
        limit: so many at most, None for all.
    """
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        async with store.read() as connection:
            rows = await subscribers.page(
                connection,
                after=SubscriberId(after),
                limit=size,
                state=SubscriberState(state) if state else None,
                origin=Origin(origin) if origin else None,
            )
            held = await subscriptions.of_subscribers(connection, [row.id for row in rows])
        if rows:
            yield [_listed(row, len(held.get(row.id, ()))) for row in rows]
        if len(rows) < size:
            return
        after = rows[-1].id
        left = None if left is None else left - len(rows)


def _listed(row: SubscriberRow, queries: int) -> dict[str, Any]:
    known = record(row)
    return {"id": row.id, **{name: known[name] for name in _LISTED}, "queries": queries}


async def named(connection: AsyncConnection, address: str) -> SubscriberRow:
    """The subscriber of an address, in whatever spelling.

    Raises:
        NotFoundError: nobody of that address is known, or it is none.
    """
    try:
        key = address_key(address)
    except ValueError as error:
        raise NotFoundError(f"{address!r} is not an address: {error}") from error
    row = await subscribers.find_by_key(connection, key)
    if row is None:
        raise NotFoundError(f"no subscriber has the address {address}. `alertd subscriber list` shows all")
    return row


async def show_subscriber(store: Store, *, address: str) -> dict[str, Any]:
    """One subscriber: settings, what they ask for and when it comes, how they consented, their latest mails and bounces.

    Raises:
        NotFoundError: nobody of that address is known.
    """
    async with store.read() as connection:
        row = await named(connection, address)
        held = (await subscriptions.of_subscribers(connection, [row.id])).get(row.id, [])
        when = {known.id: known for known in await schedules.all_rows(connection)}
        acts = await consents.of_subscriber(connection, row.id)
        mails = await deliveries.listing(connection, subscriber_id=row.id, limit=_LATEST)
        returned = await bounces.of_subscriber(connection, row.id, since=EPOCH)
    dues = [due for each in held if (due := when[each.schedule_id].next_due_at)]
    return {
        **{name: value for name, value in record(row).items() if name not in _HIDDEN},
        "next_digest": _iso(min(dues, default=None)),
        "queries": [_query(each, when) for each in held],
        "consents": [{"act": each.act, "via": each.via, "at": _iso(each.at)} for each in acts],
        "mails": [{name: record(each)[name] for name in _MAIL} for each in mails],
        "bounces": [record(each) for each in returned[-_LATEST:]],
    }


def _query(
    row: subscriptions.SubscriptionRow, when: dict[ScheduleId, schedules.ScheduleRow]
) -> dict[str, Any]:
    schedule = when[row.schedule_id]
    return {
        "label": row.shown,
        "query": row.canonical,
        "topic": row.topic_name,
        "origin": row.origin,
        "schedule": describe(schedule.value, "en"),
        "zone": schedule.value.zone,
        "next": _iso(schedule.next_due_at),
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
