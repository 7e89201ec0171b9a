"""The sender on a real store, against a real SMTP server on loopback, on both databases."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.clock import ManualClock, real_monotonic, real_sleep
from alertd.config import settings
from alertd.delivery.sender import Sender
from alertd.delivery.summary import Summary
from alertd.demo.relay import Behaviour, Relay
from alertd.errors import StoreUnavailableError
from alertd.model import DeliveryId, DeliveryState, MailKind, OutgoingMail, Priority
from alertd.store import deliveries, workers
from alertd.store.claims import Answer, Claim
from alertd.store.engines import Store
from alertd.store.recovery import recover
from alertd.store.tables import delivery, suppression
from tests.conftest import NOW
from tests.store.test_deliveries import Withdrawals, add_subscriber, digest_for, hashed, queue, row, set_state
from tests.unit.delivery.relays import running

B = Behaviour
MINUTE = timedelta(minutes=1)


class Composer:
    """Renders a row to the same bytes for ever, unless told to fail on some."""

    def __init__(self) -> None:
        self.broken: set[DeliveryId] = set()
        self.raising = False
        self.asked: list[int] = []
        self.before: Callable[[], Any] | None = None

    async def compose(self, claims: Sequence[Claim]) -> dict[DeliveryId, OutgoingMail | Exception]:
        self.asked.append(len(claims))
        if self.before:
            await self.before()
        if self.raising and any(claim.id in self.broken for claim in claims):
            raise RuntimeError("the whole batch")
        return {
            claim.id: LookupError("no such\ntemplate \x00 \udc80")
            if claim.id in self.broken
            else self.mail(claim)
            for claim in claims
        }

    def mail(self, claim: Claim) -> OutgoingMail:
        data = f"Message-ID: <{claim.id}@example.org>\r\nSubject: {claim.kind}\r\n\r\n.hello\r\n"
        return OutgoingMail(
            f"alerts+b-{claim.id}@example.org", claim.address, data.encode(), f"<{claim.id}@example.org>"
        )


class House:
    """A store, a relay, a clock, and senders as they come and go."""

    def __init__(self, store: Store, relay: Relay, clock: ManualClock) -> None:
        self.store = store
        self.relay = relay
        self.clock = clock
        self.composer = Composer()
        self.withdraw = Withdrawals()
        self.alarms: list[str] = []
        self.refused: list[tuple[int, str, int | None]] = []
        self.delivery = settings.Delivery(
            timeout=timedelta(seconds=5), dot_timeout=timedelta(seconds=5), drain=timedelta(seconds=5)
        )
        self.port = relay.port

    async def sender(self, *, connections: int = 2, **delivery_settings: Any) -> Sender:
        async with self.store.write() as connection:
            worker_id = await workers.register(
                connection, host="h", pid=1, roles=["deliver"], now=self.clock.now()
            )
        self.worker_id = worker_id
        return Sender(
            store=self.store,
            settings=settings.Settings(
                file=Path("alertd.toml"),
                relay=settings.Relay(host="127.0.0.1", port=self.port, connections=connections),
                delivery=replace(self.delivery, **delivery_settings),
            ),
            clock=self.clock,
            composer=self.composer,
            worker_id=worker_id,
            withdraw=self.withdraw,
            hash_address=hashed,
            alarm=self.alarm,
            on_refused=self.on_refused,
            rng=Random(1),
        )

    async def alarm(self, name: str, text: str) -> None:
        self.alarms.append(name)
        assert "127.0.0.1" in text

    async def on_refused(
        self, _connection: AsyncConnection, claim: Claim, _outcome: object, answer: Answer, _now: object
    ) -> None:
        self.refused.append((claim.id, answer.stage, answer.code))

    async def run(self, **options: Any) -> Summary:
        sender = await self.sender(**options)
        return await sender.run_due(self.clock.now())

    async def states(self) -> dict[int, str]:
        async with self.store.read() as connection:
            rows = await connection.execute(select(delivery.c.id, delivery.c.state))
            return {id_: state for id_, state in rows}

    async def look(self, id_: DeliveryId) -> deliveries.DeliveryRow:
        async with self.store.read() as connection:
            return (await deliveries.listing(connection, ids=[id_]))[0]

    async def worker_dies(self) -> None:
        """The last worker is no more, and somebody notices."""
        async with self.store.write() as connection:
            await workers.end(connection, [self.worker_id], now=self.clock.now())
            await recover(
                connection,
                now=self.clock.now(),
                lease=MINUTE,
                hold_doubts=self.delivery.in_doubt == "hold",
                resend_after=self.delivery.resend_after,
            )

    def subjects(self) -> list[str]:
        return [caught.data.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for caught in self.relay.caught]


@pytest.fixture
async def house(store: Store, clock: ManualClock, tmp_path: Path) -> Any:
    """A house with nothing to send."""
    async with running(Relay(tmp_path / "mail")) as relay:
        yield House(store, relay, clock)


async def until(true: Callable[[], Any], seconds: float = 10) -> None:
    """Wait (really) for something."""
    deadline = real_monotonic() + seconds
    while not true():
        assert real_monotonic() < deadline, "waited in vain"
        await real_sleep(0.01)


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


async def test_a_store_that_fails_after_the_250_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 250 is recorded as soon as the store can be written again; the mail is not sent twice."""
    monkeypatch.setattr("alertd.delivery.recorder.RETRY_SECONDS", 0.01)
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


async def test_restored_store_sends_nothing(house: House) -> None:
    """After `hold_all` a run sends nothing until somebody releases."""
    ids = await queue(house.store, row(), row())
    async with house.store.write() as connection:
        await connection.execute(
            update(delivery).where(delivery.c.id == ids[0]).values(state="in_doubt", data_at=NOW)
        )
        assert await deliveries.hold_all(connection, reason="restored") == 2
    assert await house.run() == Summary()
