"""Whole polls: a real HTTP server, the worker process, the store on both databases, the announcer and its oracle."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from alertd.catalogue.entry import MAX_ENTRIES
from alertd.catalogue.poll import Outcome, Poller, PollResult
from alertd.catalogue.release import Released, release
from alertd.clock import ManualClock
from alertd.config.settings import Catalogue
from alertd.errors import NotFoundError
from alertd.matching.announce import Announcer
from alertd.matching.naive import NaiveMatcher
from alertd.model import CatalogueState, ReportState
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

    async def hold(
        self, connection: AsyncConnection, catalogue: str, titles: Sequence[str], now: datetime
    ) -> None:
        """Remember a hold."""
        self.held.append(tuple(titles))


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


@pytest.fixture
async def scene(store: Store, clock: ManualClock) -> AsyncIterator[Scene]:
    """A catalogue whose row exists and that was never polled."""
    async with serving() as feeds:
        made = Scene(store, clock, feeds)
        await made.poller.sync()
        yield made


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """Everything that is logged, debug events too."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    with capture_logs() as found:
        yield found
    structlog.configure(wrapper_class=before)


def entry(number: int, title: str = "", date: str = "2026-11-20") -> str:
    """The item of a report."""
    return item(
        f"g{number}", title or f"Report {number}", f"https://r.example/{number}", f"Text {number}.", date
    )


async def test_baseline_then_news(scene: Scene) -> None:
    """The first poll announces its newest `announce_last` alone; later what is new, oldest first, in one numbering."""
    scene.use(announce_last=1)
    first = await scene.poll(entry(2, date="2026-11-21"), entry(1))
    assert (first.outcome, first.baseline, first.announced, first.entries) == (Outcome.STORED, 1, 1, 2)
    second = await scene.poll(
        entry(4, date="2026-11-23"), entry(3, date="2026-11-22"), entry(2, date="2026-11-21"), entry(1)
    )
    assert (second.baseline, second.announced) == (0, 2)
    assert await scene.announced() == [("g2", 1, "new"), ("g3", 1, "new"), ("g4", 1, "new")]
    states = await scene.states()
    assert states == dict.fromkeys(["g2", "g3", "g4"], ReportState.ANNOUNCED) | {"g1": ReportState.BASELINE}
    row = await scene.row()
    assert (row.baseline_at, row.last_new_at) == (
        scene.clock.now() - timedelta(minutes=15),
        scene.clock.now(),
    )
    assert row.next_poll_at == scene.clock.now() + scene.settings.poll_every


async def test_failures_forget_nothing(scene: Scene) -> None:
    """Errors, empty feeds, error pages and broken documents leave the reports, and what comes back is not new."""
    await scene.poll(entry(1), entry(2))
    feed = (entry(1), entry(2))
    good = await scene.row()
    for answer in (
        Answer(500),
        Answer(body=b"<html>maintenance</html>"),
        Answer(body=b""),
        Answer(body=b"<rss", length=999),
    ):
        scene.feeds.at("/feed", answer)
        failed = await scene.poll()
        assert failed.outcome is Outcome.FAILED
        assert failed.error
    row = await scene.row()
    assert (row.failures, row.state, row.polled_at) == (4, CatalogueState.ACTIVE, good.polled_at)
    assert row.next_poll_at - scene.clock.now() > scene.settings.poll_every * 4, "waits grow"
    scene.feeds.at("/feed", Answer(body=rss().encode()))
    empty = await scene.poll()
    assert (empty.outcome, empty.entries, empty.error) == (Outcome.STORED, 0, "the feed has no entries")
    back = await scene.poll(*feed)
    assert (back.announced, back.baseline, back.held, back.revised) == (0, 0, 0, 0)
    row = await scene.row()
    assert (row.failures, row.last_error) == (0, "")
    assert await scene.announced() == []


