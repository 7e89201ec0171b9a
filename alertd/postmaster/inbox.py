"""The inbox: each mail is handled once, and a mail that fails does not stop the others.

The crash rule: a mail is marked `working` and charged a try in a transaction of its own before it is handled. What its
handling causes and the mark `done` are committed together. So a mail found `working` later is one over which a process
ended: it gets one more try, and at the second death it is set aside. An exception sets a mail aside at once.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.clock import Clock
from alertd.errors import AlertdError, StoreUnavailableError
from alertd.postmaster.intake import KEEP_QUARANTINED
from alertd.store import inbound
from alertd.store.engines import Store
from alertd.store.inbound import ClaimedMail, Handled

_MAX_STUMBLES = 5  # temporary faults of one mail while the store works for others
_REASON_LENGTH = 500

_log = log.get("postmaster")


class Handler(Protocol):
    """Who decides what a mail means, and writes what follows from it."""

    async def handle(self, connection: AsyncConnection, mail: ClaimedMail) -> Handled:
        """Do what the mail asks for, with this connection and nothing else.

        1. Writes all effects through `connection`, and does not commit: the caller does, together with the mark.
        2. Does nothing that cannot be rolled back: no socket, no file, no other transaction.
        3. Raises what it likes: all of its effects are undone and the mail is set aside with the exception as reason;
           an error that is `temporary` lets the mail wait for the next run instead.
        """


class Inbox:
    """Handles the mails that were taken in.

    Args:
        store: where they are.
        clock: tells when they were done.
        handler: what to do with one.
        keep_raw: how long the text of a handled mail is kept.
    """

    def __init__(
        self, store: Store, clock: Clock, handler: Handler, *, keep_raw: timedelta = timedelta(days=7)
    ) -> None:
        self._store = store
        self._clock = clock
        self._handler = handler
        self._keep_raw = keep_raw
        self._turn = asyncio.Lock()
        self._stumbles: dict[int, int] = {}
        self._owed: list[ClaimedMail] = []  # claims the store could not undo when it was down
        self._draining = False

    def drain(self) -> None:
        """Let `run_due` return after the mail that it is at, and refuse further ones."""
        self._draining = True

    async def run_due(self) -> int:
        """Handle every mail that waits, oldest first; returns how many were taken in hand.

        A second call waits for the first. Where another process is at it (PostgreSQL), nothing is done.

        Raises:
            StoreUnavailableError: the store failed; what was not done waits for the next call.
        """
        count, last = 0, 0
        async with self._turn, inbound.sole_worker(self._store) as free:
            if not free:
                return 0
            await self._recover()
            while not self._draining:
                async with self._store.write() as connection:
                    mail = await inbound.claim(connection, after=last)
                if mail is None:
                    break
                await self._handle(mail)
                count, last = count + 1, mail.id
        return count

    async def _recover(self) -> None:
        now = self._clock.now()
        async with self._store.write() as connection:
            for mail in self._owed:
                await inbound.release(connection, mail)
            retried, aside = await inbound.recover(connection, now=now, purge_at=now + KEEP_QUARANTINED)
        self._owed.clear()
        if retried:
            _log.warning("inbox.recovered", ids=retried)
        if aside:
            _log.error("inbox.quarantined", ids=aside, reason=inbound.KILLED_TWICE)

    async def _handle(self, mail: ClaimedMail) -> None:
        try:
            async with self._store.write() as connection:
                handled = await self._handler.handle(connection, mail)
                now = self._clock.now()
                await inbound.finish(connection, mail, handled, now=now, purge_at=now + self._keep_raw)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(mail))
            raise
        except Exception as error:  # noqa: BLE001 - any fault of one mail's handling is that mail's alone
            await self._stumbled(mail, error)
        else:
            self._stumbles.pop(mail.id, None)
            _log.info(
                "inbox.done", id=mail.id, kind=handled.kind, ignored=handled.ignored, reason=handled.reason
            )

    async def _stumbled(self, mail: ClaimedMail, error: Exception) -> None:
        """Set the mail aside, or let it wait when the error is temporary and has not come back again and again."""
        stumbles = self._stumbles[mail.id] = self._stumbles.get(mail.id, 0) + 1
        if isinstance(error, AlertdError) and error.temporary and stumbles < _MAX_STUMBLES:
            _log.warning("inbox.waits", id=mail.id, reason=error)
            await self._give_back(mail)
            return
        del self._stumbles[mail.id]
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:_REASON_LENGTH]
        now = self._clock.now()
        purge_at = now + KEEP_QUARANTINED
        try:
            async with self._store.write() as connection:
                await inbound.quarantine(
                    connection, mail, reason=_storable(reason), now=now, purge_at=purge_at
                )
        except StoreUnavailableError:
            self._owed.append(mail)
            raise
        _log.error("inbox.quarantined", ids=[mail.id], reason=reason, exc_info=error)

    async def _give_back(self, mail: ClaimedMail) -> None:
        """Undo the claim, now or as soon as the store can: a store that was down is not a death over this mail."""
        try:
            async with self._store.write() as connection:
                await inbound.release(connection, mail)
        except StoreUnavailableError:
            self._owed.append(mail)


def _storable(text: str) -> str:
    """Text that both databases take: no NUL, no lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode("utf-8")
