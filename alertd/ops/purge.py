"""Forget what `[store] keep` no longer covers, in small bites, so that nobody waits behind it."""

from __future__ import annotations

from datetime import datetime, timedelta

from alertd.store import purge as statements
from alertd.store.engines import Store

_BITE = 500


async def purge(store: Store, *, keep: timedelta, now: datetime) -> int:
    """Forget everything older than `keep` that nothing may come back to; returns how many rows and reports."""
    before = now - keep
    while True:
        async with store.write() as connection:
            if await statements.sweep_idle(connection, limit=_BITE) < _BITE:
                break
    total = 0
    while True:
        async with store.write() as connection:
            gone = await statements.deliveries(connection, before=before, limit=_BITE)
        total += gone
        if gone < _BITE:
            break
    while True:
        async with store.write() as connection:
            low = await statements.low_water(connection)
            gone = await statements.reports(connection, before=before, low=low, limit=_BITE)
        total += gone
        if gone < _BITE:
            break
    while True:
        async with store.write() as connection:
            gone = await statements.leftovers(connection, before=before, now=now)
        total += gone
        if not gone:
            return total