async def test_conditional_requests(scene: Scene) -> None:
    """Validators go back as they came; a 304 changes nothing; once a day the feed is fetched whole all the same."""
    scene.serve(entry(1), ETag='"v1"', **{"Last-Modified": "then"})
    await scene.poll(after=timedelta(hours=1))
    scene.feeds.at("/feed", Answer(304))
    unchanged = await scene.poll()
    assert unchanged.outcome is Outcome.UNCHANGED
    assert scene.feeds.requests[-1].headers["if-none-match"] == '"v1"'
    assert scene.feeds.requests[-1].headers["if-modified-since"] == "then"
    assert (await scene.row()).polled_at == scene.clock.now()
    scene.serve(entry(1), ETag='"v1"')
    await scene.poll(after=DAY)
    assert "if-none-match" not in scene.feeds.requests[-1].headers
    async with scene.store.read() as connection:
        seen = (await connection.execute(select(report.c.last_seen_at))).scalar_one()
    assert seen == scene.clock.now()


async def test_a_cut_document_is_fetched_again(scene: Scene) -> None:
    """The entries of a broken document are taken, but its validators are not: the rest would never come."""
    await scene.poll(entry(1))
    cut = rss(entry(2), entry(3)).encode()[:-40]
    scene.feeds.at("/feed", Answer(body=cut, headers={"ETag": '"v2"'}))
    assert (await scene.poll()).announced >= 1
    row = await scene.row()
    assert row.etag == ""
    await scene.poll(entry(2), entry(3))
    assert {identity for identity, _, _ in await scene.announced()} == {"g2", "g3"}


async def test_flood_is_held_until_released(scene: Scene) -> None:
    """Nobody hears of a flood; the owner does, once; a release announces it in the order of dates."""
    await scene.poll(entry(0))
    flood = [entry(number, date=f"2026-11-{20 - number}") for number in range(1, 5)]
    held = await scene.poll(*flood)
    assert (held.held, held.announced, len(held.alarm)) == (4, 0, 4)
    again = await scene.poll(*flood)
    assert (again.held, again.alarm) == (0, ())
    later = await scene.poll(entry(5), *flood)
    assert later.announced == 1
    assert scene.alarms.held == [("Report 4", "Report 3", "Report 2", "Report 1")]
    async with scene.store.read() as connection:
        (status,) = await catalogues.statuses(connection)
    assert status.held == 4
    released = await scene.release()
    assert released.titles == ("Report 4", "Report 3", "Report 2", "Report 1")
    assert await scene.announced() == [
        ("g5", 1, "new"),
        *((f"g{number}", 1, "released") for number in (4, 3, 2, 1)),
    ]
    assert (await scene.release()).titles == ()
    assert (await scene.poll(entry(5), *flood)).announced == 0


async def test_flood_is_discarded(scene: Scene) -> None:
    """What an admin discards is never announced, and is not new at the next poll."""
    await scene.poll(entry(0))
    flood = [entry(number) for number in range(1, 6)]
    await scene.poll(*flood)
    assert len((await scene.release(discard=True)).titles) == 5
    assert (await scene.poll(entry(0), *flood)).announced == 0
    assert await scene.announced() == []
    assert list((await scene.states()).values()).count(ReportState.DISCARDED) == 5


async def test_revisions(scene: Scene) -> None:
    """A changed text is stored; it is announced only if configured; a flood of them is held and can be discarded."""
    await scene.poll(entry(0))
    feed = [entry(number) for number in range(1, 4)]
    await scene.poll(*feed)
    feed.append(entry(4))
    await scene.poll(*feed)
    quiet = await scene.poll(entry(1, "Report 1, corrected"), *feed[1:])
    assert (quiet.revised, quiet.announced) == (1, 0)
    assert len(await scene.announced()) == 4
    scene.use(on_revision="announce")
    await scene.poll(entry(1, "Report 1, corrected twice"), *feed[1:])
    assert (await scene.announced())[-1] == ("g1", 3, "revised")
    flood = await scene.poll(*(entry(number, f"New title {number}") for number in range(1, 5)))
    assert (flood.revised, flood.held, len(flood.alarm)) == (4, 4, 4)
    await scene.release(discard=True)
    assert set((await scene.states()).values()) == {ReportState.ANNOUNCED, ReportState.BASELINE}
    assert len(await scene.announced()) == 5


async def test_old_reports(scene: Scene) -> None:
    """Dated longer ago than max_age: stored, counted, with the reason, and not announced."""
    await scene.poll(entry(0))
    result = await scene.poll(entry(1, date="2020-01-01"), entry(2))
    assert (result.old, result.announced) == (1, 1)
    async with scene.store.read() as connection:
        reason = (
            await connection.execute(select(report.c.reason).where(report.c.identity == "g1"))
        ).scalar_one()
    assert reason == "dated 2020-01-01, more than 60 days before it was first seen"


