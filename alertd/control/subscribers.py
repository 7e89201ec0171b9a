"""`alertd subscriber list|show`."""

from __future__ import annotations

from typing import Any

from alertd.addresses import address_key
from alertd.control.plain import record
from alertd.control.services import Services
from alertd.errors import NotFoundError
from alertd.model import Origin, ScheduleId, SubscriberId, SubscriberState
from alertd.schedule import describe
from alertd.store import deliveries, schedules, subscribers, subscriptions

_SHOWN = ("address", "state", "language", "zone", "format", "origin", "created_at", "pause_until")
_LATEST = 10


async def list_subscribers(
    services: Services, *, state: str = "", origin: str = "", after: int = 0, limit: int = 1000
) -> list[dict[str, Any]]:
    """A page of subscribers in the order in which they came, each with the number of its queries."""
    async with services.store.read() as connection:
        rows = await subscribers.page(
            connection,
            after=SubscriberId(after),
            limit=limit,
            state=SubscriberState(state) if state else None,
            origin=Origin(origin) if origin else None,
        )
        held = await subscriptions.of_subscribers(connection, [row.id for row in rows])
    found = []
    for row in rows:
        known = record(row)
        found.append(
            {"id": row.id, **{name: known[name] for name in _SHOWN}, "queries": len(held.get(row.id, ()))}
        )
    return found


async def show_subscriber(services: Services, *, address: str) -> dict[str, Any]:
    """One subscriber: settings, what they ask for, their latest mails.

    Raises:
        NotFoundError: nobody of that address is known.
    """
    try:
        key = address_key(address)
    except ValueError as error:
        raise NotFoundError(f"{address!r} is not an address: {error}") from error
    async with services.store.read() as connection:
        row = await subscribers.find_by_key(connection, key)
        if row is None:
            raise NotFoundError(
                f"no subscriber has the address {address}. `alertd subscriber list` shows all"
            )
        held = (await subscriptions.of_subscribers(connection, [row.id])).get(row.id, [])
        when = {known.id: known for known in await schedules.all_rows(connection)}
        mails = await deliveries.listing(connection, subscriber_id=row.id, limit=_LATEST)
    return {
        **{name: value for name, value in record(row).items() if name not in {"tag", "epoch", "address_key"}},
        "queries": [_query(each, when) for each in held],
        "mails": [
            {
                name: value
                for name, value in record(each).items()
                if name in {"id", "kind", "state", "queued_at", "reply"}
            }
            for each in mails
        ],
    }


def _query(
    row: subscriptions.SubscriptionRow, when: dict[ScheduleId, schedules.ScheduleRow]
) -> dict[str, Any]:
    schedule = when[row.schedule_id]
    due = schedule.next_due_at
    return {
        "label": row.shown,
        "query": row.canonical,
        "topic": row.topic_name,
        "origin": row.origin,
        "schedule": describe(schedule.value, "en"),
        "zone": schedule.value.zone,
        "next": due.isoformat() if due else None,
    }
