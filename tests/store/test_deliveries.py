"""The outbox on both databases: claims, consent, the fence, doubts, dead workers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryId, DeliveryState, MailKind, Priority, SubscriberId
from alertd.store import claims, deliveries, workers
from alertd.store.claims import Answer, Claim, Claimed
from alertd.store.engines import Store
from alertd.store.passage import Passage
from alertd.store.recovery import DEATHS, Recovered, recover
from alertd.store.tables import delivery, subscriber, suppression
from tests.conftest import NOW

MINUTE = timedelta(minutes=1)
LEASE = 2 * MINUTE
REFUSED = Answer("relay:25", "rcpt", 450, "4.2.0", "greylisted " + "x" * 900)
TAKEN = Answer("relay:25", "dot", 250, "2.0.0", "queued as 1")


def hashed(address: str) -> str:
    return f"hash of {address.lower()}"


class Withdrawals:
    """Stands in for the digest room: marks the rows, and remembers why."""

    def __init__(self) -> None:
        self.done: list[tuple[int, str]] = []

    async def __call__(
        self,
        connection: AsyncConnection,
        deliveries: Collection[DeliveryId],
        /,
        *,
        reason: str,
        now: datetime,
    ) -> list[DeliveryId]:
        rows = await connection.execute(
            update(delivery)
            .where(delivery.c.id.in_(list(deliveries)), delivery.c.state == "pending")
            .values(state="expired", reply=f"withdrawn: {reason}", done_at=now)
            .returning(delivery.c.id)
        )
        taken = [DeliveryId(id_) for id_ in rows.scalars()]
        self.done += [(id_, reason) for id_ in taken]
        return taken


def row(address: str = "reader@example.org", **values: Any) -> dict[str, Any]:
    return {
        "kind": MailKind.REPLY,
        "priority": Priority.TRANSACTIONAL,
        "address": address,
        "key_id": "k1",
        "queued_at": NOW,
        **values,
    }


async def add_subscriber(store: Store, number: int, state: str = "active") -> SubscriberId:
    async with store.write() as connection:
        statement = insert(subscriber).values(
            tag=f"t{number}", address=f"r{number}@example.org", address_key=f"r{number}@example.org", language="en",
            format="html", zone="UTC", state=state, origin="file", own_settings=[], epoch=0, created_at=NOW,
        )  # fmt: skip
        return SubscriberId((await connection.execute(statement.returning(subscriber.c.id))).scalar_one())


async def set_state(store: Store, reader: SubscriberId, state: str) -> None:
    async with store.write() as connection:
        await connection.execute(update(subscriber).where(subscriber.c.id == reader).values(state=state))


def digest_for(reader: SubscriberId, digest_id: int = 1, **values: Any) -> dict[str, Any]:
    digest = {
        "kind": MailKind.DIGEST,
        "priority": Priority.DIGEST,
        "subscriber_id": reader,
        "digest_id": digest_id,
    }
    return row(f"r{reader}@example.org", **digest, **values)


async def queue(store: Store, *rows: dict[str, Any]) -> list[DeliveryId]:
    async with store.write() as connection:
        return await deliveries.queue(connection, rows)


async def worker(store: Store, now: datetime = NOW) -> int:
    async with store.write() as connection:
        return await workers.register(connection, host="h", pid=1, roles=["deliver"], now=now)


async def take(
    store: Store,
    worker_id: int,
    *,
    now: datetime = NOW,
    limit: int = 10,
    withdraw: Any = None,
    upto: int | None = None,
) -> Claimed:
    async with store.write() as connection:
        return await claims.claim(
            connection,
            worker_id=worker_id,
            now=now,
            limit=limit,
            withdraw=withdraw or Withdrawals(),
            hash_address=hashed,
            upto=upto,
        )


async def enter(
    store: Store, claim: Claim, worker_id: int, *, now: datetime = NOW, bytes_hash: str = "b1"
) -> Passage:
    async with store.write() as connection:
        passage, reason = await claims.mark_in_doubt(
            connection,
            claim,
            worker_id=worker_id,
            now=now,
            relay="relay:25",
            bytes_hash=bytes_hash,
            hash_address=hashed,
        )
        assert bool(reason) is (passage is not Passage.GO)
        return passage


async def look(store: Store, id_: DeliveryId) -> deliveries.DeliveryRow:
    async with store.read() as connection:
        (found,) = await deliveries.listing(connection, ids=[id_])
        return found


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
        assert await claims.mark_sent(connection, id_, now=NOW + 2 * MINUTE, answer=TAKEN)
        assert not await claims.mark_sent(connection, id_, now=NOW + 3 * MINUTE, answer=TAKEN)
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
        assert await claims.mark_sent(connection, id_, now=NOW, answer=TAKEN)
        assert not await claims.mark_deferred(
            connection, taken, worker_id=quick, now=NOW, next_at=NOW, answer=REFUSED
        )
    assert (await look(store, id_)).state is DeliveryState.SENT


@pytest.mark.parametrize(
    ("kind", "state", "reason", "goes"),
    [
        ("digest", "active", None, True),
        ("digest", "ended", None, False),
        ("digest", "suppressed", None, False),
        ("digest", "active", "complaint", False),
        ("digest", "active", "bounce", False),
        ("welcome", "active", None, True),
        ("welcome", "paused", None, True),
        ("welcome", "ended", None, False),
        ("confirmation", None, None, True),
        ("confirmation", "ended", None, True),
        ("confirmation", None, "bounce", True),
        ("confirmation", None, "complaint", False),
        ("reply", None, "bounce: unknown user", True),
        ("reply", None, "never", False),
        ("alarm", None, "complaint", True),
        ("test", None, "complaint", False),
    ],
)
@pytest.mark.parametrize("late", [False, True])
async def test_consent_is_read_at_the_claim_and_before_data(  # noqa: PLR0917 - the columns of the table
    store: Store, kind: str, state: str | None, reason: str | None, goes: bool, late: bool
) -> None:
    """Who may not be mailed is not: whether it was so at the claim, or became so after it."""
    reader = (
        await add_subscriber(store, 1, "active" if late and state else state or "active") if state else None
    )
    address = "Reader@Example.org"
    digest_id = 1 if kind == "digest" else None
    (id_,) = await queue(store, row(address, kind=MailKind(kind), subscriber_id=reader, digest_id=digest_id))
    me = await worker(store)

    async def change_mind() -> None:
        if reader and state:
            await set_state(store, reader, state)
        if reason:
            async with store.write() as connection:
                values = {"address_hash": hashed(address), "reason": reason, "since_at": NOW}
                await connection.execute(insert(suppression).values(values))

    if not late:
        await change_mind()
    claimed = await take(store, me)
    if late:
        (claim,) = claimed.claims
        await change_mind()
        assert (await enter(store, claim, me)) is (Passage.GO if goes else Passage.EXPIRE)
    else:
        assert bool(claimed.claims) is goes
        assert claimed.set_aside == (not goes)
    after = await look(store, id_)
    assert (after.state is DeliveryState.EXPIRED) is not goes
    if not goes:
        assert (after.claimed_by, after.done_at) == (None, NOW)
        assert (reason or state or "") in (after.reply or "")


async def test_suppression_ends(store: Store) -> None:
    """A suppression counts until its end and no longer."""
    ids = await queue(store, row("a@x.org"), row("b@x.org"))
    async with store.write() as connection:
        for address, until in (("a@x.org", NOW), ("b@x.org", NOW + MINUTE)):
            values = {
                "address_hash": hashed(address),
                "reason": "complaint",
                "since_at": NOW,
                "until_at": until,
            }
            await connection.execute(insert(suppression).values(values))
    claimed = await take(store, await worker(store))
    assert [claim.id for claim in claimed.claims] == ids[:1]


@pytest.mark.parametrize("late", [False, True])
async def test_a_paused_reader_s_digest_is_withdrawn(store: Store, late: bool) -> None:
    """At the claim it is withdrawn; paused after the claim, it goes back and the next claim withdraws it."""
    reader = await add_subscriber(store, 1, "active" if late else "paused")
    (id_,) = await queue(store, digest_for(reader))
    me, withdraw = await worker(store), Withdrawals()
    claimed = await take(store, me, withdraw=withdraw)
    if late:
        await set_state(store, reader, "paused")
        assert await enter(store, claimed.claims[0], me) is Passage.WITHDRAW
        assert (await look(store, id_)).state is DeliveryState.PENDING
        claimed = await take(store, me, withdraw=withdraw)
    assert (claimed.claims, claimed.set_aside, withdraw.done) == ((), 1, [(id_, "paused")])


async def test_a_stale_digest_is_withdrawn_and_other_mail_expires(store: Store) -> None:
    """A digest behind its successor goes back to be merged; a confirmation whose token is over is not sent."""
    reader = await add_subscriber(store, 1)
    stale, over, still = await queue(
        store,
        digest_for(reader, expires_at=NOW),
        row(kind=MailKind.CONFIRMATION, expires_at=NOW),
        row(expires_at=NOW + MINUTE),
    )
    withdraw = Withdrawals()
    claimed = await take(store, await worker(store), withdraw=withdraw)
    assert [claim.id for claim in claimed.claims] == [still]
    assert (claimed.set_aside, withdraw.done) == (2, [(stale, "stale")])
    assert (await look(store, over)).state is DeliveryState.EXPIRED


async def doubtful(store: Store, reader: SubscriberId, me: int) -> DeliveryId:
    """A digest that is in doubt and due again at NOW + 30 minutes."""
    (id_,) = await queue(store, digest_for(reader))
    (claim,) = (await take(store, me)).claims
    assert await enter(store, claim, me) is Passage.GO
    lost = Answer("relay:25", "dot", None, "", "connection lost")
    async with store.write() as connection:
        assert await claims.mark_doubtful(
            connection, claim, worker_id=me, now=NOW, next_at=NOW + 30 * MINUTE, answer=lost
        )
    return id_


async def test_in_doubt_rests_and_comes_back_as_doubtful(store: Store) -> None:
    """It is due again after its rest, stays in doubt while claimed, and a refusal of the resend does not undo the doubt."""
    reader, me = await add_subscriber(store, 1), await worker(store)
    id_ = await doubtful(store, reader, me)
    assert (await take(store, me, now=NOW + 29 * MINUTE)).claims == ()
    (claim,) = (await take(store, me, now=NOW + 30 * MINUTE)).claims
    assert claim.doubtful
    assert (await look(store, id_)).state is DeliveryState.IN_DOUBT
    assert await enter(store, claim, me, now=NOW + 30 * MINUTE) is Passage.GO
    async with store.write() as connection:
        await claims.mark_deferred(connection, claim, worker_id=me, now=NOW, next_at=NOW, answer=REFUSED)
    again = await look(store, id_)
    assert (again.state, again.claimed_by) == (DeliveryState.IN_DOUBT, None)
    (claim,) = (await take(store, me, now=NOW + 30 * MINUTE)).claims
    async with store.write() as connection:
        assert await claims.put_back(connection, [claim], worker_id=me) == 1
    assert (await look(store, id_)).state is DeliveryState.IN_DOUBT


async def test_in_doubt_is_never_withdrawn(store: Store) -> None:
    """The reader paused meanwhile: it waits; the reader left: it expires; its time is over: it expires."""
    reader, me, withdraw = await add_subscriber(store, 1), await worker(store), Withdrawals()
    id_ = await doubtful(store, reader, me)
    await set_state(store, reader, "paused")
    later = NOW + 30 * MINUTE
    claimed = await take(store, me, now=later, withdraw=withdraw)
    assert (claimed.claims, claimed.set_aside, withdraw.done) == ((), 1, [])
    assert (await look(store, id_)).next_at == later + claims.POSTPONED
    await set_state(store, reader, "active")
    (claim,) = (await take(store, me, now=later + claims.POSTPONED)).claims
    await set_state(store, reader, "paused")
    assert await enter(store, claim, me, now=later) is Passage.POSTPONE
    waiting = await look(store, id_)
    assert (waiting.state, waiting.claimed_by) == (DeliveryState.IN_DOUBT, None)
    async with store.write() as connection:
        await connection.execute(update(delivery).values(expires_at=NOW))
    claimed = await take(store, me, now=NOW + timedelta(days=9), withdraw=withdraw)
    assert (claimed.set_aside, withdraw.done) == (1, [])
    assert (await look(store, id_)).state is DeliveryState.EXPIRED


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("hold", [False, True])
async def test_what_a_dead_worker_leaves(store: Store, ended: bool, hold: bool) -> None:
    """Claimed rows are due again, rows in doubt rest or are held; a living worker's rows are left alone."""
    dead = await worker(store, NOW - LEASE - timedelta(milliseconds=1) if not ended else NOW)
    living = await worker(store, NOW - LEASE)
    claimed, entered, busy = await queue(store, row(), row(), row())
    (one, two) = (await take(store, dead, limit=2)).claims
    (three,) = (await take(store, living)).claims
    assert await enter(store, two, dead) is Passage.GO
    assert await enter(store, three, living) is Passage.GO
    async with store.write() as connection:
        if ended:
            await workers.end(connection, [dead], now=NOW)
        assert await workers.dead(connection, now=NOW, lease=LEASE) == ([] if ended else [dead])
        recovered = await recover(
            connection, now=NOW, lease=LEASE, hold_doubts=hold, resend_after=30 * MINUTE
        )
        nothing = await recover(connection, now=NOW, lease=LEASE, hold_doubts=hold, resend_after=30 * MINUTE)
    assert recovered == Recovered(put_back=1, in_doubt=int(not hold), held=int(hold))
    assert nothing == Recovered(0, 0, 0)
    back, doubt, alone = [await look(store, id_) for id_ in (claimed, entered, busy)]
    assert (back.state, back.claimed_by, back.next_at) == (DeliveryState.PENDING, None, NOW)
    if hold:
        assert (doubt.state, doubt.claimed_by) == (DeliveryState.HELD, None)
        async with store.write() as connection:
            await deliveries.release(connection, [entered], now=NOW)
        assert (
            await look(store, entered)
        ).state is DeliveryState.IN_DOUBT  # released, and still not to be withdrawn
    else:
        assert (doubt.state, doubt.next_at) == (DeliveryState.IN_DOUBT, NOW + 30 * MINUTE)
    assert (alone.state, alone.claimed_by) == (DeliveryState.IN_DOUBT, living)
    assert one.id == claimed
    async with store.read() as connection:
        tries = await deliveries.attempts(connection, [claimed, entered, busy])
    assert [(each.delivery_id, each.stage) for each in tries] == [(claimed, "worker"), (entered, "worker")]


