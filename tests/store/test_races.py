"""The races of docs/data.md as scripted interleavings of two connections on PostgreSQL; a sequential test cannot see them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select

from alertd.digest.withdraw import withdraw
from alertd.model import Announce, Cause, DeliveryState, No, Origin, ReportFields, SubscriberId
from alertd.query import parse
from alertd.store import announcements, claims, doubts, editions, subscriptions, workers
from alertd.store.engines import Store
from alertd.store.tables import delivery, digest, match, subscription, told
from alertd.subscribers import change, leave, pause
from alertd.subscribers.enrol import Enrolment, Wish, enrol
from tests.store.making import content_maker
from tests.store.world import SCHEDULES, World

T = TypeVar("T")
ALPHA = frozenset({"alpha"})


@pytest.fixture
async def world(pg_database: str) -> AsyncIterator[World]:
    """A world on PostgreSQL with one daily reader of `alpha` and one stored report that is not announced."""
    made = World(Store(pg_database), content_maker(), chunk_size=500)
    await made.begin()
    await made.sign_up("u0", "s0", "alpha", "daily")
    await made.store_report("r1", 1, ALPHA)
    yield made
    await made.store.close()


async def waits(task: asyncio.Task[T]) -> asyncio.Task[T]:
    """Prove that a task waits for a lock."""
    done, _ = await asyncio.wait([task], timeout=0.3)
    assert not done, "it should have waited for the other transaction"
    return task


def start(step: Awaitable[T]) -> asyncio.Task[T]:
    """Start a step beside us."""
    return asyncio.ensure_future(step)  # type: ignore[return-value]


async def announce_in(world: World, connection: Any) -> None:
    """Announce the stored report in a given transaction."""
    world.matcher.words = ALPHA
    fields = ReportFields(title="r1 alpha")
    await world.announcer(connection, [Announce(world.reports["r1"], 1, "drc", fields, Cause.NEW)], world.now)


async def sign_up_in(world: World, connection: Any, reader: str, query: str) -> None:
    """Enrol a reader in a given transaction."""
    wish = Wish(parse(query), SCHEDULES["daily"], label=query)
    person = Enrolment(f"{reader}@example.org", "en", "UTC", "text", (wish,))
    await enrol(connection, [person], origin=Origin.MAIL, now=world.now)


async def since_of(world: World, address: str) -> int:
    """The `since_no` of a reader's subscription."""
    async with world.store.read() as connection:
        row = (
            await connection.execute(
                select(subscription.c.since_no).order_by(subscription.c.id.desc()).limit(1)
            )
        ).scalar_one()
    del address
    return int(row)


async def test_sign_up_waits_for_announcer(world: World) -> None:
    """Who signs up while something is announced begins after it, and is not told of it."""
    async with world.store.write() as connection:
        await announce_in(world, connection)
        task = await waits(start(world.sign_up("u1", "s1", "alpha", "daily")))
    await task
    assert await since_of(world, "u1") == 1


async def test_announcer_waits_for_sign_up_and_sees_it(world: World) -> None:
    """An announcer that waited for a sign-up with a new query matches that query (READ COMMITTED)."""
    async with world.store.write() as connection:
        await sign_up_in(world, connection, "u1", "alpha OR beta")
        task = await waits(start(world.announce("r1", 1, ALPHA, Cause.NEW)))
    await task
    assert await since_of(world, "u1") == 0
    async with world.store.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(match))).scalar_one() == 2


async def test_two_sign_ups_at_once_then_announcer_sees_both(world: World) -> None:
    """The query with the lower id may commit last; an announcer reads its mark only when nobody is left."""
    async with world.store.write() as first:
        await sign_up_in(world, first, "u1", "alpha OR beta")
        await world.sign_up("u2", "s2", "*", "daily")  # shared with the first: it does not wait
        task = await waits(start(world.announce("r1", 1, ALPHA, Cause.NEW)))
    await task
    async with world.store.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(match))).scalar_one() == 3


