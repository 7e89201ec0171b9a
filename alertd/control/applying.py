"""Bring config/*.toml into the store and go on with it: at start, on SIGHUP, and by `alertd reload`."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from alertd import log
from alertd.config import load_declared, load_settings
from alertd.config.changed import changed_keys
from alertd.config.settings import Declared, Settings
from alertd.control.services import Services
from alertd.errors import ConfigError
from alertd.subscribers import declare
from alertd.subscribers.declare import Changes

_log = log.get("config")


async def apply(services: Services, declared: Declared, *, force: bool = False) -> Changes:
    """Bring what is declared into the store and go on with it.

    Raises:
        RefusedError: it would end too many readers; the catalogues and topics of the running configuration stay.
    """
    async with services.applying:
        changes = await declare.apply(
            services.store,
            declared,
            welcome=services.letters.welcome,
            hash_address=services.hash_address,
            host=socket.gethostname(),
            force=force,
            now=services.clock.now(),
        )
        services.use(declared)
        await services.poller.sync()
    return changes


async def reload(services: Services, *, force: bool = False) -> dict[str, Any]:
    """Read config/ again and apply what changed; a faulty edit is refused whole.

    Args:
        services: of the daemon, or of the command when none runs.
        force: also what would end more than a tenth of the declared readers, or what an absent or emptied file had given.

    Returns:
        What changed: addresses of subscribers and names of topics and catalogues, by `added`, `changed` and `ended`; `restart`: the keys of
        alertd.toml that were edited too, which only a restart takes up.

    Raises:
        ConfigError: the files have faults; the running configuration stays.
        RefusedError: it needs `force`; nothing was changed.
    """
    declared = await asyncio.to_thread(load_declared, services.settings)
    changes = await apply(services, declared, force=force)
    _log.info("config.applied", forced=force, **changes.counts())
    services.wake()
    told = changes.as_json()
    restart = await asyncio.to_thread(_needs_restart, services.settings)
    if restart:
        _log.warning("config.needs_restart", keys=list(restart))
    changed = {noun: told[noun] for noun in ("subscribers", "topics", "catalogues")}
    return {**changed, "restart": list(restart)}


def _needs_restart(running: Settings) -> tuple[str, ...]:
    """The keys of alertd.toml that differ from what runs; a file with faults is told by `alertd check`."""
    try:
        return changed_keys(running, load_settings(running.file))
    except ConfigError:
        return ()
