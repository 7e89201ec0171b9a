"""`alertd outbox list|show|retry|hold|drop`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.control.plain import record
from alertd.control.services import Services
from alertd.errors import NotFoundError, RefusedError
from alertd.model import DeliveryId, DeliveryState, MailKind
from alertd.store import consents, deliveries
from alertd.store.engines import Store

HELD = "held by an admin"
DROPPED = "dropped by an admin"

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
    store: Store, *, states: Sequence[str] = (), kinds: Sequence[str] = (), limit: int = 100
) -> list[dict[str, Any]]:
    """Deliveries of these states and kinds, newest first."""
    async with store.read() as connection:
        rows = await deliveries.listing(
            connection,
            states=[DeliveryState(state) for state in states],
            kinds=[MailKind(kind) for kind in kinds],
            limit=limit,
        )
    known = [record(row) for row in rows]
    return [{name: row[name] for name in _SHOWN} for row in known]


async def show_delivery(store: Store, *, id: int) -> dict[str, Any]:  # noqa: A002 - the word of the command line
    """One delivery with every try that did not end with a 250.

    Raises:
        NotFoundError: there is none with this id.
    """
    async with store.read() as connection:
        rows = await deliveries.listing(connection, ids=[DeliveryId(id)])
        if not rows:
            raise _unknown([id])
        tries = await deliveries.attempts(connection, [DeliveryId(id)])
    return {**record(rows[0]), "tries": [record(each) for each in tries]}


async def retry_deliveries(services: Services, *, ids: Sequence[int]) -> list[int]:
    """Try held or failed deliveries again from now on; returns the ids of those.

    Raises:
        NotFoundError: one is unknown.
        RefusedError: none of them is held or failed.
    """
    now = services.clock.now()
    async with services.store.write() as connection:
        await _check_known(connection, ids)
        done: list[int] = sorted(await deliveries.release(connection, _ids(ids), now=now))
        if not done:
            raise RefusedError("none of these is held or failed, so there is nothing to try again")
        await consents.write_audit(
            connection, actor="cli", verb="outbox.retry", subject=_subject(done), now=now
        )
    services.wake()
    return done


async def hold_deliveries(services: Services, *, ids: Sequence[int]) -> list[int]:
    """Stop deliveries that wait, until somebody retries or drops them; returns the ids of those.

    Raises:
        NotFoundError: one is unknown.
        RefusedError: none of them waits, or a worker is busy with them.
    """
    now = services.clock.now()
    async with services.store.write() as connection:
        await _check_known(connection, ids)
        done: list[int] = sorted(await deliveries.hold(connection, _ids(ids), reason=HELD))
        if not done:
            raise RefusedError("none of these waits to be sent, or it is being sent right now")
        await consents.write_audit(
            connection, actor="cli", verb="outbox.hold", subject=_subject(done), now=now
        )
    return done


async def drop_deliveries(services: Services, *, ids: Sequence[int]) -> list[int]:
    """Never send these; returns the ids of those that had not left. What a dropped digest told is not told again.

    Raises:
        NotFoundError: one is unknown.
        RefusedError: none of them can be dropped.
    """
    now = services.clock.now()
    async with services.store.write() as connection:
        await _check_known(connection, ids)
        done: list[int] = sorted(await deliveries.expire(connection, _ids(ids), reason=DROPPED, now=now))
        if not done:
            raise RefusedError(
                "none of these can be dropped: they were sent, dropped before, or are being sent"
            )
        await consents.write_audit(
            connection, actor="cli", verb="outbox.drop", subject=_subject(done), now=now
        )
    return done


async def _check_known(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Ids are typed by hand: one that is unknown stops the others.

    Raises:
        NotFoundError: no delivery has one of them.
    """
    known = {row.id for row in await deliveries.listing(connection, ids=_ids(ids), limit=len(ids))}
    if unknown := sorted({*ids} - known):
        raise _unknown(unknown)


def _unknown(ids: Sequence[int]) -> NotFoundError:
    return NotFoundError(
        f"no delivery has the id {', '.join(map(str, ids))}. `alertd outbox list` shows those there are"
    )


def _ids(ids: Sequence[int]) -> list[DeliveryId]:
    return [DeliveryId(each) for each in ids]


def _subject(ids: Sequence[int]) -> str:
    return f"delivery {', '.join(map(str, ids))}"[:500]
