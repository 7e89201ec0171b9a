"""A small IMAP server that can be told to misbehave, command by command."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from alertd.clock import real_sleep
from alertd.config.settings import Imap
from alertd.postmaster.imap import ImapReader, Limits
from alertd.postmaster.intake import Intake
from alertd.store.engines import Store
from tests.acceptance.ways_in import rows, until

FULL = "IMAP4rev1 IDLE MOVE UIDPLUS"


@dataclass
class FakeImap:
    """One mailbox.

    Attributes:
        capabilities: what CAPABILITY says.
        mails: by UID.
        moved: what went to the done folder, in order.
        faults: command -> what to do instead of answering it, used up from the left: close, bye, hang, no, bad, garbage,
            half, and any text, which is sent as it is.
        announces: whether IDLE tells of new mails.
        calls: the commands that came, IDLE's DONE included.
    """

    capabilities: str = FULL
    uidvalidity: int = 1
    mails: dict[int, bytes] = field(default_factory=dict)
    flagged: set[int] = field(default_factory=set)
    moved: list[bytes] = field(default_factory=list)
    folders: set[str] = field(default_factory=lambda: {"INBOX", "alertd-done"})
    faults: dict[str, list[str]] = field(default_factory=dict)
    announces: bool = True
    password: str = "secret"
    calls: list[str] = field(default_factory=list)
    greeting: str = "* OK hello"
    starttls: ssl.SSLContext | None = None
    port: int = 0

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._new = asyncio.Condition()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def put(self, raw: bytes) -> int:
        """A mail arrives."""
        uid = max(self.mails, default=0) + 1 + len(self.moved)
        async with self._new:
            self.mails[uid] = raw
            self._new.notify_all()
        return uid

    def hang_up(self) -> None:
        """Close every connection."""
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def send(text: str) -> None:
            writer.write(text.encode() + b"\r\n")

        send(self.greeting)
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            tag, _, rest = line.partition(" ")
            uid, _, tail = rest.partition(" ") if rest.startswith("UID ") else ("", "", rest)
            name, _, arguments = tail.partition(" ")
            self.calls.append(f"{uid} {name}".strip())
            if self.faults.get(name):
                if await self._misbehave(self.faults[name].pop(0), tag, writer):
                    return
                continue
            if name == "LOGOUT":
                send(f"* BYE\r\n{tag} OK bye")
                return
            if name == "STARTTLS" and self.starttls:
                send(f"{tag} OK begin")
                await writer.start_tls(self.starttls)
                continue
            if name == "IDLE":
                await self._idle(tag, reader, send)
                continue
            untagged, result = self._answer(name, arguments)
            writer.write(untagged)
            send(f"{tag} {result}")

    async def _misbehave(self, fault: str, tag: str, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection is over."""
        if fault == "hang":
            await real_sleep(3600)
        texts = {
            "bye": "* BYE going down\r\n",
            "no": f"{tag} NO not now\r\n",
            "bad": f"{tag} BAD what\r\n",
            "half": "* 1 FETCH (UID 1 BODY[] {5000}\r\nhalf",
            "close": "",
            "garbage": "\x00\x01nonsense\r\nA1 OK never asked\r\n* )(*&^\r\n",
        }
        writer.write(texts.get(fault, f"{fault}\r\n").encode())
        await writer.drain()
        return fault in {"bye", "close", "half", "garbage"}

    async def _idle(self, tag: str, reader: asyncio.StreamReader, send) -> None:
        send("+ idling")
        known = len(self.mails)
        done = asyncio.ensure_future(reader.readline())

        async def grown() -> None:
            async with self._new:
                await self._new.wait_for(lambda: self.announces and len(self.mails) > known)

        growth = asyncio.ensure_future(grown())
        try:
            await asyncio.wait({done, growth}, return_when=asyncio.FIRST_COMPLETED)
            if growth.done():
                send(f"* OK still here\r\n* {len(self.mails)} EXISTS")
            await done
        finally:
            growth.cancel()
            done.cancel()
            await asyncio.gather(growth, done, return_exceptions=True)
        self.calls.append("DONE")
        if self.faults.get("DONE"):
            self.faults["DONE"].pop(0)
            await real_sleep(3600)
        send(f"{tag} OK idled")

    def _answer(self, name: str, arguments: str) -> tuple[bytes, str]:
        """Untagged lines, and the result."""
        uids = [int(uid) for uid in arguments.partition(" ")[0].split(",") if uid.isdigit()]
        folder = arguments.partition(" ")[2].strip('"')
        if name == "CAPABILITY":
            return f"* CAPABILITY {self.capabilities}\r\n".encode(), "OK"
        if name == "LOGIN" and not arguments.endswith(f' "{self.password}"'):
            return b"", "NO wrong"
        if name == "SELECT":
            valid = f"* OK [UIDVALIDITY {self.uidvalidity}] valid\r\n"
            return f"* {len(self.mails)} EXISTS\r\n{valid}".encode(), "OK [READ-WRITE]"
        if name == "CREATE":
            self.folders.add(arguments.strip('"'))
        if name == "SEARCH":
            found = " ".join(str(uid) for uid in self.mails if uid not in self.flagged)
            return f"* SEARCH {found}\r\n".encode(), "OK"
        if name == "FETCH":
            return b"".join(self._fetched(uid, arguments) for uid in uids if uid in self.mails), "OK"
        if name in {"MOVE", "COPY"} and folder not in self.folders:
            return b"", "NO [TRYCREATE] no such folder"
        if name in {"MOVE", "COPY"}:
            self.moved += [self.mails[uid] for uid in uids if uid in self.mails]
        if name == "STORE":
            self.flagged.update(uids)
        if name in {"MOVE", "EXPUNGE"}:
            for uid in uids:
                self.mails.pop(uid, None)
            return b"* 1 EXPUNGE\r\n" * len(uids), "OK"
        return b"", "OK"

    def _fetched(self, uid: int, arguments: str) -> bytes:
        raw = self.mails[uid]
        partial = re.search(r"<0\.(\d+)>", arguments)
        if not partial:
            return f"* {uid} FETCH (RFC822.SIZE {len(raw)} UID {uid})\r\n".encode()
        part = raw[: int(partial[1])]
        return f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(part)}}}\r\n".encode() + part + b")\r\n"


LIMITS = Limits(answer=1.0, idle=0.6, first_pause=0.02)


def settings_for(server: FakeImap, folder: Path) -> Imap:
    """What reads this server, with the password in a file in `folder`."""
    password = folder / "imap.password"
    password.write_text("secret\n")
    return Imap(
        host="127.0.0.1",
        port=server.port,
        tls="none",
        username="alerts",
        password_file=password,
        poll_every=timedelta(seconds=0.05),
    )


@asynccontextmanager
async def reading(settings: Imap, intake: Intake, limits: Limits = LIMITS) -> AsyncIterator[ImapReader]:
    """A reader at work, stopped at the end: quickly, however the server behaves."""
    reader, stop = ImapReader(settings, intake, limits=limits), asyncio.Event()
    running = asyncio.create_task(reader.run(stop))
    try:
        yield reader
    finally:
        stop.set()
        await asyncio.wait_for(running, 5)


async def taken(store: Store, server: FakeImap, number: int) -> None:
    """Wait until so many mails are in the store and have been moved away."""

    async def done() -> bool:
        return len(await rows(store)) == number == len(server.moved) and not server.mails

    await until(f"{number} mails taken in and moved", done)
