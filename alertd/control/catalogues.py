"""`alertd poll` and `alertd release`."""

from __future__ import annotations

import asyncio
from typing import Any

from alertd.catalogue.poll import AT_ONCE
from alertd.catalogue.release import release
from alertd.control.plain import record
from alertd.control.services import Services
from alertd.store import consents


async def poll_now(services: Services, *, catalogue: str = "") -> list[dict[str, Any]]:
    """Poll a catalogue, or all, whether due or gone; the results in the order of the names.

    Raises:
        NotFoundError: it is not configured.
    """
    await services.poller.sync()
    names = [catalogue] if catalogue else sorted(each.name for each in services.declared.catalogues)
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> dict[str, Any]:
        async with slots:
            return record(await services.poller.poll(name))

    try:
        return list(await asyncio.gather(*map(one, names)))
    finally:
        services.wake()


async def release_held(services: Services, *, catalogue: str, discard: bool = False) -> dict[str, Any]:
    """Announce what a poll of a catalogue held, or discard it; its titles.

    Raises:
        NotFoundError: there is no such catalogue.
    """
    async with services.store.write() as connection:
        now = services.clock.now()
        done = await release(connection, services.announcer, catalogue, now, discard=discard)
        if done.titles:
            await consents.write_audit(
                connection,
                actor="cli",
                verb="discard" if discard else "release",
                subject=f"catalogue {catalogue}",
                now=now,
                after={"titles": list(done.titles)},
            )
    services.wake()
    return record(done)
