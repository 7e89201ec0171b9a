"""Do what a confirmed request asks, once, and nothing but what its token confirms."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.errors import RefusedError
from alertd.model import SubscriberId, SubscriberState
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
    await room.limits.answered(connection, row.address)
    confirmed = _Confirmed(connection, room, row, wording, page, evidence)
    reader = await (_enrol(confirmed) if row.purpose == SIGN_UP else _change(confirmed))
    if reader is None:
        return None
    still = await subscribers.get(connection, reader.id)
    if not still.address:
        return reader
    if still.state in LIVING and intent.commands:
        await do(Deed(connection, room, still, page, evidence), intent.commands)
    return await subscribers.get(connection, reader.id)


@dataclass(frozen=True, slots=True)
class _Confirmed:
    """A wording that its token has confirmed."""

    connection: AsyncConnection
    room: Room
    row: RequestRow
    wording: Wording
    page: Page
    evidence: Evidence

    async def note(self, reader_id: SubscriberId) -> None:
        """Keep the evidence."""
        act = self.evidence.consent(
            reader_id,
            self.room.hash_address(self.row.address),
            f"confirmed {self.row.purpose}",
            wording=to_json(self.wording.asks),
        )
        await consents.note(self.connection, [act])


async def _enrol(confirmed: _Confirmed) -> SubscriberRow:
    reader_id = await signing_up.enrol_confirmed(
        confirmed.connection,
        confirmed.room,
        confirmed.row,
        confirmed.wording,
        page=confirmed.page,
        evidence=confirmed.evidence,
    )
    await confirmed.note(reader_id)
    return await subscribers.get(confirmed.connection, reader_id)


async def _change(confirmed: _Confirmed) -> SubscriberRow | None:
    connection, row, page = confirmed.connection, confirmed.row, confirmed.page
    if row.subscriber_id is None:
        return None
    (reader,) = await subscribers.lock(connection, [row.subscriber_id])
    page.language = reader.language
    deed = Deed(connection, confirmed.room, reader, page, confirmed.evidence)
    if row.purpose == ADDRESS:
        return await _change_address(confirmed, deed)
    # who has moved since, or left, is asked no more at the address they had
    if row.address_key != reader.address_key or (row.purpose != LEAVE and reader.state not in LIVING):
        page.note("expired")
        return None
    await confirmed.note(reader.id)
    commands = [Command.from_json(each) for each in confirmed.wording.asks["commands"]]
    if row.purpose == LEAVE:
        forgets = any(command.verb is Verb.FORGET for command in commands)
        await end(connection, confirmed.room, reader, page, confirmed.evidence, forgets=forgets)
    else:
        await do(deed, commands)
    return reader


async def _change_address(confirmed: _Confirmed, deed: Deed) -> SubscriberRow | None:
    """A new address said yes; nothing about the subscription is told to it until it is theirs."""
    reader, asks = deed.reader, confirmed.wording.asks
    if asks["epoch"] != reader.epoch or reader.state not in LIVING:
        deed.page.note("expired")
        return None
    try:
        await change.set_address(deed.connection, reader.id, asks["address"])
    except RefusedError:
        deed.page.note("address_taken")
        return None
    await confirmed.note(reader.id)
    await consents.lift(deed.connection, deed.room.hash_address(asks["address"]))  # this proves that it works
    deed.page.did("address_changed", address=asks["address"])
    deed.page.show_now = True
    return await subscribers.get(deed.connection, reader.id)
