"""Statements that erase what is kept about one person.

Forgetting somebody is rare, so these may look through a whole table where there is no index on what they look for.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Text, delete, exists, func, or_, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryState, MailKind, SubscriberId
from alertd.store import subscribers
from alertd.store.columns import to_json
from alertd.store.tables import (
    attempt,
    bounce,
    consent,
    cursor,
    delivery,
    digest,
    edition,
    inbound,
    pending_request,
    subscriber,
    subscription,
    told,
)

_OPEN = (DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.HELD)
_OVER = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.EXPIRED)
_BLANK = {"address": "", "args": {}, "reply": "forgotten"}


_THEIRS_ALONE = (MailKind.DIGEST, MailKind.WELCOME, MailKind.REPLY)
"""Mails of a reader that go to their own address; a confirmation may have asked another."""


class Person(NamedTuple):
    """Whom to forget: their row, and every address of theirs that we know, as given and folded, with their hashes."""

    id: SubscriberId
    addresses: frozenset[str]
    hashes: frozenset[str]


async def addresses_of(connection: AsyncConnection, reader: SubscriberId) -> set[str]:
    """Every address that mails of a reader went to."""
    statement = (
        select(delivery.c.address)
        .distinct()
        .where(
            delivery.c.subscriber_id == reader,
            delivery.c.kind.in_(_THEIRS_ALONE),
            delivery.c.address != "",
        )
    )
    return set((await connection.execute(statement)).scalars())


async def mails(
    connection: AsyncConnection, person: Person, *, inbound_id: int | None, now: datetime
) -> None:
    """What went to them and what came from them: addresses, texts and the relay's words.

    A mail that may have arrived (in doubt) is left as it is until that is settled (`answered`).
    """
    await _came(connection, person, inbound_id)
    mine = or_(
        delivery.c.subscriber_id == person.id,
        _one_of(delivery.c.address, person),
        (delivery.c.kind == MailKind.FORWARD) & _from_one_of(person),
    )
    theirs = list((await connection.execute(select(delivery.c.id).where(mine))).scalars())
    await connection.execute(delete(attempt).where(attempt.c.delivery_id.in_(theirs)))
    await connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(theirs), delivery.c.state.in_(_OPEN))
        .values(state=DeliveryState.EXPIRED, done_at=now)
    )
    await connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(theirs), delivery.c.state != DeliveryState.IN_DOUBT)
        .values(_BLANK)
    )


def _one_of(column: ColumnElement[str], person: Person) -> ColumnElement[bool]:
    """In any case; SQLite folds the case of ASCII alone, so the address as it was given counts too."""
    lower = sorted({each.lower() for each in person.addresses})
    return or_(column.in_(sorted(person.addresses)), func.lower(column).in_(lower))


def _from_one_of(person: Person) -> ColumnElement[bool]:
    """A mail to the owner that they wrote: the JSON of its row is canonical."""
    text = type_coerce(delivery.c.args, Text)
    return or_(
        *(text.contains(f'"sender":{to_json(each)}', autoescape=True) for each in sorted(person.addresses))
    )


async def _came(connection: AsyncConnection, person: Person, inbound_id: int | None) -> None:
    """Mails from them and bounces about them, as far as we know that they are."""
    evidence = select(consent.c.inbound_id).where(
        or_(consent.c.subscriber_id == person.id, consent.c.address_hash.in_(sorted(person.hashes))),
        consent.c.inbound_id.is_not(None),
    )
    answered = select(delivery.c.inbound_id).where(
        delivery.c.subscriber_id == person.id, delivery.c.inbound_id.is_not(None)
    )
    came_back = select(bounce.c.inbound_id).where(
        bounce.c.delivery_id.in_(select(delivery.c.id).where(delivery.c.subscriber_id == person.id)),
        bounce.c.inbound_id.is_not(None),
    )
    await connection.execute(
        update(inbound)
        .where(
            or_(
                inbound.c.id == inbound_id,
                inbound.c.id.in_(evidence.union(answered, came_back)),
                _one_of(inbound.c.sender, person),
            )
        )
        .values(raw=None, sender=None, outcome=None, reason=None)
    )


async def rows(connection: AsyncConnection, person: Person, *, now: datetime) -> None:
    """What they asked for and were told; their row keeps its id and tag and loses its address."""
    await _withdraw_digests(connection, person, now)
    theirs = select(delivery.c.id).where(delivery.c.subscriber_id == person.id)
    await connection.execute(
        delete(bounce).where(or_(bounce.c.subscriber_id == person.id, bounce.c.delivery_id.in_(theirs)))
    )
    for table in (told, cursor, subscription):
        await connection.execute(delete(table).where(table.c.subscriber_id == person.id))
    await connection.execute(
        delete(pending_request).where(
            or_(
                pending_request.c.subscriber_id == person.id,
                pending_request.c.address_key.in_(sorted(person.addresses)),
            )
        )
    )
    await connection.execute(
        update(consent)
        .where(or_(consent.c.subscriber_id == person.id, consent.c.address_hash.in_(sorted(person.hashes))))
        .values(network=None, wording=None, inbound_id=None)
    )
    await subscribers.change(connection, person.id, own_settings=[], language="en", zone="UTC")
    await subscribers.take_address(connection, person.id)


async def _withdraw_digests(connection: AsyncConnection, person: Person, now: datetime) -> None:
    """An edition under way counts its digests against the ledger: these stand no more."""
    under_way = exists().where(edition.c.id == digest.c.edition_id, edition.c.completed_at.is_(None))
    await connection.execute(
        update(digest)
        .where(digest.c.subscriber_id == person.id, digest.c.withdrawn_at.is_(None), under_way)
        .values(withdrawn_at=now, reason="forgotten")
    )


async def answered(connection: AsyncConnection, *, limit: int = 500) -> int:
    """Erase the last mails to people who were forgotten, once they have left; returns how many."""
    left = (
        select(delivery.c.id)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(subscriber.c.address == "", delivery.c.address != "", delivery.c.state.in_(_OVER))
        .order_by(delivery.c.id)
        .limit(limit)
    )
    ids = list((await connection.execute(left)).scalars())
    if ids:
        await connection.execute(delete(attempt).where(attempt.c.delivery_id.in_(ids)))
        await connection.execute(update(delivery).where(delivery.c.id.in_(ids)).values(_BLANK))
    return len(ids)
