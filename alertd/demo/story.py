"""The story: a catalogue, a relay, seven readers and the real daemon between them, two days in half a minute."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from alertd import daemon
from alertd.clock import real_monotonic
from alertd.daemon import Daemon
from alertd.demo.catalogue import SandboxCatalogue
from alertd.demo.events import Audience, Event, Setting, Wrote
from alertd.demo.expect import missing, promises, wrong
from alertd.demo.folder import ADDRESS, DemoFolder
from alertd.demo.mails import CaughtMail
from alertd.demo.maria import MARIA, answer, first_mail
from alertd.demo.order import InOrder
from alertd.demo.pace import StoryClock
from alertd.demo.relay import Relay
from alertd.demo.reports import load_reports
from alertd.demo.watch import Watch
from alertd.errors import AlertdError
from alertd.postmaster import maildir
from alertd.schedule import describe

START = datetime(2026, 11, 22, 16, tzinfo=UTC)
"""A Sunday: midnight in Shanghai, five in the afternoon in Berlin."""
LENGTH = timedelta(hours=46)
SPEED = 6000.0
"""A day in 14.4 real seconds."""
PATIENCE = 26.0
"""Real seconds after the story's end in which what is late may still come: a slow machine meets its readers a day later."""
_MARIA_WRITES = timedelta(minutes=20)
_LOOK = 0.1
_QUIET = 0.7
_SETTLED = timedelta(seconds=3 * _LOOK * SPEED)
"""What happened so long ago has been seen."""


@dataclass(frozen=True, slots=True)
class Told:
    """How the story ended.

    Attributes:
        mails: all that the relay caught, in order.
        faults: what did not arrive, or arrived and should not have, in words; empty when all is well.
        stopped: it was stopped before its end, so nothing can be said of faults.
    """

    mails: tuple[CaughtMail, ...]
    faults: tuple[str, ...]
    stopped: bool


class Story:
    """One run of the demo.

    Args:
        folder: empty.
        audience: to whom it is told.
        stop: set by whoever wants it to end.
    """

    def __init__(self, folder: DemoFolder, audience: Audience, stop: asyncio.Event) -> None:
        self._folder = folder
        self._audience = audience
        self._stop = stop
        self._reports = load_reports()
        self._clock = StoryClock(START, speed=SPEED)
        self._catalogue = SandboxCatalogue(self._reports, self._clock, START)
        self._relay = Relay(folder.mails)
        self._promises = promises(self._reports)
        self._order = InOrder()
        self._over = False
        self._written = 0

    async def tell(self, *, stay: bool) -> Told:
        """Tell it.

        Args:
            stay: go on after the end until `stop` is set.

        Raises:
            AlertdError: the daemon could not start, or ended before the story did.
            OSError: the folder cannot be written, or no port is free.
        """
        async with self._stage():
            watch = Watch(
                self._catalogue, self._relay, self._clock, {each.number: each for each in self._reports}
            )
            async with self._daemon(watch) as running:
                await self._follow(watch, running, stay=stay)
            for event in self._order.take(await watch.news(), upto=None):
                self._audience.hear(event)
        faults = self._faults(watch.mails) if self._over else []
        return Told(tuple(watch.mails), tuple(faults), stopped=not self._over)

    @asynccontextmanager
    async def _stage(self) -> AsyncIterator[None]:
        port = await self._relay.start()
        try:
            feed = f"{await self._catalogue.start()}/feed.xml"
            try:
                self._folder.fill(feed=feed, relay_port=port)
                yield
            finally:
                await self._catalogue.stop()
        finally:
            await self._relay.stop()

    @asynccontextmanager
    async def _daemon(self, watch: Watch) -> AsyncIterator[asyncio.Task[None]]:
        """The real daemon, while the context lasts; it drains at its end."""
        started: asyncio.Future[Daemon] = asyncio.get_running_loop().create_future()
        running = asyncio.create_task(
            daemon.run(self._folder.settings, clock=self._clock, started=started.set_result), name="daemon"
        )
        waiting: set[asyncio.Future[Any]] = {running, started}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not started.done():
            running.result()
            raise AlertdError(f"the daemon ended at once; see {self._folder.log}")
        made = started.result()
        watch.store = made.services.store
        self._audience.begin(self._setting(made))
        try:
            yield running
        finally:
            watch.store = None
            made.stop.set()
            await running

    def _setting(self, made: Daemon) -> Setting:
        readers = {
            each.address: f"{describe(each.schedule, 'en')}, {each.time_zone}"
            for each in made.services.declared.subscribers
        }
        return Setting(
            folder=str(self._folder.path),
            settings=str(self._folder.settings),
            mails=str(self._folder.mails),
            log=str(self._folder.log),
            catalogue=self._catalogue.base,
            speed=self._clock.speed,
            titles={each.number: each.title for each in self._reports},
            readers=readers,
        )

    async def _follow(self, watch: Watch, running: asyncio.Task[None], *, stay: bool) -> None:
        """Watch until all that is owed has come, or nobody believes any more that it will."""
        await self._set_off(watch, running)
        quiet_since = real_monotonic()
        while not self._stop.is_set():
            self._check(running)
            seen = [*await watch.news(), *await self._write(watch.mails)]
            now = self._clock.now()
            for event in self._order.take(seen, upto=now - _SETTLED):
                self._audience.hear(event)
                quiet_since = real_monotonic()
            late = (now - START - LENGTH).total_seconds() / self._clock.speed
            complete = late > 0 and not self._missing(watch.mails) and real_monotonic() - quiet_since > _QUIET
            self._over = self._over or complete or late > PATIENCE
            self._audience.look(now, faults=self._faults(watch.mails) if self._over else None)
            if self._over and not stay:
                return
            await self._pause()

    async def _write(self, mails: Sequence[CaughtMail]) -> list[Event]:
        """Maria's two mails, when their time has come: as an MTA's pipe would, into the spool."""
        now = self._clock.now()
        if self._written == 0 and now > START + _MARIA_WRITES:
            to, raw = ADDRESS, first_mail(ADDRESS, now)
        elif self._written == 1 and (asked := [each for each in mails if each.kind == "confirmation"]):
            to, raw = asked[0].reply_to, answer(asked[0], now)
        else:
            return []
        self._written += 1
        await asyncio.to_thread(maildir.deliver, self._folder.spool, raw, recipient=to, sender=MARIA)
        return [Wrote(now, MARIA, to)]

    async def _set_off(self, watch: Watch, running: asyncio.Task[None]) -> None:
        """Let the clock go as soon as the daemon has taken the catalogue's baseline."""
        deadline = real_monotonic() + PATIENCE
        while not self._stop.is_set():
            self._check(running)
            if await watch.has_baseline():
                self._clock.go()
                return
            if real_monotonic() > deadline:
                raise AlertdError(f"the daemon does not poll the catalogue; see {self._folder.log}")
            await self._pause()

    def _check(self, running: asyncio.Task[None]) -> None:
        if running.done():
            running.result()
            raise AlertdError(f"the daemon ended before the story did; see {self._folder.log}")

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                await self._stop.wait()

    def _missing(self, mails: Sequence[CaughtMail]) -> list[str]:
        return missing(self._promises, mails, letters=_LETTERS)

    def _faults(self, mails: Sequence[CaughtMail]) -> list[str]:
        return [*self._missing(mails), *wrong(self._promises, mails)]


_LETTERS = (
    *((reader, "welcome") for reader in ("anna", "li", "jack", "library", "priya", "chen", "sven")),
    ("maria", "confirmation"),
    ("maria", "answer"),
)
