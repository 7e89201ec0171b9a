"""A real Postfix that hands mail over as docs/postfix.md says, each of the documented ways."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from alertd.clock import ManualClock
from alertd.postmaster.lmtp import LmtpServer
from alertd.postmaster.spool import Spool
from alertd.store.engines import Store
from tests.acceptance.ways_in import MAX_SIZE, intake_for, mail, rows, until
from tests.system.postfix import Postfix
from tests.system.services import every_snippet, free_port, open_folder, reachable_alertd, require, snippet

pytestmark = pytest.mark.system


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    require("postfix", "postfix", root=True)
    with open_folder() as folder:
        server = Postfix(folder)
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
async def store(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """One database: the MTA is what is tried here."""
    path = tmp_path / "alertd.db"
    path.write_bytes(sqlite_template.read_bytes())
    opened = Store(f"sqlite:///{path}")
    opened.lock()
    yield opened
    await opened.close()


def put_in(text: str, **replacements: str) -> str:
    """The documentation's text with this test's ports and paths; each must be there to be replaced."""
    for old, new in replacements.items():
        assert old in text, f"{old} is not in the documented snippet"
        text = text.replace(old, new)
    return text


@asynccontextmanager
async def listening(where: str, store: Store, clock: ManualClock) -> AsyncIterator[LmtpServer]:
    server = LmtpServer(where, intake_for(store, clock), hostname="example.org")
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def arrived(store: Store, postfix: Postfix, number: int) -> None:
    async def done() -> bool:
        return len(await rows(store)) >= number

    try:
        await until(f"{number} mails", done, seconds=30)
    except AssertionError as error:
        raise AssertionError(postfix.log()) from error


def documented_listen(name: str) -> str:
    """What alertd.toml says in the documentation."""
    return str(tomllib.loads(snippet(f"alertd.toml {name}"))["intake"]["lmtp"])


async def test_lmtp_over_tcp(postfix: Postfix, store: Store, clock: ManualClock) -> None:
    """Sign-up mails, extensions and bounces arrive with their envelope; a stranger's address is refused at the door."""
    port = free_port()
    assert documented_listen("lmtp") == "127.0.0.1:2424"
    main = put_in(snippet("main.cf lmtp"), **{"127.0.0.1:2424": f"127.0.0.1:{port}"})
    async with listening(f"127.0.0.1:{port}", store, clock):
        await asyncio.to_thread(postfix.start, main=main)
        await asyncio.to_thread(postfix.send, mail(number=1), "alerts@example.org")
        await arrived(store, postfix, 1)
        await asyncio.to_thread(postfix.send, mail(number=2), "alerts+bounce-abc2@example.org", sender="")
        await arrived(store, postfix, 2)
        await asyncio.to_thread(
            postfix.send, mail(number=3), "alerts@example.org", "Alerts+Subscribe@example.org"
        )
        await arrived(store, postfix, 3)
        refused = await asyncio.to_thread(
            postfix.send, mail(number=4), "alerts@example.org", "nobody-here@example.org"
        )
        assert [code for code, _ in refused.values()] == [550]
        await arrived(store, postfix, 4)
    kept = await rows(store)
    assert [(row.sender, row.recipient) for row, _ in kept] == [
        ("reader@example.net", "alerts@example.org"),
        ("", "alerts+bounce-abc2@example.org"),
        ("reader@example.net", "Alerts+Subscribe@example.org"),
        ("reader@example.net", "alerts@example.org"),
    ]
    for number, (_, raw) in enumerate(kept, start=1):
        assert raw is not None
        assert raw.endswith(mail(number=number).partition(b"From:")[2])


async def test_postfix_keeps_what_we_cannot_take(postfix: Postfix, store: Store, clock: ManualClock) -> None:
    """While the store is down, and while alertd is down, the mail waits in Postfix's queue; then it comes, once."""
    port = free_port()
    main = put_in(snippet("main.cf lmtp"), **{"127.0.0.1:2424": f"127.0.0.1:{port}"})
    main += "lmtp_connection_cache_destinations =\ntransport_retry_time = 1s\ndestination_concurrency_failed_cohort_limit = 0\n"
    main = main.replace("destination_concurrency_failed", "default_destination_concurrency_failed")
    await asyncio.to_thread(postfix.start, main=main)
    await asyncio.to_thread(postfix.send, mail(number=1), "alerts@example.org")

    async def deferred(status: str) -> None:
        async def logged() -> bool:
            return status in postfix.log()

        await until(status, logged, seconds=30)

    await deferred("Connection refused")
    intake = intake_for(store, clock)
    broken = intake.store = Store("sqlite:////dev/null/nowhere.db")
    server = LmtpServer(f"127.0.0.1:{port}", intake, hostname="example.org")
    await server.start()
    try:
        await asyncio.to_thread(postfix.flush)
        await deferred("451 4.3.0")
        intake.store = store
        await asyncio.to_thread(postfix.flush)
        await arrived(store, postfix, 1)
    finally:
        await server.stop()
        await broken.close()
    assert len(await rows(store)) == 1


