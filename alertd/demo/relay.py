"""The sandbox relay: a real SMTP server on loopback that keeps what it catches as `.eml` files and delivers nothing.

It can be told to misbehave at each stage (`Behaviour`), so tests use it too. A 250 after the dot is only said once the mail
is on disk, as a real relay does.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from aiosmtpd import smtp
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from alertd.clock import real_sleep


@dataclass(slots=True)
class Behaviour:
    """How the relay misbehaves at one stage.

    Attributes:
        stage: connect, mail, rcpt, data, dot (the mail is not kept) or kept (the mail is kept, and then this happens).
        reply: what is said instead, for example "450 4.2.0 greylisted"; "" says the usual.
        drop: close the connection without a word.
        delay: real seconds to wait first.
        recipient: shell pattern of recipients it applies to; only rcpt and later know one.
        times: how many times it applies, None for always.
        skip: how many times it first does not apply.
    """

    stage: str
    reply: str = ""
    drop: bool = False
    delay: float = 0.0
    recipient: str = "*"
    times: int | None = None
    skip: int = 0

    def applies(self, stage: str, recipient: str) -> bool:
        """Whether it applies now; counts."""
        if self.stage != stage or not fnmatchcase(recipient, self.recipient) or self.times == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Caught:
    """A mail the relay took: envelope, bytes, file."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    file: Path


@dataclass(slots=True)
class Seen:
    """What happened at the door: connections, commands in order, and whether TLS and log-in were used."""

    connections: int = 0
    commands: list[str] = field(default_factory=list)
    secured: int = 0
    logged_in: list[str] = field(default_factory=list)


