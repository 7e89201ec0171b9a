"""Letters and alarms as they are queued, and the limits that keep them rare."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from alertd.model import MailKind, Origin, Priority
from alertd.query import parse
from alertd.store import quotas
from alertd.store.engines import Store
from alertd.store.tables import quota, template
from alertd.subscribers.enrol import Enrolment, Wish, enrol
from tests.store.services import KEYS, SERVICE, Rooms
from tests.store.world import SCHEDULES, START

DAY = timedelta(days=1)


@pytest.fixture
def rooms(store: Store) -> Rooms:
    """Real letters and alarms, on each database in turn."""
    return Rooms(store)


async def test_hold_names_what_is_held(rooms: Rooms) -> None:
    """The owner reads how many reports are held, the first thirty titles, and both commands that decide."""
    titles = [f"Report {number}" for number in range(40)]
    async with rooms.store.write() as connection:
        await rooms.alarms.hold(connection, "drc", titles, START, why="brought 60 new reports")
    (mail,) = await rooms.mails()
    context = mail.args["context"]
    assert context["subject"] == "40 reports of drc are held"
    words, held = context["sections"]
    assert held["items"] == [*titles[:30], "... and 10 more"]
    assert words["lines"][0] == "One poll of the catalogue drc brought 60 new reports."
    assert any("alertd release drc --discard" in line for line in words["lines"])
    assert (mail.kind, mail.address, mail.priority) == (
        MailKind.ALARM,
        "owner@example.org",
        Priority.TRANSACTIONAL,
    )
    assert (mail.subscriber_id, mail.expires_at, mail.key_id) == (None, None, KEYS.newest)


async def test_a_few_titles_are_all_named(rooms: Rooms) -> None:
    """Without more than thirty titles nothing is left out."""
    async with rooms.store.write() as connection:
        await rooms.alarms.hold(connection, "drc", ["One", "Two"], START, why="did it")
    (mail,) = await rooms.mails()
    assert mail.args["context"]["sections"][1]["items"] == ["One", "Two"]


async def test_the_same_trouble_rings_once_in_six_hours(rooms: Rooms) -> None:
    """Trouble is mailed at once, rests for six hours, and rings again when it goes on; another one does not wait."""
    await rooms.alarms.trouble("relay", "the relay refuses us")
    await rooms.alarms.trouble("relay", "the relay still refuses us")
    await rooms.alarms.trouble("gone-drc", "the catalogue is gone")
    assert [mail.args["context"]["subject"] for mail in await rooms.mails()] == [
        "the relay refuses us", "the catalogue is gone",
    ]  # fmt: skip
    rooms.clock.advance(timedelta(hours=6) - timedelta(milliseconds=1))
    await rooms.alarms.trouble("relay", "again")
    assert len(await rooms.mails()) == 2
    rooms.clock.advance(timedelta(minutes=16))
    await rooms.alarms.trouble("relay", "again")
    assert len(await rooms.mails()) == 3


async def test_welcome_row(rooms: Rooms) -> None:
    """A welcome never goes ahead of other mail, pins its templates, and none is queued where they are switched off."""
    person = Enrolment("Ann@example.org", "zh", "UTC", "text", (Wish(parse("alpha"), SCHEDULES["daily"]),))
    async with rooms.store.write() as connection:
        ids = await enrol(connection, [person], origin=Origin.FILE, now=START)
        people = [(ids["ann@example.org"], person)]
        await rooms.letters.welcome(connection, people, START)
        await Rooms(rooms.store, replace(SERVICE, welcome=False)).letters.welcome(connection, people, START)
        await rooms.letters.welcome(connection, [], START)
    (mail,) = await rooms.mails()
    assert (mail.kind, mail.address, mail.priority) == (MailKind.WELCOME, "Ann@example.org", Priority.WELCOME)
    assert (mail.args["language"], mail.args["format"]) == ("zh", "text")
    assert mail.expires_at == START + timedelta(days=4)
    assert mail.args["service"]["name"] == SERVICE.name
    async with rooms.store.read() as connection:
        hashes = (await connection.execute(select(template.c.hash))).scalars().all()
    assert hashes == [mail.args["template"]]


async def _take(rooms: Rooms, *, most: int = 2, after: timedelta = timedelta(0), bucket: str = "b") -> bool:
    async with rooms.store.write() as connection:
        return await quotas.take(connection, bucket, most=most, window=DAY, now=START + after)


async def test_limit_within_a_window(rooms: Rooms) -> None:
    """Never more than so many in any window, wherever it begins; refused ones do not count."""
    odd = timedelta(minutes=59)
    assert [await _take(rooms, after=odd) for _ in range(4)] == [True, True, False, False]
    assert await _take(rooms, after=odd, bucket="other")
    for hours in (1, 12, 23, 24):
        assert not await _take(rooms, after=odd + timedelta(hours=hours) - timedelta(milliseconds=1))
    assert [await _take(rooms, after=DAY + timedelta(hours=1)) for _ in range(3)] == [True, True, False]
    async with rooms.store.read() as connection:
        assert await quotas.count(connection, "b", window=DAY, now=START + odd) == 4
        assert await quotas.count(connection, "none", window=DAY, now=START) == 0
        assert min((await connection.execute(select(quota.c.n))).scalars()) >= 0


async def test_nothing_is_allowed_where_the_limit_is_none(rooms: Rooms) -> None:
    """A limit of 0 refuses everything."""
    assert not await _take(rooms, most=0)


async def test_limit_holds_for_two_at_once(pg_database: str) -> None:
    """Two transactions that take from one bucket wait for each other; together they get no more than is allowed."""
    store = Store(pg_database)
    rooms = Rooms(store)
    assert await _take(rooms)
    async with store.write() as connection:
        assert await quotas.take(connection, "b", most=2, window=DAY, now=START)
        second = asyncio.ensure_future(_take(rooms))
        done, _ = await asyncio.wait([second], timeout=0.3)
        assert not done
    assert not await second
    await store.close()
