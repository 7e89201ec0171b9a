"""A mailbox that is read: for those who have no MTA of their own.

A mail is fetched, committed to the store, and only then moved to the done folder. All that is left in the folder is taken
again, and the store recognises what it has, so nothing hangs on UIDs: when UIDVALIDITY changes, the folder is just read
again. Between two looks we wait in IDLE where the server offers it. IDLE is a hint, never the way: until it has announced a
mail once, it lasts no longer than `poll_every`, and a server whose IDLE twice kept a mail to itself is polled from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from alertd import log
from alertd.config.settings import Imap
from alertd.errors import StoreUnavailableError
from alertd.postmaster.envelope import sender_of
from alertd.postmaster.imap_session import ImapError, ImapSession
from alertd.postmaster.intake import BEGINNING, Intake

_BATCH = 20  # mails looked up and moved with one command; aioimaplib recurses once per line of an answer
_LONGEST_PAUSE = 300.0
_MISSES = 2

_log = log.get("postmaster")


@dataclass(frozen=True, slots=True)
class Limits:
    """Real seconds.

    Attributes:
        answer: how long a server may take for one answer.
        idle: how long an IDLE lasts that is known to work; RFC 2177 wants less than 29 minutes, many routers less than 10.
        first_pause: after the first fault; it doubles with each further one.
    """

    answer: float = 60.0
    idle: float = 540.0
    first_pause: float = 2.0


class ImapReader:
    """Takes in what arrives in a mailbox.

    Args:
        settings: `[intake.imap]`.
        intake: where mails go.
        limits: times; the defaults are meant for the real world.

    Attributes:
        ok_at: when the folder was last read to its end, None before that.
        failures: faults since then.
    """

    def __init__(self, settings: Imap, intake: Intake, *, limits: Limits = Limits()) -> None:
        self._settings = settings
        self._intake = intake
        self._limits = limits
        self._validity = 0
        self._known: set[int] = set()  # in the store, but the server did not move them
        self._odd: set[int] = set()  # could not be taken in for a fault of ours: said once, then left alone
        self._trust_idle = False
        self._idle_misses = 0
        self.ok_at: datetime | None = None
        self.failures = 0
        self._error = ""
        self._unmoved = ""

    @property
    def error(self) -> str:
        """What is wrong with the mailbox now, "" when nothing is."""
        return self._error or self._unmoved

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop, whatever the server does: each fault costs the connection and a pause."""
        while not stop.is_set():
            try:
                await self._session(stop)
            except (ImapError, StoreUnavailableError, OSError) as error:
                self._failed(str(error))
                _log.warning("imap.failed", host=self._settings.host, failures=self.failures, reason=error)
            except Exception as error:  # noqa: BLE001 - a way in does not end while the daemon runs
                self._failed(f"{type(error).__name__}: {error}")
                _log.error("imap.failed", host=self._settings.host, reason=error, exc_info=error)
            if self.failures:
                pause = self._limits.first_pause * 2 ** min(self.failures - 1, 20)
                await _pause(stop, min(_LONGEST_PAUSE, pause))

    def _failed(self, error: str) -> None:
        self.failures += 1
        self._error = error

    async def _session(self, stop: asyncio.Event) -> None:
        session = ImapSession(self._settings, timeout=self._limits.answer)
        try:
            await session.open(self._password())
            announced = True  # nothing was kept from us before we came
            while not stop.is_set():
                found = await self._look(session, stop)
                self._judge_idle(announced=announced, found=found)
                self._succeeded()
                announced = await self._wait(session, stop)
        finally:
            await session.close()

    def _succeeded(self) -> None:
        if self.failures:
            _log.info("imap.recovered", host=self._settings.host, failures=self.failures)
        self.ok_at = self._intake.clock.now()
        self.failures = 0
        self._error = ""

    def _password(self) -> str:
        path = self._settings.password_file
        if path is None:
            raise ImapError(
                "[intake.imap] has no password_file: name a file with the password on its first line"
            )
        try:
            return path.read_text("utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise ImapError(f"the password cannot be read from {path}: {error}") from error

    async def _wait(self, session: ImapSession, stop: asyncio.Event) -> bool:
        """Until there may be mail; returns whether the server announced some, or was not asked to."""
        poll = self._settings.poll_every.total_seconds()
        if session.can_idle and self._idle_misses < _MISSES:
            seconds = max(poll, self._limits.idle) if self._trust_idle else poll
            try:
                return await session.idle(seconds=seconds, stop=stop)
            except ImapError as error:
                if not error.refused:
                    raise
                self._idle_misses = _MISSES
        await _pause(stop, poll)
        return True

    def _judge_idle(self, *, announced: bool, found: int) -> None:
        if found and not announced:
            self._trust_idle = False
            self._idle_misses += 1
            if self._idle_misses == _MISSES:
                _log.warning("imap.idle_given_up", host=self._settings.host)
        elif found:
            self._trust_idle = self._idle_misses < _MISSES

    async def _look(self, session: ImapSession, stop: asyncio.Event) -> int:
        """Take in all that is in the folder; returns how many mails were new to us."""
        validity = await session.select()
        if validity != self._validity:
            self._known.clear()
            self._odd.clear()
            self._validity = validity
        uids = await session.search()
        self._known &= set(uids)
        self._odd &= set(uids)
        found = 0
        for start in range(0, len(uids), _BATCH):
            if stop.is_set():
                break
            found += await self._take_batch(session, uids[start : start + _BATCH])
        return found

    async def _take_batch(self, session: ImapSession, uids: Sequence[int]) -> int:
        fresh = [uid for uid in uids if uid not in self._known | self._odd]
        sizes = await session.sizes(fresh) if fresh else {}
        for uid in fresh:
            if uid in sizes and await self._take_safely(session, uid, sizes[uid]):
                self._known.add(uid)
        movable = [uid for uid in uids if uid in self._known]
        if movable:
            await self._move(session, movable)
        return len(fresh)

    async def _take_safely(self, session: ImapSession, uid: int, size: int) -> bool:
        try:
            return await self._take(session, uid, size)
        except (ImapError, StoreUnavailableError):
            raise
        except Exception as error:  # noqa: BLE001 - one odd mail must not keep the others out
            self._odd.add(uid)
            _log.error("imap.not_taken", uid=uid, reason=error, exc_info=error)
            return False

    async def _take(self, session: ImapSession, uid: int, size: int) -> bool:
        """Whether the mail is in the store; False when it was gone."""
        limit = self._intake.max_size
        raw = await session.fetch(uid, limit=limit + 1 if size <= limit else BEGINNING)
        if raw is None:
            return False
        recipient, sender = self._intake.ours.recipient_of(raw), sender_of(raw)
        if max(size, len(raw)) > limit:
            reason = f"{max(size, len(raw))} bytes: more than [intake] max_size = {limit}"
            await self._intake.set_aside(raw, via="imap", sender=sender, recipient=recipient, reason=reason)
        else:
            await self._intake.take_in(raw, via="imap", sender=sender, recipient=recipient)
        return True

    async def _move(self, session: ImapSession, uids: Sequence[int]) -> None:
        try:
            await session.move(uids)
        except ImapError as error:
            if not error.refused:
                raise
            self._not_moved(str(error))
        else:
            self._not_moved("")
            self._known.difference_update(uids)

    def _not_moved(self, why: str) -> None:
        if why and why != self._unmoved:
            _log.error(
                "imap.not_moved",
                reason=why,
                remedy="set [intake.imap] done_folder to a name the server allows, such as INBOX.alertd-done",
            )
        self._unmoved = why


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
