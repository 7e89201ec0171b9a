"""What deciding must know about the sender of a mail, read from the store."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.postmaster.acting.room import Room
from alertd.postmaster.authentic import is_authentic
from alertd.postmaster.facts import Facts
from alertd.postmaster.proofs import KeyProofs, Request, RequestState, request_ids
from alertd.postmaster.read import Mail
from alertd.store import requests, subscribers, subscriptions
from alertd.store.requests import RequestRow
from alertd.store.subscribers import SubscriberRow


async def gather(connection: AsyncConnection, room: Room, mail: Mail, *, now: datetime) -> Facts:
    """The state of things around one mail."""
    reader = await _author(connection, mail)
    labels: frozenset[str] = frozenset()
    if reader is not None:
        rows = (await subscriptions.of_subscribers(connection, [reader.id])).get(reader.id, [])
        labels = frozenset(text for row in rows for text in (row.shown, row.typed) if text)
    service, intake = room.settings.service, room.settings.intake
    return Facts(
        address=service.address,
        separator=service.separator,
        language=service.language,
        name=service.name,
        state=reader.state if reader else None,
        subscriber_language=reader.language if reader else "",
        labels=labels,
        authenticated=is_authentic(mail, trusted=intake.trusted_authserv_id),
        refused_domains=intake.refuse_domains,
        proofs=KeyProofs(room.keys, await _requests(connection, room, mail, now), now),
    )


async def _author(connection: AsyncConnection, mail: Mail) -> SubscriberRow | None:
    try:
        key = address_key(mail.author)
    except ValueError:
        return None
    return await subscribers.find_by_key(connection, key)


async def _requests(
    connection: AsyncConnection, room: Room, mail: Mail, now: datetime
) -> dict[int, tuple[Request, ...]]:
    found = {}
    for request_id in request_ids(mail, room.keys, now):
        row = await requests.get(connection, request_id)
        if row is not None:
            found[request_id] = _wordings(row, now)
    return found


def _wordings(row: RequestRow, now: datetime) -> tuple[Request, ...]:
    """One request for each wording that was asked for: a token confirms its own and no other."""
    state = RequestState.OPEN
    if row.used_at is not None:
        state = RequestState.USED
    elif row.expires_at <= now:
        state = RequestState.EXPIRED
    return tuple(Request(row.id, row.purpose, row.address, hash_, state) for hash_ in row.payload)
