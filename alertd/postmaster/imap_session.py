"""One IMAP connection, every call of which ends: with an answer, or with an `ImapError`.

aioimaplib speaks the protocol. What it leaves to us (read and tried on 2.0): a command never ends when the server hangs up
(its issue 110, for IDLE), STARTTLS is not there, a greeting that refuses us is an exception nobody collects, and a user name
goes unquoted. So each call races with the loss of the connection under a deadline, and after any fault the connection is
thrown away: its state is not worth knowing.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import weakref
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from aioimaplib.aioimaplib import IMAP4, AioImapException, Command, IMAP4ClientProtocol, quoted

from alertd.clock import real_monotonic
from alertd.config.settings import Imap
from alertd.errors import AlertdError
from alertd.postmaster.mailbox_names import encode

_LONGEST_LINE = 16_000_000  # bytes a server may send without a line's end
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]")
_UID_AND_SIZE = re.compile(
    rb"\bUID (\d{1,10})\b.*?\bRFC822\.SIZE (\d{1,19})\b|\bRFC822\.SIZE (\d{1,19})\b.*?\bUID (\d{1,10})\b"
)
_SHORT_BODY = re.compile(rb'BODY\[\](?:<0>)? (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE)


class ImapError(AlertdError):
    """The mailbox cannot be read now.

    Attributes:
        refused: the server answered NO or BAD, and the connection is still good.
    """

    temporary = True

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class _Protocol(IMAP4ClientProtocol):  # type: ignore[misc] # aioimaplib has no types
    """aioimaplib's parser, which drops the connection instead of throwing into the loop."""

    def data_received(self, d: bytes) -> None:
        try:
            super().data_received(d)
        except Exception:  # noqa: BLE001 - whatever the server sent, this connection cannot be trusted any more
            self.transport.abort()
        if len(self.incomplete_line) > _LONGEST_LINE:
            self.transport.abort()

    async def welcome(self, command: bytes) -> None:
        try:
            await super().welcome(command)
        except (AioImapException, ValueError, LookupError):
            self.transport.abort()


