"""The ways in that `[intake]` configures, as one thing to start and stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from alertd.clock import Clock
from alertd.config.settings import Settings
from alertd.postmaster import lmtp as lmtp_server
from alertd.postmaster.envelope import OurAddress
from alertd.postmaster.imap import ImapReader
from alertd.postmaster.intake import Intake
from alertd.postmaster.lmtp import LmtpServer
from alertd.postmaster.spool import Spool
from alertd.store.engines import Store


async def check(settings: Settings) -> None:
    """See whether the ways in could be opened, before anything is made for them; nothing is left behind.

    Raises:
        ConfigError: LMTP cannot listen where it should.
    """
    if settings.intake.lmtp:
        await lmtp_server.check(settings.intake.lmtp)


class WaysIn:
    """LMTP, the spool and a mailbox; the spool is always on.

    Args:
        settings: all of alertd.toml.
        store: where mails go.
        clock: tells when they came.
        arrived: called after each new mail was committed, so that nobody has to look for it.

    Attributes:
        lmtp: None when it is off.
        imap: None when it is off; `ok_at`, `failures` and `error` tell how it goes.
    """

    def __init__(
        self, settings: Settings, store: Store, clock: Clock, *, arrived: Callable[[], None] = lambda: None
    ) -> None:
        ours = OurAddress(settings.service)
        intake = Intake(store, clock, ours=ours, max_size=settings.intake.max_size, arrived=arrived)
        hostname = settings.service.address.rpartition("@")[2] or "localhost"
        lmtp, imap = settings.intake.lmtp, settings.intake.imap
        self.lmtp = LmtpServer(lmtp, intake, hostname=hostname) if lmtp else None
        self.imap = ImapReader(imap, intake) if imap.host else None
        self.spool = Spool(settings.intake.spool, intake)
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open every way in.

        Raises:
            ConfigError: LMTP cannot listen where it should.
        """
        if self.lmtp is not None:
            await self.lmtp.start()
        self._tasks.append(asyncio.create_task(self.spool.run(self._stop)))
        if self.imap is not None:
            self._tasks.append(asyncio.create_task(self.imap.run(self._stop)))

    async def stop(self) -> None:
        """Close them: a mail under way is taken in or left where it is, never half of it."""
        self._stop.set()
        if self.lmtp is not None:
            await self.lmtp.stop()
        if self._tasks:
            _, pending = await asyncio.wait(self._tasks, timeout=10)
            for task in pending:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
