"""The real daemon between an MTA that speaks LMTP to it and a relay that catches what it sends, and a transcript of both."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime
from pathlib import Path

from alertd import daemon
from alertd.clock import ManualClock, real_monotonic, real_sleep
from alertd.daemon import Daemon
from alertd.demo.relay import Relay
from alertd.mail.keys import KeyRing
from tests.acceptance.ways_in import LmtpClient
from tests.store.postbox import Postbox
from tests.unit.delivery.relays import running

ADDRESS = "alerts@example.org"
TRUSTED = "mx.example.org"
_SETTINGS = """\
[service]
name = "Report alerts"
address = "{address}"
owner = "owner@example.org"

[store]
url = "sqlite:///var/alertd.db"

[relay]
host = "127.0.0.1"
port = {port}

[intake]
lmtp = "{socket}"
trusted_authserv_id = "{trusted}"
"""
_CATALOGUES = """\
[catalogue.research]
title = "Research reports"
feed = "http://127.0.0.1:9/feed.xml"
poll_every = "1d"
allow_private = true
"""
_TOPICS = """\
[topic.urban-rural]
title = "Urban-rural integration"
query = "urban-rural OR 城乡"

[topic.health]
title = "Health"
query = "health OR 健康"
"""
_FILE = re.compile(r"\d{6}-[0-9a-f]{8}\.eml")
_TOKEN = re.compile(r"(?<![a-z0-9])[clb][a-z2-7]{19,35}(?![a-z0-9])")


@dataclass(frozen=True)
class Received:
    """A mail of ours as its reader sees it."""

    to: str
    sender: str
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def subject(self) -> str:
        return str(self.mail["Subject"])

    @property
    def reply_to(self) -> str:
        return str(self.mail["Reply-To"] or self.mail["From"].addresses[0].addr_spec)

    @property
    def text(self) -> str:
        part = self.mail.get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def words(self) -> str:
        """The text, its folds undone."""
        return " ".join(self.text.split())

    @property
    def leave_address(self) -> str:
        return str(self.mail["List-Unsubscribe"] or "").partition("mailto:")[2].partition("?")[0]


@dataclass
class Correspondence:
    """Somebody writes to the service, and what comes of it."""

    postbox: Postbox
    relay: Relay
    socket: Path
    clock: ManualClock
    name: str = ""
    transcript: list[str] = field(default_factory=list)
    _read: int = 0
    _written: int = 0

    async def write(
        self,
        text: str,
        *,
        sender: str,
        to: str = ADDRESS,
        subject: str = "",
        about: Received | None = None,
        proven: bool = False,
        expect: int = 1,
    ) -> list[Received]:
        """A mail by LMTP; waits for as many mails as are expected and returns them, those of readers alone.

        With `about` it answers that mail as a mail program does: quoted, threaded, to its Reply-To. When it is `proven`, the
        receiving server vouches for the sender.
        """
        self._written += 1
        self.clock.advance(timedelta(minutes=3))
        mail = EmailMessage(policy=SMTP)
        if proven:
            mail["Authentication-Results"] = f"{TRUSTED}; dkim=pass header.d={sender.rpartition('@')[2]}"
        mail["Received"] = f"from laptop.example.net by {TRUSTED}; {format_datetime(self.clock.now())}"
        mail["From"] = f"{self.name} <{sender}>" if self.name else sender
        body = f"{text}\n"
        if about is not None:
            to = about.reply_to
            mail["Subject"] = subject or f"Re: {about.subject}"
            mail["In-Reply-To"] = mail["References"] = about.mail["Message-ID"]
            quoted = "".join(f"> {line}\n" for line in about.text.splitlines())
            body += f"\nOn {about.mail['Date']} Report alerts wrote:\n{quoted}"
        elif subject:
            mail["Subject"] = subject
        mail["To"] = to
        mail["Date"] = format_datetime(self.clock.now())
        mail["Message-ID"] = f"<{self._written}.{sender}>"
        mail.set_content(body)
        self._note(sender, to, str(mail["Subject"] or ""), text, proven=proven)
        async with LmtpClient(self.socket) as client:
            assert (await client.envelope(to, sender=sender))[0].startswith("250")
            assert (await client.data(mail.as_bytes()))[0].startswith("250")
        return await self.expect(expect)

    async def expect(self, count: int) -> list[Received]:
        """The next mails to readers, in the order of their recipients and kinds."""
        deadline = real_monotonic() + 30
        while len(found := self._news()) < count:
            assert real_monotonic() < deadline, f"waited in vain for {count} mails, got {len(found)}"
            await real_sleep(0.02)
        await self._settled()
        assert len(self._news()) == count
        self._read = len(self.relay.caught)
        for each in found:
            self._note(ADDRESS, each.to, each.subject, each.text)
        return found

    async def quiet(self) -> None:
        """All mails are handled and sent, and nothing more has come."""
        await self._settled()
        news = [(each.to, each.subject, each.words) for each in self._news()]
        assert news == [], news

    async def _settled(self) -> None:
        """Nothing waits, neither in the inbox nor in the outbox."""
        deadline = real_monotonic() + 30
        while await self.postbox.pending() or [
            row for row in await self.postbox.inbox() if row.state in {"new", "working"}
        ]:
            assert real_monotonic() < deadline, "the service is not done"
            await real_sleep(0.02)

    def _news(self) -> list[Received]:
        caught = self.relay.caught[self._read :]
        found = [
            Received(each.recipients[0], each.sender, each.data)
            for each in caught
            if each.recipients[0] != "owner@example.org"
        ]
        return sorted(found, key=lambda each: (each.to, each.subject))

    def _note(self, sender: str, to: str, subject: str, text: str, *, proven: bool = False) -> None:
        """One mail of the transcript, tokens left out: they differ every time."""
        at = f"{self.clock.now():%a %d %b %H:%M}"
        head = f"**{at}** · {_hidden(sender)} → {_hidden(to)}" + (
            f" · *{_hidden(subject)}*" if subject else ""
        )
        head += " · vouched for" if proven else ""
        body = "\n".join(_hidden(line).rstrip() for line in text.strip("\n").split("\n")) or "(nothing)"
        self.transcript.append(f"{head}\n\n```text\n{body}\n```\n")


def _hidden(text: str) -> str:
    return _FILE.sub("mail.eml", _TOKEN.sub("TOKEN", text))


def _fill(folder: Path, relay_port: int, socket: Path) -> Path:
    config = folder / "config"
    config.mkdir()
    (config / "catalogues.toml").write_text(_CATALOGUES, "utf-8")
    (config / "topics.toml").write_text(_TOPICS, "utf-8")
    (config / "subscribers.toml").write_text("", "utf-8")
    file = folder / "alertd.toml"
    file.write_text(
        _SETTINGS.format(address=ADDRESS, port=relay_port, socket=socket, trusted=TRUSTED), "utf-8"
    )
    KeyRing.create(folder / "alertd.key")
    return file


@asynccontextmanager
async def corresponding(folder: Path, clock: ManualClock, *, name: str = "") -> AsyncIterator[Correspondence]:
    """The daemon runs, and stops at the end as it does on SIGTERM."""
    socket = folder / "lmtp"
    async with running(Relay(folder / "mails")) as relay:
        file = _fill(folder, relay.port, socket)
        started: asyncio.Future[Daemon] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(daemon.run(file, clock=clock, started=started.set_result))
        waiting: Sequence[asyncio.Future[object]] = (task, started)  # type: ignore[assignment]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not started.done():
            task.result()
        made = started.result()
        deadline = real_monotonic() + 30
        while not socket.exists():
            assert real_monotonic() < deadline, "the daemon does not listen"
            await real_sleep(0.02)
        try:
            services = made.services
            yield Correspondence(
                Postbox(services.store, clock, services, made.work), relay, socket, clock, name
            )
        finally:
            made.stop.set()
            await task
