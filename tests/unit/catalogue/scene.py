"""A catalogue on a real server, polled into a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.catalogue.poll import Poller, PollResult
from alertd.catalogue.release import Released, release
from alertd.clock import ManualClock
from alertd.config.settings import Catalogue
from alertd.matching.announce import Announcer
from alertd.matching.naive import NaiveMatcher
from alertd.model import ReportState
from alertd.store import catalogues
from alertd.store.engines import Store
from alertd.store.tables import announcement, report
from tests.unit.catalogue.feeds import item, rss
from tests.unit.catalogue.serving import Answer, FeedServer, serving

DAY = timedelta(days=1)
SETTINGS = Catalogue(name="drc", flood_limit=3, allow_private=True)


class Alarms:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.held: list[tuple[str, ...]] = []
        self.why: list[str] = []

    async def hold(
        self, connection: AsyncConnection, catalogue: str, titles: Sequence[str], now: datetime, *, why: str
    ) -> None:
        """Remember a hold."""
        self.held.append(tuple(titles))
        self.why.append(why)


class Scene:
    """A catalogue that is polled, and what the store knows after it."""

    def __init__(self, store: Store, clock: ManualClock, feeds: FeedServer) -> None:
        self.store = store
        self.clock = clock
        self.feeds = feeds
        self.alarms = Alarms()
        self.announcer = Announcer(NaiveMatcher())
        self.settings = replace(SETTINGS, feed=feeds.url + "/feed")
        self.poller = Poller(
            store,
            clock,
            self.announcer,
            self.alarms,
            settings=(self.settings,),
            contact="owner@example.org",
            chance=Random(1),
        )

    def use(self, **changes: object) -> None:
        """Change the catalogue's settings."""
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        self.poller.use((self.settings,))

    def serve(self, *items: str, **headers: str) -> None:
        """Let the feed hold these."""
        self.feeds.at("/feed", Answer(body=rss(*items).encode(), headers=headers))

    async def poll(self, *items: str, after: timedelta = timedelta(minutes=15)) -> PollResult:
        """Poll, a feed of these entries if any are given."""
        if items:
            self.serve(*items)
        self.clock.advance(after)
        return await self.poller.poll("drc")

    async def row(self) -> catalogues.CatalogueRow:
        """The catalogue's row."""
        async with self.store.read() as connection:
            return await catalogues.get(connection, "drc")

    async def states(self) -> dict[str, ReportState]:
        """Every report's state by identity."""
        async with self.store.read() as connection:
            rows = await connection.execute(select(report.c.identity, report.c.state))
            return {identity: ReportState(state) for identity, state in rows}

    async def announced(self) -> list[tuple[str, int, str]]:
        """Identity, revision and cause of every announcement, by number."""
        statement = (
            select(report.c.identity, announcement.c.revision, announcement.c.cause)
            .join(report, report.c.id == announcement.c.report_id)
            .order_by(announcement.c.no)
        )
        async with self.store.read() as connection:
            return [
                (identity, number, cause) for identity, number, cause in await connection.execute(statement)
            ]

    async def release(self, *, discard: bool = False) -> Released:
        """As `alertd release` does."""
        async with self.store.write() as connection:
            return await release(connection, self.announcer, "drc", self.clock.now(), discard=discard)


@asynccontextmanager
async def playing(store: Store, clock: ManualClock) -> AsyncIterator[Scene]:
    """A catalogue whose row exists and that was never polled."""
    async with serving() as feeds:
        made = Scene(store, clock, feeds)
        await made.poller.sync()
        yield made


def entry(number: int, title: str = "", date: str = "2026-11-20") -> str:
    """The item of a report."""
    return item(
        f"g{number}", title or f"Report {number}", f"https://r.example/{number}", f"Text {number}.", date
    )