class Relay:
    """The server.

    Args:
        folder: where `.eml` files go, each with a `.json` beside it that holds the envelope.
        behaviours: how it misbehaves; the first that applies wins. May be changed while it runs.
        tls: a server context; None for none.
        implicit: TLS from the start instead of STARTTLS.
        login: name and password to ask for, None for open access.
        smtputf8: offer SMTPUTF8.
        max_size: the SIZE it offers.
    """

    def __init__(
        self,
        folder: Path,
        *,
        behaviours: Iterable[Behaviour] = (),
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
        smtputf8: bool = True,
        max_size: int = 10_000_000,
    ) -> None:
        self.folder = folder
        self.behaviours = list(behaviours)
        self.tls = tls
        self.implicit = implicit
        self.login = login
        self.smtputf8 = smtputf8
        self.max_size = max_size
        self.caught: list[Caught] = []
        self.seen = Seen()
        self.port = 0
        self._doors: set[_Door] = set()
        self._server: asyncio.Server | None = None

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Door(self), host, port, ssl=self.tls if self.implicit else None
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Close the door and every connection."""
        if self._server is None:
            return
        self._server.close()
        for door in list(self._doors):
            door.hang_up()
        await self._server.wait_closed()
        await asyncio.gather(*(door.end() for door in list(self._doors)))
        self._doors.clear()
        self._server = None

    def misbehaviour(self, stage: str, recipient: str = "") -> Behaviour | None:
        """The behaviour that applies now, None for the usual."""
        return next((each for each in self.behaviours if each.applies(stage, recipient)), None)

    async def keep(self, sender: str, recipients: tuple[str, ...], data: bytes) -> Caught:
        """Write a mail to disk, safely; returns it."""
        name = f"{len(self.caught):06d}-{secrets.token_hex(4)}"
        caught = Caught(sender, recipients, data, self.folder / f"{name}.eml")
        envelope = json.dumps({"from": sender, "to": list(recipients)}, ensure_ascii=False).encode()
        self.caught.append(caught)
        await asyncio.to_thread(_write, self.folder / f"{name}.json", envelope)
        await asyncio.to_thread(_write, caught.file, data)  # last: who sees the mail finds its envelope
        return caught

    def joined(self, door: _Door) -> None:
        """A connection was made."""
        self._doors.add(door)
        self.seen.connections += 1

    def left(self, door: _Door) -> None:
        """A connection is gone."""
        self._doors.discard(door)

    def authenticate(self, login: LoginPassword) -> bool:
        """Whether name and password are right."""
        self.seen.logged_in.append(login.login.decode())
        return (login.login.decode(), login.password.decode()) == self.login


def _write(path: Path, data: bytes) -> None:
    """All or nothing, and there after a power failure."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _Door(smtp.SMTP):
    """One connection. Each command first asks the relay whether to misbehave."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._greeted = False
        self._wire: asyncio.BaseTransport | None = None
        super().__init__(
            _Keeper(relay),
            data_size_limit=relay.max_size,
            enable_SMTPUTF8=relay.smtputf8,
            hostname="sandbox.invalid",
            ident="alertd sandbox relay",
            tls_context=None if relay.implicit else relay.tls,
            auth_require_tls=relay.tls is not None and not relay.implicit,
            authenticator=self._authenticator,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Also called anew when TLS begins."""
        if transport.get_extra_info("sslcontext") is not None:
            self._relay.seen.secured += 1
        if self._wire is None:
            self._wire = transport
            self._relay.joined(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The relay forgets this door."""
        super().connection_lost(error)
        self._relay.left(self)

    def hang_up(self) -> None:
        """Close without a word."""
        if self.transport is not None:
            self.transport.close()

    async def end(self) -> None:
        """Cut the wire itself: a handshake that failed leaves a protocol that nobody tells of the end."""
        if isinstance(self._wire, asyncio.Transport):
            # Python 3.11.2 cannot abort a TLS transport that was closed twice
            with suppress(AttributeError):
                self._wire.abort()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
            await asyncio.wait([self._handler_coroutine])

    async def push(self, status: Any) -> None:
        """The first thing pushed is the greeting."""
        if not self._greeted:
            self._greeted = True
            if await self._misbehaved("connect"):
                return
        await super().push(status)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd finds commands by this name
        """MAIL, for those who logged in when they must."""
        if await self._misbehaved("mail"):
            return
        if self._relay.login is not None and not (self.session and self.session.authenticated):
            await self.push("530 5.7.0 Authentication required")
            return
        await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """DATA."""
        recipients = self.envelope.rcpt_tos if self.envelope else []
        if not await self._misbehaved("data", (recipients or [""])[0]):
            await super().smtp_DATA(arg)

    async def _misbehaved(self, stage: str, recipient: str = "") -> bool:
        """Note the stage; True when it has been answered, or cut, otherwise than usual."""
        self._relay.seen.commands.append(stage)
        reply = await self.answer(stage, recipient)
        if reply:
            await super().push(reply)
            if reply.startswith("421") or (stage == "connect" and reply[:1] in "45"):
                self.hang_up()
        return reply is not None

    async def answer(self, stage: str, recipient: str) -> str | None:
        """What is to be said instead of the usual; "" when the line is cut, None for the usual."""
        found = self._relay.misbehaviour(stage, recipient)
        if found is None:
            return None
        if found.delay:
            await real_sleep(found.delay)
        if found.drop:
            self.hang_up()
            return ""
        return found.reply or None

    def _authenticator(
        self, _server: Any, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=self._relay.authenticate(data), handled=False)


class _Keeper:
    """aiosmtpd's handler: what happens to recipients and mails."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def handle_RCPT(  # noqa: N802
        self, server: _Door, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        self._relay.seen.commands.append("rcpt")
        said = await server.answer("rcpt", address)
        if said is not None:
            return said or "421 4.4.2 gone"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: _Door, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail: keep it, then say so."""
        self._relay.seen.commands.append("dot")
        recipient = envelope.rcpt_tos[0]
        said = await server.answer("dot", recipient)
        if said is not None:
            return said or "421 4.4.2 gone"
        sender = "" if envelope.mail_from == "<>" else str(envelope.mail_from)
        caught = await self._relay.keep(
            sender, tuple(envelope.rcpt_tos), bytes(envelope.original_content or b"")
        )
        said = await server.answer("kept", recipient)
        if said is not None:
            return said or "421 4.4.2 gone"
        return f"250 2.0.0 kept as {caught.file.name}"
