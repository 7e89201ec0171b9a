"""The sender: claims what is due, has it rendered, and hands it to the relay over a few persistent connections.

A feeder claims small batches in order of priority; lines (one connection each) send them. So a confirmation that arrives
in the middle of a large edition waits behind the few mails that are claimed already, and behind no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import SystemRandom
from typing import TYPE_CHECKING, Protocol

from alertd import log
from alertd.clock import Clock
from alertd.config.settings import Settings
from alertd.delivery.breaker import Breaker, Trust
from alertd.delivery.line import Line
from alertd.delivery.recorder import OnRefused, Recorder
from alertd.delivery.session import Session, own_hostname
from alertd.delivery.summary import Summary
from alertd.errors import StoreError
from alertd.model import DeliveryId, OutgoingMail, Priority
from alertd.store import claims, deliveries
from alertd.store.claims import Claim, Claimed, HashAddress, Withdraw
from alertd.store.engines import Store

if TYPE_CHECKING:
    from random import Random

IDLE_SECONDS = 30.0
"""A connection without a mail for so long (real time) is closed."""

LOOK_SECONDS = 2.0
"""The outbox is looked at so often, by the service's clock, even when nobody wakes us."""

FASTEST_LOOK_SECONDS = 0.1
"""And on a fast clock at most so often in real time."""

BATCH_PER_LINE = 4
DRAIN_SHARE = 0.8
"""Of `[delivery] drain`: the rest is for recording what was cut off."""

PATIENCE_SECONDS = 60.0
STOP_PATIENCE_SECONDS = 5.0

_log = log.get("delivery")

Alarm = Callable[[str, str], Awaitable[None]]
"""Tells the operator: a short stable name, and a sentence with what to do."""


class Composer(Protocol):
    """Turns claimed rows into mails; the same row gives the same bytes for ever."""

    async def compose(self, claims: Sequence[Claim]) -> Mapping[DeliveryId, OutgoingMail | Exception]:
        """A mail for each row, or why there can be none: that row is held and the others go on."""


@dataclass(order=True, slots=True)
class _Job:
    priority: int
    number: int
    claim: Claim = field(compare=False)
    mail: OutgoingMail = field(compare=False)


