"""Editions: opened once for each occasion, worked through in chunks, complete, and what their digests say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from alertd.digest.edition import Editions
from alertd.model import Cause, Kind, MailKind, Origin, Priority, Schedule, SubscriberState
from alertd.query import parse
from alertd.store import due, editions, schedules
from alertd.store.due import Due
from alertd.store.engines import Store
from alertd.store.tables import content, cursor, delivery, digest, edition, schedule, subscriber, told
from alertd.subscribers import change
from alertd.subscribers.enrol import Enrolment, Wish, enrol
from tests.store.making import content_maker
from tests.store.world import SCHEDULES, World

ALPHA = frozenset({"alpha"})
BOTH = frozenset({"alpha", "beta"})


@pytest.fixture
async def world(store: Store) -> World:
    """A world with one reader of `alpha`, told every day, on each database in turn."""
    made = World(store, content_maker())
    await made.begin()
    await made.sign_up("u0", "s0", "alpha", "daily")
    return made


async def _report(world: World, name: str, words: frozenset[str] = ALPHA) -> None:
    await world.store_report(name, 1, words)
    await world.announce(name, 1, words, Cause.NEW)


async def _rows(world: World, table: Any) -> list[Any]:
    async with world.store.read() as connection:
        return list((await connection.execute(select(table))).all())


async def test_missed_times_become_one_edition(world: World) -> None:
    """After a downtime of days one edition opens, for the last time that was missed, with all that came meanwhile."""
    await _report(world, "r1")
    now = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    (edition_id,) = await world.editions.open_due(now)
    (row,) = await _rows(world, edition)
    assert (row.id, row.occasion, row.due_at) == (
        edition_id,
        "2026-11-29",
        datetime(2026, 11, 29, 8, tzinfo=UTC),
    )
    assert (row.opened_at, row.upto_no, row.completed_at) == (now, 1, None)
    async with world.store.read() as connection:
        (row,) = await schedules.all_rows(connection)
    assert row.next_due_at == datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert await world.editions.open_due(now) == []
    assert (await world.editions.run_due(now)).digests == 1


async def test_an_occasion_has_one_edition(world: World) -> None:
    """When a clock is set back, a day that had its edition does not get a second one."""
    await world.editions.open_due(datetime(2026, 11, 24, 9, tzinfo=UTC))
    async with world.store.write() as connection:
        (row,) = await schedules.all_rows(connection)
        await schedules.set_next_due(connection, row.id, datetime(2026, 11, 24, 8, tzinfo=UTC))
    assert await world.editions.open_due(datetime(2026, 11, 24, 9, 1, tzinfo=UTC)) == []
    assert len(await _rows(world, edition)) == 1


async def test_immediate_editions_follow_announcements(world: World) -> None:
    """One edition for what was announced since the mark, none when nothing was; readers come from the matches."""
    await world.sign_up("u1", "s1", "alpha", "immediate")
    await world.sign_up("u2", "s2", "beta", "immediate")
    assert await world.editions.open_due(world.now) == []
    await _report(world, "r1")
    await _report(world, "r2")
    summary = await world.editions.run_due(world.now)
    assert (summary.opened, summary.completed, summary.digests, summary.failed) == (1, 1, 1, 0)
    assert await world.editions.open_due(world.now) == []
    (row,) = await _rows(world, edition)
    assert (row.occasion, row.from_no, row.upto_no, row.counts["readers"]) == ("2", 0, 2, 1)
    await _report(world, "r3")
    await world.editions.run_due(world.now)
    assert [(row.from_no, row.upto_no) for row in await _rows(world, edition)] == [(0, 2), (2, 3)]


async def test_readers_who_are_behind_get_an_edition_of_their_own(world: World) -> None:
    """With nothing announced, an immediate edition opens for an active reader who is behind, and for no paused one."""
    await world.sign_up("u1", "s1", "alpha", "immediate")
    await world.pause("u1")
    await _report(world, "r1")
    assert (await world.editions.run_due(world.now)).digests == 0
    async with world.store.write() as connection:
        await connection.execute(
            update(cursor).where(cursor.c.subscriber_id == world.readers["u1"]).values(behind=True)
        )
    assert await world.editions.open_due(world.now) == []
    await world.resume("u1", skip=False)
    for _ in range(2):  # the second time nobody is behind any more
        await world.editions.run_due(world.now)
    first, second = await _rows(world, edition)
    assert (first.occasion, second.upto_no, second.counts["digests"]) == ("1", 1, 1)
    assert second.occasion.startswith("1/behind/")


async def test_nothing_due_means_no_mail(world: World) -> None:
    """An edition without reports for anyone is complete, moves the cursors, and leaves no digest and no mail."""
    await _report(world, "r1", frozenset({"beta"}))
    ((edition_id, _),) = await world.open(until="daily")
    assert await world.editions.finish(edition_id, world.now) == (True, 0)
    assert (await _rows(world, digest), await _rows(world, delivery), await _rows(world, told)) == (
        [],
        [],
        [],
    )
    (row,) = await _rows(world, cursor)
    assert row.no == 1
    (row,) = await _rows(world, edition)
    assert row.completed_at == world.now
    assert row.counts == {"readers": 1, "digests": 0, "reports": 0, "excluded": {}}


@pytest.mark.parametrize("readers", [1, 2, 3, 4, 5])
async def test_chunk_boundaries(world: World, readers: int) -> None:
    """In chunks of two, every reader gets one digest, whatever their number; a stop between chunks loses nothing."""
    for number in range(1, readers):
        await world.sign_up(f"u{number}", f"s{number}", "alpha", "daily")
    await _report(world, "r1")
    ((edition_id, _),) = await world.open(until="daily")
    done = []
    more = True
    while more:
        again = Editions(world.store, content_maker(), world.alarm, chunk_size=2)  # as a new process would be
        more, count = await again.step(edition_id, world.now)
        done.append(count)
    assert sum(done) == readers
    assert max(done) <= 2
    assert await world.editions.complete(edition_id, world.now)
    sent = [row.subscriber_id for row in await _rows(world, digest)]
    assert sorted(sent) == sorted(set(sent)) == sorted(world.readers.values())
    assert await world.editions.step(edition_id, world.now) == (False, 0)


async def test_equal_digests_share_their_content(world: World) -> None:
    """Readers who get the same under the same names share one content; another label or language is another."""
    await world.sign_up("u1", "s1", "alpha", "daily")
    wish = Wish(parse("alpha"), SCHEDULES["daily"], label="mine")
    people = [
        Enrolment("u2@example.org", "en", "UTC", "text", (wish,)),
        Enrolment(
            "u3@example.org", "zh", "UTC", "text", (Wish(parse("alpha"), SCHEDULES["daily"], "alpha"),)
        ),
        Enrolment(
            "u4@example.org", "en", "UTC", "html", (Wish(parse("alpha"), SCHEDULES["daily"], "alpha"),)
        ),
    ]
    async with world.store.write() as connection:
        await enrol(connection, people, origin=Origin.FILE, now=world.now)
    await _report(world, "r1")
    ((edition_id, _),) = await world.open(until="daily")
    assert await world.editions.finish(edition_id, world.now) == (True, 5)
    contents = {row.id: row for row in await _rows(world, content)}
    assert len(contents) == 4
    ann, bob, mine, chinese, html = [contents[row.content_id] for row in await _rows(world, digest)]
    assert ann.id == bob.id
    assert (ann._mapping["items"]["found_by"], mine._mapping["items"]["found_by"]) == (["alpha"], ["mine"])
    assert (chinese.language, chinese._mapping["items"]["schedule"]) == ("zh", "每天 08:00")
    assert (html.format, html._mapping["items"]) == ("html", ann._mapping["items"])


async def test_digest_names_every_query_whatever_its_schedule(world: World) -> None:
    """A report comes once, by the first schedule, and names the queries of the other one too: it will not come again."""
    await world.add("u0", "s1", "beta", "weekly", topic=False)
    await world.add("u0", "s2", "alpha OR beta", "immediate", topic=False)
    await _report(world, "r1", BOTH)
    for until in ("immediate", "daily", "weekly"):
        for edition_id, _ in await world.open(until=until):
            await world.editions.finish(edition_id, world.now)
    (sent,) = (await world.new_digests()).values()
    assert (sent.schedule, sent.shown) == ("immediate", {"r1": (1, {"alpha", "beta", "alpha OR beta"})})


async def test_delivery_of_a_digest(world: World) -> None:
    """The mail goes to the address as given, at its kind's priority, and is given up in time."""
    wishes = (Wish(parse("alpha"), SCHEDULES["immediate"]),)
    async with world.store.write() as connection:
        person = Enrolment("Ann@EXAMPLE.org", "en", "UTC", "text", wishes)
        await enrol(connection, [person], origin=Origin.FILE, now=world.now)
    await _report(world, "r1")
    await world.editions.run_due(world.now)
    await world.editions.run_due(world.now + timedelta(hours=12))
    soon, later = sorted(await _rows(world, delivery), key=lambda row: row.id)
    assert (soon.address, soon.kind, soon.priority) == (
        "Ann@EXAMPLE.org",
        MailKind.DIGEST,
        Priority.IMMEDIATE,
    )
    assert (later.address, later.priority) == ("u0@example.org", Priority.DIGEST)
    assert (soon.date_at, soon.next_at) == (world.now, world.now)
    assert soon.expires_at == world.now + timedelta(days=4)


