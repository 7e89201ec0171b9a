"""The inbox: every mail once, in order, whatever a handler does to itself or to the process; and all ways in together."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.clock import ManualClock
from alertd.config.settings import Imap, Settings
from alertd.config.settings import Intake as IntakeSettings
from alertd.errors import ConfigError, StoreUnavailableError
from alertd.postmaster import maildir
from alertd.postmaster.inbox import Inbox
from alertd.postmaster.intake import KEEP_QUARANTINED, TooLargeError, dedupe_key, take_in
from alertd.postmaster.ways import WaysIn
from alertd.store import inbound
from alertd.store.engines import Store
from alertd.store.inbound import KILLED_TWICE, ClaimedMail, Handled
from alertd.store.tables import audit
from tests.acceptance.fake_imap import FakeImap
from tests.acceptance.ways_in import MAX_SIZE, SERVICE, LmtpClient, intake_for, mail, rows, until
from tests.conftest import NOW


class Scribe:
    """A handler that writes one line per mail, and can be told what to do to itself before it ends."""

    def __init__(self) -> None:
        self.faults: dict[bytes, list[BaseException]] = {}
        self.handled: list[bytes] = []

    async def handle(self, connection: AsyncConnection, mail: ClaimedMail) -> Handled:
        await connection.execute(
            audit.insert().values(at=NOW, actor="mail", verb="handled", subject=str(mail.id))
        )
        subject = mail.raw.partition(b"Subject: ")[2].partition(b"\r\n")[0]
        self.handled.append(subject)
        if self.faults.get(subject):
            raise self.faults[subject].pop(0)
        return Handled(
            kind="command", ignored=subject == b"vacation", reason="auto" * (subject == b"vacation")
        )


async def put(store: Store, *subjects: str) -> None:
    for number, subject in enumerate(subjects):
        raw = mail(subject, number=number)
        await take_in(store, raw=raw, via="lmtp", sender="", recipient="alerts@example.org", now=NOW)


async def written(store: Store) -> list[str]:
    async with store.read() as connection:
        return list((await connection.execute(select(audit.c.subject).order_by(audit.c.id))).scalars())


async def states(store: Store) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row, _ in await rows(store)]


async def test_mails_are_handled_once_in_order(store: Store, clock: ManualClock) -> None:
    """Oldest first, each once, with its effect and its mark; a second run finds nothing."""
    await put(store, "a", "vacation", "c")
    scribe = Scribe()
    inbox = Inbox(store, clock, scribe, keep_raw=timedelta(days=7))
    assert [await inbox.run_due(), await inbox.run_due()] == [3, 0]
    assert scribe.handled == [b"a", b"vacation", b"c"]
    assert await states(store) == [("done", None), ("ignored", "auto"), ("done", None)]
    assert await written(store) == ["1", "2", "3"]
    assert (await rows(store))[0][0].purge_at == NOW + timedelta(days=7)


async def test_an_exception_sets_one_mail_aside(store: Store, clock: ManualClock) -> None:
    """The others go on; nothing of the failed handling stays; the reason is storable whatever the exception says."""
    await put(store, "a", "b", "c")
    scribe = Scribe()
    scribe.faults[b"b"] = [ValueError("odd\x00 \udcff\n text")]
    assert await Inbox(store, clock, scribe).run_due() == 3
    assert await states(store) == [("done", None), ("quarantined", "ValueError: odd ? text"), ("done", None)]
    assert await written(store) == ["1", "3"]
    assert (await rows(store))[1][0].purge_at == NOW + KEEP_QUARANTINED


async def test_a_retried_mail_is_handled(store: Store, clock: ManualClock) -> None:
    """After an operator's retry the next run handles it as if it were new."""
    await put(store, "a")
    scribe = Scribe()
    scribe.faults[b"a"] = [RecursionError("deep")]
    inbox = Inbox(store, clock, scribe)
    await inbox.run_due()
    async with store.write() as connection:
        await inbound.retry(connection, 1)
    await inbox.run_due()
    assert await states(store) == [("done", None)]


