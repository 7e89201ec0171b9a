"""The daemon: APScheduler wakes it, rows say what is due, and SIGTERM lets it finish what it has in hand.

What a part of the work causes wakes the next part at once: a poll the editions, editions the sender.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from alertd import log, work
from alertd.clock import Clock
from alertd.config import load, unset
from alertd.control.applying import reload
from alertd.control.commands import COMMANDS
from alertd.control.door import check as check_door
from alertd.control.door import door
from alertd.control.server import serving
from alertd.control.services import Services, open_services
from alertd.errors import ConfigError, RefusedError, StoreUnavailableError
from alertd.ops.notify import notify, watchdog_seconds
from alertd.postmaster.ways import WaysIn
from alertd.postmaster.ways import check as check_ways
from alertd.work import Work

_log = log.get("daemon")

# How often each part is looked at, in seconds of the service's clock; on a fast clock at most so often in real time.
_TICK = 1.0
_BEAT = 20.0
_SWEEP = 60.0
_PURGE = 6 * 3600.0
_FASTEST = 0.1
_SOON = 8.0  # real seconds
_LOOK = 5.0  # real seconds between looks for mail that nobody told us of


class Daemon:
    """Runs the work.

    Args:
        services: the rooms, on an open store.
        worker_id: this process as a worker.
    """

    def __init__(self, services: Services, worker_id: int) -> None:
        self.services = services
        self.work = Work(services, worker_id)
        self.stop = asyncio.Event()
        self._mail = asyncio.Event()
        self._came = asyncio.Event()
        services.wake = self.wake
        self._ways = WaysIn(services.settings, services.store, services.clock, arrived=self._came.set)
        self._running: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look at once at what is due."""
        self._came.set()
        self._mail.set()

    async def run(self) -> None:
        """Work until `stop` is set, then finish what is in hand."""
        await self.work.recover()
        await self.work.begin()
        async with serving(self.services, COMMANDS):
            await self._ways.start()
            receiver = asyncio.create_task(self._receive(), name="receiver")
            sender = asyncio.create_task(self.work.sender.run(self.stop, self._mail), name="sender")
            sender.add_done_callback(lambda _: self.stop.set())
            scheduler = self._scheduler()
            scheduler.start()
            notify("READY=1")
            _log.info("daemon.ready", worker=self.work.worker_id)
            try:
                await self.stop.wait()
            finally:
                notify("STOPPING=1")
                _log.info("daemon.stopping")
                scheduler.pause()  # not shutdown: that would cancel what is under way
                await self._drain(sender, receiver)
                scheduler.shutdown(wait=False)
        _log.info("daemon.stopped")

    async def _drain(self, sender: asyncio.Task[None], receiver: asyncio.Task[None]) -> None:
        """Let what is under way end: the sender within `[delivery] drain`, the rest at its next commit or soon after.

        What is cancelled then is rolled back and done again at the next start: a poll that waits for a slow server.
        """
        self.work.inbox.drain()
        self._came.set()
        await self._ways.stop()
        _, late = await asyncio.wait({receiver, *self._running}, timeout=_SOON)
        drain = self.services.settings.delivery.drain.total_seconds()
        await asyncio.wait({sender}, timeout=max(drain - _SOON, _SOON))
        for task in (sender, *late):
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        with contextlib.suppress(asyncio.CancelledError):
            await sender

    def _scheduler(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(timezone="UTC")
        parts: tuple[tuple[str, float, Callable[[], Awaitable[None]]], ...] = (
            ("polls", _TICK, self._poll),
            ("editions", _TICK, self._editions),
            ("beat", _BEAT, self._beat),
            ("sweep", _SWEEP, self._sweep),
            ("purge", _PURGE, self._purge),
        )
        for name, seconds, part in parts:
            scheduler.add_job(
                self._guarded(name, part),
                IntervalTrigger(seconds=max(seconds / self.services.clock.speed, _FASTEST), timezone="UTC"),
                id=name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        return scheduler

    def _guarded(self, name: str, part: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """A part of the work that cannot end the daemon: what fails is logged and tried again at its next turn."""

        async def run() -> None:
            task = asyncio.current_task()
            if self.stop.is_set() or task is None:
                return
            self._running.add(task)
            try:
                await part()
            except StoreUnavailableError as error:
                _log.error("work.store", part=name, error=str(error))
            except Exception:  # noqa: BLE001 - a fault in one part must not end the others
                _log.exception("work.failed", part=name)
            finally:
                self._running.discard(task)

        return run

    async def _poll(self) -> None:
        await self.work.poll()
        self._mail.set()  # alarms may wait
        await self._editions()

    async def _editions(self) -> None:
        summary = await self.work.run_editions()
        if summary.digests:
            self._mail.set()

    async def _beat(self) -> None:
        if not await self.work.beat():
            _log.error("daemon.lost_lease", remedy="another process took over; stopping")
            self.stop.set()
        if watchdog_seconds() is not None:
            notify("WATCHDOG=1")

    async def _sweep(self) -> None:
        await self.work.sweep()

    async def _purge(self) -> None:
        await self.work.purge()

    async def _receive(self) -> None:
        """Handle mails as they come, and look now and then for what was missed."""
        handle = self._guarded("receive", self._handle)
        while not self.stop.is_set():
            self._came.clear()
            await handle()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._came.wait()

    async def _handle(self) -> None:
        if await self.work.receive():
            self._mail.set()

    def reload(self) -> None:
        """Read config/ again and apply what changed; a faulty edit is refused whole and the running one stays."""
        task = asyncio.ensure_future(self._guarded("reload", self._reload)())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _reload(self) -> None:
        notify("RELOADING=1")
        try:
            await reload(self.services)
        except ConfigError as error:
            for fault in error.faults:
                _log.error("config.fault", fault=str(fault))
            _log.error(
                "config.refused", remedy="the running configuration stays; mend the files, then reload"
            )
        except RefusedError as error:
            _log.error("config.refused", error=str(error))
        finally:
            notify("READY=1")


async def run(file: Path, *, clock: Clock, started: Callable[[Daemon], None] | None = None) -> None:
    """Run the daemon of an alertd.toml until SIGTERM or SIGINT.

    Args:
        file: alertd.toml.
        clock: the service's.
        started: called with the daemon before it works, for whoever runs it inside a larger program.

    Raises:
        ConfigError: the configuration is faulty or not set up yet, or LMTP cannot listen; no database was made.
        RefusedError: something that is no socket is in the way of the control socket; likewise.
        StoreError: the store is busy, unavailable or newer.
    """
    settings, declared = load(file)
    if missing := unset(settings, declared):
        raise ConfigError(missing)
    check_door(door(settings))
    await check_ways(settings)
    async with open_services(settings, clock, declared=declared) as services:
        worker_id = await work.register(services)
        daemon = Daemon(services, worker_id)
        if started is not None:
            started(daemon)
        else:
            _listen(daemon)
        try:
            await daemon.run()
        finally:
            with contextlib.suppress(StoreUnavailableError):
                await work.end(services, worker_id)


def _listen(daemon: Daemon) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop.set)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload)