async def test_numbers_are_visible_in_order(world: World) -> None:
    """A second announcer waits for the first, so no number is seen before a lower one."""
    await world.store_report("r2", 1, ALPHA)
    async with world.store.write() as connection:
        await announce_in(world, connection)
        task = await waits(start(world.announce("r2", 1, ALPHA, Cause.NEW)))
        async with world.store.read() as reading:
            assert await announcements.last_no(reading) == 0
    await task
    async with world.store.read() as reading:
        assert await announcements.last_no(reading) == 2


async def test_chunk_waits_for_drop_and_obeys_it(world: World) -> None:
    """A chunk that waited for a reader to drop their query tells them nothing."""
    await world.announce("r1", 1, ALPHA, Cause.NEW)
    ((edition_id, _),) = await world.open(until="daily")
    async with world.store.write() as connection:
        await change.drop_queries(connection, world.readers["u0"], [world.roots["s0"]], now=world.now)
        task = await waits(start(world.editions.step(edition_id, world.now)))
    assert await task == (False, 0)
    assert await world.editions.complete(edition_id, world.now)


async def test_drop_waits_for_chunk(world: World) -> None:
    """Who drops a query while their digest is written gets that digest."""
    await world.announce("r1", 1, ALPHA, Cause.NEW)
    ((edition_id, _),) = await world.open(until="daily")
    async with world.store.write() as connection:
        row = await editions.lock_edition(connection, edition_id)
        assert row.last_subscriber_id == 0
        await world.editions._step(connection, edition_id, world.now)
        task = await waits(start(world.drop("u0", "s0")))
    await task
    (sent,) = (await world.new_digests()).values()
    assert sent.told == {("r1", 1)}


async def test_second_worker_goes_on_where_the_first_stopped(world: World) -> None:
    """Two workers on one edition: the second waits and finds nothing left to do."""
    await world.announce("r1", 1, ALPHA, Cause.NEW)
    ((edition_id, _),) = await world.open(until="daily")
    async with world.store.write() as connection:
        await world.editions._step(connection, edition_id, world.now)
        task = await waits(start(world.editions.step(edition_id, world.now)))
    assert await task == (False, 0)
    async with world.store.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(digest))).scalar_one() == 1


async def test_resume_while_an_edition_is_worked_through_loses_nothing(world: World) -> None:
    """A reader who resumes after their chunk has passed is behind, and the next edition has it."""
    await world.announce("r1", 1, ALPHA, Cause.NEW)
    await world.pause("u0")
    ((edition_id, _),) = await world.open(until="daily")
    await world.editions.step(edition_id, world.now)
    await world.resume("u0", skip=False)
    assert await world.editions.complete(edition_id, world.now), world.alarm.rung
    ((second, _),) = await world.open(until="daily")
    await world.editions.finish(second, world.now)
    (sent,) = (await world.new_digests()).values()
    assert sent.told == {("r1", 1)}


async def _digest_in_outbox(world: World) -> int:
    await world.announce("r1", 1, ALPHA, Cause.NEW)
    ((edition_id, _),) = await world.open(until="daily")
    await world.editions.finish(edition_id, world.now)
    await world.new_digests()
    async with world.store.read() as connection:
        return int((await connection.execute(select(delivery.c.id))).scalar_one())


async def _claim(world: World, connection: Any) -> claims.Claimed:
    worker = await workers.register(connection, host="h", pid=1, roles=["all"], now=world.now)
    return await claims.claim(
        connection,
        worker_id=worker,
        now=world.now + timedelta(minutes=1),
        limit=10,
        withdraw=withdraw,
        hash_address=lambda address: address,
    )


async def test_what_is_claimed_is_not_withdrawn(world: World) -> None:
    """Withdrawing waits for a claim and then finds nothing pending."""
    number = await _digest_in_outbox(world)
    async with world.store.write() as connection:
        assert len((await _claim(world, connection)).claims) == 1

        async def take_back() -> list[int]:
            async with world.store.write() as other:
                return list(await withdraw(other, [number], reason="paused", now=world.now))

        task = await waits(start(take_back()))
    assert await task == []
    async with world.store.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(told))).scalar_one() == 1