async def test_a_mail_that_kills_its_workers_is_set_aside(store: Store) -> None:
    """After twenty deaths a row is held instead of being claimed by the next."""
    (id_,) = await queue(store, row())
    for death in range(DEATHS):
        me = await worker(store)
        assert len((await take(store, me)).claims) == 1
        async with store.write() as connection:
            await workers.end(connection, [me], now=NOW)
            found = await recover(connection, now=NOW, lease=LEASE, hold_doubts=False, resend_after=MINUTE)
        assert found.held == (death == DEATHS - 1)
    held = await look(store, id_)
    assert held.state is DeliveryState.HELD
    assert str(DEATHS) in (held.reply or "")


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


async def test_workers_beat_and_end(store: Store) -> None:
    """A worker that was ended hears it at its next beat; the store's last instant is its last heartbeat."""
    async with store.read() as connection:
        assert await workers.last_instant(connection) is None
    one, two = await worker(store), await worker(store)
    async with store.write() as connection:
        assert await workers.beat(connection, one, now=NOW + MINUTE)
        assert await workers.end_others(connection, one, now=NOW, host="elsewhere") == []
        assert await workers.end_others(connection, one, now=NOW) == [two]
        assert not await workers.beat(connection, two, now=NOW + 2 * MINUTE)
        assert await workers.last_instant(connection) == NOW + MINUTE


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
