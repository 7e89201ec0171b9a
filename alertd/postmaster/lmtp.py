"""LMTP (RFC 2033): mail from our own MTA, one reply per recipient, 250 only after the mail is in the store.

aiosmtpd speaks the protocol. What it leaves to us: it answers a mail that is too large with one line where LMTP owes one
per recipient, it does not announce what RFC 2033 section 5 demands, and it takes any socket file for a stale one.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session

from alertd import log
from alertd.clock import real_sleep
from alertd.errors import AlertdError, ConfigError, Fault
from alertd.postmaster.envelope import clean_address
from alertd.postmaster.intake import Intake, TooLargeError

MAX_RECIPIENTS = 100
"""RFC 5321 section 4.5.3.1.8 demands that many; the MTA sends the rest in a further transaction."""
_STORE_TIMEOUT = 60  # real seconds; an MTA waits ten minutes for the reply to the dot
_DRAIN = 10  # real seconds for mails under way when we stop
_LAST_PORT = 65535
_BARE_LF = re.compile(rb"(?<!\r)\n")

_log = log.get("postmaster")


class _Handler:
    """aiosmtpd's hooks. None of them raises; what they do not foresee is a 451."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: LMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250 ENHANCEDSTATUSCODES"]

    async def handle_MAIL(  # noqa: N802
        self, _server: LMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: LMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self._intake.ours.owns(address):
            return "550 5.1.1 No such address here"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_VRFY(  # noqa: N802
        self, _server: LMTP, _session: Session, _envelope: Envelope, _address: str
    ) -> str:
        return "252 2.5.0 Send the mail and see"

    async def handle_DATA(self, _server: LMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        if _BARE_LF.search(raw):
            return "550 5.6.11 Bare line feeds are not allowed"
        recipient = self._intake.ours.choose(envelope.rcpt_tos)
        sender = clean_address(envelope.mail_from or "")
        try:
            async with asyncio.timeout(_STORE_TIMEOUT):
                taken = await self._intake.take_in(raw, via="lmtp", sender=sender, recipient=recipient)
        except TooLargeError:
            return _too_large(self._intake.max_size)
        except Exception as error:  # noqa: BLE001 - whatever it is, the MTA still has the mail and shall try again
            return _try_again(error)
        return f"250 2.0.0 Taken in as {taken.id}"

    async def handle_exception(self, error: Exception) -> str:
        return _try_again(error)


def _too_large(max_size: int) -> str:
    return f"552 5.3.4 Larger than {max_size} bytes"


def _try_again(error: Exception) -> str:
    """The reply to what may go better later: 452 when the disk is full, else 451 (RFC 5321 section 4.2.3)."""
    known = isinstance(error, AlertdError | TimeoutError)
    _log.error("lmtp.deferred", reason=error, exc_info=None if known else error)
    if _disk_is_full(error):
        return "452 4.3.1 No room for the mail now, try again later"
    return "451 4.3.0 The mail cannot be stored now, try again later"


def _disk_is_full(error: BaseException) -> bool:
    """Whether the driver's own error below says so, by code: SQLITE_FULL, or PostgreSQL's disk_full."""
    seen: BaseException | None = error
    while seen is not None:
        driver = getattr(seen, "orig", None)
        if (
            getattr(driver, "sqlite_errorname", "") == "SQLITE_FULL"
            or getattr(driver, "sqlstate", "") == "53100"
        ):
            return True
        seen = seen.__cause__
    return False


class _Protocol(LMTP):
    """One session. A reply to a mail's end that is one line is said once for each of its recipients."""

    def __init__(self, handler: _Handler, sessions: set[_Protocol], *, max_size: int, hostname: str) -> None:
        # Long lines are real; only the size of the mail is limited. An instance attribute, since the reader takes it.
        self.line_length_limit = max_size + 2
        self._sessions = sessions
        self._max_size = max_size
        self._replies_due = 0
        super().__init__(
            handler,
            data_size_limit=max_size,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="alertd LMTP",
            loop=asyncio.get_running_loop(),
        )

    @property
    def in_data(self) -> bool:
        """Whether a mail is being taken, so that this is no moment to hang up."""
        return self._replies_due > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sessions.discard(self)
        super().connection_lost(error)

    async def push(self, status: Any) -> None:
        if self._replies_due and isinstance(status, str):
            if status.startswith(("552", "500 Line too long")):
                status = _too_large(self._max_size)
            if "\r\n" not in status:
                status = "\r\n".join([status] * self._replies_due)
            self._replies_due = 0
        elif isinstance(status, str) and status.startswith("354") and self.envelope is not None:
            self._replies_due = len(self.envelope.rcpt_tos)
        await super().push(status)


class LmtpServer:
    """Listens on `host:port` or a unix socket.

    The protocol has no authentication: whoever can connect can hand in mail. So listen on loopback, or on a socket file,
    which is made with the mode 0660 (the folder's group, when the folder is setgid, is the MTA's way in).

    Args:
        listen: "host:port", "[::1]:port" or the path of a socket.
        intake: where mails go.
        hostname: how we call ourselves.
    """

    def __init__(self, listen: str, intake: Intake, *, hostname: str) -> None:
        self._listen = listen
        self._intake = intake
        self._hostname = hostname
        self._server: asyncio.Server | None = None
        self._sessions: set[_Protocol] = set()
        self._socket_file: tuple[Path, int] | None = None

    @property
    def port(self) -> int:
        """The TCP port that is listened on; 0 on a unix socket or when not started."""
        if self._server is None or self._socket_file is not None:
            return 0
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        loop = asyncio.get_running_loop()
        handler = _Handler(self._intake)

        def session() -> _Protocol:
            return _Protocol(handler, self._sessions, max_size=self._intake.max_size, hostname=self._hostname)

        with _told(self._listen):
            if "/" in self._listen:
                listener = self._bind_unix(Path(self._listen))
                self._server = await loop.create_unix_server(session, sock=listener)
            else:
                host, port = parse_listen(self._listen)
                self._server = await loop.create_server(session, host, port)
        _log.info("lmtp.listens", on=self._listen)

    def _bind_unix(self, path: Path) -> socket.socket:
        """A bound socket that replaces a stale file in one step, and nothing else.

        It is bound under another name, made private and then renamed, so there is no moment with a wrong mode.
        """
        _check_free(path)
        draft = path.with_name(f".{secrets.token_hex(4)}")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(draft))
            draft.chmod(0o660)
            draft.rename(path)
        except OSError:
            listener.close()
            draft.unlink(missing_ok=True)
            raise
        self._socket_file = (path, path.lstat().st_ino)
        return listener

    async def stop(self) -> None:
        """Listen no more, let mails under way end (10 s at most), then hang up."""
        if self._server is None:
            return
        self._server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN):
                while any(session.in_data for session in self._sessions):
                    await real_sleep(0.02)
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()
        await self._server.wait_closed()
        if self._socket_file is not None:
            path, inode = self._socket_file
            with suppress(OSError):
                if path.lstat().st_ino == inode:
                    path.unlink()
        self._server, self._socket_file = None, None


