"""A reader leaves, and is forgotten when they ask for that."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import SubscriberState
from alertd.postmaster.acting.evidence import Evidence
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.room import Room
from alertd.store import consents
from alertd.store.consents import LEFT
from alertd.store.subscribers import SubscriberRow
from alertd.subscribers import leave
from alertd.subscribers.forget import forget
from alertd.subscribers.own import former_keys


async def end(
    connection: AsyncConnection,
    room: Room,
    reader: SubscriberRow,
    page: Page,
    evidence: Evidence,
    *,
    forgets: bool = False,
) -> None:
    """End a locked reader, and erase what we keep of them when they ask for that; idempotent."""
    hash_ = room.hash_address(reader.address)
    ended = bool(await leave.end(connection, [reader.id], reason=leave.BY_THEMSELVES, now=evidence.at))
    page.did("left" if ended else "left_already")
    if ended:
        page.subject = page.say("subject_left", name=room.settings.service.name)
        await consents.note(connection, [evidence.consent(reader.id, hash_, LEFT)])
    if forgets and reader.state is not SubscriberState.SUPPRESSED:
        await forget(connection, reader, address_hash=hash_, inbound_id=evidence.inbound_id, now=evidence.at)
        page.did("forgotten")