async def test_a_temporary_error_waits_and_does_not_block(store: Store, clock: ManualClock) -> None:
    """The mail stays new and the next one is handled; after the fifth time it is set aside."""
    await put(store, "a", "b")
    scribe = Scribe()
    scribe.faults[b"a"] = [StoreUnavailableError("locked") for _ in range(9)]
    inbox = Inbox(store, clock, scribe)
    await inbox.run_due()
    assert await states(store) == [("new", None), ("done", None)]
    for _ in range(4):
        await inbox.run_due()
    assert await states(store) == [("quarantined", "StoreUnavailableError: locked"), ("done", None)]


async def test_a_store_that_was_down_is_no_death(store: Store, clock: ManualClock) -> None:
    """When the store fails under the handling, and cannot even undo the claim, the mail is not charged a try."""
    await put(store, "a")
    real, broken = store.write, Store("sqlite:////dev/null/nowhere.db")

    class Breaking(Scribe):
        async def handle(self, connection: AsyncConnection, mail: ClaimedMail) -> Handled:
            store.write = broken.write  # type: ignore[method-assign]
            raise StoreUnavailableError("gone")

    inbox = Inbox(store, clock, Breaking())
    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            await inbox.run_due()
        store.write = real  # type: ignore[method-assign]
    inbox._handler = Scribe()
    assert await inbox.run_due() == 1
    assert await states(store) == [("done", None)]
    assert (await rows(store))[0][0].tries == 1
    await broken.close()


async def test_cancelled_handling_is_undone_and_not_charged(store: Store, clock: ManualClock) -> None:
    """A run that is cancelled leaves the mail as it was, and the store usable."""
    await put(store, "a")
    begun = asyncio.Event()

    class Slow(Scribe):
        async def handle(self, connection: AsyncConnection, mail: ClaimedMail) -> Handled:
            await super().handle(connection, mail)
            begun.set()
            return await asyncio.get_running_loop().create_future()

    running = asyncio.create_task(Inbox(store, clock, Slow()).run_due())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await states(store) == [("new", None)]
    assert (await rows(store))[0][0].tries == 0
    assert await written(store) == []
    assert await Inbox(store, clock, Scribe()).run_due() == 1


async def test_drain_ends_after_the_mail_at_hand(store: Store, clock: ManualClock) -> None:
    """Told to drain, a run finishes its mail and leaves the rest for the next process."""
    await put(store, "a", "b")

    class Draining(Scribe):
        async def handle(self, connection: AsyncConnection, mail: ClaimedMail) -> Handled:
            inbox.drain()
            return await super().handle(connection, mail)

    inbox = Inbox(store, clock, Draining())
    assert await inbox.run_due() == 1
    assert await states(store) == [("done", None), ("new", None)]


async def test_runs_at_once_handle_each_mail_once(store: Store, clock: ManualClock) -> None:
    """Further runs that begin while one is at it, on PostgreSQL those of another daemon too, take nothing from its hands."""
    await put(store, *(f"s{number}" for number in range(20)))
    other = Store(store.url) if not store.is_sqlite else store
    runs: list[asyncio.Task[int]] = []

    class Busy(Scribe):
        async def handle(self, connection: AsyncConnection, mail: ClaimedMail) -> Handled:
            runs.extend(asyncio.create_task(each.run_due()) for each in {inbox, elsewhere})
            return await super().handle(connection, mail)

    busy = Busy()
    inbox = Inbox(store, clock, busy)
    elsewhere = inbox if store.is_sqlite else Inbox(other, clock, busy)
    await inbox.run_due()
    await asyncio.gather(*runs)
    if other is not store:
        await other.close()
    assert busy.handled == [f"s{number}".encode() for number in range(20)]
    assert {row.tries for row, _ in await rows(store)} == {1}


KILLED = """
import asyncio, os, signal, sys
from alertd.clock import SystemClock
from alertd.postmaster.inbox import Inbox
from alertd.store.engines import Store
from alertd.store.inbound import Handled
from alertd.store.tables import audit

class Handler:
    async def handle(self, connection, mail):
        now = SystemClock().now()
        await connection.execute(audit.insert().values(at=now, actor="mail", verb="handled", subject=str(mail.id)))
        if b"deadly" in mail.raw:
            os.kill(os.getpid(), signal.SIGKILL)
        return Handled(kind="command")

async def run():
    store = Store(sys.argv[1])
    store.lock()
    await Inbox(store, SystemClock(), Handler()).run_due()
    await store.close()

asyncio.run(run())
"""


