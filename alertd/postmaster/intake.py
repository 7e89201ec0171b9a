"""Taking a mail in: durable in the store, once, before anybody is told that we have it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alertd import log
from alertd.clock import Clock
from alertd.errors import AlertdError
from alertd.postmaster.envelope import OurAddress, clean_address
from alertd.postmaster.read import read_mail
from alertd.store import inbound
from alertd.store.engines import Store

KEEP_QUARANTINED = timedelta(days=30)
"""How long a mail that was set aside waits for an operator before its text is purged."""
BEGINNING = 65_536
"""Bytes kept of a mail that is too large to be taken in."""

_log = log.get("postmaster")


class TooLargeError(AlertdError):
    """A mail is larger than `[intake] max_size`."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail that is in the store.

    Attributes:
        duplicate: it was there already, by another way or under another of our addresses.
    """

    id: int
    duplicate: bool


async def take_in(
    store: Store, *, raw: bytes, via: str, sender: str | None, recipient: str, now: datetime
) -> Taken:
    """Commit a mail to the store; the same mail by a second way finds itself there and adds nothing.

    Args:
        store: where to.
        raw: the mail as it came.
        via: lmtp, spool or imap.
        sender: envelope sender, "" for the null path, None when the way in does not tell.
        recipient: the address of ours that it came to.
        now: when it came.

    Raises:
        StoreUnavailableError: nothing was kept; ask for the mail again later.
    """
    key = await asyncio.to_thread(dedupe_key, raw, now=now)
    async with store.write() as connection:
        mail_id, first = await inbound.add(
            connection,
            dedupe_key=key,
            via=via,
            sender=None if sender is None else clean_address(sender),
            recipient=clean_address(recipient),
            raw=raw,
            received_at=now,
        )
    return Taken(mail_id, duplicate=not first)


def dedupe_key(raw: bytes, *, now: datetime) -> str:
    """What makes two copies the same mail: From, Date, Message-ID and body, as `read_mail` sees them.

    A mail with neither Date nor Message-ID says "stop" in the same bytes every time, so there the day of its coming counts too.
    """
    try:
        mail = read_mail(raw)
    except Exception:  # noqa: BLE001 - a fault of ours must not cost the mail: its handling will meet it and set it aside
        return f"raw:{hashlib.sha256(raw).hexdigest()}"
    if mail.message_id or mail.date is not None:
        return mail.dedupe_key
    return f"{mail.dedupe_key}:{now:%Y-%m-%d}"


class Intake:
    """What the ways in share: the store, our address, the size cap, and whom to tell of a new mail.

    Args:
        store: where mails go.
        clock: tells when they came.
        ours: the addresses we take mail for.
        max_size: bytes of the largest mail that is taken in.
        arrived: called after each new mail was committed.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        ours: OurAddress,
        max_size: int,
        arrived: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ours = ours
        self.max_size = max_size
        self._arrived = arrived

    async def take_in(self, raw: bytes, *, via: str, sender: str | None, recipient: str) -> Taken:
        """`take_in`, logged and announced.

        Raises:
            TooLargeError: the mail is larger than `max_size`; nothing was kept.
            StoreUnavailableError: nothing was kept; ask for the mail again later.
        """
        if len(raw) > self.max_size:
            raise TooLargeError(f"{len(raw)} bytes: more than [intake] max_size = {self.max_size}")
        now = self.clock.now()
        taken = await take_in(self.store, raw=raw, via=via, sender=sender, recipient=recipient, now=now)
        _log.info("intake.taken", id=taken.id, via=via, size=len(raw), duplicate=taken.duplicate)
        if not taken.duplicate:
            self._arrived()
        return taken

    async def set_aside(
        self, beginning: bytes, *, via: str, sender: str | None, recipient: str, reason: str
    ) -> Taken:
        """Keep the beginning of a mail that is not taken in, quarantined with the reason, for operators to see.

        Raises:
            StoreUnavailableError: nothing was kept; try again later.
        """
        now = self.clock.now()
        kept = beginning[:BEGINNING]
        async with self.store.write() as connection:
            mail_id, first = await inbound.add_quarantined(
                connection,
                dedupe_key=f"aside:{hashlib.sha256(kept).hexdigest()}",
                via=via,
                sender=None if sender is None else clean_address(sender),
                recipient=clean_address(recipient),
                raw=kept,
                reason=reason,
                received_at=now,
                purge_at=now + KEEP_QUARANTINED,
            )
        if first:
            _log.warning("intake.quarantined", id=mail_id, via=via, reason=reason)
        return Taken(mail_id, duplicate=not first)
