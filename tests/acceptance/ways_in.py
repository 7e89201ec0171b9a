"""What the tests of the ways in share: an LMTP client that reads every reply, mails, and a look into the store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from alertd.clock import ManualClock, real_monotonic, real_sleep
from alertd.config.settings import Service
from alertd.postmaster.envelope import OurAddress
from alertd.postmaster.intake import Intake
from alertd.store import inbound
from alertd.store.engines import Store
from alertd.store.inbound import InboundRow

SERVICE = Service(address="alerts@example.org")
MAX_SIZE = 100_000


def mail(subject: str = "subscribe", *, body: str = "urban-rural", number: int = 1, extra: str = "") -> bytes:
    """A small mail with CRLF line ends."""
    text = (
        f"{extra}From: Reader <reader@example.net>\nTo: alerts@example.org\nSubject: {subject}\n"
        f"Date: Tue, 24 Nov 2026 08:00:00 +0800\nMessage-ID: <{number}@example.net>\n\n{body}\n"
    )
    return text.replace("\n", "\r\n").encode()


def intake_for(store: Store, clock: ManualClock, *, max_size: int = MAX_SIZE) -> Intake:
    return Intake(store, clock, ours=OurAddress(SERVICE), max_size=max_size)


async def rows(store: Store) -> list[tuple[InboundRow, bytes | None]]:
    """All mails in the store, oldest first."""
    async with store.read() as connection:
        page = await inbound.fetch_page(connection, limit=1000)
        return [await inbound.get(connection, row.id) for row in reversed(page)]


async def until(what: str, done, *, seconds: float = 10) -> None:
    """Wait until `done()` (a coroutine function) is true."""
    deadline = real_monotonic() + seconds
    while not await done():
        assert real_monotonic() < deadline, f"waited {seconds} seconds in vain for {what}"
        await real_sleep(0.02)


class LmtpClient:
    """Speaks LMTP line by line, so that a test sees each reply of each recipient."""

    def __init__(self, where: int | Path) -> None:
        self._where = where

    async def __aenter__(self) -> Self:
        if isinstance(self._where, Path):
            self._reader, self._writer = await asyncio.open_unix_connection(self._where)
        else:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._where)
        assert (await self.reply()).startswith("220")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def reply(self) -> str:
        """One reply: its lines joined by a newline."""
        lines = []
        while True:
            async with asyncio.timeout(10):
                line = (await self._reader.readline()).decode()
            assert line, "the server hung up"
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def command(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return await self.reply()

    async def envelope(self, *recipients: str, sender: str = "reader@example.net") -> list[str]:
        """LHLO, MAIL and RCPTs; the replies to the RCPTs."""
        assert (await self.command("LHLO mta.example.org")).startswith("250")
        assert (await self.command(f"MAIL FROM:<{sender}>")).startswith("250")
        return [await self.command(f"RCPT TO:<{recipient}>") for recipient in recipients]

    async def data(self, raw: bytes, *, replies: int = 1) -> list[str]:
        """DATA and the mail, dots stuffed; as many replies as are due."""
        assert (await self.command("DATA")).startswith("354")
        lines = raw.split(b"\r\n")
        if lines[-1] == b"":
            lines.pop()
        stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
        self.send(stuffed + b"\r\n.\r\n")
        return [await self.reply() for _ in range(replies)]
