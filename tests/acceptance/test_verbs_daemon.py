"""The verbs beside a running daemon: what changes goes through its socket, what looks reads beside it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alertd.clock import real_sleep
from alertd.demo.relay import Relay
from tests.acceptance.cli import alertd, command, environment

READER = "reader@example.org"


class Feed:
    """An HTTP server whose feed has as many reports as are asked for."""

    def __init__(self) -> None:
        self.count = 1

    async def start(self) -> int:
        """Listen on a free port."""
        self.server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        items = "".join(
            f"<item><title>Rural report {number}</title><guid>urn:r:{number}</guid></item>"
            for number in range(1, self.count + 1)
        )
        body = f'<rss version="2.0"><channel><title>R</title>{items}</channel></rss>'.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()


class Service:
    """A folder with a daemon process at work in it."""

    def __init__(self, folder: Path, feed: Feed, relay: Relay) -> None:
        self.folder = folder
        self.feed = feed
        self.relay = relay

    async def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command line to its end; what it printed."""
        ended = await asyncio.to_thread(alertd, *arguments, cwd=self.folder)
        assert ended.returncode == code, ended.stdout + ended.stderr + self.log()
        return ended.stdout

    async def json(self, *arguments: str, code: int = 0) -> Any:
        """The same, as JSON."""
        return json.loads(await self.run(*arguments, "--json", code=code))

    async def until_caught(self, count: int) -> None:
        """Wait until the relay has so many mails."""
        async with asyncio.timeout(30):
            while len(self.relay.caught) < count:
                await real_sleep(0.05)

    def log(self) -> str:
        """The daemon's log."""
        return (self.folder / "daemon.log").read_text()

    def write(self, name: str, content: str) -> None:
        """Write a file of config/."""
        (self.folder / "config" / name).write_text(content)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """A daemon that runs, with a feed and a relay; at the end it must stop in good order."""
    feed, relay = Feed(), Relay(tmp_path / "mails")
    feed_port, relay_port = await feed.start(), await relay.start()
    folder = tmp_path / "service"
    folder.mkdir()
    served = Service(folder, feed, relay)
    assert (await asyncio.to_thread(alertd, "init", ".", cwd=folder)).returncode == 0
    (folder / "alertd.toml").write_text(
        '[service]\naddress = "alerts@example.org"\nowner = "owner@example.org"\nwelcome = false\n'
        f'[relay]\nhost = "127.0.0.1"\nport = {relay_port}\n'
    )
    served.write(
        "catalogues.toml",
        f'[catalogue.drc]\nfeed = "http://127.0.0.1:{feed_port}/"\nallow_private = true\nflood_limit = 2\n'
        'poll_every = "1h"\n',
    )
    served.write(
        "subscribers.toml",
        f'[[subscriber]]\naddress = "{READER}"\nqueries = ["rural"]\nschedule = "immediate"\n',
    )
    with (folder / "daemon.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command("run"), cwd=folder, env=environment(), stderr=log, stdout=log
        )
    try:
        async with asyncio.timeout(30):
            while "daemon.ready" not in served.log():
                assert process.returncode is None, served.log()
                await real_sleep(0.05)
            while '"poll.done"' not in served.log():  # the baseline
                await real_sleep(0.05)
        yield served
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(40):
            assert await process.wait() == 0, served.log()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await relay.stop()
        feed.server.close()


async def test_a_day_of_an_operator(service: Service) -> None:
    """Polled by hand, held, released, mailed, explained; all of it while the daemon has the store."""
    assert "all is well" in await service.run("status")
    service.feed.count = 2
    assert await service.run("poll", "drc") == "drc: 2 entries: 1 announced\n"
    await service.until_caught(1)
    service.feed.count = 9
    (polled,) = await service.json("poll")
    assert (polled["held"], polled["announced"]) == (7, 0)
    status = await service.json("status", code=1)
    assert [each["name"] for each in status["concerns"]] == ["held:drc"]
    assert status["daemon"]["alive"] is True
    assert len(status["catalogues"][0]["held"]) == 7
    await service.until_caught(2)  # the owner is told of the hold
    assert len((await service.json("release", "drc"))["titles"]) == 7
    await service.until_caught(3)
    assert [mail.recipients for mail in service.relay.caught] == [
        (READER,),
        ("owner@example.org",),
        (READER,),
    ]
    async with asyncio.timeout(10):
        while (explained := await service.json("explain", "urn:r:9", READER))["steps"][-1][
            "code"
        ] != "delivery_sent":
            await real_sleep(0.2)
    assert [step["code"] for step in explained["steps"]] == [
        "seen", "announced", "matched", "edition", "delivery_sent",
    ]  # fmt: skip
    assert "accepted by the next server: 250" in await service.run("explain", "urn:r:2", READER)
    assert "all is well" in await service.run("status")
    preview = await service.json("preview", READER)
    assert len(preview["reports"]) == 9
    assert len(service.relay.caught) == 3
    assert READER not in service.log()


async def test_an_edit_while_it_runs(service: Service) -> None:
    """Reload goes through the daemon and tells what changed; a faulty edit and one that ends too many are refused."""
    more = "".join(
        f'[[subscriber]]\naddress = "r{number}@example.org"\nqueries = ["steel"]\n' for number in range(30)
    )
    service.write("subscribers.toml", more)
    status = await service.json("status", code=1)
    assert [each["name"] for each in status["concerns"]] == ["config:unapplied"]
    checked = await service.json("check")
    changed = await service.json("reload")
    assert changed == {**checked["changes"], "restart": []}
    assert (len(changed["subscribers"]["added"]), changed["subscribers"]["ended"]) == (30, [READER])
    settings = service.folder / "alertd.toml"
    settings.write_text(settings.read_text().replace("[relay]", "[relay]\nconnections = 9"))
    assert "restart the daemon to take up: relay.connections\n" in await service.run("reload")
    service.write("subscribers.toml", more + "[[subscriber]]\n")
    await service.run("reload", code=2)
    service.write("subscribers.toml", "")
    await service.run("reload", code=3)
    (concern,) = (await service.json("status", code=1))["concerns"]
    assert (concern["name"], "alertd reload --force" in concern["remedy"]) == ("config:unapplied", True)
    assert len(await service.json("subscriber", "list", "--state", "active")) == 30
    assert len((await service.json("reload", "--force"))["subscribers"]["ended"]) == 30
    await service.run("subscriber", "add", READER, "rural", "--schedule", "immediate")
    service.feed.count = 2
    await service.run("poll")
    await service.until_caught(1)
    assert await service.run("subscriber", "end", READER) == f"{READER} ended\n"


async def test_a_daemon_that_hangs(service: Service) -> None:
    """A daemon that hangs is told as such and the store is still read; status does not wait for it for long."""
    pid = (await service.json("status"))["daemon"]["workers"][0]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        status = await service.json("status", code=1)
        assert [each["name"] for each in status["concerns"]] == ["stuck"]
        assert status["daemon"]["state"] == "does not answer"
        told = await asyncio.to_thread(alertd, "reload", cwd=service.folder, timeout=20)
        assert (told.returncode, "does not answer" in told.stderr) == (4, True)
        assert len(await service.json("subscriber", "list")) == 1
    finally:
        os.kill(pid, signal.SIGCONT)