async def test_permanent_redirect_is_remembered_and_forgotten(scene: Scene, logs: list[Any]) -> None:
    """A moved feed is polled at its new place, its relative guids and links stay the same reports; a dead one is left."""
    relative = item("1", "Report 1", "/r/1", "Text.")
    await scene.poll(relative)
    async with serving() as elsewhere:
        new_place = elsewhere.at("/new", Answer(body=rss(relative).encode(), headers={"ETag": '"e"'}))
        scene.feeds.at("/feed", Answer(301, headers={"Location": new_place}))
        moved = await scene.poll()
        assert (moved.announced, moved.held) == (0, 0)
        assert [each["moved_to"] for each in logs if each["event"] == "poll.moved"] == [new_place]
        assert (await scene.row()).moved_to == new_place
        asked = len(scene.feeds.requests)
        await scene.poll()
        assert (len(scene.feeds.requests), elsewhere.requests[-1].target) == (asked, "/new")
        elsewhere.at("/new", Answer(410))
        assert (await scene.poll()).outcome is Outcome.FAILED
    row = await scene.row()
    assert (row.moved_to, row.state, row.etag) == ("", CatalogueState.ACTIVE, "")
    assert (await scene.poll(relative)).outcome is Outcome.STORED


async def test_gone(scene: Scene) -> None:
    """410 stops polling with a clear status; a poll by hand that succeeds brings the catalogue back."""
    await scene.poll(entry(1))
    scene.feeds.at("/feed", Answer(410))
    gone = await scene.poll()
    assert gone.outcome is Outcome.GONE
    row = await scene.row()
    assert row.state is CatalogueState.GONE
    assert "answers 410" in row.last_error
    assert "not polled again until its feed is changed" in row.last_error
    scene.clock.advance(9 * DAY)
    assert await scene.poller.poll_due() == []
    assert (await scene.poll(entry(1), entry(2))).announced == 1
    assert (await scene.row()).state is CatalogueState.ACTIVE


async def test_retry_after(scene: Scene) -> None:
    """A server that is busy is left alone for as long as it asks."""
    scene.feeds.at("/feed", Answer(429, headers={"Retry-After": "86400"}))
    result = await scene.poll()
    assert result.next_poll_at == scene.clock.now() + DAY
    assert await scene.poller.poll_due() == []
    scene.clock.advance(DAY)
    assert [each.outcome for each in await scene.poller.poll_due()] == [Outcome.FAILED]


async def test_loopback_is_refused_unless_allowed(scene: Scene) -> None:
    """Without allow_private a catalogue on this host fails with the remedy, and nothing is asked."""
    scene.use(allow_private=False)
    refused = await scene.poll(entry(1))
    assert refused.outcome is Outcome.FAILED
    assert "allow_private = true" in refused.error
    assert not scene.feeds.requests


async def test_fields_that_went_empty(scene: Scene) -> None:
    """A field that all had and the last poll has not is remembered until it is there again."""
    scene.use(flood_limit=99)
    full = [
        item(f"g{n}", f"Report {n}", f"https://r.example/{n}", f"Author: Li Wei\nAbstract: Text {n}.")
        for n in range(12)
    ]
    await scene.poll(*full)
    assert (await scene.row()).empty_fields == ()
    bare = [item(f"g{n}", f"Report {n}", f"https://r.example/{n}", f"Text {n}.") for n in range(12)]
    await scene.poll(*bare)
    assert (await scene.row()).empty_fields == ("authors",)
    scene.feeds.at("/feed", Answer(500))
    await scene.poll()
    assert (await scene.row()).empty_fields == ("authors",)
    await scene.poll(*full)
    assert (await scene.row()).empty_fields == ()


async def test_gaps(scene: Scene) -> None:
    """The longest wait begins with the baseline's own dates and grows with what is measured."""
    await scene.poll(entry(1, date="2026-11-01"), entry(2, date="2026-11-11"), entry(3, date="2026-11-23"))
    assert (await scene.row()).longest_gap == timedelta(days=12)
    await scene.poll(entry(4), after=20 * DAY)
    assert (await scene.row()).longest_gap == timedelta(days=20)
    await scene.poll(entry(5, date="2026-12-14"), after=3 * DAY)
    row = await scene.row()
    assert (row.longest_gap, row.last_new_at) == (timedelta(days=20), scene.clock.now())