class _Client(IMAP4):  # type: ignore[misc]
    def create_client(
        self,
        host: str,
        port: int,
        _loop: object,
        conn_lost_cb: Callable[[Exception | None], None] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.protocol = _Protocol(loop, conn_lost_cb)
        self._client_task = loop.create_task(
            loop.create_connection(lambda: self.protocol, host, port, ssl=ssl_context)
        )


class ImapSession:
    """A connection that is logged in.

    Args:
        settings: host, TLS mode, user.
        timeout: real seconds for one answer.
    """

    def __init__(self, settings: Imap, *, timeout: float) -> None:
        self._settings = settings
        self._timeout = timeout
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._dropped: weakref.WeakSet[asyncio.Future[Any]] = weakref.WeakSet()
        context = ssl.create_default_context(cafile=settings.ca_file) if settings.tls != "none" else None
        self._starttls_context = context if settings.tls == "starttls" else None
        self._client = _Client(
            settings.host,
            settings.port,
            timeout=timeout,
            conn_lost_cb=self._on_lost,
            ssl_context=context if settings.tls == "implicit" else None,
        )

    def _on_lost(self, _error: Exception | None) -> None:
        if not self._lost.done():
            self._lost.set_result(None)

    async def open(self, password: str) -> None:
        """Connect, secure and log in.

        Raises:
            ImapError: no connection, no TLS where TLS is asked for, or no entrance.
        """
        await self._call(self._client.wait_hello_from_server(), "connecting")
        if self._starttls_context is not None:
            await self._start_tls(self._starttls_context)
        user = quoted(self._settings.username)
        try:
            await self._ask(self._client.login(user, password), "LOGIN")
        except ImapError as error:
            if error.refused:
                raise ImapError(
                    f"{error}. Check username and password_file of [intake.imap]; many providers want an app password"
                ) from error
            raise
        await self._call(self._client.protocol.capability(), "CAPABILITY")

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        protocol = self._client.protocol
        if "STARTTLS" not in protocol.capabilities:
            raise ImapError('STARTTLS is not offered; use tls = "implicit" and port 993, or another server')
        await self._ask(protocol.execute(Command("STARTTLS", protocol.new_tag())), "STARTTLS")
        if protocol.incomplete_line:
            raise ImapError(
                "STARTTLS: the server sent more before TLS began, as an attacker in between would"
            )
        upgrade = asyncio.get_running_loop().start_tls(
            protocol.transport, protocol, context, server_hostname=self._settings.host
        )
        protocol.transport = await self._call(upgrade, "STARTTLS")
        protocol.capabilities = set()

    async def select(self) -> int:
        """Open the folder; returns its UIDVALIDITY, 0 when the server has none.

        Raises:
            ImapError: it is not there, or the connection failed.
        """
        lines = await self._ask(self._client.select(_mailbox(self._settings.folder)), "SELECT")
        found = _UIDVALIDITY.search(b"\n".join(lines))
        return int(found[1]) if found else 0

    async def search(self) -> list[int]:
        """The UIDs of all mails in the folder that are not marked as deleted, in order.

        Raises:
            ImapError: the connection failed.
        """
        lines = await self._ask(
            self._client.protocol.search("UNDELETED", charset=None, by_uid=True), "SEARCH"
        )
        return sorted({int(word) for line in lines[:-1] for word in line.split() if word.isdigit()})

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each of these mails, as the server says; mails that are gone are left out.

        Raises:
            ImapError: the connection failed.
        """
        lines = await self._ask(self._client.uid("FETCH", _set(uids), "(UID RFC822.SIZE)"), "FETCH")
        found = (_UID_AND_SIZE.search(line) for line in lines)
        return {int(match[1] or match[4]): int(match[2] or match[3]) for match in found if match}

    async def fetch(self, uid: int, *, limit: int) -> bytes | None:
        """The first `limit` bytes of a mail, without marking it as read; None when it is gone.

        Raises:
            ImapError: the connection failed.
        """
        part = f"(UID BODY.PEEK[]<0.{limit}>)"
        lines = await self._ask(self._client.uid("FETCH", str(uid), part), "FETCH")
        for line in lines:
            if isinstance(line, bytearray):  # aioimaplib's mark of a literal
                return bytes(line[:limit])
        for line in lines:
            short = _SHORT_BODY.search(line)
            if short:
                return re.sub(rb"\\(.)", rb"\1", short[1] or b"")
        return None

    async def move(self, uids: Sequence[int]) -> None:
        """Move mails to the done folder, which is made when missing: RFC 6851, or COPY, mark and expunge these alone.

        Raises:
            ImapError: `refused`, and the mails may still be there; or the connection failed.
        """
        folder = _mailbox(self._settings.done_folder)
        try:
            await self._move(_set(uids), folder)
        except ImapError as error:
            if not error.refused:
                raise
            with suppress(ImapError):
                await self._ask(self._client.create(folder), "CREATE")
            await self._move(_set(uids), folder)

    async def _move(self, uids: str, folder: str) -> None:
        if self._client.has_capability("MOVE"):
            await self._ask(self._client.uid("MOVE", uids, folder), "MOVE")
            return
        await self._ask(self._client.uid("COPY", uids, folder), "COPY")
        await self._ask(self._client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)"), "STORE")
        # Without UIDPLUS an EXPUNGE would take away what other people marked, so the marked mails stay.
        if self._client.has_capability("UIDPLUS"):
            await self._ask(self._client.uid("EXPUNGE", uids), "EXPUNGE")

    @property
    def can_idle(self) -> bool:
        """Whether the server offers IDLE (RFC 2177)."""
        return bool(self._client.has_capability("IDLE"))

    async def idle(self, *, seconds: float, stop: asyncio.Event) -> bool:
        """Wait until the server announces a mail (True), the time is over, or we are told to stop (False).

        Raises:
            ImapError: the server refused, went away, or does not end the IDLE.
        """
        protocol = self._client.protocol
        while not protocol.idle_queue.empty():
            protocol.idle_queue.get_nowait()
        idling = asyncio.ensure_future(self._client.idle())
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await self._call(_first(protocol.wait_for_idle_response(), idling), "IDLE")
            if idling.done():
                raise ImapError("IDLE was refused", refused=True)
            announced = await self._announced(real_monotonic() + seconds, idling, stopped)
            if not idling.done():
                self._client.idle_done()
            await self._call(asyncio.shield(idling), "ending IDLE")
        finally:
            self._drop(idling, stopped)
        return announced

    async def _announced(self, deadline: float, *others: asyncio.Future[Any]) -> bool:
        """Read what the server pushes until it is a mail's coming, or one of the others is done."""
        while (left := deadline - real_monotonic()) > 0:
            push = asyncio.ensure_future(self._client.protocol.idle_queue.get())
            try:
                await asyncio.wait(
                    {push, self._lost, *others}, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                if push.done() and any(
                    line.rstrip().endswith((b"EXISTS", b"RECENT")) for line in push.result()
                ):
                    return True
                if self._lost.done():
                    raise ImapError("the server hung up while we waited for mail")
                if any(other.done() for other in others):
                    return False
            finally:
                self._drop(push)
        return False

    async def close(self) -> None:
        """Log out if the server still listens, and drop the connection whatever it says."""
        with suppress(ImapError):
            if not self._lost.done() and self._client.get_state() in {"AUTH", "SELECTED"}:
                await self._call(self._client.logout(), "LOGOUT", seconds=min(2.0, self._timeout))
        transport = self._client.protocol.transport
        if transport is not None:
            # Python 3.11.2 cannot abort a TLS transport that was closed twice
            with suppress(AttributeError):
                transport.abort()
        # The connection attempt and the greeting's task: a task we dropped may wait for a lock that one of them holds.
        self._drop(self._client._client_task, *self._client.protocol.tasks)  # noqa: SLF001 - there is no public name
        if self._dropped:
            await asyncio.wait(self._dropped, timeout=1)

    def _drop(self, *tasks: asyncio.Future[Any]) -> None:
        """Cancel what still runs, without waiting for it, and see to it that nothing complains of its end later."""
        for task in tasks:
            task.cancel()
            self._dropped.add(task)
            task.add_done_callback(_collect)

    async def _ask(self, call: Awaitable[Any], what: str) -> list[Any]:
        """The lines of an answer that must be OK."""
        response = await self._call(call, what)
        if response.result != "OK":
            text = bytes(response.lines[-1]).decode("utf-8", errors="replace")[:200] if response.lines else ""
            raise ImapError(f"{what}: the server said {response.result} {text}", refused=True)
        lines: list[Any] = response.lines
        return lines

    async def _call(self, call: Awaitable[Any], what: str, *, seconds: float | None = None) -> Any:
        """What the call gives; or an ImapError when it fails, the connection is lost, or time is over."""
        task = asyncio.ensure_future(call)
        limit = self._timeout if seconds is None else seconds
        try:
            await asyncio.wait({task, self._lost}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if task.done() and not task.cancelled():
                return task.result()
            if self._lost.done():
                raise ImapError(f"{what}: the server hung up")
            raise ImapError(f"{what}: no answer within {limit:g} seconds")
        except (AioImapException, OSError, TimeoutError, ValueError, LookupError, AttributeError) as error:
            # ValueError: CR or LF in an argument, UnicodeError; LookupError, AttributeError: what odd answers cause
            raise ImapError(f"{what}: {str(error) or type(error).__name__}") from error
        finally:
            self._drop(task)


def _collect(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()


async def _first(*calls: Awaitable[Any]) -> None:
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        tasks[0].cancel()


def _mailbox(name: str) -> str:
    return str(quoted(encode(name)))


def _set(uids: Sequence[int]) -> str:
    return ",".join(str(uid) for uid in uids)
