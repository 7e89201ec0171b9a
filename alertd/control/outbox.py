"""`alertd outbox list|show|release`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alertd.control.plain import record
from alertd.control.services import Services
from alertd.errors import NotFoundError, RefusedError
from alertd.model import DeliveryId, DeliveryState, MailKind
from alertd.store import deliveries

_SHOWN = (
    "id",
    "kind",
    "state",
    "address",
    "attempts",
    "queued_at",
    "next_at",
    "done_at",
    "code",
    "enhanced",
    "reply",
)


async def list_deliveries(
    services: Services, *, states: Sequence[str] = (), kinds: Sequence[str] = (), limit: int = 100
) -> list[dict[str, Any]]:
    """Deliveries of these states and kinds, newest first."""
    async with services.store.read() as connection:
        rows = await deliveries.listing(
            connection,
            states=[DeliveryState(state) for state in states],
            kinds=[MailKind(kind) for kind in kinds],
            limit=limit,
        )
    known = [record(row) for row in rows]
    return [{name: row[name] for name in _SHOWN} for row in known]


async def show_delivery(services: Services, *, id: int) -> dict[str, Any]:  # noqa: A002 - the word of the command line
    """One delivery with every try that did not end with a 250.

    Raises:
        NotFoundError: there is none with this id.
    """
    async with services.store.read() as connection:
        rows = await deliveries.listing(connection, ids=[DeliveryId(id)])
        if not rows:
            raise NotFoundError(f"no delivery has the id {id}. `alertd outbox list` shows those there are")
        tries = await deliveries.attempts(connection, [DeliveryId(id)])
    return {**record(rows[0]), "tries": [record(each) for each in tries]}


async def release_deliveries(services: Services, *, ids: Sequence[int]) -> list[int]:
    """Try held or failed deliveries again; returns the ids of those.

    Raises:
        RefusedError: none of them is held or failed.
    """
    wanted = [DeliveryId(each) for each in ids]
    async with services.store.write() as connection:
        released = await deliveries.release(connection, wanted, now=services.clock.now())
    if not released:
        raise RefusedError("none of these is held or failed, so there is nothing to try again")
    services.wake()
    return sorted(released)
