"""Bring config/*.toml into the store: topics first, then subscribers in chunks, each chunk one transaction.

Applying the same files twice changes nothing, so a crash between chunks is mended by applying again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.config.declared_keys import CATALOGUES_FILE, TOPICS_FILE
from alertd.config.settings import Declared, DeclaredSubscriber
from alertd.errors import RefusedError
from alertd.model import No, Origin, Schedule, SubscriberId, SubscriptionId
from alertd.query import parse, restrict
from alertd.store import announcements, catalogues, configs, consents, schedules, subscribers, subscriptions
from alertd.store import topics as topic_rows
from alertd.store.consents import LEFT, Consent
from alertd.store.engines import Store
from alertd.store.subscribers import SubscriberRow
from alertd.store.subscriptions import SubscriptionRow
from alertd.store.topics import TopicRow
from alertd.subscribers import leave, topics
from alertd.subscribers.enrol import Enrolment, Wish, add_wishes, enrol
from alertd.subscribers.own import former_keys
from alertd.subscribers.plan import Edit, Plan, decide
from alertd.subscribers.plan import refusal as plan_refusal

_CHUNK = 500
T = TypeVar("T")

Welcome = Callable[[AsyncConnection, Sequence[tuple[SubscriberId, Enrolment]], datetime], Awaitable[None]]
"""Queues the welcome mails of new readers in this transaction."""

HashAddress = Callable[[str], str]
"""From an address to the hash under which evidence about it is kept."""

Names = dict[str, tuple[str, ...]]
"""Of topics or catalogues, by `added`, `changed`, `ended`."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What the files would change in the store.

    Attributes:
        topics: names by `added`, `changed`, `ended`.
        catalogues: likewise; one is changed when its feed is, the rest of its settings is in no table.
        refusal: why it needs `--force`, "" when it does not.
    """

    plan: Plan
    topics: Names
    catalogues: Names
    refusal: str

    def __bool__(self) -> bool:
        of_readers = self.plan.enrol or self.plan.edits or self.plan.end
        return bool(of_readers or any(self.topics.values()) or any(self.catalogues.values()))

    def counts(self) -> dict[str, int]:
        """How many of each there are, for logs."""
        found = {
            "subscribers_added": len(self.plan.enrol),
            "subscribers_changed": len(self.plan.edits),
            "subscribers_ended": len(self.plan.end),
            "subscribers_skipped": len(self.plan.skipped),
        }
        found |= {f"topics_{verb}": len(names) for verb, names in self.topics.items()}
        return found | {f"catalogues_{verb}": len(names) for verb, names in self.catalogues.items()}

    def as_json(self) -> dict[str, Any]:
        """For listings: addresses, and the names of topics and catalogues."""
        return {
            "subscribers": {
                "added": [each.address for each in self.plan.enrol],
                "changed": [each.address for each in self.plan.edits],
                "ended": [address for _, address in self.plan.end],
                "skipped": [{"address": address, "reason": reason} for address, reason in self.plan.skipped],
            },
            "topics": {verb: list(names) for verb, names in self.topics.items()},
            "catalogues": {verb: list(names) for verb, names in self.catalogues.items()},
            "refused": self.refusal,
        }


async def compare(
    connection: AsyncConnection, declared: Declared, *, hash_address: HashAddress, now: datetime
) -> Changes:
    """What the files would change at this instant, read in one transaction."""
    plan = await _whole_plan(connection, declared, hash_address, now)
    of_topics, of_catalogues = await _names(connection, declared)
    return Changes(plan, of_topics, of_catalogues, _refusal(plan, of_topics, of_catalogues, declared))


async def refusal(connection: AsyncConnection, declared: Declared) -> str:
    """Why these files would be refused without `--force`, "" when they would not; needs no keys, unlike `compare`."""
    plan = await _decide(connection, declared.subscribers, await _readers(connection, declared))
    return _refusal(plan, *await _names(connection, declared), declared)


def _refusal(plan: Plan, of_topics: Names, of_catalogues: Names, declared: Declared) -> str:
    given = {CATALOGUES_FILE: declared.catalogues, TOPICS_FILE: declared.topics}
    return plan_refusal(
        plan,
        topics=of_topics["ended"],
        catalogues=of_catalogues["ended"],
        missing=declared.missing,
        empty=[name for name, rows in given.items() if not rows and name not in declared.missing],
    )


async def _names(connection: AsyncConnection, declared: Declared) -> tuple[Names, Names]:
    """What becomes of topics, and of catalogues: of these, one that comes back counts as added, as with topics."""
    found = catalogues.compare(
        await catalogues.all_rows(connection), {each.name: each.feed for each in declared.catalogues}
    )
    return topics.changed(declared.topics, await topic_rows.all_rows(connection, ended=True)), {
        "added": (*found.added, *found.returned),
        "changed": tuple(name for name in found.changed if name not in found.returned),
        "ended": found.ended,
    }


async def apply(
    store: Store,
    declared: Declared,
    *,
    welcome: Welcome,
    hash_address: HashAddress,
    host: str,
    force: bool = False,
    now: datetime,
) -> Changes:
    """Make the store what the files declare.

    Raises:
        RefusedError: it would end too many readers, or a file is absent or empty that gave something; nothing was changed.
    """
    async with store.read() as connection:
        changes = await compare(connection, declared, hash_address=hash_address, now=now)
    if changes.refusal and not force:
        raise RefusedError(f"{changes.refusal}. Nothing was changed. If it is meant, say so with --force")
    async with store.write() as connection:
        await topics.sync(connection, declared.topics, now=now)
    async with store.read() as connection:  # new topics have their ids now
        changes = replace(changes, plan=await _whole_plan(connection, declared, hash_address, now))
    by_key = {address_key(each.address): each for each in declared.subscribers}
    for part in _chunks(_concerned(changes.plan)):
        async with store.write() as connection:
            await _apply_chunk(connection, by_key, part, welcome=welcome, hash_address=hash_address, now=now)
    await topics.spread(store)
    async with store.write() as connection:
        await configs.note(connection, hash_=declared.files_hash, host=host, now=now)
    return changes


async def _whole_plan(
    connection: AsyncConnection, declared: Declared, hash_address: HashAddress, now: datetime
) -> Plan:
    readers = await _readers(connection, declared)
    return await _plan(connection, declared.subscribers, readers, hash_address, now)


async def _readers(connection: AsyncConnection, declared: Declared) -> list[SubscriberRow]:
    """Every reader whom the file names, or who is there by an earlier one."""
    keys = {address_key(each.address) for each in declared.subscribers}
    found = []
    after = SubscriberId(0)
    while rows := await subscribers.page(connection, after=after, limit=2000):
        of_file = await subscriptions.with_open_of_origin(connection, [row.id for row in rows], Origin.FILE)
        found += [
            row
            for row in rows
            if row.origin is Origin.FILE
            or row.id in of_file
            or not keys.isdisjoint({row.address_key, *former_keys(row.own_settings)})
        ]
        after = rows[-1].id
    return found


async def _plan(
    connection: AsyncConnection,
    declared: Sequence[DeclaredSubscriber],
    readers: Sequence[SubscriberRow],
    hash_address: HashAddress,
    now: datetime,
) -> Plan:
    plan = await _decide(connection, declared, readers)
    enrolled, skipped = await _willing(connection, plan.enrol, hash_address, now)
    return replace(plan, enrol=enrolled, skipped=skipped)


async def _decide(
    connection: AsyncConnection, declared: Sequence[DeclaredSubscriber], readers: Sequence[SubscriberRow]
) -> Plan:
    stored = await topic_rows.all_rows(connection)
    wishes = {address_key(each.address): _wishes(each, stored) for each in declared}
    held: dict[SubscriberId, list[SubscriptionRow]] = {}
    for part in _chunks(readers):
        ids = [row.id for row in part]
        held |= await subscriptions.of_subscribers(connection, ids, dropped=True)
    values = {row.id: row.value for row in await schedules.all_rows(connection)}
    return decide(declared, wishes, readers, held, values)


async def _willing(
    connection: AsyncConnection, people: Sequence[Enrolment], hash_address: HashAddress, now: datetime
) -> tuple[tuple[Enrolment, ...], tuple[tuple[str, str], ...]]:
    """Those to enrol, and those who must not be mailed, with the reason.

    Without those who left and were forgotten: no row tells of it, only the hash of their address. Likewise a complaint stands
    when no row tells of it any more, or when it came after the file had ended them.
    """
    found: list[Enrolment] = []
    skipped: list[tuple[str, str]] = []
    for part in _chunks(people):
        hashes = {each.address: hash_address(address_key(each.address)) for each in part}
        last = await consents.last_acts(connection, set(hashes.values()))
        listed = await consents.suppressed(connection, set(hashes.values()), now=now)
        for each in part:
            hash_ = hashes[each.address]
            if hash_ in listed:
                reason, since = listed[hash_]
                skipped.append((each.address, f"{reason}, since {since:%Y-%m-%d}"))
            elif last.get(hash_) != LEFT:
                found.append(each)
    return tuple(found), tuple(skipped)


def _wishes(each: DeclaredSubscriber, stored: Mapping[str, TopicRow]) -> tuple[Wish, ...]:
    found = []
    for asked in each.queries:
        query = parse(asked.query)
        row = stored.get(asked.topic)
        if asked.topic and row is not None:
            narrowed = topics.restricted(query, each.catalogues)
            found.append(
                Wish(narrowed, asked.schedule, asked.label, topic=(row.id, row.version), title=row.title)
            )
        else:
            found.append(Wish(restrict(query, each.catalogues), asked.schedule, asked.label))
    return tuple(found)


def _concerned(plan: Plan) -> list[str]:
    """The addresses that a plan changes something for."""
    return [
        *(each.address for each in plan.enrol),
        *(each.address for each in plan.edits),
        *(address for _, address in plan.end),
    ]


async def _apply_chunk(
    connection: AsyncConnection,
    by_key: Mapping[str, DeclaredSubscriber],
    addresses: Sequence[str],
    *,
    welcome: Welcome,
    hash_address: HashAddress,
    now: datetime,
) -> None:
    """Decide again for these people, now that their rows are locked, and do it: they may have changed something since."""
    no = await announcements.share_counter(connection)
    keys = {address_key(each) for each in addresses}
    rows = await subscribers.find_by_keys(connection, keys, lock=True)
    former = {key for row in rows for key in former_keys(row.own_settings)}
    keys |= former - {row.address_key for row in await subscribers.find_by_keys(connection, former)}
    named = [by_key[key] for key in sorted(keys) if key in by_key]
    plan = await _plan(connection, named, rows, hash_address, now)
    await _enrol(connection, plan.enrol, welcome, hash_address, now)
    await _edit(connection, plan.edits, no, now)
    await leave.end(connection, [reader for reader, _ in plan.end], reason=leave.OUT_OF_FILE, now=now)


async def _enrol(
    connection: AsyncConnection,
    people: Sequence[Enrolment],
    welcome: Welcome,
    hash_address: HashAddress,
    now: datetime,
) -> None:
    if not people:
        return
    ids = await enrol(connection, people, origin=Origin.FILE, now=now)
    known = [(ids[address_key(each.address)], each) for each in people]
    await consents.note(
        connection,
        [
            Consent(reader, hash_address(address_key(person.address)), "declared", "file", now)
            for reader, person in known
        ],
    )
    await welcome(connection, known, now)


async def _edit(connection: AsyncConnection, edits: Sequence[Edit], no: No, now: datetime) -> None:
    # what is dropped is dropped last, so that a reader whose queries are all exchanged keeps their cursors
    wishes = [(edit.subscriber_id, wish) for edit in edits for wish in edit.add]
    await add_wishes(connection, wishes, origin=Origin.FILE, no=no, now=now)
    await subscriptions.set_labels(connection, [pair for edit in edits for pair in edit.label])
    moves: dict[Schedule, list[SubscriptionId]] = {}
    for root, schedule in (pair for edit in edits for pair in edit.move):
        moves.setdefault(schedule, []).append(root)
    ids = await schedules.ensure(connection, moves, now=now)
    for schedule, roots in moves.items():
        await subscriptions.move(connection, roots, to=ids[schedule])
    columns = {"time_zone": "zone"}
    await subscribers.change_many(
        connection,
        {
            edit.subscriber_id: {columns.get(name, name): value for name, value in edit.settings.items()}
            for edit in edits
        },
    )
    dropped = [root for edit in edits for root in edit.drop]
    await subscriptions.drop(connection, dropped, reason=leave.OUT_OF_FILE, now=now)


def _chunks(rows: Sequence[T]) -> list[Sequence[T]]:
    return [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
