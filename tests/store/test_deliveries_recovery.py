"""What is in doubt, and what dead workers leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alertd.model import DeliveryState
from alertd.store import claims, deliveries, workers
from alertd.store.engines import Store
from alertd.store.passage import Passage
from alertd.store.recovery import DEATHS, Recovered, recover
from tests.conftest import NOW
from tests.store.outbox import (
    LEASE,
    MINUTE,
    REFUSED,
    add_subscriber,
    doubtful,
    enter,
    look,
    queue,
    row,
    take,
    worker,
)


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
