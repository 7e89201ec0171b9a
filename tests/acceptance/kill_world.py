"""A feed, a relay and a daemon process that can be killed at a named stage."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from alertd.clock import SystemClock, real_sleep
from tests.acceptance.kill_oracle import CaughtMail, FeedReport

STAGES = {
    "poll": "poll.start",
    "announce": "poll.storing",
    "edition chunk": "edition.chunk",
    "claimed": "delivery.claimed",
    "in doubt": "delivery.in_doubt",
    "after the dot": "delivery.dot",
}
_POLL = {"poll.start": "poll", "poll.fetched": "poll", "poll.storing": "announce"}
_CHUNK = {"edition.chunk": "edition chunk"}
_MAIL = {"delivery.claimed": "claimed", "delivery.in_doubt": "in doubt", "delivery.dot": "after the dot"}
WORDS = ("alpha", "beta", "gamma", "delta")
SPEED = 3000.0


class Feed:
    """An HTTP server with a growing RSS feed."""

    def __init__(self, reports: list[FeedReport]) -> None:
        self.reports = reports
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        self.server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door."""
        self.server.close()
        await self.server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            items = "".join(
                f"<item><title>{each.title}</title><guid>{each.url}</guid><link>{each.url}</link>"
                f"<description>About {each.words}.</description></item>"
                for each in reversed(self.reports[-80:])
            )
            body = f'<rss version="2.0"><channel><title>R</title>{items}</channel></rss>'.encode()
            await real_sleep(0.02)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the daemon was killed
        finally:
            writer.close()


class Relay:
    """An SMTP server that keeps a mail before it says so."""

    def __init__(self, folder: Path) -> None:
        self.mails: list[CaughtMail] = []
        self.port = 0
        self._folder = folder
        folder.mkdir(parents=True)

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: SMTP(self, hostname="relay"), "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door."""
        self.server.close()
        await self.server.wait_closed()

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Be slow, so that a kill can fall between."""
        envelope.mail_from = address
        await real_sleep(0.01)
        return "250 ok"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep it, then be slow to say so."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(CaughtMail(envelope.rcpt_tos[0], content))
        (self._folder / f"{len(self.mails):05}-{envelope.rcpt_tos[0]}.eml").write_bytes(content)
        await real_sleep(0.02)
        return "250 kept"


class Service:
    """The daemon's folder and process."""

    def __init__(self, folder: Path, feed: Feed, relay: Relay) -> None:
        self.folder = folder
        self.config = readers()
        self.kills: Counter[str] = Counter()
        self.missed = 0
        self.kills_with_mail = 0
        self.log = folder / "daemon.log"
        self._start = datetime(2026, 11, 24, tzinfo=UTC)
        self._anchor = SystemClock().now()
        subprocess.run([sys.executable, "-m", "alertd", "init", str(folder)], check=True, capture_output=True)
        (folder / "alertd.toml").write_text(
            f'[service]\naddress = "alerts@example.org"\nowner = "owner@example.org"\n'
            f'[relay]\nhost = "127.0.0.1"\nport = {relay.port}\n'
        )
        (folder / "config" / "catalogues.toml").write_text(
            f'[catalogue.drc]\nfeed = "http://127.0.0.1:{feed.port}/"\nallow_private = true\n'
            'poll_every = "15m"\nflood_limit = 1000\n'
        )
        (folder / "config" / "subscribers.toml").write_text(self.config)

    def environment(self) -> dict[str, str]:
        """The environment of alertd's processes: a fast clock that goes on over restarts."""
        clock = f"{self._start.isoformat()}/{self._anchor.isoformat()}/{SPEED}"
        return {**os.environ, "ALERTD_CLOCK": clock}

    async def start(self) -> None:
        """Start the daemon."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "alertd", "--verbose", "--config", str(self.folder / "alertd.toml"), "run",
            stderr=asyncio.subprocess.PIPE, env=self.environment(),
        )  # fmt: skip

    async def events(self) -> Any:
        """The daemon's log as it comes; ends with the process."""
        assert self.process.stderr is not None
        with self.log.open("ab") as out:
            async for line in self.process.stderr:
                out.write(line)
                if line.startswith(b"{"):
                    yield json.loads(line)

    async def kill_at(self, stage: str, *, skip: int, patience: float) -> bool:
        """Run until the stage is entered for the n-th time, kill, and note where the process really was."""
        open_stages: dict[object, str] = {}
        killed = False
        seen = 0
        try:
            async with asyncio.timeout(patience):
                async for event in self.events():
                    _follow(event, open_stages)
                    if not killed and event["event"] == STAGES[stage]:
                        seen += 1
                        if seen > skip:
                            self.process.send_signal(signal.SIGKILL)
                            killed = True
        except TimeoutError:
            self.process.send_signal(signal.SIGKILL)
            killed = True
        code = await self.process.wait()
        assert code == -signal.SIGKILL, f"the daemon ended by itself ({code}):\n{self.tail()}"
        stages = set(open_stages.values())
        if {"in doubt", "after the dot"} & stages:
            self.kills_with_mail += 1
        if stage in stages:
            self.kills[stage] += 1
            return True
        self.missed += 1
        return False

    async def run_until(self, done: Any, *, seconds: float) -> None:
        """Let it run until a condition holds, then stop it in good order."""
        reading = asyncio.create_task(self._read_all())
        deadline = asyncio.get_running_loop().time() + seconds
        while not done() and asyncio.get_running_loop().time() < deadline:
            assert self.process.returncode is None, self.tail()
            await real_sleep(0.2)
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(40):
            assert await self.process.wait() == 0, self.tail()
        await reading

    async def _read_all(self) -> None:
        async for _ in self.events():
            pass

    def tail(self) -> str:
        """The end of the log, for messages."""
        return self.log.read_text()[-4000:]


def _follow(event: dict[str, Any], stages: dict[object, str]) -> None:
    """Keep the set of stages that are entered and not left."""
    name = event["event"]
    if name.startswith("poll."):
        key: object = "poll"
        found = _POLL.get(name)
    elif name.startswith("edition.chunk"):
        key, found = "chunk", _CHUNK.get(name)
    elif name.startswith("delivery."):
        key, found = ("delivery", event.get("delivery")), _MAIL.get(name)
    else:
        return
    if found is None:
        stages.pop(key, None)
    else:
        stages[key] = found


def readers() -> str:
    """Forty readers with queries of all schedules and some zones, as TOML."""
    rng = random.Random(7)
    queries = [*WORDS, "alpha OR beta", "alpha gamma", '"beta gamma"', "delta -alpha", "*"]
    schedules = ["immediate", "daily at 08:00", "daily at 20:30", "daily at 00:00"]
    zones = ["Europe/Berlin", "Asia/Shanghai", "America/New_York"]
    blocks = []
    label = 0
    for number in range(40):
        wanted = []
        for query in rng.sample(queries, rng.choice([1, 1, 2, 3])):
            label += 1
            escaped = query.replace('"', '\\"')
            wanted.append(
                f'{{ query = "{escaped}", label = "label{label}", schedule = "{rng.choice(schedules)}" }}'
            )
        blocks.append(
            f'[[subscriber]]\naddress = "reader{number}@example.net"\nqueries = [{", ".join(wanted)}]\n'
            f'time_zone = "{rng.choice(zones)}"\n'
        )
    return "\n".join(blocks)


def days(seconds: float) -> timedelta:
    """How much of the service's time passes in real seconds."""
    return timedelta(seconds=seconds * SPEED)