async def test_claim_skips_what_is_being_withdrawn(world: World) -> None:
    """A claim does not wait for a withdrawal and does not take its row."""
    number = await _digest_in_outbox(world)
    async with world.store.write() as connection:
        assert await withdraw(connection, [number], reason="paused", now=world.now) == [number]
        async with world.store.write() as other:
            assert (await _claim(world, other)).claims == ()
    async with world.store.read() as connection:
        assert (await connection.execute(select(delivery.c.state))).scalar_one() == DeliveryState.EXPIRED
        assert (await connection.execute(select(func.count()).select_from(told))).scalar_one() == 0


async def test_pause_between_claim_and_data_is_obeyed(world: World) -> None:
    """The last look before DATA sees a pause that came after the claim; the next claim withdraws the digest."""
    await _digest_in_outbox(world)
    async with world.store.write() as connection:
        (taken,) = (await _claim(world, connection)).claims
    async with world.store.write() as connection:
        await pause.pause(connection, world.readers["u0"], until=None)
    async with world.store.write() as connection:
        looked = await doubts.mark_in_doubt(
            connection,
            [doubts.Entry(taken, "b")],
            worker_id=1,
            now=world.now,
            relay="r",
            hash_address=lambda address: address,
        )
        assert looked[taken.id][0] is not claims.Passage.GO
    async with world.store.write() as connection:
        assert (await _claim(world, connection)).set_aside == 1
    await world.resume("u0", skip=False)
    ((second, _),) = await world.open(until="daily")
    await world.editions.finish(second, world.now)
    (sent,) = (await world.new_digests()).values()
    assert sent.told == {("r1", 1)}


async def test_leaving_between_claim_and_data_is_obeyed(world: World) -> None:
    """Who left after the claim gets nothing more."""
    await _digest_in_outbox(world)
    async with world.store.write() as connection:
        (taken,) = (await _claim(world, connection)).claims
    async with world.store.write() as connection:
        await leave.end(connection, [world.readers["u0"]], reason=leave.BY_THEMSELVES, now=world.now)
    async with world.store.write() as connection:
        looked = await doubts.mark_in_doubt(
            connection,
            [doubts.Entry(taken, "b")],
            worker_id=1,
            now=world.now,
            relay="r",
            hash_address=lambda address: address,
        )
    assert looked[taken.id][0] is claims.Passage.EXPIRE


async def test_move_waits_for_chunk_and_repeats_nothing(world: World) -> None:
    """Who moves to another schedule while their digest is written is not told twice."""
    await world.announce("r1", 1, ALPHA, Cause.NEW)
    ((edition_id, _),) = await world.open(until="daily")
    async with world.store.write() as connection:
        await world.editions._step(connection, edition_id, world.now)
        task = await waits(start(world.move("u0", None, "immediate")))
    await task
    await world.editions.complete(edition_id, world.now)
    for second, _ in await world.open(until="immediate"):
        await world.editions.finish(second, world.now)
    assert len(await world.new_digests()) == 1


async def test_deadlock_free_order_of_locks(world: World) -> None:
    """Many sign-ups, moves, announcements and chunks at once end without a deadlock and without a mismatch."""
    for number in range(2, 12):
        await world.store_report(f"r{number}", 1, ALPHA)

    async def reader(number: int) -> None:
        await world.sign_up(f"v{number}", f"t{number}", "alpha", "daily")
        await world.move(f"v{number}", None, "immediate")
        await world.pause(f"v{number}")
        await world.resume(f"v{number}", skip=False)

    async def announcer() -> None:
        for number in range(1, 12):
            await world.announce(f"r{number}", 1, ALPHA, Cause.NEW)

    async def runner() -> None:
        for _ in range(8):
            await world.editions.run_due(world.now)

    await asyncio.gather(announcer(), runner(), *(reader(number) for number in range(6)))
    await world.editions.run_due(world.now)
    assert world.alarm.rung == []
    async with world.store.read() as connection:
        rows = (
            await connection.execute(
                select(told.c.subscriber_id, func.count()).group_by(told.c.subscriber_id)
            )
        ).all()
    since = {}
    async with world.store.read() as connection:
        for id_ in {SubscriberId(row[0]) for row in rows}:
            held = await subscriptions.of_subscribers(connection, [id_])
            since[id_] = held[id_][0].since_no
    for id_, count in rows:
        assert count == No(11) - since[SubscriberId(id_)]
