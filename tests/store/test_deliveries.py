"""The outbox on both databases: queue, claim, the fence, how attempts end, what operators do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import event, select, text

from alertd.model import DeliveryId, DeliveryState, MailKind, Priority, SubscriberId
from alertd.store import claims, deliveries
from alertd.store.claims import Taken
from alertd.store.engines import Store
from alertd.store.passage import Passage
from alertd.store.recovery import Recovered, recover
from alertd.store.tables import delivery
from tests.conftest import NOW
from tests.store.outbox import (
    LEASE,
    MINUTE,
    REFUSED,
    TAKEN,
    Withdrawals,
    add_subscriber,
    digest_for,
    enter,
    hashed,
    look,
    queue,
    row,
    take,
    worker,
)


async def test_what_is_queued_is_claimed_by_priority_time_and_id(store: Store) -> None:
    """Transactional first, then by time, then by id; what is not due, or claimed already, is left."""
    late = await queue(
        store, row(priority=Priority.DIGEST), row(priority=Priority.DIGEST, next_at=NOW - MINUTE)
    )
    (future,) = await queue(store, row(next_at=NOW + MINUTE))
    soon = await queue(store, row(), row(priority=Priority.IMMEDIATE))
    me = await worker(store)
    first = await take(store, me, limit=3)
    assert [claim.id for claim in first.claims] == [soon[0], soon[1], late[1]]
    assert [claim.id for claim in (await take(store, me)).claims] == [late[0]]
    assert (await take(store, me)).claims == ()
    claim = first.claims[0]
    assert (claim.kind, claim.args, claim.attempts, claim.doubtful) == (MailKind.REPLY, {}, 0, False)
    assert (claim.date_at, claim.bytes_hash, claim.expires_at) == (NOW, None, None)
    assert (await look(store, soon[0])).claimed_by == me
    async with store.read() as connection:
        assert await deliveries.next_due(connection) == NOW + MINUTE
        counted = await deliveries.counts(connection)
    assert (counted[DeliveryState.CLAIMED], counted[DeliveryState.PENDING], counted[DeliveryState.SENT]) == (
        4,
        1,
        0,
    )
    assert (await look(store, future)).state is DeliveryState.PENDING


async def test_urgent_claims_leave_the_rest(store: Store) -> None:
    """A claim up to a priority number takes nothing above it."""
    await queue(store, row(priority=Priority.DIGEST))
    (urgent,) = await queue(store, row())
    taken = await take(store, await worker(store), upto=Priority.TRANSACTIONAL)
    assert [claim.id for claim in taken.claims] == [urgent]


async def test_two_workers_never_share_a_row(store: Store) -> None:
    """On PostgreSQL a second claim beside an uncommitted one skips what is locked; on SQLite it comes after."""
    ids = await queue(store, *[row() for _ in range(4)])
    one, two = await worker(store), await worker(store)
    if store.is_sqlite:
        first, second = await take(store, one, limit=2), await take(store, two, limit=4)
    else:
        async with store.write() as connection:
            first = await claims.claim(
                connection, worker_id=one, now=NOW, limit=2, withdraw=Withdrawals(), hash_address=hashed
            )
            second = await take(store, two, limit=4)
    assert [claim.id for claim in first.claims] == ids[:2]
    assert [claim.id for claim in second.claims] == ids[2:]


async def test_a_withdrawal_beside_a_claim_misses(store: Store) -> None:
    """Interleaved on PostgreSQL: who would withdraw a row that is being claimed waits, and then finds it gone."""
    reader = await add_subscriber(store, 1)
    (id_,) = await queue(store, digest_for(reader))
    me = await worker(store)

    async def withdraw_it() -> list[DeliveryId]:
        async with store.write() as connection:
            return await Withdrawals()(connection, [id_], reason="paused", now=NOW)

    async with store.write() as connection:
        claimed = await claims.claim(
            connection, worker_id=me, now=NOW, limit=1, withdraw=Withdrawals(), hash_address=hashed
        )
        beside = asyncio.ensure_future(withdraw_it())
        done, _ = await asyncio.wait([beside], timeout=0.1)
        assert not done
    assert await beside == []
    assert [claim.id for claim in claimed.claims] == [id_]
    assert (await look(store, id_)).state is DeliveryState.CLAIMED


async def test_sent_and_its_answer(store: Store) -> None:
    """Claim, in doubt, sent: the stage is committed before, the answer after; a second 250 is no news."""
    (id_,) = await queue(store, row())
    me = await worker(store)
    (claim,) = (await take(store, me)).claims
    assert await enter(store, claim, me, now=NOW + MINUTE) is Passage.GO
    doubt = await look(store, id_)
    assert (doubt.state, doubt.claimed_by, doubt.data_at) == (DeliveryState.IN_DOUBT, me, NOW + MINUTE)
    assert (
        await take(store, me, now=NOW + timedelta(days=1))
    ).claims == ()  # a living worker is busy with it
    async with store.write() as connection:
        assert await claims.mark_sent(connection, [Taken(id_, NOW + 2 * MINUTE, TAKEN)]) == 1
        assert await claims.mark_sent(connection, [Taken(id_, NOW + 3 * MINUTE, TAKEN)]) == 0
    sent = await look(store, id_)
    assert (sent.state, sent.claimed_by, sent.code, sent.reply) == (
        DeliveryState.SENT,
        None,
        250,
        "queued as 1",
    )
    assert sent.done_at == NOW + 2 * MINUTE


async def test_refused_for_a_time_and_for_good(store: Store) -> None:
    """A deferral counts and waits, a failure ends; both leave an attempt with a capped text, and clear the doubt."""
    waits, fails = await queue(store, row(), row())
    me = await worker(store)
    first, second = (await take(store, me)).claims
    assert await enter(store, first, me) is Passage.GO
    async with store.write() as connection:
        assert await claims.mark_deferred(
            connection, first, worker_id=me, now=NOW, next_at=NOW + MINUTE, answer=REFUSED
        )
        assert await claims.mark_failed(connection, second, worker_id=me, now=NOW, answer=REFUSED)
        assert not await claims.mark_failed(connection, second, worker_id=me, now=NOW, answer=REFUSED)
    deferred, failed = await look(store, waits), await look(store, fails)
    assert (deferred.state, deferred.attempts, deferred.next_at) == (DeliveryState.PENDING, 1, NOW + MINUTE)
    assert (deferred.claimed_by, deferred.data_at, deferred.code) == (None, None, 450)
    assert (failed.state, failed.done_at) == (DeliveryState.FAILED, NOW)
    async with store.read() as connection:
        tries = await deliveries.attempts(connection, [waits, fails])
    assert [(each.delivery_id, each.stage, each.enhanced, len(each.text)) for each in tries] == [
        (waits, "rcpt", "4.2.0", 500),
        (fails, "rcpt", "4.2.0", 500),
    ]
    (again,) = (await take(store, me, now=NOW + MINUTE)).claims
    assert (again.id, again.attempts, again.bytes_hash) == (waits, 1, "b1")


async def test_other_bytes_on_a_retry_are_held(store: Store) -> None:
    """The hash of the first attempt is the promise; other bytes wait for a person, whose release sends those."""
    (id_,) = await queue(store, row())
    me = await worker(store)
    (claim,) = (await take(store, me)).claims
    assert await enter(store, claim, me) is Passage.GO
    async with store.write() as connection:
        await claims.mark_deferred(connection, claim, worker_id=me, now=NOW, next_at=NOW, answer=REFUSED)
    (again,) = (await take(store, me)).claims
    assert await enter(store, again, me, bytes_hash="b2") is Passage.HOLD
    held = await look(store, id_)
    assert (held.state, held.claimed_by) == (DeliveryState.HELD, None)
    assert "other bytes" in (held.reply or "")
    async with store.write() as connection:
        assert await deliveries.release(connection, [id_], now=NOW + MINUTE) == [id_]
    (released,) = (await take(store, me, now=NOW + MINUTE)).claims
    assert await enter(store, released, me, bytes_hash="b2") is Passage.GO


async def test_the_fence(store: Store) -> None:
    """A worker whose row was given to another enters no DATA and records no refusal, but a 250 is a fact."""
    (id_,) = await queue(store, row())
    slow = await worker(store, NOW - timedelta(hours=1))
    (claim,) = (await take(store, slow)).claims
    quick = await worker(store)
    async with store.write() as connection:
        recovered = await recover(
            connection, now=NOW, lease=LEASE, hold_doubts=False, resend_after=30 * MINUTE
        )
    assert recovered == Recovered(put_back=1, in_doubt=0, held=0)
    (taken,) = (await take(store, quick)).claims
    assert await enter(store, claim, slow) is Passage.LOST
    assert await enter(store, taken, quick) is Passage.GO
    async with store.write() as connection:
        assert not await claims.mark_deferred(
            connection, claim, worker_id=slow, now=NOW, next_at=NOW, answer=REFUSED
        )
        assert not await claims.mark_held(connection, claim, worker_id=slow, reason="x")
        assert await claims.put_back(connection, [claim], worker_id=slow) == 0
        assert await claims.mark_sent(connection, [Taken(id_, NOW, TAKEN)]) == 1
        assert not await claims.mark_deferred(
            connection, taken, worker_id=quick, now=NOW, next_at=NOW, answer=REFUSED
        )
    assert (await look(store, id_)).state is DeliveryState.SENT


async def test_operators_hold_release_and_drop(store: Store) -> None:
    """Hold what waits, release it, drop it; a row that a worker has is left alone; a restored store is held whole."""
    waits, busy = await queue(store, row(), row(next_at=NOW - MINUTE))
    me = await worker(store)
    (claim,) = (await take(store, me, limit=1)).claims
    assert claim.id == busy
    async with store.write() as connection:
        assert await deliveries.hold(connection, [waits, busy], reason="wait") == [waits]
        assert await deliveries.expire(connection, [busy], reason="no", now=NOW) == []
        assert await deliveries.release(connection, [waits, busy], now=NOW + MINUTE) == [waits]
        assert await deliveries.expire(connection, [waits], reason="dropped", now=NOW) == [waits]
        assert await deliveries.release(connection, [waits], now=NOW) == []
        assert await deliveries.hold_all(connection, reason="restored from a backup") == 1
    assert (await look(store, busy)).state is DeliveryState.HELD
    assert await enter(store, claim, me) is Passage.LOST
    async with store.read() as connection:
        (dropped,) = await deliveries.listing(
            connection, states=[DeliveryState.EXPIRED], kinds=[MailKind.REPLY]
        )
        assert await deliveries.listing(connection, subscriber_id=SubscriberId(99)) == []
        assert await deliveries.oldest_waiting(connection) is None
    assert (dropped.id, dropped.reply) == (waits, "dropped")


async def test_ids_come_back_in_order(store: Store) -> None:
    """Queueing many returns the ids in the order of the rows."""
    ids = await queue(store, *[row(f"r{number}@example.org") for number in range(1200)])
    async with store.read() as connection:
        pairs = (
            await connection.execute(select(delivery.c.id, delivery.c.address).order_by(delivery.c.id))
        ).all()
    assert [(id_, f"r{number}@example.org") for number, id_ in enumerate(ids)] == [
        tuple(pair) for pair in pairs
    ]
    assert await queue(store) == []


async def test_a_claim_reads_the_index_and_a_fixed_number_of_statements(store: Store) -> None:
    """However many rows are claimed, the number of statements is the same, and the due index finds them in order."""
    await queue(store, *[row(f"r{number}@example.org") for number in range(300)])
    me = await worker(store)
    seen: list[str] = []
    engine = store.writer.sync_engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        seen.append(statement)

    await take(store, me, limit=1)
    few = len(seen)
    seen.clear()
    await take(store, me, limit=200)
    assert len(seen) == few
    event.remove(engine, "before_cursor_execute", note)
    if store.is_sqlite:
        due = next(statement for statement in seen if "FROM delivery LEFT" in statement)
        async with store.read() as connection:
            bound = {f"p{number}": 1 for number in range(due.count("?"))}
            for name in bound:
                due = due.replace("?", f":{name}", 1)
            plan = (await connection.execute(text(f"EXPLAIN QUERY PLAN {due}"), bound)).all()
        assert any("ix_delivery_due" in step.detail for step in plan)
        assert not any("TEMP B-TREE" in step.detail for step in plan)