async def check(listen: str) -> None:
    """See whether `LmtpServer.start` could listen there now. Nothing is left behind.

    Raises:
        ConfigError: it could not.
    """
    with _told(listen):
        if "/" in listen:
            path = Path(listen)
            _check_free(path)
            if not path.parent.is_dir():
                raise FileNotFoundError(errno.ENOENT, f"there is no folder {path.parent}")
            if not os.access(path.parent, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, f"the folder {path.parent} cannot be written")
            return
        host, port = parse_listen(listen)
        loop = asyncio.get_running_loop()
        # bound as the server will be, so that the kernel judges by the same options, and never listening
        probe = await loop.create_server(asyncio.Protocol, host, port, start_serving=False)
        probe.close()
        await probe.wait_closed()


@contextmanager
def _told(listen: str) -> Iterator[None]:
    """What keeps us from listening becomes a fault of the configuration."""
    try:
        yield
    except OSError as error:
        what = f"cannot listen on {listen}: {error.strerror or error}"
        raise _config_error(what, busy=error.errno == errno.EADDRINUSE) from error


def _check_free(path: Path) -> None:
    """A stale socket may be replaced; a living one, and what is none, may not."""
    if path.exists() or path.is_symlink():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise _config_error(f"{path} is there and is not a socket")
        if _answers(path):
            raise _config_error(f"another process listens on {path}", busy=True)


def parse_listen(text: str) -> tuple[str, int]:
    """The host and port of "host:port" or "[::1]:port".

    Raises:
        ConfigError: the text is neither.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > _LAST_PORT:
        raise _config_error(f'"{text}" is neither host:port nor the path of a socket')
    return host, int(port)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _config_error(what: str, *, busy: bool = False) -> ConfigError:
    remedy = 'Set lmtp to "127.0.0.1:2424", to the absolute path of a socket in a folder of ours, or to "" for none'
    if busy:
        remedy = "Stop what listens there (ss -ltnxp names it), or set lmtp to another place and tell the mail server"
    return ConfigError((Fault("alertd.toml", 0, "intake.lmtp", what, remedy),))
