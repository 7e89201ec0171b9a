"""Commands of a reader whose mail proved itself: what changes something, and what is asked beside it, in their order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from alertd.addresses import address_key, check_address
from alertd.digest.now import send_now
from alertd.model import Origin, Schedule, SubscriberState, SubscriptionId
from alertd.postmaster.acting import asking_first, wishing
from alertd.postmaster.acting.deed import Deed, named, pause_end
from alertd.postmaster.acting.showing import show
from alertd.postmaster.acting.words import echoed, shown, tongue
from alertd.postmaster.commands.model import Command, Verb
from alertd.postmaster.envelope import OurAddress
from alertd.postmaster.facts import Facts, may_not_sign_up
from alertd.schedule import check_zone, describe
from alertd.store import subscribers
from alertd.store.subscriptions import SubscriptionRow
from alertd.subscribers import change, pause
from alertd.subscribers.enrol import identity

MOST_QUERIES = 200
"""That one reader may ask for: each is asked of every new report."""


async def do(deed: Deed, commands: Sequence[Command]) -> None:
    """Do commands in their order, a change of language first: the answer is in it.

    The reader is read again before each, for one may change what the next needs.
    """
    for command in sorted(commands, key=lambda each: each.verb is not Verb.LANGUAGE):
        deed.reader = await subscribers.get(deed.connection, deed.reader.id)
        act = _DEEDS.get(command.verb)
        if act is None:
            await show(deed.connection, deed.room, deed.reader, [command], deed.page, now=deed.now)
            continue
        deed.page.show_now = True
        await act(deed, command)
    deed.reader = await subscribers.get(deed.connection, deed.reader.id)


async def _add(deed: Deed, command: Command) -> None:
    if deed.reader.state is SubscriberState.PAUSED and command.verb is Verb.SUBSCRIBE:
        await _resume(deed, command)
    rows = await deed.held()
    texts = command.queries
    if not texts and rows:
        deed.page.did("signed_up_already")
        return
    found = await wishing.read(deed.connection, texts or ("*",), deed.page)
    have = {identity(row): row for row in rows}
    schedule = await deed.new_timing(command.when)
    new = [(each, each.wish(schedule)) for each in found]
    new = [(each, wish) for each, wish in new if wish.identity not in have]
    room = max(0, MOST_QUERIES - len(rows))
    for each, _ in new[room:]:
        deed.page.could_not("too_many", query=echoed(each.name), most=MOST_QUERIES)
    wishes = [wish for _, wish in new[:room]]
    await change.add_queries(deed.connection, deed.reader.id, wishes, origin=Origin.MAIL, now=deed.now)
    for each, _ in new[:room]:
        key = "topic_added" if each.topic else "added"
        deed.page.did(key, query=shown(deed.page.language, each.name))
    again = [have[same] for each in found if (same := each.wish(schedule).identity) in have]
    if command.when is not None:
        await _move(deed, replace(command, verb=Verb.SCHEDULE), again)
        return
    for row in again:
        deed.page.did("had", query=shown(deed.page.language, row.shown))


async def _remove(deed: Deed, command: Command) -> None:
    found = await _meant(deed, command)
    await change.drop_queries(deed.connection, deed.reader.id, [row.root_id for row in found], now=deed.now)
    for row in found:
        deed.page.did("removed", query=shown(deed.page.language, row.shown))


async def _meant(deed: Deed, command: Command) -> list[SubscriptionRow]:
    """The subscriptions that a command names, each once; what is not there is told."""
    rows = await deed.held()
    found: dict[SubscriptionId, SubscriptionRow] = {}
    for text in command.queries:
        these = named(rows, text)
        if not these:
            deed.page.could_not("not_held", query=echoed(text))
        found |= {row.root_id: row for row in these}
    return list(found.values())


async def _schedule(deed: Deed, command: Command) -> None:
    if command.queries:
        await _move(deed, command, await _meant(deed, command))
        return
    rows = await deed.held()
    if not rows:
        deed.page.could_not("nothing_to_move")
        return
    await _move(deed, command, rows)


async def _move(deed: Deed, command: Command, rows: Sequence[SubscriptionRow]) -> None:
    wanted = await deed.timing(command.when, rows)
    groups: dict[Schedule, list[SubscriptionId]] = {}
    for root, schedule in wanted.items():
        groups.setdefault(schedule, []).append(root)
    for schedule, roots in groups.items():
        await change.move_queries(deed.connection, deed.reader.id, schedule, roots=roots, now=deed.now)
    language = deed.page.language
    if not command.queries and len(groups) == 1:
        deed.page.did("moved_all", schedule=describe(next(iter(groups)), language))
        return
    for row in rows:
        deed.page.did(
            "moved", query=shown(language, row.shown), schedule=describe(wanted[row.root_id], language)
        )


async def _zone(deed: Deed, command: Command) -> None:
    try:
        zone = check_zone(command.value)
    except ValueError:
        deed.page.could_not("bad_zone", zone=echoed(command.value))
        return
    await change.set_zone(deed.connection, deed.reader.id, zone, now=deed.now)
    deed.page.did("zone", zone=zone)


async def _language(deed: Deed, command: Command) -> None:
    await change.set_setting(deed.connection, deed.reader.id, language=command.value)
    deed.page.language = command.value
    deed.page.did("language", tongue=tongue(command.value, command.value))


async def _format(deed: Deed, command: Command) -> None:
    await change.set_setting(deed.connection, deed.reader.id, format=command.value)
    deed.page.did("format", format=deed.page.say(f"format_{command.value}"))


async def _pause(deed: Deed, command: Command) -> None:
    until = pause_end(command.value, deed.reader.zone)
    if until is not None and until <= deed.now:
        deed.page.could_not("pause_over", until=command.value)
        return
    await pause.pause(deed.connection, deed.reader.id, until=until)
    deed.page.did("paused" if until else "paused_open", until=command.value)


async def _resume(deed: Deed, _command: Command) -> None:
    was_paused = await pause.resume(deed.connection, deed.reader.id)
    deed.page.did("resumed" if was_paused else "not_paused")


async def _address(deed: Deed, command: Command) -> None:
    try:
        address = check_address(command.value)
    except ValueError:
        deed.page.could_not("address_bad", address=echoed(command.value))
        return
    service = deed.room.settings.service
    policy = Facts(service.address, refused_domains=deed.room.settings.intake.refuse_domains)
    if may_not_sign_up(address, policy) or OurAddress(service).owns(address):
        deed.page.could_not("address_bad", address=address)
        return
    if address_key(address) == deed.reader.address_key:
        deed.page.did("address_same")
        return
    await asking_first.ask_new_address(deed, address)
    # the same words whether or not the address is taken or its limit reached: no answer reveals who is subscribed
    deed.page.did("address_asked", address=address)


async def _send_now(deed: Deed, _command: Command) -> None:
    if deed.reader.state is SubscriberState.PAUSED:
        deed.page.could_not("paused_now")
        return
    count = await send_now(
        deed.connection,
        deed.room.contents,
        deed.reader.id,
        request=str(deed.evidence.inbound_id),
        now=deed.now,
    )
    deed.page.did("sent_now" if count else "nothing_waits")


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
}
