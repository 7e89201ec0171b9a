"""Real servers on loopback for the delivery tests."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import trustme

from alertd.config import settings
from alertd.delivery.session import Session
from alertd.demo.relay import Relay
from alertd.model import OutgoingMail

SHORT = settings.Delivery(timeout=timedelta(seconds=2), dot_timeout=timedelta(seconds=2))


def outgoing(number: int = 1, *, to: str = "", data: bytes = b"") -> OutgoingMail:
    """A small mail."""
    return OutgoingMail(
        return_path=f"alerts+b-{number}@example.org",
        recipient=to or f"reader{number}@example.org",
        data=data or f"Subject: {number}\r\nMessage-ID: <{number}@example.org>\r\n\r\nbody\r\n".encode(),
        message_id=f"<{number}@example.org>",
    )


def session_to(port: int, **relay: object) -> Session:
    """A session to a relay on this host, with short time-outs."""
    values = {"host": "127.0.0.1", "port": port, **relay}
    return Session(settings.Relay(**values), SHORT, hostname="client.invalid")  # type: ignore[arg-type]


@asynccontextmanager
async def running(relay: Relay, *, host: str = "127.0.0.1") -> AsyncIterator[Relay]:
    """The relay for a while."""
    await relay.start(host=host)
    try:
        yield relay
    finally:
        await relay.stop()


def authority(folder: Path) -> tuple[trustme.CA, Path]:
    """A certificate authority and the file that trusts it."""
    ca = trustme.CA()
    file = folder / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return ca, file


def server_context(ca: trustme.CA, name: str) -> ssl.SSLContext:
    """A server that proves to be this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[int]:
    """A server that follows a script of its own; yields the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
