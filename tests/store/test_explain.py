"""Why somebody was told, or not: every outcome, reached from real rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from alertd.digest.explain import Step, explain
from alertd.digest.explain_words import say
from alertd.model import Cause, DeliveryState, ReportState
from alertd.ops.purge import purge
from alertd.store import reports, subscribers
from alertd.store.engines import Store
from alertd.store.tables import delivery, report, subscription
from alertd.subscribers import leave, pause
from tests.store.making import content_maker
from tests.store.world import World

ALPHA = frozenset({"alpha"})
BETA = frozenset({"beta"})


@pytest.fixture
async def world(store: Store) -> World:
    """A world with one reader of `alpha`, told every day, on each database in turn."""
    made = World(store, content_maker())
    await made.begin()
    await made.sign_up("u0", "s0", "alpha", "daily")
    return made


async def _report(world: World, name: str = "r1", words: frozenset[str] = ALPHA) -> None:
    await world.store_report(name, 1, words)
    await world.announce(name, 1, words, Cause.NEW)


async def _goes_out(world: World, until: str = "daily") -> None:
    for edition_id, _ in await world.open(until=until):
        await world.editions.finish(edition_id, world.now)


async def _steps(world: World, name: str = "r1", reader: str = "u0") -> tuple[Step, ...]:
    async with world.store.read() as connection:
        (found_report,) = await reports.find(connection, name)
        row = await subscribers.get(connection, world.readers[reader])
        found = await explain(connection, found_report, row)
    for language in ("en", "zh"):
        lines = say(found, language=language, zone="Asia/Shanghai")
        assert len(lines) == len(found)
        assert not any("{" in line for line in lines)
    return found


async def _codes(world: World, name: str = "r1", reader: str = "u0") -> list[str]:
    return [step.code for step in await _steps(world, name, reader)]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (ReportState.NEW, "not_announced"),
        (ReportState.BASELINE, "baseline"),
        (ReportState.HELD, "held"),
        (ReportState.OLD, "old"),
        (ReportState.DISCARDED, "discarded"),
        (ReportState.RETRACTED, "retracted"),
    ],
)
async def test_report_that_was_not_announced(world: World, state: ReportState, code: str) -> None:
    """Where a report stands says why nobody was told."""
    await world.store_report("r1", 1, ALPHA, state=state)
    seen, last = await _steps(world)
    assert (seen.code, seen.at, seen.facts["catalogue"]) == ("seen", world.now, "drc")
    assert (last.code, last.stops) == (code, True)


async def test_reader_who_asks_for_nothing(world: World) -> None:
    """Without any subscription there is nothing to match."""
    await _report(world)
    await world.sign_up("u1", "s1", "alpha", "daily")
    async with world.store.write() as connection:
        gone = subscription.c.subscriber_id == world.readers["u1"]
        await connection.execute(subscription.delete().where(gone))
    assert await _codes(world, reader="u1") == ["seen", "announced", "asked_nothing"]
    await world.sign_up("u2", "s2", "beta", "daily")
    await world.drop("u2", "s2")
    assert await _codes(world, reader="u2") == ["seen", "announced", "asked_nothing"]


async def test_no_query_matches(world: World) -> None:
    """None of the queries that stand finds it; one that was replaced before is not named."""
    await world.edit_topic("alpha")
    await world.sign_up("u1", "s1", "beta", "weekly")
    await world.add("u1", "s2", "alpha", "daily", topic=True)
    await world.edit_topic("beta")
    await world.sign_up("u2", "s3", "beta", "daily")
    await _report(world)
    last = (await _steps(world, reader="u1"))[-1]
    assert (last.code, last.facts) == ("no_match", {"queries": ["beta"]})
    assert await _codes(world, reader="u2") == ["seen", "announced", "no_match"]


async def test_asked_only_afterwards(world: World) -> None:
    """Found by a query that came after the announcement, also when the match is found late."""
    await _report(world, words=BETA)
    await world.add("u0", "s1", "beta", "daily", topic=False)
    await world.announce("r1", 1, BETA, Cause.LATE)
    last = (await _steps(world))[-1]
    assert (last.code, last.facts) == ("asked_later", {"queries": ["beta"]})


async def test_dropped_before_it_came(world: World) -> None:
    """The query that would have brought it was dropped, and when."""
    await _report(world)
    await world.drop("u0", "s0")
    await world.add("u0", "s1", "alpha", "daily", topic=False)
    last = (await _steps(world))[-1]
    assert (last.code, last.at, last.facts) == ("dropped", world.now, {"queries": ["alpha"]})


@pytest.mark.parametrize("words", [ALPHA, BETA])
async def test_reader_who_left(world: World, words: frozenset[str]) -> None:
    """Who left is told so, whether or not their queries found it."""
    await _report(world, words=words)
    async with world.store.write() as connection:
        await leave.end(
            connection, [world.readers["u0"]], reason=leave.COMPLAINED, now=world.now, suppressed=True
        )
    last = (await _steps(world))[-1]
    assert (last.code, last.at, last.facts) == ("ended", world.now, {"reason": "complained"})


async def test_a_digest_that_was_taken_back(world: World) -> None:
    """A digest that did not leave is told with when and why; afterwards the report waits, or is in the next one."""
    await _report(world)
    await _report(world, "r2", words=BETA)
    await _goes_out(world)
    withdrawn_at = world.now
    async with world.store.read() as connection:
        number = (await connection.execute(select(delivery.c.digest_id))).scalar_one()
    assert await world.withdraw(number)
    *_, matched, taken_back, waits = await _steps(world)
    assert (matched.code, taken_back.code, waits.code) == ("matched", "withdrawn", "waits")
    assert (taken_back.at, taken_back.facts["reason"], taken_back.stops) == (withdrawn_at, "paused", False)
    assert await _codes(world, "r2") == ["seen", "announced", "no_match"]
    await _goes_out(world)
    assert await _codes(world) == [
        "seen", "announced", "matched", "withdrawn", "edition", "delivery_pending",
    ]  # fmt: skip
    async with world.store.write() as connection:
        await leave.end(connection, [world.readers["u0"]], reason=leave.BY_THEMSELVES, now=world.now)
    assert "withdrawn" in await _codes(world)


async def test_waits_for_a_digest_or_for_the_end_of_a_pause(world: World) -> None:
    """What is due waits for the next digest; of a paused reader, until they resume."""
    await _report(world)
    *_, matched, last = await _steps(world)
    assert (matched.code, matched.facts) == ("matched", {"queries": ["alpha"]})
    assert (last.code, last.facts) == ("waits", {"next": world.now + timedelta(hours=8)})
    until = world.now + timedelta(days=2)
    async with world.store.write() as connection:
        await pause.pause(connection, world.readers["u0"], until=until)
    last = (await _steps(world))[-1]
    assert (last.code, last.facts) == ("paused", {"until": until})


async def test_skipped(world: World) -> None:
    """What was skipped on resuming says so."""
    await world.pause("u0")
    await _report(world)
    await world.resume("u0", skip=True)
    assert (await _codes(world))[-2:] == ["matched", "skipped"]


async def test_retracted_before_it_went_out(world: World) -> None:
    """A report retracted while it waited is told to nobody."""
    await _report(world)
    async with world.store.write() as connection:
        await connection.execute(update(report).values(state=ReportState.RETRACTED, reason="by an admin"))
    last = (await _steps(world))[-1]
    assert (last.code, last.facts) == ("retracted", {"reason": "by an admin"})


async def _set(world: World, **values: Any) -> None:
    async with world.store.write() as connection:
        await connection.execute(update(delivery).values(**values))


@pytest.mark.parametrize("state", list(DeliveryState))
async def test_digest_and_its_mail(world: World, state: DeliveryState) -> None:
    """Told in an edition, and how its mail stands, in each state of the outbox."""
    await _report(world)
    await _goes_out(world)
    done = world.now + timedelta(minutes=1)
    await _set(world, state=state, done_at=done, code=250, reply="2.0.0 taken", attempts=1)
    *_, edition, mail = await _steps(world)
    assert (edition.code, edition.at, edition.facts["due"]) == ("edition", world.now, world.now)
    over = state in {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.EXPIRED}
    assert (mail.code, mail.at) == (f"delivery_{state}", done if over else world.now)
    assert mail.stops is (state in {DeliveryState.FAILED, DeliveryState.HELD, DeliveryState.EXPIRED})
    assert (mail.facts["code"], mail.facts["reply"], mail.facts["attempts"]) == (250, "2.0.0 taken", 1)


async def test_every_revision_is_told_of(world: World) -> None:
    """A revision in a second digest has its own mail; one that waits is not hidden behind the first."""
    await _report(world)
    await _goes_out(world)
    await world.store_report("r1", 2, ALPHA)
    await world.announce("r1", 2, ALPHA, Cause.REVISED)
    first = ["seen", "announced", "announced", "matched", "edition", "delivery_pending"]
    assert await _codes(world) == [*first, "waits"]
    await _goes_out(world)
    assert await _codes(world) == [*first, "edition", "delivery_pending"]


async def test_two_revisions_in_one_digest(world: World) -> None:
    """Both are told by one mail, which is named once."""
    await _report(world)
    await world.store_report("r1", 2, ALPHA)
    await world.announce("r1", 2, ALPHA, Cause.REVISED)
    await _goes_out(world)
    assert (await _codes(world))[-3:] == ["matched", "edition", "delivery_pending"]


async def test_purged(world: World) -> None:
    """After the time to keep, the ledger still says that it was told; the details are gone."""
    await _report(world)
    await _goes_out(world)
    await _set(world, state=DeliveryState.SENT, done_at=world.now)
    later = world.now + timedelta(days=500)
    async with world.store.write() as connection:
        await connection.execute(update(report).values(last_seen_at=later))  # the feed still carries it
    await purge(world.store, keep=timedelta(days=400), now=later)
    assert (await _codes(world))[-2:] == ["matched", "purged"]
