"""The daemon's side of the spool: mails from a Maildir into the store, then off the disk."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from alertd import log
from alertd.clock import SystemClock
from alertd.errors import StoreUnavailableError
from alertd.postmaster import maildir
from alertd.postmaster.envelope import sender_of
from alertd.postmaster.intake import Intake
from alertd.postmaster.maildir import Spooled, UnreadableError

EVERY = 1.0
"""Real seconds between two looks into the folder."""
_BATCH = 200
_TMP_EVERY = 3600  # looks between two cleanings of tmp/

_log = log.get("postmaster")


class Spool:
    """Takes in what lies in a Maildir: the one that `alertd receive` fills, or any other.

    A file is deleted once its mail is in the store, which keeps it for `[intake] keep_raw`. A file that is no mail goes to
    `failed/` beside `new/`; a mail too large for us goes there too, and its beginning into quarantine.

    Args:
        folder: the Maildir.
        intake: where mails go.
    """

    def __init__(self, folder: Path, intake: Intake) -> None:
        self._folder = folder
        self._intake = intake
        self._stuck: set[Path] = set()  # cannot be read and cannot be moved: said once, then left alone
        self._looks = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep every second until told to stop. Nothing that happens ends it."""
        while not stop.is_set():
            taken = 0
            try:
                taken = await self.sweep()
            except (OSError, StoreUnavailableError) as error:
                _log.error("spool.waits", folder=str(self._folder), reason=error)
            if taken < _BATCH:
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY):
                        await stop.wait()

    async def sweep(self) -> int:
        """Take in the mails that lie there now, at most 200; returns how many.

        Raises:
            StoreUnavailableError: the rest stays where it is.
            OSError: the folder cannot be read.
        """
        if self._looks % _TMP_EVERY == 0:
            now_s = (
                SystemClock().now().timestamp()
            )  # file times are the machine's, whatever clock the service runs on
            await asyncio.to_thread(maildir.clean_tmp, self._folder, now_s=now_s)
        self._looks += 1
        paths = [
            path for path in await asyncio.to_thread(maildir.waiting, self._folder) if path not in self._stuck
        ]
        taken = 0
        for path in paths[:_BATCH]:
            taken += await self._take_safely(path)
        return taken

    async def _take_safely(self, path: Path) -> bool:
        try:
            return await self._take(path)
        except (OSError, StoreUnavailableError):
            raise
        except Exception as error:  # noqa: BLE001 - one odd mail must not keep the others out
            _log.error("spool.not_taken", file=str(path), reason=error, exc_info=error)
            await self._set_aside(path, f"{type(error).__name__}: {error}")
            return False

    async def _take(self, path: Path) -> bool:
        try:
            mail = await asyncio.to_thread(maildir.read, path, limit=self._intake.max_size + 1)
        except FileNotFoundError:
            return False
        except UnreadableError as error:
            await self._set_aside(path, str(error))
            return False
        recipient = mail.recipient or self._intake.ours.recipient_of(mail.raw)
        sender = sender_of(mail.raw) if mail.sender is None else mail.sender
        if mail.size > self._intake.max_size:
            await self._too_large(path, mail, recipient, sender)
            return False
        await self._intake.take_in(mail.raw, via="spool", sender=sender, recipient=recipient)
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError as error:
            # It would be found again each second; the store knows it, so nothing is done twice.
            self._stuck.add(path)
            _log.error("spool.not_deleted", file=str(path), reason=error)
        return True

    async def _too_large(self, path: Path, mail: Spooled, recipient: str, sender: str | None) -> None:
        reason = f"{mail.size} bytes: more than [intake] max_size = {self._intake.max_size}"
        await self._intake.set_aside(mail.raw, via="spool", sender=sender, recipient=recipient, reason=reason)
        await self._set_aside(path, reason)

    async def _set_aside(self, path: Path, reason: str) -> None:
        try:
            target = await asyncio.to_thread(maildir.set_aside, self._folder, path)
        except OSError as error:
            self._stuck.add(path)
            _log.error(
                "spool.stuck", file=str(path), reason=f"{reason}; and cannot be moved: {error.strerror}"
            )
        else:
            _log.error("spool.set_aside", file=str(target), reason=reason)