async def test_ledger_alone_keeps_a_report_from_coming_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should what is due be read wrongly, the ledger's key refuses it, and no empty digest is left."""
    await world.sign_up("u1", "s1", "*", "daily")
    await _report(world, "r1")
    await _report(world, "r2", frozenset())
    async with world.store.write() as connection:
        report_id = world.reports["r1"]
        await connection.execute(
            insert(told),
            [
                {"subscriber_id": id_, "report_id": report_id, "revision": 1, "reason": "skipped"}
                for id_ in world.readers.values()
            ],
        )
    u0, u1 = world.readers["u0"], world.readers["u1"]
    r1, r2 = world.reports["r1"], world.reports["r2"]

    async def blind(*_args: Any, **_more: Any) -> list[Due]:
        return [Due(u0, r1, 1), Due(u1, r1, 1), Due(u1, r2, 1)]

    monkeypatch.setattr(due, "due", blind)
    ((edition_id, _),) = await world.open(until="daily")
    assert await world.editions.finish(edition_id, world.now) == (True, 1)
    (sent,) = (await world.new_digests()).values()
    assert (sent.reader, sent.told) == ("u1", {("r2", 1)})


async def test_day_of_an_edition_is_the_schedules(world: World) -> None:
    """A digest's day is the local one of its schedule's zone, for immediate ones that of the reader's."""
    eight = Schedule(Kind.DAILY, minute=8 * 60, zone="Pacific/Kiritimati")  # 14 hours ahead
    wishes = (Wish(parse("alpha"), eight),)
    at_once = (Wish(parse("alpha"), SCHEDULES["immediate"]),)
    async with world.store.write() as connection:
        people = [
            Enrolment("u1@example.org", "en", "Pacific/Kiritimati", "text", wishes),
            Enrolment("u2@example.org", "en", "Pacific/Honolulu", "text", at_once),
        ]
        await enrol(connection, people, origin=Origin.FILE, now=world.now)
    await _report(world, "r1")
    now = datetime(2026, 11, 24, 20, tzinfo=UTC)
    await world.editions.run_due(now)
    days = {
        row._mapping["items"]["schedule"]: row._mapping["items"]["day"] for row in await _rows(world, content)
    }
    assert days == {
        "every day at 08:00": "2026-11-25",
        "as soon as a report appears": "2026-11-24",
    }


