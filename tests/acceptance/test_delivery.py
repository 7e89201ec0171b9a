"""Sending on a real store through a real SMTP server, on both databases: order, refusals, a relay that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alertd.clock import ManualClock
from alertd.delivery.summary import Summary
from alertd.demo.relay import Behaviour
from alertd.model import DeliveryState, MailKind, OutgoingMail, Priority
from alertd.store import deliveries
from alertd.store.engines import Store
from alertd.store.tables import delivery
from tests.acceptance.sending import MINUTE, House, at_home
from tests.conftest import NOW
from tests.store.outbox import add_subscriber, digest_for, queue, row

B = Behaviour


@pytest.fixture
async def house(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house with nothing to send."""
    async with at_home(store, clock, tmp_path) as it:
        yield it


async def test_everything_due_is_sent_once(house: House) -> None:
    """Forty mails, several connections: each arrives once, is recorded with its answer, and nothing is left."""
    ids = await queue(house.store, *[row(f"r{number}@example.org") for number in range(40)])
    summary = await house.run(connections=4)
    assert (summary.sent, summary.trouble) == (40, "")
    assert sorted(caught.recipients[0] for caught in house.relay.caught) == sorted(
        f"r{n}@example.org" for n in range(40)
    )
    assert set((await house.states()).values()) == {"sent"}
    assert house.relay.seen.connections <= 4
    sent = await house.look(ids[0])
    assert (sent.code, sent.enhanced, sent.relay) == (250, "2.0.0", f"127.0.0.1:{house.port}")
    assert "kept as" in (sent.reply or "")
    assert (await house.run()).sent == 0


async def test_nothing_due_connects_nowhere(house: House) -> None:
    """A mail of tomorrow opens no connection; one mail opens one."""
    await queue(house.store, row(next_at=NOW + MINUTE))
    assert await house.run(connections=4) == Summary()
    assert house.relay.seen.connections == 0
    house.clock.advance(MINUTE)
    assert (await house.run(connections=4)).sent == 1
    assert house.relay.seen.connections == 1


async def test_priority_order(house: House) -> None:
    """Confirmations and replies overtake digests, and a welcome goes last."""
    reader = await add_subscriber(house.store, 1)
    await queue(
        house.store,
        row(kind=MailKind.WELCOME, priority=Priority.WELCOME, subscriber_id=reader),
        *[digest_for(reader, number) for number in range(1, 4)],
        row(kind=MailKind.CONFIRMATION),
    )
    await house.run(connections=1)
    assert house.subjects() == ["confirmation", "digest", "digest", "digest", "welcome"]


async def test_a_poisoned_row_does_not_stop_the_others(house: House) -> None:
    """A row that cannot be rendered, or cannot be put on the wire, is held with the reason; the rest goes out."""
    ids = await queue(house.store, *[row(f"r{number}@example.org") for number in range(6)], row("no address"))
    for house.composer.raising in (False, True):
        house.composer.broken = {ids[2]}
        summary = await house.run()
        states = await house.states()
        assert states[ids[2]] == "held"
        async with house.store.write() as connection:
            await deliveries.release(connection, [ids[2]], now=NOW)
    assert (summary.sent, summary.held) == (0, 1)
    held = await house.look(ids[2])
    assert held.reply is not None
    assert "RuntimeError: the whole batch" in held.reply
    house.composer.broken = set()
    assert (await house.run()).sent == 1
    states = await house.states()
    assert states[ids[6]] == "failed"
    assert set(states.values()) == {"sent", "failed"}


async def test_bare_line_ends_are_held(house: House) -> None:
    """A mail that some server could read as two is held, not sent."""
    (id_,) = await queue(house.store, row())
    house.composer.mail = lambda claim: OutgoingMail("a@b.org", claim.address, b"x\n.\nMAIL", "<1@x>")  # type: ignore[method-assign]
    assert (await house.run()).held == 1
    assert "CRLF" in ((await house.look(id_)).reply or "")
    assert house.relay.caught == []


