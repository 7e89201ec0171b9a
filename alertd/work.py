"""The work of the service in its parts, each idempotent: the daemon does them as they come due, `run --once` in a row."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.control.applying import apply
from alertd.control.services import Services
from alertd.delivery.retry import Deferred, Failed
from alertd.delivery.sender import Sender
from alertd.digest.composer import DeliveryComposer
from alertd.digest.edition import Summary as EditionSummary
from alertd.digest.withdraw import withdraw
from alertd.errors import RefusedError
from alertd.ops.purge import purge
from alertd.postmaster.acting import failing
from alertd.postmaster.acting.handler import MailHandler
from alertd.postmaster.acting.limits import Limits
from alertd.postmaster.acting.past import Past
from alertd.postmaster.acting.room import Room
from alertd.postmaster.inbox import Inbox
from alertd.store import erase, inbound, workers
from alertd.store.claims import Answer, Claim
from alertd.store.recovery import recover
from alertd.subscribers import pause, topics
from alertd.subscribers.regrammar import regrammar

ROLES = ("poll", "edition", "send", "receive")
_log = log.get("work")


class Work:
    """The parts of the work, on services.

    Args:
        services: the rooms.
        worker_id: this process as a worker (see `register`).
    """

    def __init__(self, services: Services, worker_id: int) -> None:
        self.services = services
        self.worker_id = worker_id
        self.sender = Sender(
            store=services.store,
            settings=services.settings,
            clock=services.clock,
            composer=DeliveryComposer(services.store, services.keys),
            worker_id=worker_id,
            withdraw=withdraw,
            hash_address=services.hash_address,
            alarm=services.alarms.trouble,
            on_refused=self._refused,
        )
        services.breaker = self.sender.breaker
        self._mail_room = mail_room(services)
        self.inbox = Inbox(
            services.store,
            services.clock,
            MailHandler(self._mail_room, services.clock),
            keep_raw=services.settings.intake.keep_raw,
        )
        self._editing = asyncio.Lock()
        self._polling = asyncio.Lock()

    async def _refused(
        self,
        connection: AsyncConnection,
        claim: Claim,
        outcome: Deferred | Failed,
        answer: Answer,
        now: datetime,
    ) -> None:
        """Count a refusal for good as the bounce it is, in the transaction that records it."""
        if isinstance(outcome, Failed):
            await failing.refused(
                connection,
                claim,
                answer,
                letters=self.services.letters,
                hash_address=self.services.hash_address,
                now=now,
            )

    async def recover(self) -> None:
        """Pick up what dead workers left; on SQLite every other worker is dead, for we hold the lock."""
        services, now = self.services, self.services.clock.now()
        async with services.store.write() as connection:
            await workers.beat(
                connection, self.worker_id, now=now
            )  # we are alive, however late our last beat was
            if services.store.is_sqlite:
                await workers.end_others(connection, self.worker_id, now=now)
            found = await recover(
                connection,
                now=now,
                lease=workers.LEASE,
                hold_doubts=services.settings.delivery.in_doubt == "hold",
                resend_after=services.settings.delivery.resend_after,
            )
        if found.put_back or found.in_doubt or found.held:
            _log.warning("recovered", put_back=found.put_back, in_doubt=found.in_doubt, held=found.held)

    async def beat(self) -> bool:
        """Renew this worker's lease; False when another process has ended it."""
        async with self.services.store.write() as connection:
            return await workers.beat(connection, self.worker_id, now=self.services.clock.now())

    async def begin(self) -> None:
        """Bring queries into this version's grammar, then apply the configuration.

        A refused edit is told to the owner, and what is stored goes on.
        """
        await regrammar(self.services.store)
        try:
            await apply(self.services, self.services.declared)
        except RefusedError as error:
            await self.services.poller.sync()
            await self.services.alarms.trouble("config-refused", str(error))

    async def poll(self) -> list[str]:
        """Poll what is due; returns what failed."""
        async with self._polling:
            results = await self.services.poller.poll_due()
        for each in results:
            if each.outcome == "gone":
                await self.services.alarms.trouble(
                    f"gone-{each.catalogue}", f"{each.catalogue}: {each.error}"
                )
        return [f"{each.catalogue}: {each.error}" for each in results if each.outcome in {"failed", "gone"}]

    async def run_editions(self) -> EditionSummary:
        """Open and work through what is due."""
        async with self._editing:
            return await self.services.editions.run_due(self.services.clock.now())

    async def receive(self) -> int:
        """Handle the mails that came in; returns how many.

        What they may ask of the past is read beforehand, so that no transaction waits for it.
        """
        async with self.services.store.read() as connection:
            waits = await inbound.waits(connection)
        if waits:
            await self._mail_room.past.refresh(self.services.store, now=self.services.clock.now())
        return await self.inbox.run_due()

    async def sweep(self) -> None:
        """Find what a crash or the passing of time left: dead workers, pauses that are over, topics half spread."""
        await self.recover()
        now = self.services.clock.now()
        while True:
            async with self.services.store.write() as connection:
                if not await pause.resume_over(connection, now=now):
                    break
        await topics.spread(self.services.store)

    async def purge(self) -> int:
        """Forget what is older than it must be kept."""
        services, now = self.services, self.services.clock.now()
        keep = services.settings.store.keep
        total = await purge(services.store, keep=keep, now=now)
        async with services.store.write() as connection:
            await inbound.purge(connection, now=now, forget_before=now - keep)
        async with services.store.write() as connection:
            await erase.answered(connection)
        return total


def mail_room(services: Services) -> Room:
    """What acting on mail works with."""
    return Room(
        settings=services.settings,
        keys=services.keys,
        letters=services.letters,
        contents=services.contents,
        limits=Limits(services.settings.intake, services.hash_address),
        past=Past(),
        hash_address=services.hash_address,
    )


async def register(services: Services) -> int:
    """Become a worker; returns its id."""
    async with services.store.write() as connection:
        return await workers.register(
            connection,
            host=socket.gethostname(),
            pid=os.getpid(),
            roles=ROLES,
            now=services.clock.now(),
        )


async def end(services: Services, worker_id: int) -> None:
    """Be a worker no more."""
    async with services.store.write() as connection:
        await workers.end(connection, [worker_id], now=services.clock.now())
