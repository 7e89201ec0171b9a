"""What a command works with, whether it runs inside the daemon or by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from alertd.clock import Clock
from alertd.config.settings import Settings
from alertd.store.engines import Store
from alertd.store.migrate import migrate


def _nobody() -> None:
    """No daemon is running: what was queued waits for the next one."""


@dataclass(frozen=True, slots=True)
class Services:
    """The things a command may use.

    Attributes:
        settings: of the daemon, or of the command's own folder.
        store: locked for writing and migrated.
        clock: the daemon's.
        wake: tells the daemon that a command left work behind (mail queued, a poll due); returns at once.
    """

    settings: Settings
    store: Store
    clock: Clock
    wake: Callable[[], None] = _nobody


@asynccontextmanager
async def open_services(settings: Settings, clock: Clock) -> AsyncIterator[Services]:
    """Services for one command without a daemon: takes the store, migrates it, gives it back.

    Raises:
        StoreError: busy, unavailable, newer than this alertd.
    """
    store = Store(settings.store.url)
    try:
        await migrate(store)
        yield Services(settings=settings, store=store, clock=clock)
    finally:
        await store.close()
