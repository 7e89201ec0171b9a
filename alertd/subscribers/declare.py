"""Bring config/*.toml into the store: topics first, then subscribers in chunks, each chunk one transaction.

Applying the same files twice changes nothing, so a crash between chunks is mended by applying again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.config.settings import Declared, DeclaredSubscriber
from alertd.errors import RefusedError
from alertd.model import Origin, SubscriberId
from alertd.query import parse, restrict
from alertd.store import announcements, configs, consents, schedules, subscribers, subscriptions
from alertd.store import topics as topic_rows
from alertd.store.consents import Consent
from alertd.store.engines import Store
from alertd.subscribers import change, leave, topics
from alertd.subscribers.enrol import Enrolment, Wish, add_wishes, enrol
from alertd.subscribers.plan import Edit, Plan, decide

_CHUNK = 500
T = TypeVar("T")

Welcome = Callable[[AsyncConnection, Sequence[tuple[SubscriberId, Enrolment]], datetime], Awaitable[None]]
"""Queues the welcome mails of new readers in this transaction."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What the files would change in the store.

    Attributes:
        topics: names by `added`, `changed`, `ended`.
        refusal: why it needs `--force`, "" when it does not.
    """

    plan: Plan
    topics: dict[str, tuple[str, ...]]
    refusal: str

    def __bool__(self) -> bool:
        return bool(self.plan.enrol or self.plan.edits or self.plan.end or any(self.topics.values()))

    def counts(self) -> dict[str, int]:
        """How many of each there are, for logs."""
        found = {
            "subscribers_added": len(self.plan.enrol),
            "subscribers_changed": len(self.plan.edits),
            "subscribers_ended": len(self.plan.end),
        }
        return found | {f"topics_{verb}": len(names) for verb, names in self.topics.items()}

    def as_json(self) -> dict[str, Any]:
        """For listings: addresses and topic names."""
        return {
            "subscribers": {
                "added": [each.address for each in self.plan.enrol],
                "changed": [each.address for each in self.plan.edits],
                "ended": [address for _, address in self.plan.end],
            },
            "topics": {verb: list(names) for verb, names in self.topics.items()},
            "refused": self.refusal,
        }


async def compare(connection: AsyncConnection, declared: Declared) -> Changes:
    """What the files would change, read in one transaction."""
    stored = await topic_rows.all_rows(connection, ended=True)
    plan = await _plan(connection, declared)
    return Changes(
        plan=plan,
        topics=topics.changed(declared.topics, stored),
        refusal=plan.refusal(absent="subscribers.toml" in declared.missing),
    )


async def _plan(connection: AsyncConnection, declared: Declared) -> Plan:
    wishes = await _wishes(connection, declared)
    readers = await _readers(connection, declared.subscribers)
    held = await subscriptions.of_subscribers(connection, [row.id for row in readers], dropped=True)
    values = {row.id: row.value for row in await schedules.all_rows(connection)}
    return decide(declared.subscribers, wishes, readers, held, values)


async def _readers(
    connection: AsyncConnection, declared: Sequence[DeclaredSubscriber]
) -> list[subscribers.SubscriberRow]:
    keys = {address_key(each.address) for each in declared}
    found = []
    after = SubscriberId(0)
    while rows := await subscribers.page(connection, after=after, limit=2000):
        of_file = await subscriptions.with_open_of_origin(connection, [row.id for row in rows], Origin.FILE)
        found += [
            row for row in rows if row.address_key in keys or row.origin is Origin.FILE or row.id in of_file
        ]
        after = rows[-1].id
    return found


async def _wishes(connection: AsyncConnection, declared: Declared) -> dict[str, tuple[Wish, ...]]:
    stored = await topic_rows.all_rows(connection)
    found = {}
    for each in declared.subscribers:
        wishes = []
        for asked in each.queries:
            query = parse(asked.query)
            row = stored.get(asked.topic)
            if asked.topic and row is not None:
                topic = (row.id, row.version)
                narrowed = topics.restricted(query, each.catalogues)
                wishes.append(Wish(narrowed, asked.schedule, asked.label, topic))
            else:
                wishes.append(Wish(restrict(query, each.catalogues), asked.schedule, asked.label))
        found[address_key(each.address)] = tuple(wishes)
    return found


async def apply(
    store: Store,
    declared: Declared,
    *,
    welcome: Welcome,
    hash_address: Callable[[str], str],
    host: str,
    force: bool = False,
    now: datetime,
) -> Changes:
    """Make the store what the files declare.

    Raises:
        RefusedError: it would end too many readers, or the file is absent; nothing was changed.
    """
    async with store.read() as connection:
        changes = await compare(connection, declared)
    if changes.refusal and not force:
        raise RefusedError(f"{changes.refusal}. Nothing was changed. If it is meant, say so with --force")
    async with store.write() as connection:
        await topics.sync(connection, declared.topics, now=now)
        changes = Changes(await _plan(connection, declared), changes.topics, changes.refusal)
    plan = changes.plan
    for part in _chunks(plan.enrol):
        async with store.write() as connection:
            ids = await enrol(connection, part, origin=Origin.FILE, now=now)
            people = [(ids[address_key(each.address)], each) for each in part]
            await consents.note(connection, [_declared(*each, hash_address, now) for each in people])
            await welcome(connection, people, now)
    for edits in _chunks(plan.edits):
        async with store.write() as connection:
            for edit in edits:
                await _apply_edit(connection, edit, now)
    for ending in _chunks(plan.end):
        async with store.write() as connection:
            await leave.end(connection, [reader for reader, _ in ending], reason=leave.OUT_OF_FILE, now=now)
    await topics.spread(store)
    async with store.write() as connection:
        await configs.note(connection, hash_=declared.files_hash, host=host, now=now)
    return changes


def _declared(
    reader: SubscriberId, person: Enrolment, hash_address: Callable[[str], str], now: datetime
) -> Consent:
    return Consent(reader, hash_address(address_key(person.address)), "declared", "file", now)


def _chunks(rows: Sequence[T]) -> list[Sequence[T]]:
    return [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]


async def _apply_edit(connection: AsyncConnection, edit: Edit, now: datetime) -> None:
    no = await announcements.share_counter(connection)
    reader = edit.subscriber_id
    await subscribers.lock(connection, [reader])
    # drop after adding, so that a reader whose queries are all exchanged keeps their cursors
    await add_wishes(connection, [(reader, wish) for wish in edit.add], origin=Origin.FILE, no=no, now=now)
    await subscriptions.drop(connection, edit.drop, reason=leave.OUT_OF_FILE, now=now)
    for root, label in edit.label:
        await subscriptions.set_label(connection, root, label)
    for root, schedule in edit.move:
        await change.move_queries(connection, reader, schedule, roots=[root], own=False, now=now)
    columns = {"time_zone": "zone"}
    values = {columns.get(name, name): value for name, value in edit.settings.items()}
    await subscribers.change(connection, reader, **values)
