"""What a reader does: pause and resume, change zone and address, leave; and digests taken back that did not leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from alertd.errors import RefusedError
from alertd.model import Cause, DeliveryState, No, SubscriberState
from alertd.store import schedules, subscribers, subscriptions
from alertd.store.engines import Store
from alertd.store.tables import cursor, delivery, digest, told
from alertd.subscribers import change, leave, pause
from tests.store.making import content_maker
from tests.store.world import SCHEDULES, World

ALPHA = frozenset({"alpha"})


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


async def _goes_out(world: World, schedule: str = "daily") -> list[set[tuple[str, int]]]:
    for edition_id, _ in await world.open(until=schedule):
        assert (await world.editions.finish(edition_id, world.now))[0]
    return [sent.told for sent in (await world.new_digests()).values()]


async def _cursors(world: World) -> dict[str, tuple[No, bool]]:
    """Active cursors by schedule: where they stand, and whether they are behind."""
    async with world.store.read() as connection:
        rows = (await connection.execute(select(cursor).where(cursor.c.active.is_(True)))).all()
        values = {row.id: row.value for row in await schedules.all_rows(connection)}
    names = {value: name for name, value in SCHEDULES.items()}
    return {names.get(values[row.schedule_id], "other"): (row.no, row.behind) for row in rows}


async def _reader(world: World, name: str = "u0") -> subscribers.SubscriberRow:
    async with world.store.read() as connection:
        return await subscribers.get(connection, world.readers[name])


async def test_withdrawn_digest_comes_again(world: World) -> None:
    """Taking back a digest that waits makes its reports due again, on every schedule of the reader, from the lowest on."""
    await world.add("u0", "s1", "beta", "weekly", topic=False)
    await _report(world, "r1")
    await _report(world, "r2", frozenset({"beta"}))
    await _goes_out(world, "weekly")
    async with world.store.read() as connection:
        rows = (await connection.execute(select(digest.c.id).order_by(digest.c.id))).scalars().all()
    assert await _cursors(world) == {"daily": (2, False), "weekly": (2, False)}
    assert await world.withdraw(rows[0])
    assert await _cursors(world) == {"daily": (0, True), "weekly": (0, True)}
    async with world.store.read() as connection:
        (row,) = (await connection.execute(select(digest).where(digest.c.withdrawn_at.is_not(None)))).all()
        mail = (await connection.execute(select(delivery).where(delivery.c.digest_id == row.id))).one()
    assert (row.reason, row.withdrawn_at) == ("paused", world.now)
    assert (mail.state, mail.reply, mail.done_at) == (DeliveryState.EXPIRED, "withdrawn: paused", world.now)
    assert await _goes_out(world) == [{("r1", 1)}]
    assert not await world.withdraw(rows[0])


@pytest.mark.parametrize("state", [s for s in DeliveryState if s is not DeliveryState.PENDING])
async def test_only_what_is_pending_is_withdrawn(world: World, state: DeliveryState) -> None:
    """What was claimed, is in doubt or has an end is never taken back: it may have arrived."""
    await _report(world, "r1")
    await _goes_out(world)
    async with world.store.write() as connection:
        number = (
            await connection.execute(update(delivery).values(state=state).returning(delivery.c.digest_id))
        ).scalar_one()
    assert not await world.withdraw(number)
    async with world.store.read() as connection:
        assert len((await connection.execute(select(told))).all()) == 1
    assert await _cursors(world) == {"daily": (1, False)}


async def test_pause_with_an_end(world: World) -> None:
    """A pause ends at its instant, not before; what came meanwhile comes then, once."""
    until = world.now + timedelta(days=3)
    async with world.store.write() as connection:
        assert await pause.pause(connection, world.readers["u0"], until=until)
    await _report(world, "r1")
    assert await _goes_out(world) == []
    async with world.store.write() as connection:
        assert await pause.resume_over(connection, now=until - timedelta(milliseconds=1)) == 0
    assert (await _reader(world)).state is SubscriberState.PAUSED
    async with world.store.write() as connection:
        assert await pause.resume_over(connection, now=until) == 1
        assert await pause.resume_over(connection, now=until) == 0
    reader = await _reader(world)
    assert (reader.state, reader.pause_until) == (SubscriberState.ACTIVE, None)
    assert await _cursors(world) == {"daily": (0, True)}
    assert await _goes_out(world) == [{("r1", 1)}]
    assert await _goes_out(world) == []


async def test_pauses_end_a_few_at_a_time(world: World) -> None:
    """The sweep says whether it has to come again; a pause without an end is never over."""
    for number in range(1, 5):
        await world.sign_up(f"u{number}", f"s{number}", "alpha", "daily")
        async with world.store.write() as connection:
            await pause.pause(
                connection, world.readers[f"u{number}"], until=world.now if number < 4 else None
            )
    counts = []
    while not counts or counts[-1]:
        async with world.store.write() as connection:
            counts.append(await pause.resume_over(connection, now=world.now, limit=2))
    assert counts == [2, 1, 0]
    assert (await _reader(world, "u4")).state is SubscriberState.PAUSED


async def test_pause_can_be_changed_and_is_for_readers_only(world: World) -> None:
    """A second pause replaces the first; who left cannot pause, and only who paused resumes."""
    async with world.store.write() as connection:
        assert not await pause.resume(connection, world.readers["u0"])
        assert await pause.pause(connection, world.readers["u0"], until=world.now)
        assert await pause.pause(connection, world.readers["u0"], until=None)
    assert (await _reader(world)).pause_until is None
    await world.leave("u0")
    async with world.store.write() as connection:
        assert not await pause.pause(connection, world.readers["u0"], until=None)
        assert not await pause.resume(connection, world.readers["u0"])


async def test_skipping_what_came_during_a_pause(world: World) -> None:
    """What is skipped is told as such, not sent, and not brought back by a digest that is withdrawn later."""
    await _report(world, "r1")
    await _goes_out(world)
    await world.pause("u0")
    await _report(world, "r2")
    await world.resume("u0", skip=True)
    async with world.store.read() as connection:
        rows = (await connection.execute(select(told.c.report_id, told.c.reason, told.c.digest_id))).all()
        number = (await connection.execute(select(digest.c.id))).scalar_one()
    assert set(rows) == {(world.reports["r1"], "digest", number), (world.reports["r2"], "skipped", None)}
    assert await world.withdraw(number)
    await _report(world, "r3")
    assert await _goes_out(world) == [{("r1", 1), ("r3", 1)}]


async def test_zone_moves_every_clocked_schedule(world: World) -> None:
    """In another zone each schedule keeps its hour; immediate ones have none; what was due stays due, once."""
    await world.add("u0", "s1", "beta", "immediate", topic=False)
    await _report(world, "r1")
    async with world.store.write() as connection:
        await change.set_zone(connection, world.readers["u0"], "Asia/Shanghai", now=world.now)
    reader = await _reader(world)
    assert (reader.zone, reader.own_settings) == ("Asia/Shanghai", ("time_zone",))
    assert await _cursors(world) == {"other": (0, True), "immediate": (0, False)}
    async with world.store.read() as connection:
        values = {row.id: row.value for row in await schedules.all_rows(connection)}
        held = (await subscriptions.of_subscribers(connection, [reader.id]))[reader.id]
    assert [values[row.schedule_id] for row in held] == [
        replace(SCHEDULES["daily"], zone="Asia/Shanghai"), SCHEDULES["immediate"],
    ]  # fmt: skip
    summaries = []
    for zone in ("Asia/Shanghai", "UTC"):
        async with world.store.write() as connection:
            await change.set_zone(connection, reader.id, zone, now=world.now)
        world.now += timedelta(days=1)
        summaries.append((await world.editions.run_due(world.now)).digests)
    assert summaries == [1, 0]


async def test_address(world: World) -> None:
    """Another address is taken as given; one that somebody has is refused; earlier tokens are void."""
    await world.sign_up("u1", "s1", "alpha", "daily")
    before = await _reader(world)
    async with world.store.write() as connection:
        await change.set_address(connection, before.id, "New.Reader@EXAMPLE.org")
    after = await _reader(world)
    assert (after.address, after.address_key) == ("New.Reader@EXAMPLE.org", "new.reader@example.org")
    assert (after.epoch, after.tag, after.own_settings) == (before.epoch + 1, before.tag, ())
    async with world.store.write() as connection:
        await change.set_address(connection, after.id, "new.reader@example.org")  # their own, spelt otherwise
    for taken in ("u1@example.org", "U1@Example.ORG"):
        with pytest.raises(RefusedError, match="another subscription"):
            async with world.store.write() as connection:
                await change.set_address(connection, after.id, taken)
    assert (await _reader(world)).address == "new.reader@example.org"


async def test_leaving(world: World) -> None:
    """Leaving drops everything, voids tokens, and is done once; the second time nothing changes."""
    await world.add("u0", "s1", "beta", "weekly", topic=False)
    await world.pause("u0")
    for later, ended in ((0, True), (1, False)):
        async with world.store.write() as connection:
            now = world.now + timedelta(hours=later)
            found = await leave.end(connection, [world.readers["u0"]], reason=leave.BY_THEMSELVES, now=now)
        assert found == ([world.readers["u0"]] if ended else [])
    reader = await _reader(world)
    assert (reader.state, reader.end_reason, reader.ended_at) == (SubscriberState.ENDED, "left", world.now)
    assert (reader.epoch, reader.pause_until) == (2, None)
    assert await _cursors(world) == {}
    async with world.store.read() as connection:
        rows = await subscriptions.of_subscribers(connection, [reader.id], dropped=True)
    assert {(row.dropped_at, row.drop_reason) for row in rows[reader.id]} == {(world.now, "left")}


async def test_suppressed_readers_are_told_nothing_until_they_return(world: World) -> None:
    """After a complaint nothing is composed; who signs up again begins at now."""
    await _report(world, "r1")
    async with world.store.write() as connection:
        await leave.end(
            connection, [world.readers["u0"]], reason=leave.COMPLAINED, now=world.now, suppressed=True
        )
    assert (await _reader(world)).state is SubscriberState.SUPPRESSED
    assert await _goes_out(world) == []
    await world.sign_up("u0", "s1", "alpha", "daily")
    reader = await _reader(world)
    assert (reader.state, reader.end_reason, reader.ended_at) == (SubscriberState.ACTIVE, None, None)
    await _report(world, "r2")
    assert await _goes_out(world) == [{("r2", 1)}]


async def test_dropping_some_of_a_schedule_keeps_its_cursor(world: World) -> None:
    """A cursor is closed with the last query of its schedule, and begins at now when one comes back."""
    await world.add("u0", "s1", "beta", "daily", topic=False)
    await _report(world, "r1", frozenset())
    await world.drop("u0", "s0")
    assert await _cursors(world) == {"daily": (0, False)}
    await world.drop("u0", "s1")
    assert await _cursors(world) == {}
    await world.add("u0", "s2", "alpha", "daily", topic=False)
    assert await _cursors(world) == {"daily": (1, False)}


async def test_report_announced_again_keeps_its_first_number(world: World) -> None:
    """Whatever the cause, a revision that was announced before is no news to who asked afterwards."""
    await _report(world, "r1")
    assert await _goes_out(world) == [{("r1", 1)}]
    await world.sign_up("u1", "s1", "alpha", "daily")
    for cause in (Cause.NEW, Cause.RELEASED, Cause.LATE):
        await world.announce("r1", 1, ALPHA, cause)
    assert await _goes_out(world) == []
