"""Sign up, and do what a confirmed request asks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.errors import RefusedError
from alertd.model import Origin, Schedule, SubscriberId, SubscriberState
from alertd.postmaster.acting import asking_first, wishing
from alertd.postmaster.acting.doing import Deed, do
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.room import Room
from alertd.postmaster.acting.showing import show
from alertd.postmaster.acting.words import say, shown
from alertd.postmaster.commands.model import Command, Verb, When
from alertd.postmaster.intents import Confirm, SignUp
from alertd.schedule import check_zone, describe, format_schedule, parse_schedule
from alertd.store import consents, requests, subscribers
from alertd.store.consents import Consent
from alertd.store.requests import RequestRow
from alertd.store.subscribers import SubscriberRow
from alertd.subscribers import change, leave
from alertd.subscribers.enrol import Enrolment, enrol
from alertd.subscribers.forget import forget

COOL_DOWN = timedelta(days=30)
"""Who complained can ask to come back after this; who bounced, at any time."""


async def sign_up(
    connection: AsyncConnection,
    room: Room,
    intent: SignUp,
    page: Page,
    *,
    inbound_id: int,
    network: str,
    headers: dict[str, str],
    now: datetime,
) -> bool:
    """Ask for the confirmation of a sign-up; False when nothing was asked (the page may say why)."""
    if await _must_stay_away(connection, room, intent.address, now):
        return False
    service = room.settings.service
    zone = _zone(intent.zone, service.time_zone)
    schedule = (intent.when or When()).resolve(wishing.DEFAULT, zone=zone)
    wishes = await wishing.read(connection, intent.queries, schedule, page)
    if not wishes:
        return False
    readable = [text for text in intent.queries if not any(f"“{text[:200]}”" in line for line in page.failed)]
    language = intent.language or service.language
    payload = {
        "queries": readable,
        "schedule": format_schedule(schedule),
        "zone": zone,
        "language": language,
        "format": intent.format or "html",
    }
    actions = [say(language, "ask_subscribe", query=shown(language, text)) for text in readable]
    actions.append(say(language, "ask_schedule", schedule=describe(schedule, language)))
    return await asking_first.ask(
        connection,
        room,
        purpose="sign-up",
        address=intent.address,
        language=language,
        payload=payload,
        actions=[*actions, *page.failed],
        inbound_id=inbound_id,
        now=now,
        headers=headers,
        network=network,
    )


def _zone(wanted: str, default: str) -> str:
    try:
        return check_zone(wanted) if wanted else default
    except ValueError:
        return default


async def _must_stay_away(connection: AsyncConnection, room: Room, address: str, now: datetime) -> bool:
    """Whether the address is suppressed and its cool-down is not over; when it is over, the way back opens."""
    hash_ = room.hash_address(address)
    found = (await consents.suppressed(connection, [hash_], now=now)).get(hash_)
    if found is None or found[0].startswith("bounce"):
        return False
    if now - found[1] < COOL_DOWN:
        return True
    await consents.lift(connection, hash_)
    return False


async def confirm(
    connection: AsyncConnection,
    room: Room,
    intent: Confirm,
    page: Page,
    *,
    inbound_id: int,
    network: str,
    now: datetime,
) -> SubscriberId | None:
    """Do what a request asks, once; returns whose it is, None when it was used or vanished meanwhile."""
    row = await requests.get(connection, intent.request.id)
    if row is None or row.used_at is not None or intent.request.payload_hash not in row.payload:
        page.failed.append(say(page.language, "already_done"))
        return row.subscriber_id if row else None
    await requests.use(connection, row.id, now=now)
    payload = row.payload[intent.request.payload_hash]
    reader_id: SubscriberId | None
    if row.purpose == "sign-up":
        reader_id = await _enrol(connection, room, row, payload, page, now=now)
    else:
        reader_id = await _do(connection, room, row, payload, page, inbound_id=inbound_id, now=now)
    hash_ = room.hash_address(row.address)
    act = Consent(
        reader_id, hash_, f"confirmed {row.purpose}", "mail", now, inbound_id, network[:500] or None
    )
    await consents.note(connection, [act])
    if reader_id is not None and intent.commands:
        reader = await subscribers.get(connection, reader_id)
        await do(Deed(connection, room, reader, page, inbound_id, now), intent.commands)
    return reader_id


async def _enrol(
    connection: AsyncConnection,
    room: Room,
    row: RequestRow,
    payload: dict[str, Any],
    page: Page,
    *,
    now: datetime,
) -> SubscriberId:
    schedule: Schedule = parse_schedule(payload["schedule"], zone=payload["zone"])
    wishes = await wishing.read(connection, payload["queries"], schedule, page)
    person = Enrolment(
        row.address,
        payload["language"],
        payload["zone"],
        payload["format"],
        tuple(wishes),
        own_settings=("format", "language", "schedule", "time_zone"),
    )
    ids = await enrol(connection, [person], origin=Origin.MAIL, now=now)
    await consents.lift(connection, room.hash_address(row.address))
    page.language = payload["language"]
    page.subject = say(page.language, "subject_welcome", name=room.settings.service.name)
    page.done.append(say(page.language, "signed_up", schedule=describe(schedule, page.language)))
    page.show_now = True
    return ids[row.address_key]


async def _do(
    connection: AsyncConnection,
    room: Room,
    row: RequestRow,
    payload: dict[str, Any],
    page: Page,
    *,
    inbound_id: int,
    now: datetime,
) -> SubscriberId | None:
    if row.subscriber_id is None:
        return None
    (reader,) = await subscribers.lock(connection, [row.subscriber_id])
    if "address" in payload:
        await _change_address(connection, reader, payload, page)
        return reader.id
    commands = [Command.from_json(each) for each in payload["commands"]]
    if row.purpose == "leave":
        forgets = any(command.verb is Verb.FORGET for command in commands)
        await end(connection, room, reader, page, forgets=forgets, now=now)
        return reader.id
    if reader.state in {SubscriberState.ACTIVE, SubscriberState.PAUSED}:
        await do(Deed(connection, room, reader, page, inbound_id, now), commands)
        await show(connection, room, reader, commands, page, now=now)
    return reader.id


async def _change_address(
    connection: AsyncConnection, reader: SubscriberRow, payload: dict[str, Any], page: Page
) -> None:
    if payload["epoch"] != reader.epoch or reader.address_key == address_key(payload["address"]):
        page.failed.append(say(page.language, "expired"))
        return
    try:
        await change.set_address(connection, reader.id, payload["address"])
    except RefusedError:
        page.failed.append(say(page.language, "address_taken"))
    else:
        page.done.append(say(page.language, "address_changed", address=payload["address"]))
        page.show_now = True


async def end(
    connection: AsyncConnection,
    room: Room,
    reader: SubscriberRow,
    page: Page,
    *,
    forgets: bool,
    now: datetime,
) -> None:
    """End a reader, and erase what we keep of them when they ask for that; idempotent."""
    ended = await leave.end(connection, [reader.id], reason=leave.BY_THEMSELVES, now=now)
    page.done.append(say(page.language, "left" if ended else "left_already"))
    page.subject = say(page.language, "subject_left", name=room.settings.service.name)
    if forgets:
        await forget(connection, reader, now=now)
        page.done.append(say(page.language, "forgotten"))
