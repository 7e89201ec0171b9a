"""The balance of an edition: independent counts that disagree ring the owner once, and the edition stays open."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from alertd.digest.balance import Counts, mismatches
from alertd.model import Cause, DeliveryState, EditionId, MailKind, Priority
from alertd.store.engines import Store
from alertd.store.tables import cursor, delivery, digest, edition, told
from tests.store.services import Rooms
from tests.store.world import World

ALPHA = frozenset({"alpha"})


@pytest.fixture
def rooms(store: Store) -> Rooms:
    """Real alarms, on each database in turn."""
    return Rooms(store)


async def _written(rooms: Rooms, schedule: str = "daily") -> tuple[World, EditionId]:
    """An edition whose chunks are done, with three digests; it is not complete yet."""
    world = await rooms.world()
    for number in range(3):
        await world.sign_up(f"u{number}", f"s{number}", "alpha", schedule)
    await world.store_report("r1", 1, ALPHA)
    await world.announce("r1", 1, ALPHA, Cause.NEW)
    ((edition_id, _),) = await world.open(until=schedule)
    while (await world.editions.step(edition_id, world.now))[0]:
        pass
    return world, edition_id


async def _do(rooms: Rooms, *statements: Any) -> None:
    async with rooms.store.write() as connection:
        for statement in statements:
            await connection.execute(statement)


async def _edition(rooms: Rooms) -> Any:
    async with rooms.store.read() as connection:
        return (await connection.execute(select(edition))).one()


async def _one(rooms: Rooms, column: Any) -> Any:
    async with rooms.store.read() as connection:
        return (await connection.execute(select(column).order_by(column).limit(1))).scalar_one()


async def _says(rooms: Rooms, world: World, edition_id: EditionId) -> list[str]:
    """Try to complete, twice: not complete, and one alarm, to the owner; returns what it says."""
    assert not await world.editions.complete(edition_id, world.now)
    assert (await world.editions.run_due(world.now)).failed == 1
    (alarm,) = await rooms.mails(MailKind.ALARM)
    assert (alarm.address, alarm.priority, alarm.state) == (
        "owner@example.org", Priority.TRANSACTIONAL, DeliveryState.PENDING,
    )  # fmt: skip
    context = alarm.args["context"]
    assert context["subject"] == f"Edition {edition_id} does not balance"
    row = await _edition(rooms)
    assert row.completed_at is None
    (section,) = context["sections"]
    assert row.counts["unbalanced"] == section["items"]
    return list(section["items"])


async def test_balance_holds(rooms: Rooms) -> None:
    """Untouched, the edition is complete and nobody is alarmed."""
    world, edition_id = await _written(rooms)
    assert await world.editions.complete(edition_id, world.now)
    assert await rooms.mails(MailKind.ALARM) == []
    assert (await _edition(rooms)).completed_at == world.now


async def test_deleted_digest_rings(rooms: Rooms) -> None:
    """A digest row that is deleted before the edition is complete rings the owner, once; the edition stays open."""
    world, edition_id = await _written(rooms)
    await _do(rooms, delete(digest).where(digest.c.id == await _one(rooms, digest.c.id)))
    assert await _says(rooms, world, edition_id) == [
        "3 digests were written and 2 are there",
        "3 digests were written and 2 deliveries carry one",
    ]


async def test_deleted_delivery_rings_until_it_is_mended(rooms: Rooms) -> None:
    """A digest without its mail rings; when the counts agree again, the edition is complete."""
    world, edition_id = await _written(rooms)
    (gone, *_) = await rooms.mails(MailKind.DIGEST)
    await _do(rooms, delete(delivery).where(delivery.c.id == gone.id))
    assert await _says(rooms, world, edition_id) == ["3 digests were written and 2 deliveries carry one"]
    await _do(rooms, delivery.insert().values(**gone._mapping))
    assert await world.editions.complete(edition_id, world.now)
    assert len(await rooms.mails(MailKind.ALARM)) == 1


async def test_digest_without_ledger_rings(rooms: Rooms) -> None:
    """A digest of which the ledger knows nothing rings: its reports would come again."""
    world, edition_id = await _written(rooms)
    await _do(rooms, delete(told).where(told.c.digest_id == await _one(rooms, digest.c.id)))
    assert await _says(rooms, world, edition_id) == ["3 digests stand and 2 have reports in the ledger"]


async def test_reader_who_was_passed_over_rings(rooms: Rooms) -> None:
    """An active reader whose cursor was not moved rings: nobody looked at them."""
    world, edition_id = await _written(rooms)
    await _do(
        rooms, update(cursor).where(cursor.c.subscriber_id == world.readers["u1"]).values(no=0, behind=False)
    )
    assert await _says(rooms, world, edition_id) == ["1 active readers were not looked at"]


async def test_reader_who_is_behind_since_does_not_ring(rooms: Rooms) -> None:
    """A cursor that was lowered after its chunk, and says so, is no mismatch: the next edition looks at it."""
    world, edition_id = await _written(rooms)
    (mail, *_) = await rooms.mails(MailKind.DIGEST)
    assert await world.withdraw(mail.digest_id)
    assert await world.editions.complete(edition_id, world.now)
    assert await rooms.mails(MailKind.ALARM) == []


async def test_report_still_due_at_once_rings(rooms: Rooms) -> None:
    """An immediate edition after which a report is still due to an active reader rings."""
    world, edition_id = await _written(rooms, "immediate")
    reader = cursor.c.subscriber_id == world.readers["u1"]
    await _do(
        rooms,
        delete(told).where(told.c.subscriber_id == world.readers["u1"]),
        update(cursor).where(reader).values(no=0, behind=False),
    )
    assert await _says(rooms, world, edition_id) == [
        "3 digests stand and 2 have reports in the ledger",
        "1 reports are still due",
    ]


def test_counts_that_agree_are_no_mismatch() -> None:
    """Withdrawn digests, and readers who are paused or suppressed, are not missed."""
    agreed = Counts(
        promised=3, digests=3, standing=2, deliveries=3, told=2, below={"paused": 4, "suppressed": 1}, due=0
    )
    assert mismatches(agreed) == ()