class Sender:
    """Sends what is due, as one worker.

    Args:
        store: the outbox.
        settings: `[relay]` and `[delivery]`.
        clock: what is due, and when things happened. Time-outs on the socket run on real time.
        composer: renders claimed rows.
        worker_id: a registered worker that somebody keeps beating.
        withdraw: takes back digests of paused readers, and stale ones.
        hash_address: address as given to key in the suppression list.
        alarm: called once when a fault of ours stops all sending.
        on_refused: called with every refusal about a mail, in the transaction that records it.
        rng: jitter of the waits.
    """

    def __init__(
        self,
        *,
        store: Store,
        settings: Settings,
        clock: Clock,
        composer: Composer,
        worker_id: int,
        withdraw: Withdraw,
        hash_address: HashAddress,
        alarm: Alarm,
        on_refused: OnRefused | None = None,
        rng: Random | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._composer = composer
        self._worker_id = worker_id
        self._withdraw = withdraw
        self._hash_address = hash_address
        self._alarm = alarm
        self._rng = rng or SystemRandom()
        self.breaker = Breaker()
        self.summary = Summary()
        self._trust = Trust()
        relay = f"{settings.relay.host}:{settings.relay.port}"
        self._recorder = Recorder(
            store, clock, worker_id=worker_id, relay=relay, hash_address=hash_address, on_refused=on_refused
        )
        self._queue: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue()
        self._freed = asyncio.Event()
        self._jobs = 0
        self._under_way = 0
        self._stopping = False

    async def run_due(self, now: datetime) -> Summary:
        """Send all that is due by `now`, then close every connection; stops early when the relay fails.

        Raises:
            StoreError: the store could not be used for a minute.
        """
        self.summary = Summary()
        self._recorder.patience = PATIENCE_SECONDS
        async with self._lines():
            while not self.breaker.is_open(self._clock.now()):
                if self.breaker.is_probing:
                    await self._queue.join()
                busy = self._under_way
                claimed = await self._take(now)
                if claimed.claims or claimed.set_aside:
                    await self._room()
                elif busy:  # what was put back while we looked is due too
                    await self._queue.join()
                else:
                    break
            await self._queue.join()
        self.summary.trouble = self.breaker.reason
        return self.summary

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Send what becomes due until `stop`; then finish the mails under way within `[delivery] drain`.

        Args:
            stop: set once, to end.
            wake: set whenever something was queued; the outbox is looked at every two seconds anyway.
        """
        self._recorder.patience = None
        look = max(LOOK_SECONDS / self._clock.speed, FASTEST_LOOK_SECONDS)
        async with self._lines():
            while not stop.is_set():
                urgent = wake.is_set()
                wake.clear()
                self._freed.clear()
                more = await self._feed(urgent=urgent)
                await _first_of(stop, wake, *([self._freed] if more else []), seconds=look)
            await self._drain()

    # -- feeding --------------------------------------------------------------------------------------------------

    async def _feed(self, *, urgent: bool) -> bool:
        """Claim what the lines can take; True when there may be more as soon as one of them is free."""
        now = self._clock.now()
        if self.breaker.is_open(now):
            return False
        if self.breaker.is_probing and self._under_way:
            return True
        lines = self._settings.relay.connections
        try:
            async with self._store.read() as connection:
                due = await deliveries.next_due(connection)
            if due is None or due > now:
                return False
            if self._queue.qsize() < lines:
                claimed = await self._take(now)
                while claimed.set_aside and not claimed.claims:
                    claimed = await self._take(now)
            elif urgent:
                claimed = await self._take(now, limit=lines, upto=Priority.TRANSACTIONAL)
            else:
                return True
        except StoreError as error:
            if not error.temporary:
                raise
            _log.error("delivery.store", error=error)
            return False
        return bool(claimed.claims)

    async def _take(self, now: datetime, *, limit: int = 0, upto: int | None = None) -> Claimed:
        """Claim a batch, render it and give it to the lines. While the relay is on probation, one mail at a time."""
        most = limit or BATCH_PER_LINE * self._settings.relay.connections
        async with self._store.write() as connection:
            claimed = await claims.claim(
                connection,
                worker_id=self._worker_id,
                now=now,
                limit=1 if self.breaker.is_probing else most,
                withdraw=self._withdraw,
                hash_address=self._hash_address,
                upto=upto,
            )
        self.summary.set_aside += claimed.set_aside
        waiting = list(claimed.claims)
        try:
            for claim in claimed.claims:
                _log.debug("delivery.claimed", delivery=claim.id)
            mails = await self._rendered(claimed.claims)
            while waiting:
                await self._enqueue(waiting[0], mails.get(waiting[0].id))
                waiting.pop(0)
        except BaseException:
            await self._recorder.put_back(waiting)
            raise
        return claimed

    async def _rendered(self, batch: Sequence[Claim]) -> Mapping[DeliveryId, OutgoingMail | Exception]:
        """The mails of a batch; a composer that fails on the whole is asked row by row, so that one row fails alone."""
        if not batch:
            return {}
        try:
            return await self._composer.compose(batch)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a template raises
            _log.exception("delivery.render_failed", rows=len(batch))
            if len(batch) == 1:
                return {batch[0].id: error}
        mails: dict[DeliveryId, OutgoingMail | Exception] = {}
        for claim in batch:
            mails |= await self._rendered([claim])
        return mails

    async def _enqueue(self, claim: Claim, mail: OutgoingMail | Exception | None) -> None:
        if isinstance(mail, OutgoingMail):
            self._jobs += 1
            self._under_way += 1
            self._queue.put_nowait(_Job(claim.priority, self._jobs, claim, mail))
            return
        reason = f"{type(mail).__name__}: {mail}" if mail else "the composer gave nothing"
        _log.error("delivery.held", delivery=claim.id, reason=reason)
        self.summary.held += 1
        await self._recorder.hold(claim, f"cannot be rendered: {reason}")

    async def _room(self) -> None:
        """Wait until the lines can take more."""
        while self._queue.qsize() >= self._settings.relay.connections:
            self._freed.clear()
            await self._freed.wait()

    # -- the lines ------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _lines(self) -> AsyncIterator[None]:
        """The lines run for as long as this is open; what they did not take is put back at the end."""
        self._stopping = False
        hostname = await own_hostname()
        try:
            async with asyncio.TaskGroup() as group:
                lines = [
                    group.create_task(self._serve(hostname)) for _ in range(self._settings.relay.connections)
                ]
                try:
                    yield
                finally:
                    for line in lines:
                        line.cancel()
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        finally:
            left = [self._queue.get_nowait().claim for _ in range(self._queue.qsize())]
            for _ in left:
                self._under_way -= 1
                self._queue.task_done()
            await self._recorder.put_back(left)

    async def _serve(self, hostname: str) -> None:
        session = Session(self._settings.relay, self._settings.delivery, hostname=hostname)
        line = Line(
            session,
            self._recorder,
            self._clock,
            settings=self._settings,
            breaker=self.breaker,
            trust=self._trust,
            summary=self.summary,
            alarm=self._alarm,
            rng=self._rng,
        )
        try:
            while True:
                try:
                    async with asyncio.timeout(IDLE_SECONDS):
                        job = await self._queue.get()
                except TimeoutError:
                    await session.close()
                    continue
                try:
                    if self._stopping or self.breaker.is_open(self._clock.now()):
                        self.summary.put_back += 1
                        await self._recorder.put_back([job.claim])
                    else:
                        await line.send(job.claim, job.mail)
                        if self._queue.empty():  # no next mail to share a commit with
                            await line.settle()
                finally:
                    self._under_way -= 1
                    self._queue.task_done()
                    self._freed.set()
        finally:
            try:
                await line.settle()
            finally:
                await session.close()

    async def _drain(self) -> None:
        """Claimed mails go back, those under way are finished; what is not done in time is cut off."""
        self._stopping = True
        self._recorder.patience = STOP_PATIENCE_SECONDS
        try:
            async with asyncio.timeout(self._settings.delivery.drain.total_seconds() * DRAIN_SHARE):
                await self._queue.join()
        except TimeoutError:
            _log.warning("delivery.drain_cut_off")


async def _first_of(*events: asyncio.Event, seconds: float) -> None:
    """Wait until one of the events is set, or for so many real seconds."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
