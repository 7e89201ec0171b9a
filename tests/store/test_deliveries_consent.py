"""Who may not be mailed is not: what the claim and the last look before DATA read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from alertd.model import DeliveryState, MailKind
from alertd.store import claims
from alertd.store.engines import Store
from alertd.store.passage import Passage
from alertd.store.tables import delivery, suppression
from tests.conftest import NOW
from tests.store.outbox import (
    MINUTE,
    Withdrawals,
    add_subscriber,
    digest_for,
    doubtful,
    enter,
    hashed,
    look,
    queue,
    row,
    set_state,
    take,
    worker,
)


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
