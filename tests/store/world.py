"""The product's own steps on a real store, by the short names that the tests of the rule use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from alertd.config.settings import Topic
from alertd.digest.contents import ContentMaker
from alertd.digest.edition import Editions
from alertd.digest.withdraw import withdraw
from alertd.matching.announce import Announcer
from alertd.model import (
    Announce,
    Cause,
    EditionId,
    Kind,
    Origin,
    QueryId,
    ReportFields,
    ReportId,
    Schedule,
    SubscriberId,
    SubscriptionId,
    fields_to_json,
)
from alertd.query import Document, parse
from alertd.store import schedules, subscriptions, topics
from alertd.store.engines import Store
from alertd.store.tables import catalogue, content, delivery, digest, report, revision, told
from alertd.subscribers import change, leave, pause
from alertd.subscribers.enrol import Enrolment, Wish, enrol
from alertd.subscribers.topics import restricted, spread, sync
from tests.store.obligations import MEANINGS

START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
SCHEDULES = {
    "immediate": Schedule(Kind.IMMEDIATE),
    "daily": Schedule(Kind.DAILY, minute=480),
    "weekly": Schedule(Kind.WEEKLY, days=3, minute=480),
}


class WordMatcher:
    """A matcher by whole words that can be blind for some queries, so that their matches are found late."""

    def __init__(self) -> None:
        self._queries: dict[QueryId, str] = {}
        self.blind: frozenset[str] = frozenset()
        self.words: frozenset[str] = frozenset()

    def add(self, query_id: QueryId, canonical: str) -> None:
        """Remember a query by which of ours it is."""
        text = next((text for text in MEANINGS if parse(text).canonical == canonical), None)
        if text is not None:
            self._queries[query_id] = text

    def discard(self, query_id: QueryId) -> None:
        """Forget a query."""
        self._queries.pop(query_id, None)

    def match(self, document: Document) -> set[QueryId]:
        """The queries that match the words set beside it."""
        del document
        return {
            id_
            for id_, text in self._queries.items()
            if text not in self.blind and MEANINGS[text](self.words)
        }


class NoAlarm:
    """An alarm that remembers."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, ...]] = []

    async def unbalanced(
        self, connection: Any, edition: Any, mismatches: tuple[str, ...], now: datetime
    ) -> None:
        """Remember."""
        del connection, edition, now
        self.rung.append(mismatches)


@dataclass
class Sent:
    """One digest as it was written."""

    reader: str
    schedule: str
    told: set[tuple[str, int]]
    shown: dict[str, tuple[int, set[str]]]


