"""Statements on pending requests: what waits for proof that the address asked.

Each mail that asks has a wording of its own, with its own hash and its own end, and a token confirms one wording. So a
second, forged request never alters or voids what an earlier token confirms (docs/data.md). Sign-ups of one address share
a row while it is open; every other request has its own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import SubscriberId
from alertd.store.tables import pending_request

SIGN_UP = "sign-up"


class Wording(NamedTuple):
    """One way in which something was asked for.

    Attributes:
        hash: what its token is bound to.
        asks: what is done when it is confirmed, a JSON value.
        until: when it can be confirmed no more.
        used: it was confirmed or declined.
    """

    hash: str
    asks: Any
    until: datetime
    used: bool = False

    def as_json(self) -> dict[str, Any]:
        """As the row keeps it."""
        return {**self._asdict(), "until": self.until.isoformat()}


class RequestRow(NamedTuple):
    """A stored request. `wordings` are in the order in which they were asked for."""

    id: int
    purpose: str
    address: str
    address_key: str
    subscriber_id: SubscriberId | None
    expires_at: datetime
    used_at: datetime | None
    wordings: tuple[Wording, ...]

    def find(self, hash_: str) -> Wording | None:
        """The wording of this hash."""
        return next((each for each in self.wordings if each.hash == hash_), None)


_COLUMNS = (
    *(pending_request.c[name] for name in RequestRow._fields[:-1]),
    pending_request.c.payload,
)


async def get_many(
    connection: AsyncConnection, ids: Collection[int], *, lock: bool = False
) -> list[RequestRow]:
    """Those of these requests that there are, in id order; locked when asked, then after the readers concerned."""
    if not ids:
        return []
    statement = select(*_COLUMNS).where(pending_request.c.id.in_(sorted(ids))).order_by(pending_request.c.id)
    if lock:
        statement = statement.with_for_update()
    return [_row(tuple(values)) for values in await connection.execute(statement)]


async def find_sign_up(connection: AsyncConnection, address_key: str) -> RequestRow | None:
    """The sign-up of an address that nobody has confirmed or declined, locked; its wordings may all be over."""
    statement = (
        select(*_COLUMNS)
        .where(
            pending_request.c.purpose == SIGN_UP,
            pending_request.c.address_key == address_key,
            pending_request.c.used_at.is_(None),
        )
        .with_for_update()
    )
    values = (await connection.execute(statement)).one_or_none()
    return None if values is None else _row(tuple(values))


async def add(connection: AsyncConnection, wording: Wording, *, created_at: datetime, **values: Any) -> int:
    """Insert a request with its first wording; returns its id."""
    statement = insert(pending_request).values(
        mails=1,
        payload=[wording.as_json()],
        payload_hash=wording.hash,
        expires_at=wording.until,
        created_at=created_at,
        **values,
    )
    return int((await connection.execute(statement.returning(pending_request.c.id))).scalar_one())


async def add_wording(
    connection: AsyncConnection, row: RequestRow, wording: Wording, *, now: datetime
) -> None:
    """Keep one more wording of a locked request, beside the earlier ones that can still be confirmed.

    How many there can be is for the limits on confirmations to say: each wording is one mail.
    """
    kept = [each for each in row.wordings if each.until > now and each.hash != wording.hash]
    await connection.execute(
        update(pending_request)
        .where(pending_request.c.id == row.id)
        .values(
            payload=[each.as_json() for each in (*kept, wording)],
            payload_hash=wording.hash,
            mails=pending_request.c.mails + 1,
            expires_at=max(row.expires_at, wording.until),
        )
    )


async def use(connection: AsyncConnection, row: RequestRow, hash_: str, *, now: datetime) -> None:
    """A wording of a locked request was confirmed or declined: its token does nothing more; the others' do."""
    wordings = [each._replace(used=each.used or each.hash == hash_) for each in row.wordings]
    await connection.execute(
        update(pending_request)
        .where(pending_request.c.id == row.id)
        .values(payload=[each.as_json() for each in wordings], used_at=now)
    )


def _row(values: tuple[Any, ...]) -> RequestRow:
    wordings = tuple(
        Wording(each["hash"], each["asks"], datetime.fromisoformat(each["until"]), each["used"])
        for each in values[-1]
    )
    return RequestRow._make((*values[:-1], wordings))
