"""How many answers go out: per address (without its +tag), per domain, in all. What is over the limit is silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import bare_key
from alertd.config.settings import Intake
from alertd.store import quotas

_DAY = timedelta(hours=24)
_HOUR = timedelta(hours=1)
_WEEK = timedelta(days=7)
CONFIRMATIONS = 2
STRANGERS = 3
"""Answers in 24 hours to an address that is not subscribed: who wrote there may not be who reads there."""


class Limits:
    """The limits of `[intake]`.

    Args:
        settings: their numbers.
        hash_address: so that no limit keeps an address.
    """

    def __init__(self, settings: Intake, hash_address: Callable[[str], str]) -> None:
        self._settings = settings
        self._hash = hash_address

    async def may_confirm(self, connection: AsyncConnection, address: str, now: datetime) -> bool:
        """Count one confirmation to an address: two in 24 hours, then silence for a week."""
        who = self._hash(bare_key(address))
        if await quotas.count(connection, f"silent/{who}", window=_WEEK, now=now):
            return False
        if await quotas.count(connection, f"confirm/{who}", window=_DAY, now=now) >= CONFIRMATIONS:
            await quotas.take(connection, f"silent/{who}", most=1, window=_WEEK, now=now)
            return False
        domain = address.rpartition("@")[2].lower()
        most = self._settings.confirmations_per_domain
        if await quotas.count(connection, f"domain/{domain}", window=_HOUR, now=now) >= most:
            return False
        if not await self._in_all(connection, now):
            return False
        await quotas.take(connection, f"domain/{domain}", most=most, window=_HOUR, now=now)
        return await quotas.take(connection, f"confirm/{who}", most=CONFIRMATIONS, window=_DAY, now=now)

    async def may_reply(
        self, connection: AsyncConnection, address: str, now: datetime, *, known: bool
    ) -> bool:
        """Count one reply to an address; fewer when it is nobody's we know."""
        who = self._hash(bare_key(address))
        most = (
            self._settings.replies_per_address
            if known
            else min(STRANGERS, self._settings.replies_per_address)
        )
        if await quotas.count(connection, f"reply/{who}", window=_DAY, now=now) >= most:
            return False
        if not await self._in_all(connection, now):
            return False
        return await quotas.take(connection, f"reply/{who}", most=most, window=_DAY, now=now)

    async def _in_all(self, connection: AsyncConnection, now: datetime) -> bool:
        return await quotas.take(
            connection, "answers", most=self._settings.replies_per_hour, window=_HOUR, now=now
        )