async def test_schedule_that_all_left_goes_on_quietly(world: World) -> None:
    """With no reader left, editions open, find nobody and are complete."""
    await world.leave("u0")
    await _report(world, "r1")
    summary = await world.editions.run_due(datetime(2026, 11, 24, 9, tzinfo=UTC))
    assert (summary.opened, summary.completed, summary.digests) == (1, 1, 0)


async def test_excluded_readers_are_counted_by_reason(world: World) -> None:
    """The edition says how many it left out, and why; they are neither a mismatch nor forgotten."""
    for number in range(1, 4):
        await world.sign_up(f"u{number}", f"s{number}", "alpha", "daily")
    await world.pause("u1")
    await world.pause("u2")
    async with world.store.write() as connection:
        gone = subscriber.c.id == world.readers["u3"]
        await connection.execute(update(subscriber).where(gone).values(state=SubscriberState.SUPPRESSED))
    await _report(world, "r1")
    ((edition_id, _),) = await world.open(until="daily")
    assert await world.editions.finish(edition_id, world.now) == (True, 1)
    async with world.store.read() as connection:
        (row,) = await editions.recent(connection, limit=1)
    assert row.counts["excluded"] == {"paused": 2, "suppressed": 1}
    await world.resume("u1", skip=False)
    await world.new_digests()
    ((again, _),) = await world.open(until="daily")
    assert await world.editions.finish(again, world.now) == (True, 1)
    (sent,) = (await world.new_digests()).values()
    assert (sent.reader, sent.told) == ("u1", {("r1", 1)})


async def test_added_query_does_not_bring_what_was_before(world: World) -> None:
    """A query added to an open schedule begins at now, though the reader's cursor is lower."""
    await _report(world, "r1", frozenset({"beta"}))
    await world.add("u0", "s1", "beta", "daily", topic=False)
    await _report(world, "r2", frozenset({"beta"}))
    async with world.store.write() as connection:
        await change.set_setting(connection, world.readers["u0"], language="zh")
    ((edition_id, _),) = await world.open(until="daily")
    await world.editions.finish(edition_id, world.now)
    (sent,) = (await world.new_digests()).values()
    assert sent.told == {("r2", 1)}


async def test_one_that_fails_stops_no_other(world: World) -> None:
    """A schedule or a reader in a zone this machine does not know is logged and counted; all others get their digests."""
    gone = Schedule(Kind.DAILY, minute=480, zone="Europe/Berlin")
    async with world.store.write() as connection:
        people = [
            Enrolment("u1@example.org", "en", "UTC", "text", (Wish(parse("alpha"), gone),)),
            Enrolment(
                "u2@example.org",
                "en",
                "Moon/Copernicus",
                "text",
                (Wish(parse("alpha"), SCHEDULES["immediate"]),),
            ),
        ]
        await enrol(connection, people, origin=Origin.FILE, now=world.now)
        unknown = schedule.c.zone == "Europe/Berlin"
        await connection.execute(update(schedule).where(unknown).values(zone="Mars/Phobos"))
    await _report(world, "r1")
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    summary = await world.editions.run_due(now)
    assert (summary.opened, summary.completed, summary.digests, summary.failed) == (2, 1, 1, 2)
    assert [row.address for row in await _rows(world, delivery)] == ["u0@example.org"]
