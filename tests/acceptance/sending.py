"""What the delivery tests share: a composer, and a house with a store, a relay and senders as they come and go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.clock import ManualClock, real_monotonic, real_sleep
from alertd.config import settings
from alertd.delivery.sender import Sender
from alertd.delivery.summary import Summary
from alertd.demo.relay import Relay
from alertd.model import DeliveryId, OutgoingMail
from alertd.store import deliveries, workers
from alertd.store.claims import Answer, Claim
from alertd.store.engines import Store
from alertd.store.recovery import recover
from alertd.store.tables import delivery
from tests.store.outbox import Withdrawals, hashed
from tests.unit.delivery.relays import running

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


@asynccontextmanager
async def at_home(store: Store, clock: ManualClock, folder: Path) -> AsyncIterator[House]:
    """A house with nothing to send, its relay running."""
    async with running(Relay(folder / "mail")) as relay:
        yield House(store, relay, clock)


async def until(true: Callable[[], Any], seconds: float = 10) -> None:
    """Wait (really) for something."""
    deadline = real_monotonic() + seconds
    while not true():
        assert real_monotonic() < deadline, "waited in vain"
        await real_sleep(0.01)
