"""Statements on pending requests: what waits for proof that the address asked.

One row holds every wording asked for under one purpose while it is open: a token names the row and the hash of the payload
it confirms, so a second, forged request never alters or voids what an earlier token confirms (docs/data.md).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import SubscriberId
from alertd.store.tables import pending_request

MOST_PAYLOADS = 4
"""Wordings kept in one open request; the newest replaces the last."""


class RequestRow(NamedTuple):
    """A stored request. `payload` maps each payload's hash to it."""

    id: int
    purpose: str
    address: str
    address_key: str
    subscriber_id: SubscriberId | None
    language: str
    payload: dict[str, Any]
    payload_hash: str
    inbound_id: int | None
    mails: int
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


_COLUMNS = tuple(pending_request.c[name] for name in RequestRow._fields)


async def get(connection: AsyncConnection, request_id: int) -> RequestRow | None:
    """One request, locked; None when there is none (any more)."""
    statement = select(*_COLUMNS).where(pending_request.c.id == request_id).with_for_update()
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else RequestRow._make(row)


async def find_open(
    connection: AsyncConnection, *, purpose: str, address_key: str, now: datetime
) -> RequestRow | None:
    """The open request of an address for a purpose, locked; expired ones are removed on the way."""
    mine = (pending_request.c.purpose == purpose, pending_request.c.address_key == address_key)
    await connection.execute(
        delete(pending_request).where(
            *mine, pending_request.c.used_at.is_(None), pending_request.c.expires_at <= now
        )
    )
    statement = (
        select(*_COLUMNS)
        .where(*mine, pending_request.c.used_at.is_(None))
        .order_by(pending_request.c.id.desc())
        .limit(1)
        .with_for_update()
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else RequestRow._make(row)


async def add(connection: AsyncConnection, **values: Any) -> int:
    """Insert a request; returns its id. `payload` maps its one hash to it."""
    statement = insert(pending_request).values(mails=1, **values).returning(pending_request.c.id)
    return int((await connection.execute(statement)).scalar_one())


async def ask_again(
    connection: AsyncConnection, row: RequestRow, *, payload: Any, payload_hash: str, expires_at: datetime
) -> None:
    """Count one more mail for a locked open request, and keep its payload beside the earlier ones."""
    kept = dict(list(row.payload.items())[: MOST_PAYLOADS - 1])
    await connection.execute(
        update(pending_request)
        .where(pending_request.c.id == row.id)
        .values(
            payload={**kept, payload_hash: payload},
            payload_hash=payload_hash,
            mails=row.mails + 1,
            expires_at=expires_at,
        )
    )


async def use(connection: AsyncConnection, request_id: int, *, now: datetime) -> None:
    """A locked request was confirmed (or refused): its tokens do nothing more."""
    await connection.execute(
        update(pending_request).where(pending_request.c.id == request_id).values(used_at=now)
    )
