"""In doubt, consent at the last moment, workers that die, a store that fails: real store, real SMTP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from alertd.clock import ManualClock
from alertd.delivery.summary import Summary
from alertd.demo.relay import Behaviour
from alertd.errors import StoreUnavailableError
from alertd.model import DeliveryState
from alertd.store import deliveries
from alertd.store.engines import Store
from alertd.store.tables import delivery, suppression
from tests.acceptance.sending import MINUTE, House, at_home, until
from tests.conftest import NOW
from tests.store.outbox import add_subscriber, digest_for, hashed, queue, row, set_state

B = Behaviour


@pytest.fixture
async def house(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house with nothing to send."""
    async with at_home(store, clock, tmp_path) as it:
        yield it


@pytest.mark.parametrize("kept", [True, False])
async def test_no_answer_after_the_dot(house: House, kept: bool) -> None:
    """In doubt: rests half an hour, then the same bytes under the same Message-ID go once more."""
    (id_,) = await queue(house.store, row())
    house.relay.behaviours = [B("kept" if kept else "dot", drop=True, times=1)]
    assert (await house.run()).in_doubt == 1
    doubt = await house.look(id_)
    assert (doubt.state, doubt.claimed_by, doubt.next_at) == (DeliveryState.IN_DOUBT, None, NOW + 30 * MINUTE)
    assert (await house.run()).sent == 0
    house.clock.advance(30 * MINUTE)
    assert (await house.run()).sent == 1
    assert len(house.relay.caught) == 1 + kept
    assert len({caught.data for caught in house.relay.caught}) == 1
    assert len({caught.sender for caught in house.relay.caught}) == 1


async def test_in_doubt_twice_is_held(house: House) -> None:
    """A relay that takes mails and never says so does not mail a reader for ever."""
    (id_,) = await queue(house.store, row())
    house.relay.behaviours = [B("kept", drop=True)]
    await house.run()
    house.clock.advance(30 * MINUTE)
    summary = await house.run()
    assert (summary.in_doubt, summary.held) == (1, 1)
    assert (await house.look(id_)).state is DeliveryState.HELD
    assert len(house.relay.caught) == 2


async def test_hold_instead_of_resend(house: House) -> None:
    """`in_doubt = "hold"`: a person decides, and their release sends it."""
    (id_,) = await queue(house.store, row())
    house.relay.behaviours = [B("dot", drop=True, times=1)]
    assert (await house.run(in_doubt="hold")).held == 1
    assert (await house.look(id_)).state is DeliveryState.HELD
    async with house.store.write() as connection:
        await deliveries.release(connection, [id_], now=house.clock.now())
    assert (await house.run(in_doubt="hold")).sent == 1


@pytest.mark.parametrize("change", ["pause", "end", "suppress"])
async def test_consent_is_checked_between_claim_and_data(house: House, change: str) -> None:
    """The reader changes their mind while the digest is being rendered: the relay never sees its DATA."""
    reader = await add_subscriber(house.store, 1)
    mine, other = await queue(house.store, digest_for(reader), row("other@example.org"))

    async def change_mind() -> None:
        house.composer.before = None
        if change == "suppress":
            async with house.store.write() as connection:
                values = {
                    "address_hash": hashed(f"r{reader}@example.org"),
                    "reason": "complaint",
                    "since_at": NOW,
                }
                await connection.execute(insert(suppression).values(values))
        else:
            await set_state(house.store, reader, "paused" if change == "pause" else "ended")

    house.composer.before = change_mind
    summary = await house.run(connections=1)
    assert [caught.recipients for caught in house.relay.caught] == [("other@example.org",)]
    assert summary.set_aside == 1
    gone = await house.look(mine)
    assert gone.state is DeliveryState.EXPIRED
    assert house.withdraw.done == ([(mine, "paused")] if change == "pause" else [])
    assert (await house.look(other)).state is DeliveryState.SENT