async def test_the_largest_poll_is_one_transaction(scene: Scene) -> None:
    """As many reports as are read of one feed are stored and known again."""
    scene.use(announce_last=MAX_ENTRIES)
    feed = [entry(number) for number in range(MAX_ENTRIES)]
    result = await scene.poll(*feed)
    assert result.announced == MAX_ENTRIES
    again = await scene.poll(*feed)
    assert (again.announced, again.revised, again.held) == (0, 0, 0)
    assert len(await scene.announced()) == MAX_ENTRIES


async def test_nothing_is_stored_when_the_announcing_fails(scene: Scene) -> None:
    """Reports, announcements and the alarm are one transaction: after a failure the next poll brings all again."""

    class BrokenAlarms:
        async def hold(
            self, connection: AsyncConnection, catalogue: str, titles: Sequence[str], now: datetime
        ) -> None:
            raise RuntimeError("no room for the alarm")

    await scene.poll(entry(0))
    flood = [entry(number) for number in range(1, 6)]
    scene.poller._alarms = BrokenAlarms()
    with pytest.raises(RuntimeError):
        await scene.poll(*flood)
    assert list(await scene.states()) == ["g0"]
    scene.poller._alarms = scene.alarms
    assert (await scene.poll(*flood)).held == 5
    assert len(scene.alarms.held) == 1


async def test_poll_due_goes_on_past_a_failure(scene: Scene) -> None:
    """Every due catalogue is polled once, whatever becomes of the others."""
    other = replace(
        scene.settings, name="other", feed=scene.feeds.at("/other", Answer(body=rss(entry(1)).encode()))
    )
    scene.poller.use((scene.settings, other))
    await scene.poller.sync()
    ended = {each.catalogue: each.outcome for each in await scene.poller.poll_due()}
    assert ended == {"drc": Outcome.FAILED, "other": Outcome.STORED}
    assert await scene.poller.poll_due() == []
    with pytest.raises(NotFoundError, match="drc, other"):
        await scene.poller.poll("nope")


async def test_two_daemons_poll_at_once(scene: Scene) -> None:
    """Whoever comes second reads what the first has stored: one baseline, each report once, one alarm."""
    twin = Scene(scene.store, scene.clock, scene.feeds)
    twin.alarms = scene.alarms
    twin.poller._alarms = scene.alarms
    for feed in ([entry(0)], [entry(1)], [entry(number) for number in range(2, 8)]):
        scene.serve(*feed)
        both = await asyncio.gather(scene.poller.poll("drc"), twin.poller.poll("drc"))
        assert {each.outcome for each in both} == {Outcome.STORED}
    assert await scene.announced() == [("g1", 1, "new")]
    assert len(await scene.states()) == 8
    assert len(scene.alarms.held) == 1


async def test_events_and_secrets(scene: Scene, logs: list[Any]) -> None:
    """The stages are logged for who watches, without the credentials and keys of the feed's URL."""
    scene.use(feed=scene.feeds.url.replace("//", "//user:password@") + "/feed?key=secret")
    await scene.poller.sync()
    await scene.poll(entry(1))
    scene.feeds.at("/feed", Answer(500))
    await scene.poll()
    events = [each["event"] for each in logs]
    assert events[:5] == ["poll.start", "poll.fetched", "poll.storing", "poll.stored", "poll.done"]
    assert events[-1] == "poll.failed"
    told = f"{logs} {(await scene.row()).last_error}"
    assert "password" not in told
    assert "secret" not in told


async def test_a_catalogue_that_is_removed_during_its_poll(scene: Scene) -> None:
    """What was fetched for a feed that the configuration no longer has is not stored."""

    async def remove(_: object) -> None:
        async with scene.store.write() as connection:
            await catalogues.sync(connection, {}, scene.clock.now())

    scene.feeds.at("/feed", Answer(body=rss(entry(1)).encode(), more=remove))
    result = await scene.poll()
    assert result.outcome is Outcome.FAILED
    assert "configuration changed" in result.error
    assert await scene.states() == {}