async def test_greylisting_then_the_same_bytes(house: House) -> None:
    """Refused for a time: charged, kept waiting 5 to 15 minutes, and sent with the same bytes afterwards."""
    (id_,) = await queue(house.store, row())
    house.relay.behaviours = [
        B("dot", reply="450 4.2.0 come back", times=1),
        B("rcpt", reply="450 4.2.0 later", times=1),
    ]
    assert (await house.run()).deferred == 1
    first = await house.look(id_)
    assert (first.state, first.attempts, first.code, first.data_at) == (DeliveryState.PENDING, 1, 450, None)
    assert 5 * MINUTE <= first.next_at - NOW <= 15 * MINUTE
    assert (await house.run()).deferred == 0
    house.clock.set(first.next_at)
    assert (await house.run()).deferred == 1
    house.clock.advance(timedelta(hours=1))
    assert (await house.run()).sent == 1
    assert len(house.relay.caught) == 1
    assert house.refused == [(id_, "rcpt", 450), (id_, "dot", 450)]


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(B("rcpt", reply="550 5.1.1 no such user"), 550), (B("dot", reply="554 5.7.1 looks like spam"), 554)],
)
async def test_refused_for_good(house: House, behaviour: Behaviour, code: int) -> None:
    """Failed, told to whoever keeps the scores in the same transaction, and not tried again."""
    (id_,) = await queue(house.store, row())
    house.relay.behaviours = [behaviour]
    assert (await house.run()).failed == 1
    failed = await house.look(id_)
    assert (failed.state, failed.code, failed.attempts) == (DeliveryState.FAILED, code, 0)
    assert house.refused == [(id_, behaviour.stage, code)]
    assert await house.run() == Summary()


async def test_given_up_after_four_days(house: House) -> None:
    """A mail refused for a time for four days fails; before that it is tried by the schedule, at most every 4 hours."""
    (id_,) = await queue(house.store, row())
    house.relay.behaviours = [B("rcpt", reply="452 4.2.2 full")]
    tries = 0
    while (await house.look(id_)).state is DeliveryState.PENDING:
        house.clock.set((await house.look(id_)).next_at)
        await house.run(connections=1)
        tries += 1
        assert tries < 60
    assert (await house.look(id_)).state is DeliveryState.FAILED
    assert timedelta(days=4) <= house.clock.now() - NOW < timedelta(days=4, hours=5)
    assert 20 < tries < 40


async def test_relay_down_charges_nothing_and_pauses(house: House) -> None:
    """Nobody listens: everything goes back untouched, the breaker opens, and the next run after it sends all."""
    await queue(house.store, *[row(f"r{number}@example.org") for number in range(10)])
    await house.relay.stop()
    sender = await house.sender(connections=3)
    summary = await sender.run_due(house.clock.now())
    assert (summary.sent, summary.deferred, summary.failed) == (0, 0, 0)
    assert "connect" in summary.trouble
    assert set((await house.states()).values()) == {"pending"}
    assert (await sender.run_due(house.clock.now())).put_back == 0
    await house.relay.start(port=house.port)
    house.clock.advance(MINUTE)
    summary = await sender.run_due(house.clock.now())
    assert (summary.sent, summary.trouble) == (10, "")
    async with house.store.read() as connection:
        assert (await connection.execute(select(delivery.c.attempts).distinct())).scalars().all() == [0]
    assert house.alarms == []


async def test_our_fault_stops_everything_and_alarms_once(house: House) -> None:
    """Sender refused: one alarm, nothing failed, one probe each half hour, and it goes on by itself when mended."""
    await queue(house.store, *[row(f"r{number}@example.org") for number in range(8)])
    house.relay.behaviours = [B("mail", reply="550 5.7.1 who are you")]
    sender = await house.sender(connections=3)
    for _ in range(3):
        asked = house.relay.seen.commands.count("mail")
        await sender.run_due(house.clock.now())
        assert house.relay.seen.commands.count("mail") - asked <= 3
        house.clock.advance(30 * MINUTE)
    assert house.alarms == ["relay.refuses_us"]
    assert set((await house.states()).values()) == {"pending"}
    house.relay.behaviours = []
    assert (await sender.run_due(house.clock.now())).sent == 8


async def test_relay_denied_for_all_is_our_fault(house: House) -> None:
    """Every recipient refused by policy: nobody is marked as failed, and the operator is told."""
    await queue(house.store, *[row(f"r{number}@example.org") for number in range(12)])
    house.relay.behaviours = [B("rcpt", reply="554 5.7.1 relay access denied")]
    summary = await house.run(connections=1)
    assert summary.failed == 0
    assert summary.trouble
    assert house.alarms == ["relay.refuses_us"]
    assert "failed" not in (await house.states()).values()


async def test_one_reader_s_policy_is_theirs(house: House) -> None:
    """On a relay that takes the others, a policy refusal fails that mail alone."""
    ids = await queue(house.store, *[row(f"r{number}@example.org") for number in range(4)])
    house.relay.behaviours = [B("rcpt", reply="554 5.7.1 not wanted", recipient="r2@*")]
    summary = await house.run(connections=1)
    assert (summary.sent, summary.failed) == (3, 1)
    assert (await house.states())[ids[2]] == "failed"