@dataclass
class World:
    """A store with a catalogue, and the product's steps on it."""

    store: Store
    contents: ContentMaker
    chunk_size: int = 2
    now: datetime = START
    matcher: WordMatcher = field(default_factory=WordMatcher)
    alarm: NoAlarm = field(default_factory=NoAlarm)
    reports: dict[str, ReportId] = field(default_factory=dict)
    readers: dict[str, SubscriberId] = field(default_factory=dict)
    roots: dict[str, SubscriptionId] = field(default_factory=dict)
    editions_seen: dict[EditionId, str] = field(default_factory=dict)
    last_digest: int = 0

    def __post_init__(self) -> None:
        self.announcer = Announcer(self.matcher)
        self.editions = Editions(self.store, self.contents, self.alarm, chunk_size=self.chunk_size)

    async def begin(self) -> None:
        """A catalogue to have reports in."""
        async with self.store.write() as connection:
            await connection.execute(
                insert(catalogue).values(
                    name="drc", feed="http://localhost/", state="active", failures=0,
                    next_poll_at=self.now, longest_gap_ms=0,
                )
            )  # fmt: skip

    async def store_report(
        self, name: str, number: int, words: frozenset[str], *, state: str = "held"
    ) -> None:
        """Store a revision; it is effective only when announced."""
        fields = fields_to_json(ReportFields(title=f"{name} {' '.join(sorted(words))}"))
        async with self.store.write() as connection:
            if name not in self.reports:
                row = insert(report).values(
                    catalogue_id=1, identity=name, revision=number, state=state,
                    seen_at=self.now, last_seen_at=self.now,
                ).returning(report.c.id)  # fmt: skip
                self.reports[name] = ReportId((await connection.execute(row)).scalar_one())
            await connection.execute(update(report).where(report.c.identity == name).values(revision=number))
            await connection.execute(
                insert(revision).values(
                    report_id=self.reports[name], revision=number, content_hash=f"{name}{number}",
                    fields=fields, seen_at=self.now,
                )
            )  # fmt: skip

    async def announce(
        self,
        name: str,
        number: int,
        words: frozenset[str],
        cause: Cause,
        *,
        blind: frozenset[str] = frozenset(),
    ) -> None:
        """Announce a stored revision."""
        self.matcher.blind, self.matcher.words = blind, words
        fields = ReportFields(title=f"{name} {' '.join(sorted(words))}")
        async with self.store.write() as connection:
            await self.announcer(
                connection, [Announce(self.reports[name], number, "drc", fields, cause)], self.now
            )

    async def retract(self, name: str, *, state: str) -> None:
        """Set a report's state."""
        async with self.store.write() as connection:
            await connection.execute(update(report).where(report.c.identity == name).values(state=state))

    async def sign_up(self, reader: str, root: str, query: str, schedule: str) -> None:
        """Enrol a reader (again) with one query."""
        wish = Wish(parse(query), SCHEDULES[schedule], label=query)
        person = Enrolment(f"{reader}@example.org", "en", "UTC", "text", (wish,))
        async with self.store.write() as connection:
            ids = await enrol(connection, [person], origin=Origin.MAIL, now=self.now)
        self.readers[reader] = next(iter(ids.values()))
        await self._note_root(reader, root)

    async def add(self, reader: str, root: str, query: str, schedule: str, *, topic: bool) -> None:
        """Add a query, or the topic "t" whose query it is."""
        wish = Wish(parse(query), SCHEDULES[schedule], label=query)
        async with self.store.write() as connection:
            if topic:
                row = (await topics.all_rows(connection))["t"]
                wish = Wish(restricted(parse(row.typed), ()), SCHEDULES[schedule], "", (row.id, row.version))
            await change.add_queries(
                connection, self.readers[reader], [wish], origin=Origin.MAIL, now=self.now
            )
        await self._note_root(reader, root)

    async def _note_root(self, reader: str, root: str) -> None:
        async with self.store.read() as connection:
            rows = (await subscriptions.of_subscribers(connection, [self.readers[reader]]))[
                self.readers[reader]
            ]
        self.roots[root] = max(row.root_id for row in rows)

    async def drop(self, reader: str, root: str) -> None:
        """Drop a query."""
        async with self.store.write() as connection:
            await change.drop_queries(connection, self.readers[reader], [self.roots[root]], now=self.now)

    async def move(self, reader: str, roots: Sequence[str] | None, schedule: str) -> None:
        """Move some queries, or all, to another schedule."""
        ids = None if roots is None else [self.roots[root] for root in roots]
        async with self.store.write() as connection:
            await change.move_queries(
                connection, self.readers[reader], SCHEDULES[schedule], roots=ids, now=self.now
            )

    async def edit_topic(self, query: str) -> None:
        """Give the topic "t" another query and bring it to its readers."""
        async with self.store.write() as connection:
            await sync(connection, [Topic("t", query, query)], now=self.now)
        await spread(self.store, limit=2)

    async def pause(self, reader: str) -> None:
        """Pause without an end."""
        async with self.store.write() as connection:
            await pause.pause(connection, self.readers[reader], until=None)

    async def resume(self, reader: str, *, skip: bool) -> None:
        """Resume."""
        async with self.store.write() as connection:
            await pause.resume(connection, self.readers[reader], skip=skip)

    async def leave(self, reader: str) -> None:
        """End."""
        async with self.store.write() as connection:
            await leave.end(connection, [self.readers[reader]], reason=leave.BY_THEMSELVES, now=self.now)

    async def withdraw(self, number: int) -> bool:
        """Withdraw one digest that is still pending; whether it was."""
        async with self.store.write() as connection:
            found = (
                await connection.execute(select(delivery.c.id).where(delivery.c.digest_id == number))
            ).scalar_one()
            return bool(await withdraw(connection, [found], reason="paused", now=self.now))

    async def open(self, *, until: str) -> list[tuple[EditionId, str]]:
        """Move the time to where a schedule is due and open all that is due then."""
        self.now += timedelta(minutes=1)
        async with self.store.read() as connection:
            rows = await schedules.all_rows(connection)
        due = [row.next_due_at for row in rows if row.value == SCHEDULES[until] and row.next_due_at]
        self.now = max([self.now, *due])
        opened = await self.editions.open_due(self.now)
        found = []
        async with self.store.read() as connection:
            from alertd.store import editions

            by_id = {row.id: row for row in await editions.unfinished(connection)}
        names = {row.id: name for row in rows for name, value in SCHEDULES.items() if row.value == value}
        for edition_id in opened:
            self.editions_seen[edition_id] = names[by_id[edition_id].schedule_id]
            found.append((edition_id, self.editions_seen[edition_id]))
        return found

    async def new_digests(self) -> dict[int, Sent]:
        """The digests written since the last look."""
        names = {id_: name for name, id_ in self.readers.items()}
        titles = {id_: name for name, id_ in self.reports.items()}
        async with self.store.read() as connection:
            rows = (
                await connection.execute(
                    select(digest.c.id, digest.c.edition_id, digest.c.subscriber_id, content.c["items"])
                    .join(content, content.c.id == digest.c.content_id)
                    .where(digest.c.id > self.last_digest)
                    .order_by(digest.c.id)
                )
            ).all()
            found = {}
            for row in rows:
                ledger = (
                    await connection.execute(
                        select(told.c.report_id, told.c.revision).where(told.c.digest_id == row.id)
                    )
                ).all()
                found[row.id] = Sent(
                    reader=names[row.subscriber_id],
                    schedule=self.editions_seen[row.edition_id],
                    told={(titles[a], b) for a, b in ledger},
                    shown={
                        titles[each["id"]]: (each["revision"], set(each["found_by"]))
                        for each in row._mapping["items"]["reports"]
                    },
                )
                self.last_digest = row.id
        return found