async def test_a_mail_that_kills_the_process_is_set_aside_at_the_second_try(
    store: Store, store_url: str
) -> None:
    """Two deaths by SIGKILL, then the third process sets the mail aside and handles the one behind it; nothing is done twice."""
    await put(store, "a", "deadly", "c")
    await store.close()
    codes = [
        (
            await asyncio.to_thread(subprocess.run, [sys.executable, "-c", KILLED, store_url], check=False)
        ).returncode
        for _ in range(3)
    ]
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 0]
    after = Store(store_url)
    assert await states(after) == [("done", None), ("quarantined", KILLED_TWICE), ("done", None)]
    assert await written(after) == ["1", "3"]
    await after.close()


@given(raw=st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_have_a_key(raw: bytes) -> None:
    """Whatever comes, the key is there, the same each time, and blind to line ends."""
    key = dedupe_key(raw, now=NOW)
    assert key == dedupe_key(raw, now=NOW)
    clean = raw.replace(b"\r", b"")
    assert dedupe_key(clean, now=NOW) == dedupe_key(clean.replace(b"\n", b"\r\n"), now=NOW)


async def test_any_bytes_can_be_taken_in(store: Store, clock: ManualClock) -> None:
    """Poison for parsers and databases is stored as it is; too much is refused."""
    intake = intake_for(store, clock)
    for raw in (
        b"",
        b"\x00" * 9,
        bytes(range(256)),
        b"\xff\xfe" * 50,
        b"Content-Type: multipart/x; boundary=a\n\n--a\n" * 999,
    ):
        await intake.take_in(raw, via="imap", sender="\x00\udcff@x", recipient="\ud800" * 999)
    with pytest.raises(TooLargeError):
        await intake.take_in(b"x" * (MAX_SIZE + 1), via="imap", sender=None, recipient="alerts@example.org")
    assert len(await rows(store)) == 5


async def test_all_ways_together(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """One mail by LMTP, by the spool and by IMAP acts once; each way also brings one of its own."""
    server = FakeImap()
    await server.start()
    (tmp_path / "password").write_text("secret")
    imap = Imap(
        host="127.0.0.1", port=server.port, tls="none", username="x", password_file=tmp_path / "password"
    )
    configured = Settings(
        file=tmp_path / "alertd.toml",
        service=SERVICE,
        intake=IntakeSettings(lmtp=str(tmp_path / "lmtp"), spool=tmp_path / "spool", imap=imap),
    )
    arrivals = []
    ways = WaysIn(configured, store, clock, arrived=lambda: arrivals.append(1))
    await ways.start()
    try:
        async with LmtpClient(tmp_path / "lmtp") as client:
            for number in (0, 1):
                await client.envelope("alerts@example.org")
                await client.data(mail(number=number))
        for number in (0, 2):
            maildir.deliver(
                tmp_path / "spool", mail(number=number), recipient="alerts@example.org", sender=None
            )
            await server.put(mail(number=number * 2))

        async def settled() -> bool:
            return not [*(tmp_path / "spool" / "new").iterdir(), *server.mails]

        await until("all taken", settled)
    finally:
        await ways.stop()
        await server.stop()
    assert sorted(row.via for row, _ in await rows(store)) == ["imap", "lmtp", "lmtp", "spool"]
    assert len(arrivals) == 4
    assert not (tmp_path / "lmtp").exists()


async def test_a_way_that_cannot_open_says_so(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A wrong address is a configuration fault with the key's name, and nothing is left running."""
    wrong = Settings(file=tmp_path / "alertd.toml", service=SERVICE, intake=IntakeSettings(lmtp="nowhere"))
    ways = WaysIn(replace(wrong), store, clock)
    with pytest.raises(ConfigError, match=r"intake\.lmtp"):
        await ways.start()
    await ways.stop()
