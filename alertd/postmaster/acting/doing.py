"""Commands that change something, done for a reader whose mail proved itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key, check_address
from alertd.digest.now import send_now
from alertd.errors import QuerySyntaxError
from alertd.model import Origin, Schedule, SubscriberState
from alertd.postmaster.acting import wishing
from alertd.postmaster.acting.asking_first import ask_new_address
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.room import Room
from alertd.postmaster.acting.showing import show
from alertd.postmaster.acting.words import say, shown
from alertd.postmaster.commands.model import Command, Verb, When
from alertd.query import parse
from alertd.schedule import check_zone, describe
from alertd.store import schedules, subscribers
from alertd.store.subscribers import SubscriberRow
from alertd.store.subscriptions import SubscriptionRow
from alertd.subscribers import change, pause


@dataclass(slots=True)
class Deed:
    """One command being done.

    Attributes:
        reader: locked, as they are now.
        inbound_id: the mail that asks, which names a "send now".
    """

    connection: AsyncConnection
    room: Room
    reader: SubscriberRow
    page: Page
    inbound_id: int
    now: datetime

    def done(self, key: str, **facts: object) -> None:
        """Say that something was done."""
        self.page.done.append(say(self.page.language, key, **facts))

    def failed(self, key: str, **facts: object) -> None:
        """Say that something could not be done."""
        self.page.failed.append(say(self.page.language, key, **facts))

    async def held(self) -> list[SubscriptionRow]:
        """What the reader asks for now."""
        return (await change.held(self.connection, self.reader.id))[1]

    async def timing(self, when: When | None, rows: Sequence[SubscriptionRow]) -> Schedule:
        """The schedule meant by what was said, on top of that of these subscriptions (or daily at 08:00)."""
        current = wishing.DEFAULT
        if rows:
            current = (await schedules.get(self.connection, rows[0].schedule_id)).value
        return (when or When()).resolve(current, zone=self.reader.zone)


async def do(deed: Deed, commands: Sequence[Command]) -> None:
    """Do commands in their order; the reader is read again before each, for one may change what the next needs."""
    for command in commands:
        act = _DEEDS.get(command.verb)
        if act is None:
            continue
        deed.reader = await subscribers.get(deed.connection, deed.reader.id)
        deed.page.show_now = True
        await act(deed, command)


async def _add(deed: Deed, command: Command) -> None:
    if deed.reader.state is SubscriberState.PAUSED and command.verb is Verb.SUBSCRIBE:
        await _resume(deed, command)
    if not command.queries:
        return
    rows = await deed.held()
    schedule = await deed.timing(command.when, rows)
    wishes = await wishing.read(deed.connection, command.queries, schedule, deed.page)
    for wish in wishes:
        typed = wish.query.typed
        count = await change.add_queries(
            deed.connection, deed.reader.id, [wish], origin=Origin.MAIL, now=deed.now
        )
        name = shown(deed.page.language, typed) if not wish.topic else _topic_name(command, wish.topic[0])
        key = "topic_added" if wish.topic and count else "added" if count else "had"
        deed.done(key, query=name)


def _topic_name(command: Command, topic_id: int) -> str:
    return command.queries[0] if len(command.queries) == 1 else f"#{topic_id}"


async def _remove(deed: Deed, command: Command) -> None:
    rows = await deed.held()
    for text in command.queries:
        found = _named(rows, text)
        if not found:
            deed.failed("not_held", query=text)
            continue
        await change.drop_queries(
            deed.connection, deed.reader.id, [row.root_id for row in found], now=deed.now
        )
        for row in found:
            deed.done("removed", query=shown(deed.page.language, row.shown))


def _named(rows: Sequence[SubscriptionRow], text: str) -> list[SubscriptionRow]:
    """The subscriptions a person means: by label, title, what they typed, or the same meaning."""
    wanted = text.strip().casefold()
    found = [
        row
        for row in rows
        if wanted in {row.shown.casefold(), row.typed.casefold(), (row.topic_name or "").casefold()}
    ]
    if found:
        return found
    try:
        canonical = parse(text).canonical
    except QuerySyntaxError:
        return []
    return [row for row in rows if row.canonical == canonical]


async def _schedule(deed: Deed, command: Command) -> None:
    rows = await deed.held()
    if not command.queries:
        schedule = await deed.timing(command.when, rows)
        await change.move_queries(deed.connection, deed.reader.id, schedule, now=deed.now)
        deed.done("moved_all", schedule=describe(schedule, deed.page.language))
        return
    for text in command.queries:
        found = _named(rows, text)
        if not found:
            deed.failed("not_held", query=text)
            continue
        schedule = await deed.timing(command.when, found)
        roots = [row.root_id for row in found]
        await change.move_queries(deed.connection, deed.reader.id, schedule, roots=roots, now=deed.now)
        deed.done("moved", query=found[0].shown, schedule=describe(schedule, deed.page.language))


async def _zone(deed: Deed, command: Command) -> None:
    try:
        zone = check_zone(command.value)
    except ValueError:
        deed.failed("bad_zone", zone=command.value)
        return
    await change.set_zone(deed.connection, deed.reader.id, zone, now=deed.now)
    deed.done("zone", zone=zone)


async def _language(deed: Deed, command: Command) -> None:
    await change.set_setting(deed.connection, deed.reader.id, language=command.value)
    deed.page.language = command.value
    deed.done("language")


async def _format(deed: Deed, command: Command) -> None:
    await change.set_setting(deed.connection, deed.reader.id, format=command.value)
    deed.done("format", format=command.value)


async def _pause(deed: Deed, command: Command) -> None:
    until = pause_end(command.value, deed.reader.zone)
    await pause.pause(deed.connection, deed.reader.id, until=until)
    deed.done("paused" if until else "paused_open", until=command.value)


def pause_end(text: str, zone: str) -> datetime | None:
    """The first instant of a local day (ISO date), None for a pause without end."""
    if not text:
        return None
    return datetime.combine(date.fromisoformat(text), time(), tzinfo=ZoneInfo(zone))


async def _resume(deed: Deed, _command: Command) -> None:
    was_paused = await pause.resume(deed.connection, deed.reader.id)
    deed.done("resumed" if was_paused else "not_paused")


async def _address(deed: Deed, command: Command) -> None:
    try:
        address = check_address(command.value)
    except ValueError:
        deed.failed("address_bad", address=command.value)
        return
    if address_key(address) == deed.reader.address_key:
        deed.done("address_same")
        return
    await ask_new_address(
        deed.connection, deed.room, deed.reader, address, inbound_id=deed.inbound_id, now=deed.now
    )
    # the same words whether or not the address is taken or its limit reached: no answer reveals who is subscribed
    deed.done("address_asked", address=address)


async def _send_now(deed: Deed, _command: Command) -> None:
    count = await send_now(
        deed.connection, deed.room.contents, deed.reader.id, request=str(deed.inbound_id), now=deed.now
    )
    deed.done("sent_now" if count else "nothing_waits")


async def _export(deed: Deed, command: Command) -> None:
    await show(deed.connection, deed.room, deed.reader, [command], deed.page, now=deed.now)


_DEEDS: dict[Verb, Callable[[Deed, Command], Awaitable[None]]] = {
    Verb.SUBSCRIBE: _add,
    Verb.ADD: _add,
    Verb.REMOVE: _remove,
    Verb.SCHEDULE: _schedule,
    Verb.ZONE: _zone,
    Verb.LANGUAGE: _language,
    Verb.FORMAT: _format,
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
    Verb.ADDRESS: _address,
    Verb.SEND_NOW: _send_now,
    Verb.EXPORT: _export,
}
