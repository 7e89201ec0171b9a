"""A mailbox on a real Dovecot, read as docs/postfix.md says."""

from __future__ import annotations

import asyncio
import imaplib
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from alertd.clock import ManualClock
from alertd.config import load_settings
from alertd.config.settings import Imap
from alertd.postmaster.imap import ImapReader, Limits
from alertd.store.engines import Store
from tests.acceptance.ways_in import MAX_SIZE, intake_for, mail, rows, until
from tests.system.dovecot import Dovecot
from tests.system.services import open_folder, require, snippet

pytestmark = pytest.mark.system

LIMITS = Limits(answer=10, idle=20, first_pause=0.1)


@pytest.fixture(params=[""], ids=["as-it-is"])
def dovecot(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    require("dovecot", "dovecot-imapd")
    with open_folder() as folder:
        server = Dovecot(folder, capability=request.param)
        server.prepare(trustme.CA())
        server.start()
        yield server
        server.stop()


@pytest.fixture
async def store(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """One database: the mailbox is what is tried here."""
    path = tmp_path / "alertd.db"
    path.write_bytes(sqlite_template.read_bytes())
    opened = Store(f"sqlite:///{path}")
    opened.lock()
    yield opened
    await opened.close()


def documented(server: Dovecot) -> Imap:
    """The settings of docs/postfix.md, with the server's name and port put in."""
    text = snippet("alertd.toml imap")
    for old, new in {
        '"imap.example.org"': '"localhost"',
        "993": str(server.tls_port),
        '"imap.password"': f'"{server.folder}/imap.password"',
    }.items():
        assert old in text
        text = text.replace(old, new)
    text += f'ca_file = "{server.folder}/ca.pem"\npoll_every = "1s"\n'
    service = '[service]\naddress = "alerts@example.org"\nowner = "owner@example.org"\n'
    (server.folder / "alertd.toml").write_text(service + text)
    return load_settings(server.folder / "alertd.toml", key_needed=False).intake.imap


class Client:
    """Another client of the same mailbox, the standard library's."""

    def __init__(self, server: Dovecot) -> None:
        self._imap = imaplib.IMAP4("127.0.0.1", server.port, timeout=20)
        password = server.password.replace("\\", "\\\\").replace('"', '\\"')
        assert self._imap._simple_command("LOGIN", "alerts@example.org", f'"{password}"')[0] == "OK"
        self._imap.state = "AUTH"

    def put(self, raw: bytes) -> None:
        assert self._imap.append("INBOX", "", "", raw)[0] == "OK"

    def bodies(self, folder: str) -> list[bytes]:
        if self._imap.select(folder, readonly=True)[0] != "OK":
            return []
        found = self._imap.search(None, "UNDELETED")[1][0].split()
        return [self._imap.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1] for number in found]

    def flags(self, folder: str) -> str:
        self._imap.select(folder, readonly=True)
        return repr(self._imap.fetch("1:*", "(FLAGS)"))

    def close(self) -> None:
        with suppress(imaplib.IMAP4.error, OSError):
            self._imap.logout()


async def inside(server: Dovecot, call: str, *arguments: object) -> object:
    """Do something as another client, without stopping the loop."""

    def run() -> object:
        client = Client(server)
        try:
            return getattr(client, call)(*arguments)
        finally:
            client.close()

    return await asyncio.to_thread(run)


@asynccontextmanager
async def reading(settings: Imap, store: Store, clock: ManualClock) -> AsyncIterator[ImapReader]:
    reader, stop = ImapReader(settings, intake_for(store, clock), limits=LIMITS), asyncio.Event()
    running = asyncio.create_task(reader.run(stop))
    try:
        yield reader
    finally:
        stop.set()
        await asyncio.wait_for(running, 15)


async def taken(store: Store, server: Dovecot, number: int) -> None:
    async def done() -> bool:
        return len(await rows(store)) == number and await inside(server, "bodies", "INBOX") == []

    await until(f"{number} mails taken in and moved", done, seconds=30)


@pytest.mark.parametrize("tls", ["implicit", "starttls", "none"])
async def test_the_documented_mailbox(dovecot: Dovecot, store: Store, clock: ManualClock, tls: str) -> None:
    """By each TLS mode: mails that lie there and mails that come are taken in byte for byte, moved, and left unread."""
    settings = documented(dovecot)
    if tls != "implicit":
        settings = replace(settings, tls=tls, port=dovecot.port)
    sent = [mail(number=1), mail(number=2, body="ü {3}\n(\n" * 500)]
    await inside(dovecot, "put", sent[0])
    async with reading(settings, store, clock) as reader:
        await taken(store, dovecot, 1)
        await inside(dovecot, "put", sent[1])
        await taken(store, dovecot, 2)
        assert (reader.error, reader.failures) == ("", 0)
    assert [raw for _, raw in await rows(store)] == sent
    assert await inside(dovecot, "bodies", settings.done_folder) == sent
    assert "Seen" not in str(await inside(dovecot, "flags", settings.done_folder))


async def test_idle_pushes(dovecot: Dovecot, store: Store, clock: ManualClock) -> None:
    """With a poll an hour away a mail is there within seconds, by IDLE."""
    async with reading(replace(documented(dovecot), poll_every=timedelta(hours=1)), store, clock) as reader:

        async def ready() -> bool:
            return reader.ok_at is not None

        await until("the first look", ready)
        for number in (1, 2):
            await inside(dovecot, "put", mail(number=number))
            await taken(store, dovecot, number)


@pytest.mark.parametrize("dovecot", ["IMAP4rev1 UIDPLUS IDLE", "IMAP4rev1"], indirect=True)
async def test_a_server_that_offers_less(dovecot: Dovecot, store: Store, clock: ManualClock) -> None:
    """Without MOVE, UIDPLUS and IDLE mails are copied and marked, and each is taken in once."""
    for number in range(3):
        await inside(dovecot, "put", mail(number=number))
    async with reading(documented(dovecot), store, clock):
        await taken(store, dovecot, 3)
    assert len(await inside(dovecot, "bodies", "alertd-done")) == 3  # type: ignore[arg-type]


async def test_the_server_goes_and_comes_back(dovecot: Dovecot, store: Store, clock: ManualClock) -> None:
    """Stopped in the middle of an IDLE and started again, it is read on without help."""
    async with reading(documented(dovecot), store, clock) as reader:
        await inside(dovecot, "put", mail(number=1))
        await taken(store, dovecot, 1)
        await asyncio.to_thread(dovecot.stop)

        async def failing() -> bool:
            return reader.failures > 0

        await until("the loss to be noticed", failing)
        await asyncio.to_thread(dovecot.start)
        await inside(dovecot, "put", mail(number=2))
        await taken(store, dovecot, 2)
        assert reader.error == ""


async def test_uidvalidity_changes(dovecot: Dovecot, store: Store, clock: ManualClock) -> None:
    """The index is lost while we are away: the folder gets new numbers, what we know acts once, the rest comes in."""
    await inside(dovecot, "put", mail(number=1))
    async with reading(documented(dovecot), store, clock):
        await taken(store, dovecot, 1)
    await asyncio.to_thread(dovecot.stop)
    for name in dovecot.folder.glob("mail/dovecot*"):
        name.unlink()
    for path in [
        *dovecot.folder.glob("mail/.alertd-done/cur/*"),
        *dovecot.folder.glob("mail/.alertd-done/new/*"),
    ]:
        shutil.move(path, dovecot.folder / "mail" / "cur" / path.name)
    await asyncio.to_thread(dovecot.start)
    await inside(dovecot, "put", mail(number=2))
    async with reading(documented(dovecot), store, clock):
        await taken(store, dovecot, 2)


async def test_many_and_large(dovecot: Dovecot, store: Store, clock: ManualClock) -> None:
    """Fifty mails and one over the limit: all in the store, the large one in quarantine, the folder empty."""
    for number in range(50):
        (dovecot.folder / "mail" / "new").mkdir(parents=True, exist_ok=True)
        path = dovecot.folder / "mail" / "new" / f"{number}.test"
        path.write_bytes(mail(number=number))
        shutil.chown(dovecot.folder / "mail" / "new", (dovecot.folder / "mail").owner())
        shutil.chown(path, (dovecot.folder / "mail").owner())
    await inside(dovecot, "put", mail(number=99, body="x" * MAX_SIZE))
    async with reading(documented(dovecot), store, clock):
        await taken(store, dovecot, 51)
    assert sorted(row.state for row, _ in await rows(store)) == ["new"] * 50 + ["quarantined"]
