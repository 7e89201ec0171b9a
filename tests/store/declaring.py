"""Declared readers for tests: what config/*.toml would give, and applying it to a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.config.settings import Catalogue, Declared, DeclaredQuery, DeclaredSubscriber, Topic
from alertd.model import Kind, Schedule, SubscriberId
from alertd.store import schedules, subscribers, subscriptions, tables
from alertd.store.engines import Store
from alertd.store.subscribers import SubscriberRow
from alertd.store.subscriptions import SubscriptionRow
from alertd.subscribers import declare
from alertd.subscribers.declare import Changes
from alertd.subscribers.enrol import Enrolment
from tests.store.world import START

DAILY = Schedule(Kind.DAILY, minute=480)
WEEKLY = Schedule(Kind.WEEKLY, days=1, minute=480)
IMMEDIATE = Schedule(Kind.IMMEDIATE)

RURAL = Topic("rural", "Rural economy", "rural OR farmland")


def asked(query: str, schedule: Schedule = DAILY, *, label: str = "", topic: str = "") -> DeclaredQuery:
    """One query of a declared subscriber."""
    return DeclaredQuery(query, topic, label, schedule)


def of_topic(topic: Topic = RURAL, schedule: Schedule = DAILY, *, label: str = "") -> DeclaredQuery:
    """A topic that a declared subscriber has."""
    return asked(topic.query, schedule, label=label, topic=topic.name)


def person(
    name: str,
    *queries: DeclaredQuery,
    catalogues: Sequence[str] = (),
    zone: str = "UTC",
    language: str = "en",
    format: str = "html",  # noqa: A002
) -> DeclaredSubscriber:
    """A declared subscriber, asking for `alpha` every day unless told otherwise."""
    return DeclaredSubscriber(
        name if "@" in name else f"{name}@example.org",
        queries or (asked("alpha"),),
        tuple(catalogues),
        schedule=DAILY,
        time_zone=zone,
        language=language,
        format=format,
    )


def files(
    *people: DeclaredSubscriber,
    topics: Sequence[Topic] = (),
    catalogues: Sequence[Catalogue] = (),
    missing: Sequence[str] = (),
) -> Declared:
    """What config/*.toml declares."""
    return Declared(
        catalogues=tuple(catalogues),
        topics=tuple(topics),
        subscribers=people,
        files_hash=f"{len(people)}",
        missing=tuple(missing),
    )


@dataclass
class Applying:
    """A store that files are applied to; remembers who was welcomed."""

    store: Store
    welcomed: list[str] = field(default_factory=list)
    fail_at: int | None = None
    calls: int = 0

    async def welcome(
        self, connection: AsyncConnection, people: Sequence[tuple[SubscriberId, Enrolment]], now: datetime
    ) -> None:
        """Remember; fail when told to, as a crash would."""
        del connection, now
        self.calls += 1
        if self.calls == self.fail_at:
            raise ConnectionError("the process died")
        self.welcomed += [each.address for _, each in people]

    async def apply(self, declared: Declared, *, force: bool = False, now: datetime = START) -> Changes:
        """Apply files."""
        return await declare.apply(
            self.store,
            declared,
            welcome=self.welcome,
            hash_address=lambda address: f"hash of {address}",
            host="here",
            force=force,
            now=now,
        )

    async def compare(self, declared: Declared, *, now: datetime = START) -> Changes:
        """What files would change."""
        async with self.store.read() as connection:
            return await declare.compare(
                connection, declared, hash_address=lambda address: f"hash of {address}", now=now
            )

    async def reader(self, name: str) -> SubscriberRow:
        """A stored reader."""
        async with self.store.read() as connection:
            row = await subscribers.find_by_key(connection, address_key(_address(name)))
        assert row is not None, name
        return row

    async def rows(self, name: str, *, dropped: bool = False) -> list[SubscriptionRow]:
        """What a stored reader asks for."""
        reader = await self.reader(name)
        async with self.store.read() as connection:
            found = await subscriptions.of_subscribers(connection, [reader.id], dropped=dropped)
        return found.get(reader.id, [])

    async def asks(self, name: str) -> dict[str, Schedule]:
        """What a stored reader asks for, by canonical query."""
        async with self.store.read() as connection:
            values = {row.id: row.value for row in await schedules.all_rows(connection)}
        return {row.canonical: values[row.schedule_id] for row in await self.rows(name)}

    async def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        async with self.store.read() as connection:
            return {
                table.name: sorted([tuple(row) for row in await connection.execute(select(table))], key=repr)
                for table in tables.metadata.sorted_tables
            }


def _address(name: str) -> str:
    return name if "@" in name else f"{name}@example.org"
