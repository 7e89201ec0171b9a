"""Forget a person: everything we keep about them but a keyed hash with the dates of what they asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.store import erase
from alertd.store.erase import Person
from alertd.store.subscribers import SubscriberRow
from alertd.subscribers.own import former_keys


async def forget(
    connection: AsyncConnection,
    reader: SubscriberRow,
    *,
    hash_address: Callable[[str], str],
    inbound_id: int | None,
    now: datetime,
) -> None:
    """Erase an ended (locked) reader's addresses, queries, ledger, mails and bounces.

    Their row stays, without its address: ids and tags are never given to another. The answer that tells them of it is queued
    after this, and is erased once it has left (`erase.answered`).

    Args:
        connection: the writing transaction.
        reader: whom.
        hash_address: gives the hashes under which evidence about their addresses is kept.
        inbound_id: the mail that asks, None when it was no mail.
        now: the instant.
    """
    addresses = {reader.address, *former_keys(reader.own_settings)}
    addresses |= await erase.addresses_of(connection, reader.id)
    person = Person(
        reader.id,
        frozenset(addresses | {address_key(each) for each in addresses}),
        frozenset(hash_address(each) for each in addresses),
    )
    await erase.mails(connection, person, inbound_id=inbound_id, now=now)
    await erase.rows(connection, person, now=now)
