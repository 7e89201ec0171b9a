"""Rows that many share: schedules, queries, and which files were applied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alertd.model import Cause, Kind, No, QueryId, Schedule
from alertd.query import GRAMMAR
from alertd.store import announcements, configs, queries, schedules
from alertd.store.engines import Store
from tests.store.declaring import DAILY, IMMEDIATE, WEEKLY
from tests.store.making import content_maker
from tests.store.world import START, World


async def test_equal_schedules_are_one_row(store: Store) -> None:
    """Asked for again, a schedule keeps its row and its due time; a new one is due after now."""
    berlin = Schedule(Kind.DAILY, minute=480, zone="Europe/Berlin")
    async with store.write() as connection:
        first = await schedules.ensure(connection, [DAILY, IMMEDIATE], now=START)
        again = await schedules.ensure(connection, {DAILY, berlin, WEEKLY}, now=START + timedelta(days=9))
        assert await schedules.ensure(connection, [], now=START) == {}
        rows = {row.value: row for row in await schedules.all_rows(connection)}
    assert again[DAILY] == first[DAILY]
    assert len({*first.values(), *again.values()}) == len(rows) == 4
    assert rows[DAILY].next_due_at == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert rows[berlin].next_due_at == datetime(2026, 12, 3, 7, tzinfo=UTC)
    assert rows[IMMEDIATE].next_due_at is None


async def test_new_immediate_schedule_begins_at_the_last_number(store: Store) -> None:
    """It owes nothing of what was announced before it was there."""
    world = World(store, content_maker())
    await world.begin()
    await world.store_report("r1", 1, frozenset({"alpha"}))
    await world.announce("r1", 1, frozenset({"alpha"}), Cause.NEW)
    await world.sign_up("u0", "s0", "alpha", "immediate")
    assert await world.editions.open_due(world.now) == []
    async with store.read() as connection:
        (row,) = await schedules.all_rows(connection)
        assert row.mark == await announcements.last_no(connection) == 1


async def test_only_what_is_due_is_opened(store: Store) -> None:
    """By their times, the earliest first; an hour too early nothing is due."""
    async with store.write() as connection:
        ids = await schedules.ensure(connection, [WEEKLY, DAILY, IMMEDIATE], now=START)
        assert await schedules.due(connection, now=START + timedelta(hours=7)) == []
        assert await schedules.due(connection, now=START + timedelta(hours=8)) == [ids[DAILY]]
        assert await schedules.due(connection, now=START + timedelta(days=7)) == [ids[DAILY], ids[WEEKLY]]


async def test_equal_queries_are_one_row(store: Store) -> None:
    """One row for each grammar and canonical text; those of later ids are read in order."""
    async with store.write() as connection:
        first = await queries.ensure(connection, ["alpha", "beta", "alpha"], grammar=GRAMMAR)
        other = await queries.ensure(connection, ["alpha"], grammar=GRAMMAR + 1)
        again = await queries.ensure(connection, ["beta", "gamma"], grammar=GRAMMAR)
        assert await queries.ensure(connection, [], grammar=GRAMMAR) == {}
        later = await queries.later_than(connection, first["alpha"], grammar=GRAMMAR)
        assert await queries.later_than(connection, QueryId(99), grammar=GRAMMAR) == []
    assert again["beta"] == first["beta"]
    assert other["alpha"] not in first.values()
    assert [text for _, text in later] == ["beta", "gamma"]


async def test_numbers_are_given_in_order(store: Store) -> None:
    """The counter begins at nought and stands at the last announcement."""
    async with store.write() as connection:
        assert await announcements.lock_counter(connection) == 0
        await announcements.add(connection, [], [], now=START)
        assert await announcements.share_counter(connection) == No(0)


async def test_which_files_were_applied(store: Store) -> None:
    """The last applied on this host; the same again is one row with a new time."""
    async with store.write() as connection:
        assert await configs.last(connection, host="a") is None
        await configs.note(connection, hash_="1", host="a", now=START)
        await configs.note(connection, hash_="2", host="a", now=START + timedelta(hours=1))
        await configs.note(connection, hash_="3", host="b", now=START + timedelta(hours=2))
        assert await configs.last(connection, host="a") == "2"
        await configs.note(connection, hash_="1", host="a", now=START + timedelta(hours=3))
        assert await configs.last(connection, host="a") == "1"
