"""The sender's loop: waking, draining, idling, logging."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from alertd import log
from alertd.clock import ManualClock, real_sleep
from alertd.demo.relay import Behaviour
from alertd.model import DeliveryState, MailKind
from alertd.store import deliveries
from alertd.store.engines import Store
from tests.acceptance.sending import MINUTE, House, at_home, until
from tests.conftest import NOW
from tests.store.outbox import add_subscriber, digest_for, queue, row

B = Behaviour


@pytest.fixture
async def house(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """A house with nothing to send."""
    async with at_home(store, clock, tmp_path) as it:
        yield it


async def test_the_loop_wakes_drains_and_stops(house: House) -> None:
    """Mail queued later is sent on waking; on stop the mail under way is finished and the claimed ones go back."""
    stop, wake = asyncio.Event(), asyncio.Event()
    sender = await house.sender(connections=1)
    loop = asyncio.ensure_future(sender.run(stop, wake))
    await queue(house.store, row("first@example.org"))
    wake.set()
    await until(lambda: len(house.relay.caught) == 1)
    house.relay.behaviours = [B("dot", delay=0.3)]
    await queue(house.store, *[row(f"r{number}@example.org") for number in range(5)])
    wake.set()
    await until(lambda: house.relay.seen.commands.count("dot") == 2)
    stop.set()
    await asyncio.wait_for(loop, 5)
    states = sorted((await house.states()).values())
    assert states == ["pending"] * 4 + ["sent"] * 2
    assert len(house.relay.caught) == 2


async def test_a_confirmation_overtakes_a_running_edition(house: House) -> None:
    """It is sent after at most the mails that were claimed already, not after the whole edition."""
    reader = await add_subscriber(house.store, 1)
    await queue(house.store, *[digest_for(reader, number) for number in range(1, 41)])
    house.relay.behaviours = [B("data", delay=0.02)]
    stop, wake = asyncio.Event(), asyncio.Event()
    sender = await house.sender(connections=1)
    loop = asyncio.ensure_future(sender.run(stop, wake))
    await until(lambda: len(house.relay.caught) >= 5)
    await queue(house.store, row(kind=MailKind.CONFIRMATION))
    wake.set()
    await until(lambda: len(house.relay.caught) == 41)
    stop.set()
    await asyncio.wait_for(loop, 5)
    assert house.subjects().index("confirmation") <= 12


async def test_drain_cuts_off_what_hangs(house: House) -> None:
    """A relay that does not answer the dot cannot hold up the stop: the mail is left in doubt, with its rest."""
    (id_,) = await queue(house.store, row())
    house.relay.behaviours = [B("kept", delay=60)]
    stop, wake = asyncio.Event(), asyncio.Event()
    sender = await house.sender(drain=timedelta(milliseconds=100))
    loop = asyncio.ensure_future(sender.run(stop, wake))
    await until(lambda: house.relay.caught)
    stop.set()
    await asyncio.wait_for(loop, 5)
    doubt = await house.look(id_)
    assert (doubt.state, doubt.claimed_by, doubt.next_at) == (DeliveryState.IN_DOUBT, None, NOW + 30 * MINUTE)


async def test_idle_connections_are_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without work is given back to the relay, and opened again when there is some."""
    monkeypatch.setattr("alertd.delivery.sender.IDLE_SECONDS", 0.05)
    stop, wake = asyncio.Event(), asyncio.Event()
    sender = await house.sender(connections=1)
    loop = asyncio.ensure_future(sender.run(stop, wake))
    for number in (1, 2):
        await queue(house.store, row())
        wake.set()
        await until(lambda number=number: len(house.relay.caught) == number)  # type: ignore[misc]
        await until(lambda: not house.relay._doors)
    assert house.relay.seen.connections == 2
    stop.set()
    await asyncio.wait_for(loop, 5)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the daemon would log, verbosely, as JSON lines."""
    root, ours = logging.getLogger(), logging.getLogger("alertd")
    before = root.handlers[:], root.level, ours.level, structlog.get_config()
    stream = io.StringIO()
    log.set_up(verbose=True, json=True, stream=stream)
    yield stream
    root.handlers[:], root.level, ours.level = before[:3]
    structlog.configure(**before[3])


async def test_the_stages_are_logged_by_id_alone(house: House, logged: io.StringIO) -> None:
    """claimed, in_doubt, dot, sent, in this order and each with nothing but the delivery's id."""
    (id_,) = await queue(house.store, row())
    await house.run()
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    stages = [line for line in lines if line["event"].startswith("delivery.")]
    assert [line["event"].partition(".")[2] for line in stages] == ["claimed", "in_doubt", "dot", "sent"]
    assert all(line["delivery"] == id_ for line in stages)
    assert "example.org" not in logged.getvalue()


async def test_a_refusal_s_consequence_that_fails_holds_the_row(house: House) -> None:
    """What a refusal causes is in its transaction: when it raises, nothing is half recorded and the queue goes on."""

    async def broken(*_: object) -> None:
        raise RuntimeError("no score")

    bad, good = await queue(house.store, row("bad@example.org"), row("good@example.org"))
    house.relay.behaviours = [B("rcpt", reply="550 5.1.1 no", recipient="bad@*")]
    house.on_refused = broken  # type: ignore[method-assign]
    await house.run(connections=1)
    assert (await house.states()) == {bad: "held", good: "sent"}
    async with house.store.read() as connection:
        assert await deliveries.attempts(connection, [bad]) == []


async def test_a_hung_probe_does_not_hold_up_the_stop(house: House) -> None:
    """After a pause one mail probes; when the relay then hangs, a stop is still heard at once."""
    await queue(house.store, row(), row())
    sender = await house.sender(drain=timedelta(milliseconds=100))
    sender.breaker.failed(house.clock.now(), "down")
    house.clock.advance(MINUTE)
    house.relay.behaviours = [B("kept", delay=60)]
    stop, wake = asyncio.Event(), asyncio.Event()
    loop = asyncio.ensure_future(sender.run(stop, wake))
    await until(lambda: house.relay.caught)
    wake.set()
    await real_sleep(0.05)
    assert house.relay.seen.commands.count("mail") == 1
    stop.set()
    await asyncio.wait_for(loop, 5)
    assert sorted((await house.states()).values()) == ["in_doubt", "pending"]
