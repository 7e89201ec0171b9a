"""A reader leaves, and is forgotten when they ask for that."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

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
    """End a locked reader, and erase what we keep of them when they ask for that; idempotent.

    What is noted of their leaving stays, by hashes alone: the file does not bring back who was forgotten.
    """
    hash_ = room.hash_address(reader.address)
    ended = bool(await leave.end(connection, [reader.id], reason=leave.BY_THEMSELVES, now=evidence.at))
    page.did("left" if ended else "left_already")
    if ended:
        page.subject = page.say("subject_left", name=room.settings.service.name)
    left = [hash_]
    if forgets:
        left += [room.hash_address(key) for key in former_keys(reader.own_settings)]
    if ended or forgets:
        await consents.note(connection, [evidence.consent(reader.id, each, LEFT) for each in left])
    if forgets:
        await forget(
            connection,
            reader,
            hash_address=room.hash_address,
            inbound_id=evidence.inbound_id,
            now=evidence.at,
        )
        page.did("forgotten")
