"""Do what a confirmed request asks, once, and nothing but what its token confirms."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.errors import RefusedError
from alertd.model import SubscriberState
from alertd.postmaster.acting import signing_up
from alertd.postmaster.acting.asking_first import ADDRESS, LEAVE
from alertd.postmaster.acting.deed import Deed
from alertd.postmaster.acting.doing import do
from alertd.postmaster.acting.ending import end
from alertd.postmaster.acting.evidence import Evidence
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.room import Room
from alertd.postmaster.commands.model import Command, Verb
from alertd.postmaster.intents import Confirm
from alertd.store import consents, requests, subscribers
from alertd.store.columns import to_json
from alertd.store.requests import SIGN_UP, RequestRow, Wording
from alertd.store.subscribers import SubscriberRow
from alertd.subscribers import change

LIVING = frozenset({SubscriberState.ACTIVE, SubscriberState.PAUSED})


async def confirm(
    connection: AsyncConnection, room: Room, intent: Confirm, page: Page, evidence: Evidence
) -> SubscriberRow | None:
    """Do what a wording asks.

    Returns:
        Whose it is, as they were when the last of it was done (their address is there even when they asked to be
        forgotten); None when nothing was done, and the page says why.
    """
    found = await requests.get_many(connection, [intent.request.id], lock=True)
    wording = found[0].find(intent.request.payload_hash) if found else None
    if wording is None or wording.used:
        page.note("already_done")
        return None
    row = found[0]
    await requests.use(connection, row, wording.hash, now=evidence.at)
    if row.purpose == SIGN_UP:
        reader_id = await signing_up.enrol_confirmed(
            connection, room, row, wording, page=page, evidence=evidence
        )
        reader: SubscriberRow | None = await subscribers.get(connection, reader_id)
    else:
        reader = await _change(connection, room, row, wording, page=page, evidence=evidence)
    if reader is None:
        return None
    still = await subscribers.get(connection, reader.id)
    if still.address:  # else they were forgotten, and this with them
        act = evidence.consent(
            reader.id,
            room.hash_address(row.address),
            f"confirmed {row.purpose}",
            wording=to_json(wording.asks),
        )
        await consents.note(connection, [act])
    if still.state in LIVING and intent.commands:
        await do(Deed(connection, room, still, page, evidence), intent.commands)
    return await subscribers.get(connection, reader.id) if still.address else reader


async def _change(
    connection: AsyncConnection,
    room: Room,
    row: RequestRow,
    wording: Wording,
    *,
    page: Page,
    evidence: Evidence,
) -> SubscriberRow | None:
    if row.subscriber_id is None:
        return None
    (reader,) = await subscribers.lock(connection, [row.subscriber_id])
    page.language = reader.language
    if reader.state not in LIVING:
        page.note("left_already" if row.purpose == LEAVE else "expired")
        return None
    deed = Deed(connection, room, reader, page, evidence)
    if row.purpose == ADDRESS:
        return await _change_address(deed, wording)
    commands = [Command.from_json(each) for each in wording.asks["commands"]]
    if row.purpose == LEAVE:
        forgets = any(command.verb is Verb.FORGET for command in commands)
        await end(connection, room, reader, page, evidence, forgets=forgets)
    else:
        await do(deed, commands)
    return reader


async def _change_address(deed: Deed, wording: Wording) -> SubscriberRow | None:
    """A new address said yes; nothing about the subscription is told to it until it is theirs."""
    reader, address = deed.reader, wording.asks["address"]
    if wording.asks["epoch"] != reader.epoch:
        deed.page.note("expired")
        return None
    try:
        await change.set_address(deed.connection, reader.id, address)
    except RefusedError:
        deed.page.note("address_taken")
        return None
    await consents.lift(deed.connection, deed.room.hash_address(address))  # this proves that it works
    deed.page.did("address_changed", address=address)
    deed.page.show_now = True
    return await subscribers.get(deed.connection, reader.id)
