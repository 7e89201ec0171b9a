"""What deciding must know about the sender of a mail, read under the locks of the transaction that will act on it.

The order of locks is that of docs/data.md: the counter shared, then the readers, then what hangs on them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key, check_address
from alertd.model import SubscriberId
from alertd.postmaster.acting.room import Room
from alertd.postmaster.authentic import is_authentic
from alertd.postmaster.facts import Facts
from alertd.postmaster.proofs import KeyProofs, Request, RequestState, request_ids, tokens_in
from alertd.postmaster.read import Mail
from alertd.store import announcements, requests, subscribers, subscriptions
from alertd.store.requests import RequestRow
from alertd.store.subscribers import SubscriberRow


def believable(mail: Mail) -> Mail:
    """The mail, without an author when the From address is one that no mail can be sent to."""
    try:
        if mail.author:
            check_address(mail.author)
    except ValueError:
        return replace(mail, authors=())
    return mail


async def gather(connection: AsyncConnection, room: Room, mail: Mail, *, now: datetime) -> Facts:
    """The state of things around one (believable) mail; it stays so until the transaction ends."""
    await announcements.share_counter(connection)
    ids = request_ids(mail, room.keys, now)
    asked = await requests.get_many(connection, ids)
    tags = _tags(KeyProofs(room.keys, {}, now), mail)
    readers = {row.address_key: row for row in await _lock(connection, mail, asked, tags)}
    reader = readers.get(address_key(mail.author)) if mail.author else None
    labels: frozenset[str] = frozenset()
    if reader is not None:
        rows = (await subscriptions.of_subscribers(connection, [reader.id])).get(reader.id, [])
        labels = frozenset(text for row in rows for text in (row.shown, row.typed) if text)
    found = {row.id: _wordings(row, now) for row in await requests.get_many(connection, ids, lock=True)}
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
        proofs=KeyProofs(room.keys, found, now),
    )


def _tags(proofs: KeyProofs, mail: Mail) -> list[str]:
    """The subscribers whom genuine leave tokens in the mail name."""
    return [tag for token in tokens_in(mail) if (tag := proofs.leave(token))]


async def _lock(
    connection: AsyncConnection, mail: Mail, asked: Sequence[RequestRow], tags: Collection[str]
) -> list[SubscriberRow]:
    """Lock every reader whom this mail may concern, in id order, and read them as they are now."""
    keys = {row.address_key for row in asked}
    if mail.author:
        keys.add(address_key(mail.author))
    ids: set[SubscriberId] = {row.subscriber_id for row in asked if row.subscriber_id is not None}
    ids |= {row.id for row in await subscribers.find_by_keys(connection, keys)}
    for tag in tags:
        named = await subscribers.find_by_tag(connection, tag)
        ids |= {named.id} if named else set()
    return await subscribers.lock(connection, ids)


def _wordings(row: RequestRow, now: datetime) -> tuple[Request, ...]:
    """One request for each wording that was asked for: a token confirms its own and no other."""
    return tuple(
        Request(
            row.id,
            row.purpose,
            row.address,
            each.hash,
            RequestState.USED
            if each.used
            else RequestState.EXPIRED
            if each.until <= now
            else RequestState.OPEN,
        )
        for each in row.wordings
    )