async def test_lmtp_over_a_socket(postfix: Postfix, store: Store, clock: ManualClock) -> None:
    """Postfix's own user reaches the socket by the group of its folder, and nobody else does."""
    folder = postfix.folder / "alertd-lmtp"
    folder.mkdir()
    account = pwd.getpwnam("postfix")
    os.chown(folder, 0, account.pw_gid)
    folder.chmod(0o2750)
    listen = put_in(documented_listen("socket"), **{"/run/alertd-lmtp": str(folder)})
    main = put_in(snippet("main.cf socket"), **{"/run/alertd-lmtp": str(folder)})
    async with listening(listen, store, clock):
        await asyncio.to_thread(postfix.start, main=main, master=snippet("master.cf socket"))
        await asyncio.to_thread(postfix.send, mail(), "alerts+help@example.org")
        await arrived(store, postfix, 1)
        assert (folder / "socket").stat().st_gid == account.pw_gid
    assert [row.recipient for row, _ in await rows(store)] == ["alerts+help@example.org"]


async def test_the_pipe(postfix: Postfix, store: Store, clock: ManualClock) -> None:
    """`alertd receive`, run by Postfix as another user, fills the spool with the envelope; a bounce has no sender."""
    program = postfix.folder / "alertd"
    program.write_text(f'#!/bin/sh\nexec {reachable_alertd(postfix.folder, user="nobody")} "$@"\n')
    program.chmod(0o755)
    set_up_home(postfix.folder / "home")
    master = put_in(
        snippet("master.cf pipe"),
        **{
            "/usr/bin/alertd": str(program),
            "/etc/alertd/alertd.toml": str(postfix.folder / "home" / "alertd.toml"),
            "user=alertd": "user=nobody",
        },
    )
    await asyncio.to_thread(postfix.start, main=snippet("main.cf pipe"), master=master)
    await asyncio.to_thread(
        postfix.send, mail(number=1), "alerts+subscribe@example.org", "alerts@example.org"
    )
    await asyncio.to_thread(postfix.send, mail(number=2), "alerts+bounce-abc2@example.org", sender="")
    spool = postfix.folder / "home" / "spool"

    async def spooled() -> bool:
        return (spool / "new").exists() and len(list((spool / "new").iterdir())) == 3

    try:
        await until("three files in the spool", spooled, seconds=30)
    except AssertionError as error:
        raise AssertionError(postfix.log()) from error
    assert await Spool(spool, intake_for(store, clock)).sweep() == 3
    found = {(row.sender, row.recipient) for row, _ in await rows(store)}
    assert ("", "alerts+bounce-abc2@example.org") in found
    assert len(found) == 2

    await asyncio.to_thread(
        postfix.send, mail(number=3, body=("x" * 70 + "\n") * (MAX_SIZE // 60)), "alerts@example.org"
    )
    await until("a mail returned", lambda: _logged(postfix, "larger than [intake] max_size"), seconds=30)
    assert "status=bounced" in postfix.log()
    (postfix.folder / "home" / "alertd.toml").write_text("[intake]\nspol = 1\n")
    await asyncio.to_thread(postfix.send, mail(number=4), "alerts@example.org")
    await until("a mail put off", lambda: _logged(postfix, "status=deferred"), seconds=30)


async def _logged(postfix: Postfix, text: str) -> bool:
    return text in postfix.log()


def set_up_home(folder: Path) -> None:
    """A home for the daemon: settings, and the right to make a spool."""
    folder.mkdir()
    (folder / "alertd.toml").write_text(
        '[service]\naddress = "alerts@example.org"\nowner = "owner@example.org"\n'
        f'[intake]\nspool = "spool"\nmax_size = {MAX_SIZE}\n'
    )
    shutil.chown(folder, "nobody")


def test_every_documented_block_is_run() -> None:
    """No block of the documentation is marked as tested that no test reads."""
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    for name in every_snippet():
        kind, _, way = name.partition(" ")
        used = (
            f'documented_listen("{way}")' if kind == "alertd.toml" and way != "imap" else f'snippet("{name}")'
        )
        assert used in sources, f"{name} is not tried"
