"""A small real HTTP server on loopback whose answers a test writes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

REASONS = {
    200: "OK",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    304: "Not Modified",
    404: "Not Found",
}


@dataclass(slots=True)
class Answer:
    """What to answer. `more` writes to the connection after the body, for answers that misbehave."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    more: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None


@dataclass(slots=True)
class Request:
    """What was asked; header names in lower case."""

    target: str
    headers: dict[str, str]


class FeedServer:
    """Answers by path: a fixed answer, or a list of which the last is repeated."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[Request] = []
        self.url = ""
        self.port = 0

    def at(self, path: str, *answers: Answer) -> str:
        """Answer a path with these, one after the other; returns its URL."""
        self.answers[path] = list(answers)
        return self.url + path

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            target = head[0].split(" ")[1]
            pairs = (line.split(": ", 1) for line in head[1:] if ": " in line)
            self.requests.append(Request(target, {name.lower(): value for name, value in pairs}))
            queue = self.answers.get(target.split("?")[0], [Answer(404)])
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            length = len(answer.body) if answer.length is None else answer.length
            headers = {"Content-Length": str(length), "Connection": "close"} | answer.headers
            lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}"]
            lines += [f"{name}: {value}" for name, value in headers.items() if value]
            writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
            writer.write(answer.body)
            await writer.drain()
            if answer.more:
                await answer.more(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1") -> AsyncIterator[FeedServer]:
    """A server for the length of a test."""
    feeds = FeedServer()
    server = await asyncio.start_server(feeds.handle, "127.0.0.1", 0, ssl=tls)
    feeds.port = server.sockets[0].getsockname()[1]
    feeds.url = f"{'https' if tls else 'http'}://{host}:{feeds.port}"
    try:
        yield feeds
    finally:
        server.close()
