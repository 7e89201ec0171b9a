"""Whole polls over a real HTTP server into both databases: what is new, revised, old, held, released."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.catalogue.entry import MAX_ENTRIES
from alertd.catalogue.poll import Outcome
from alertd.clock import ManualClock
from alertd.model import ReportState
from alertd.store import catalogues
from alertd.store.engines import Store
from alertd.store.tables import report
from tests.unit.catalogue.feeds import item, rss
from tests.unit.catalogue.scene import DAY, Scene, entry, playing
from tests.unit.catalogue.serving import Answer


@pytest.fixture
async def scene(store: Store, clock: ManualClock) -> AsyncIterator[Scene]:
    """A catalogue that was never polled."""
    async with playing(store, clock) as made:
        yield made


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
    assert scene.alarms.why == ["brought 4 new reports, more than its flood_limit of 3"]
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


async def test_release_goes_by_date(scene: Scene) -> None:
    """What was held last goes out first when it is older."""
    await scene.poll(entry(0))
    recent = [entry(number, date=f"2026-11-1{number}") for number in range(1, 5)]
    await scene.poll(*recent)
    await scene.poll(*(entry(number, date=f"2026-11-0{number}") for number in range(5, 9)), *recent)
    released = await scene.release()
    assert released.titles == tuple(f"Report {number}" for number in (5, 6, 7, 8, 1, 2, 3, 4))


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
    assert list((await scene.states()).values()).count(ReportState.HELD) == 4
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
            self,
            connection: AsyncConnection,
            catalogue: str,
            titles: Sequence[str],
            now: datetime,
            *,
            why: str,
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


async def test_two_daemons_poll_at_once(scene: Scene) -> None:
    """Whoever comes second is skipped, or reads what the first has stored: one baseline, each report once, one alarm."""
    twin = Scene(scene.store, scene.clock, scene.feeds)
    twin.alarms = scene.alarms
    twin.poller._alarms = scene.alarms
    for feed in ([entry(0)], [entry(1)], [entry(number) for number in range(2, 8)]):
        scene.serve(*feed)
        both = await asyncio.gather(scene.poller.poll("drc"), twin.poller.poll("drc"))
        outcomes = [each.outcome for each in both]
        assert Outcome.STORED in outcomes
        assert set(outcomes) <= {Outcome.STORED, *([] if scene.store.is_sqlite else [Outcome.SKIPPED])}
    assert await scene.announced() == [("g1", 1, "new")]
    assert len(await scene.states()) == 8
    assert len(scene.alarms.held) == 1


async def test_one_daemon_fetches_while_another_skips(pg_database: str, clock: ManualClock) -> None:
    """Two daemons on one PostgreSQL: a catalogue is fetched by one of them; what it has done is not due for the other."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_writer: asyncio.StreamWriter) -> None:
        asked.set()
        await go_on.wait()

    first, second = Store(pg_database), Store(pg_database)
    async with playing(first, clock) as one:
        two = Scene(second, clock, one.feeds)
        body = rss(entry(1)).encode()
        one.feeds.at("/feed", Answer(body=body[:-1], length=len(body), more=slowly))
        fetching = asyncio.ensure_future(one.poller.poll_due())
        await asked.wait()
        assert await two.poller.poll_due() == []
        by_hand = await two.poller.poll("drc")
        assert (by_hand.outcome, by_hand.error) == (Outcome.SKIPPED, "another daemon fetches it now")
        assert len(one.feeds.requests) == 1
        fetching.cancel()  # a daemon that stops gives it back
        with pytest.raises(asyncio.CancelledError):
            await fetching
        go_on.set()
        two.serve(entry(1))
        both = await asyncio.gather(two.poller.poll_due(), one.poller.poll_due())
        assert [each.outcome for found in both for each in found] == [Outcome.STORED]
        assert len(one.feeds.requests) == 2
        assert (await two.poller.poll("drc")).outcome is Outcome.STORED  # nothing is left locked
    await first.close()
    await second.close()


async def test_a_lost_session_ends_the_lock(pg_database: str) -> None:
    """The lock is its session's: when the server ends that, another may fetch, and the one who had it is none the worse."""
    first, second = Store(pg_database), Store(pg_database)
    async with first.alone(1, 7) as mine:
        assert mine
        async with second.alone(1, 7) as theirs, second.alone(1, 8) as other, second.alone(2, 7) as another:
            assert (theirs, other, another) == (False, True, True)
        async with second.write() as connection:
            here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            held = f"FROM pg_locks WHERE locktype = 'advisory' AND {here}"
            await connection.execute(text(f"SELECT pg_terminate_backend(pid) {held}"))
        async with second.alone(1, 7) as theirs:
            assert theirs
    async with first.alone(1, 7) as mine:
        assert mine
    await first.close()
    await second.close()
