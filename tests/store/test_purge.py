"""Forgetting: never what somebody may still be told, everything else in the end; by random histories and one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from alertd.model import Cause, DeliveryState, ReportState
from alertd.ops.purge import purge
from alertd.store import purge as statements
from alertd.store.engines import Store
from alertd.store.tables import (
    announcement,
    attempt,
    content,
    cursor,
    delivery,
    digest,
    edition,
    inbound,
    match,
    pending_request,
    quota,
    report,
    revision,
    told,
    worker,
)
from tests.store import running
from tests.store.histories import Histories, happens
from tests.store.making import content_maker
from tests.store.world import SCHEDULES, World

ALPHA = frozenset({"alpha"})
KEEP = timedelta(days=10)
LATER = datetime(2027, 11, 24, tzinfo=UTC)


class Forgetting(Histories):
    """Histories in which mails leave and what is old is forgotten."""

    @happens(4, when=lambda self: self.standing)
    def sent(self) -> None:
        """A digest leaves, and can be withdrawn no more."""
        number = self.pick(sorted(self.standing))
        del self.standing[number]
        self.do(self._set_sent(number))

    async def _set_sent(self, number: int) -> None:
        async with self.world.store.write() as connection:
            await connection.execute(
                update(delivery)
                .where(delivery.c.digest_id == number)
                .values(state=DeliveryState.SENT, done_at=self.world.now)
            )

    @happens(4)
    def purge(self) -> None:
        """Everything that may be forgotten is, but reports that the feed still carries: those seen last."""
        carried = self.pick([True, False])
        gone = self.do(self._forget(carried=carried))
        owed = {
            report_name
            for reader in self.states
            for schedule in SCHEDULES
            for report_name, _ in self.oracle.due(reader, schedule, upto=self.oracle.moment)
        }
        assert not gone & owed, "somebody is still owed what was forgotten"
        assert not gone & {name for sent in self.standing.values() for name, _ in sent.told}
        assert not (carried and gone)
        for name in gone:
            self.stored.pop(name)
            self.effective.pop(name, None)

    async def _forget(self, *, carried: bool) -> set[str]:
        self.world.now += timedelta(days=1)
        if carried:
            async with self.world.store.write() as connection:
                await connection.execute(update(report).values(last_seen_at=self.world.now))
        await purge(self.world.store, keep=timedelta(hours=1), now=self.world.now)
        async with self.world.store.read() as connection:
            left = set((await connection.execute(select(report.c.identity))).scalars())
        return set(self.stored) - left


@pytest.mark.timeout(600)
def test_nothing_owed_is_forgotten_on_sqlite(sqlite_template: Path) -> None:
    """With purges in between, random histories on SQLite still agree with the oracle."""
    running.on_sqlite(Forgetting, sqlite_template, share=0.4)


@pytest.mark.timeout(600)
def test_nothing_owed_is_forgotten_on_postgresql(pg_server: str, pg_template: str) -> None:
    """With purges in between, random histories on PostgreSQL still agree with the oracle."""
    running.on_postgresql(Forgetting, pg_server, pg_template, share=0.15)


@pytest.fixture
async def world(store: Store) -> World:
    """A world with a daily reader of `alpha` who was told of a report, on each database in turn."""
    made = World(store, content_maker())
    await made.begin()
    await made.sign_up("u0", "s0", "alpha", "daily")
    await _report(made, "r1")
    await _goes_out(made)
    return made


async def _report(world: World, name: str) -> None:
    await world.store_report(name, 1, ALPHA)
    await world.announce(name, 1, ALPHA, Cause.NEW)


async def _goes_out(world: World, until: str = "daily") -> None:
    for edition_id, _ in await world.open(until=until):
        assert (await world.editions.finish(edition_id, world.now))[0]


async def _set(world: World, table: Any, **values: Any) -> None:
    async with world.store.write() as connection:
        await connection.execute(update(table).values(**values))


async def _sent(world: World) -> None:
    await _set(world, delivery, state=DeliveryState.SENT, done_at=world.now)


async def _count(world: World, *tables: Any) -> list[int]:
    async with world.store.read() as connection:
        return [len((await connection.execute(select(table))).all()) for table in tables]


ALL = (report, revision, announcement, match, told, digest, delivery, content, edition)


async def test_everything_goes_in_the_end(world: World) -> None:
    """Once nobody needs it: the report, what was announced and told of it, the digest, its mail, content and edition."""
    await _sent(world)
    await _set(world, report, last_seen_at=world.now)
    async with world.store.write() as connection:
        await connection.execute(
            insert(attempt).values(delivery_id=1, at=world.now, relay="r", stage="data", text="t")
        )
    assert await _count(world, *ALL, attempt) == [1] * 10
    assert await purge(world.store, keep=KEEP, now=world.now + KEEP - timedelta(hours=1)) == 0
    assert await _count(world, *ALL, attempt) == [1] * 10
    assert await purge(world.store, keep=KEEP, now=LATER) > 0
    assert await _count(world, *ALL, attempt) == [0] * 10
    assert await purge(world.store, keep=KEEP, now=LATER) == 0


@pytest.mark.parametrize("state", [s for s in DeliveryState if s not in statements._OVER])
async def test_unfinished_mail_keeps_its_reports(world: World, state: DeliveryState) -> None:
    """What has not left, or may not have, keeps its digest, its content and its place in the ledger."""
    await _set(world, delivery, state=state, done_at=None)
    await purge(world.store, keep=KEEP, now=LATER)
    assert await _count(world, *ALL) == [1] * 9


async def test_paused_reader_keeps_what_waits_for_them(world: World) -> None:
    """A cursor that stays low keeps all above it, for as long as its reader is paused."""
    await _sent(world)
    await world.sign_up("u1", "s1", "alpha", "daily")
    await world.pause("u1")
    await _report(world, "r2")
    await _goes_out(world)
    await _sent(world)
    await purge(world.store, keep=KEEP, now=LATER)
    assert await _count(world, report, told) == [1, 1]
    await world.resume("u1", skip=False)
    await _goes_out(world)
    sent = (await world.new_digests()).values()
    assert [(each.reader, each.told) for each in sent] == [("u1", {("r2", 1)})]
    await _sent(world)
    await purge(world.store, keep=KEEP, now=LATER)
    assert await _count(world, report, told) == [0, 0]


async def test_what_the_feed_carries_is_known_for_ever(world: World) -> None:
    """A report that is still seen keeps its identity, announcement and ledger, or it would be new again."""
    await _sent(world)
    await _set(world, report, last_seen_at=LATER)
    await purge(world.store, keep=KEEP, now=LATER)
    assert await _count(world, *ALL) == [1, 1, 1, 1, 1, 0, 0, 0, 0]


async def test_held_reports_wait_for_an_admin(world: World) -> None:
    """A report that is held stays; discarded, it goes."""
    await world.store_report("r2", 1, ALPHA)
    await purge(world.store, keep=KEEP, now=LATER)
    assert (await _count(world, report))[0] == 2
    await world.retract("r2", state=ReportState.DISCARDED)
    await purge(world.store, keep=KEEP, now=LATER)
    assert (await _count(world, report))[0] == 1


async def test_ids_are_never_given_again(world: World) -> None:
    """After a purge of the newest rows, new ones have higher ids: old tokens and links meet no stranger."""
    await _sent(world)
    old = world.reports.pop("r1")
    async with world.store.read() as connection:
        before = (await connection.execute(select(delivery.c.digest_id, delivery.c.id))).one()
    await purge(world.store, keep=KEEP, now=LATER)
    await _report(world, "r2")
    await _goes_out(world)
    assert world.reports["r2"] > old
    async with world.store.read() as connection:
        after = (await connection.execute(select(delivery.c.digest_id, delivery.c.id))).one()
    assert after[0] > before[0]
    assert after[1] > before[1]


async def test_edition_that_is_not_complete_keeps_its_digests(world: World) -> None:
    """The balance of an open edition counts its digests and mails, so they stay until it is complete."""
    await _sent(world)
    await _set(world, edition, completed_at=None)
    await purge(world.store, keep=KEEP, now=LATER)
    assert await _count(world, edition, digest, delivery) == [1, 1, 1]
    await _set(world, edition, completed_at=world.now)
    await purge(world.store, keep=KEEP, now=LATER)
    assert await _count(world, edition, digest, delivery) == [0, 0, 0]


async def test_idle_cursors_of_immediate_schedules_are_swept_up(world: World) -> None:
    """Readers whom nothing matched are moved up to the mark, and no others: not who is paused, behind, or not served yet."""
    for number in range(1, 6):
        await world.sign_up(f"u{number}", f"s{number}", "beta", "immediate")
    await world.pause("u2")
    async with world.store.write() as connection:
        behind = cursor.c.subscriber_id == world.readers["u3"]
        await connection.execute(update(cursor).where(behind).values(behind=True))
    await _report(world, "r2")
    (opened,) = [each for each, schedule in await world.open(until="immediate") if schedule == "immediate"]

    async def sweep() -> list[int]:
        counts = []
        while not counts or counts[-1]:
            async with world.store.write() as connection:
                counts.append(await statements.sweep_idle(connection, limit=2))
        return counts

    async def numbers() -> dict[str, int]:
        names = {id_: name for name, id_ in world.readers.items()}
        async with world.store.read() as connection:
            rows = (await connection.execute(select(cursor))).all()
        return {names[row.subscriber_id]: row.no for row in rows if names[row.subscriber_id] != "u0"}

    assert await sweep() == [0]  # an edition is open
    async with world.store.write() as connection:
        await connection.execute(update(edition).where(edition.c.id == opened).values(completed_at=world.now))
    assert await sweep() == [2, 1, 0]
    assert await numbers() == {"u1": 2, "u2": 1, "u3": 1, "u4": 2, "u5": 2}


async def test_idle_readers_do_not_keep_everything(world: World) -> None:
    """One immediate reader whom nothing ever matches does not stop the purge."""
    await world.sign_up("u1", "s1", "beta", "immediate")
    await _report(world, "r2")
    await _goes_out(world)
    await world.editions.run_due(world.now)
    await _sent(world)
    await purge(world.store, keep=KEEP, now=LATER)
    assert await _count(world, report) == [0]


async def test_leftovers(world: World) -> None:
    """Contents that no digest needs, ended workers, expired requests, old limits and raw mails go; others stay."""
    old, new = world.now, LATER
    async with world.store.write() as connection:
        shown = (await connection.execute(select(content))).one()._mapping
        for number in range(1200):
            copy = {**shown, "id": None, "key": f"k{number}"}
            del copy["id"]
            await connection.execute(insert(content).values(copy))
        for at, ended in ((old, old), (old, None), (new, new)):
            await connection.execute(
                insert(worker).values(host="h", pid=1, roles="", started_at=at, beat_at=at, ended_at=ended)
            )
            await connection.execute(insert(quota).values(bucket=f"{ended}", window_at=at, n=1))
            await connection.execute(
                insert(pending_request).values(
                    purpose="change", address="a", address_key="a", language="en", payload={}, payload_hash="",
                    mails=0, created_at=at, expires_at=at,
                )
            )  # fmt: skip
            await connection.execute(
                insert(inbound).values(
                    dedupe_key=f"{at}{ended}", via="lmtp", recipient="r", raw=b"x", state="done", tries=0,
                    received_at=at, purge_at=at if ended else None,
                )
            )  # fmt: skip
    await purge(world.store, keep=KEEP, now=LATER)
    assert await _count(world, content, worker, quota, pending_request) == [1, 2, 1, 1]
    async with world.store.read() as connection:
        raws = (await connection.execute(select(inbound.c.raw).order_by(inbound.c.id))).scalars().all()
    assert raws == [None, b"x", None]
