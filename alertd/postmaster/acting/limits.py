"""How many answers go out: per address (without its +tag), per domain, in all. What is over a limit is silence.

Anybody can write any From. So what goes to an address whose owner has not proved to be the writer is counted narrowly:
that many unasked mails a stranger can cause, and no more.
"""

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
"""Confirmations to one address in 24 hours; whoever asks for a third brings a week of silence."""
_LEAVING = "leaving/"
UNPROVEN = 3
"""Answers, confirmations included, in 24 hours to an address that is not subscribed and whose mail nothing vouches for."""


class Limits:
    """The limits of `[intake]`.

    Args:
        settings: their numbers.
        hash_address: so that no limit keeps an address.
    """

    def __init__(self, settings: Intake, hash_address: Callable[[str], str]) -> None:
        self._settings = settings
        self._hash = hash_address

    async def may_confirm(
        self, connection: AsyncConnection, address: str, now: datetime, *, leaving: bool = False
    ) -> bool:
        """Count one confirmation to an address: two in 24 hours, then silence for a week.

        Leaving is counted by itself, so that no other request, and nobody who forges one, swallows a "stop".
        """
        key = bare_key(address)
        domain, who = _domain(key), _LEAVING * leaving + self._hash(key)
        if await self._is_silent(connection, who, now):
            return False
        if await quotas.count(connection, f"confirm/{who}", window=_DAY, now=now) >= CONFIRMATIONS:
            await quotas.take(connection, f"silent/{who}", most=1, window=_WEEK, now=now)
            return False
        most = self._settings.confirmations_per_domain
        if await quotas.count(connection, f"confirm/{domain}", window=_HOUR, now=now) >= most:
            return False
        if not await self._in_all(connection, now):
            return False
        await quotas.take(connection, f"confirm/{domain}", most=most, window=_HOUR, now=now)
        return await quotas.take(connection, f"confirm/{who}", most=CONFIRMATIONS, window=_DAY, now=now)

    async def answered(self, connection: AsyncConnection, address: str) -> None:
        """The owner of an address answered a confirmation with yes: those they got so far count no more.

        Two a day protect who does not know why they get them; who answers does, and may go on changing things.
        """
        who = self._hash(bare_key(address))
        await quotas.forget(
            connection, [f"{kind}/{each}" for kind in ("confirm", "silent") for each in (who, _LEAVING + who)]
        )

    async def may_reply(
        self, connection: AsyncConnection, address: str, now: datetime, *, proven: bool
    ) -> bool:
        """Count one answer to an address.

        Args:
            connection: the writing transaction.
            address: where it goes.
            now: the instant.
            proven: its owner signed up, or is vouched for as the writer; fewer answers go to who may know nothing of it.
        """
        key = bare_key(address)
        who, domain = self._hash(key), _domain(key)
        most = self._settings.replies_per_address
        if not proven and not await self._bears(connection, who, now):
            return False
        if await quotas.count(connection, f"reply/{who}", window=_DAY, now=now) >= most:
            return False
        each = self._settings.replies_per_domain
        if await quotas.count(connection, f"reply/{domain}", window=_HOUR, now=now) >= each:
            return False
        if not await self._in_all(connection, now):
            return False
        await quotas.take(connection, f"reply/{domain}", most=each, window=_HOUR, now=now)
        return await quotas.take(connection, f"reply/{who}", most=most, window=_DAY, now=now)

    async def may_forward(self, connection: AsyncConnection, address: str, now: datetime) -> bool:
        """Count one mail that is passed on to the owner: as many from one address as answers to one, as many in all."""
        who = self._hash(bare_key(address))
        most, every = self._settings.replies_per_address, self._settings.replies_per_hour
        if await quotas.count(connection, f"forward/{who}", window=_DAY, now=now) >= most:
            return False
        if not await quotas.take(connection, "forwards", most=every, window=_HOUR, now=now):
            return False
        return await quotas.take(connection, f"forward/{who}", most=most, window=_DAY, now=now)

    async def _bears(self, connection: AsyncConnection, who: str, now: datetime) -> bool:
        """Whether somebody who may know nothing of it can get one more."""
        if await self._is_silent(connection, who, now):
            return False
        counts = [
            await quotas.count(connection, f"{kind}/{who}", window=_DAY, now=now)
            for kind in ("reply", "confirm")
        ]
        return sum(counts) < UNPROVEN

    async def _is_silent(self, connection: AsyncConnection, who: str, now: datetime) -> bool:
        return await quotas.count(connection, f"silent/{who}", window=_WEEK, now=now) > 0

    async def _in_all(self, connection: AsyncConnection, now: datetime) -> bool:
        return await quotas.take(
            connection, "answers", most=self._settings.replies_per_hour, window=_HOUR, now=now
        )


def _domain(key: str) -> str:
    """Marked by its @, so that no hash looks like one."""
    return "@" + key.rpartition("@")[2]