async def test_what_is_put_back_while_we_look_is_due_in_the_same_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at the outbox that found nothing, and took until the last mail was put back, is not the last one."""
    reader = await add_subscriber(house.store, 1)
    (mine,) = await queue(house.store, digest_for(reader))

    async def pauses() -> None:
        await set_state(house.store, reader, "paused")

    house.composer.before = pauses
    sender = await house.sender(connections=2)
    take = sender._take

    async def slow(*arguments: Any, **options: Any) -> Any:
        claimed = await take(*arguments, **options)
        if not claimed.claims:
            await until(lambda: not sender._under_way)
        return claimed

    monkeypatch.setattr(sender, "_take", slow)
    assert (await sender.run_due(NOW)).set_aside == 1
    assert house.withdraw.done == [(mine, "paused")]


@pytest.mark.parametrize("stage", ["claimed", "in_doubt", "dot"])
async def test_a_worker_that_dies(house: House, stage: str) -> None:
    """The process is gone at each stage: nothing is lost, and a second copy has the same bytes."""
    await queue(house.store, *[row(f"r{number}@example.org") for number in range(3)])
    halt = asyncio.Event()

    async def hang() -> None:
        halt.set()
        await asyncio.Event().wait()

    if stage == "claimed":
        house.composer.before = hang
    else:
        house.relay.behaviours = [B("data" if stage == "in_doubt" else "kept", delay=60, times=1)]
    sender = await house.sender(connections=1)
    dying = asyncio.ensure_future(sender.run_due(house.clock.now()))
    if stage == "claimed":
        await halt.wait()
    else:
        await until(lambda: house.relay.seen.commands.count("data" if stage == "in_doubt" else "dot") == 1)
        if stage == "dot":
            await until(lambda: house.relay.caught)
    sender._recorder._insist = _never  # type: ignore[method-assign]  # a dead process records nothing
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    before = await house.states()
    assert sorted(before.values()) == (
        ["claimed"] * 3 if stage == "claimed" else ["claimed", "claimed", "in_doubt"]
    )
    await house.worker_dies()
    house.composer.before = None
    house.relay.behaviours = []
    first = await house.run(connections=1)
    assert first.sent == (3 if stage == "claimed" else 2)
    house.clock.advance(30 * MINUTE)
    await house.run(connections=1)
    assert set((await house.states()).values()) == {"sent"}
    copies: dict[str, list[bytes]] = {}
    for caught in house.relay.caught:
        copies.setdefault(caught.recipients[0], []).append(caught.data)
    assert sorted(copies) == ["r0@example.org", "r1@example.org", "r2@example.org"]
    assert sorted(map(len, copies.values())) == ([1, 1, 2] if stage == "dot" else [1, 1, 1])
    assert all(len(set(each)) == 1 for each in copies.values())


async def _never(_act: object) -> None:
    raise RuntimeError("dead")


async def test_a_cancelled_run_puts_back_what_it_did_not_begin(house: House) -> None:
    """Cut off in the middle: one mail is in doubt, the others are due again at once, and none is still claimed."""
    await queue(house.store, *[row(f"r{number}@example.org") for number in range(5)])
    house.relay.behaviours = [B("kept", delay=60)]
    running_ = asyncio.ensure_future((await house.sender(connections=1)).run_due(NOW))
    await until(lambda: house.relay.caught)
    running_.cancel()
    await asyncio.gather(running_, return_exceptions=True)
    assert sorted((await house.states()).values()) == ["in_doubt"] + ["pending"] * 4
    async with house.store.read() as connection:
        assert (await connection.execute(select(delivery.c.claimed_by).distinct())).scalars().all() == [None]


async def test_the_dot_has_a_time_out_of_its_own(house: House) -> None:
    """A relay that is slow to answer the dot is waited for, far longer than for any other command."""
    await queue(house.store, row())
    house.relay.behaviours = [B("kept", delay=0.6)]
    summary = await house.run(timeout=timedelta(milliseconds=300), dot_timeout=timedelta(seconds=10))
    assert (summary.sent, summary.in_doubt) == (1, 0)


async def test_a_store_that_fails_after_the_250_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 250 is recorded as soon as the store can be written again; the mail is not sent twice."""
    monkeypatch.setattr("alertd.delivery.commits.RETRY_SECONDS", 0.01)
    (id_,) = await queue(house.store, row())
    sender = await house.sender()
    write, failures = house.store.write, 5

    def failing_write() -> Any:
        nonlocal failures
        if house.relay.caught and failures:
            failures -= 1
            raise StoreUnavailableError("full")
        return write()

    monkeypatch.setattr(house.store, "write", failing_write)
    assert (await sender.run_due(house.clock.now())).sent == 1
    assert failures == 0
    assert (await house.look(id_)).state is DeliveryState.SENT
    assert len(house.relay.caught) == 1


async def test_without_the_commit_there_is_no_data(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """When `in_doubt` cannot be committed, DATA is not begun and the mail is simply due again."""
    (id_,) = await queue(house.store, row())
    sender = await house.sender()

    async def refuse(*_: object) -> Any:
        raise StoreUnavailableError("full")

    monkeypatch.setattr(sender._recorder, "enter_data", refuse)
    stop, wake = asyncio.Event(), asyncio.Event()
    loop = asyncio.ensure_future(sender.run(stop, wake))
    await until(lambda: house.relay.seen.commands.count("rcpt") >= 1)
    stop.set()
    await asyncio.wait_for(loop, 5)
    assert "data" not in house.relay.seen.commands
    assert (await house.look(id_)).state is DeliveryState.PENDING


async def test_restored_store_sends_nothing(house: House) -> None:
    """After `hold_all` a run sends nothing until somebody releases."""
    ids = await queue(house.store, row(), row())
    async with house.store.write() as connection:
        await connection.execute(
            update(delivery).where(delivery.c.id == ids[0]).values(state="in_doubt", data_at=NOW)
        )
        assert await deliveries.hold_all(connection, reason="restored") == 2
    assert await house.run() == Summary()
