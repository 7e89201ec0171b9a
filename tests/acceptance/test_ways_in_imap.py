"""A mailbox over IMAP, against a server that can be told to misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alertd.clock import ManualClock, real_monotonic, real_sleep
from alertd.config.settings import Imap
from alertd.postmaster.intake import Intake
from alertd.postmaster.mailbox_names import encode
from alertd.store.engines import Store
from tests.acceptance.fake_imap import LIMITS, FakeImap, reading, settings_for, taken
from tests.acceptance.ways_in import MAX_SIZE, intake_for, mail, rows, until


@pytest.fixture
async def server() -> AsyncIterator[FakeImap]:
    server = FakeImap()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def intake(store: Store, clock: ManualClock) -> Intake:
    return intake_for(store, clock)


@pytest.fixture
def settings(server: FakeImap, tmp_path: Path) -> Imap:
    return settings_for(server, tmp_path)


async def test_mails_are_taken_in_and_moved(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """What lies there and what comes later is in the store with its bytes, then in the done folder, unread by us."""
    await server.put(
        mail(number=1, extra="Return-Path: <r@example.net>\nDelivered-To: alerts+help@example.org\n")
    )
    await server.put(mail(number=2, body="{5}\n)( \\Seen \u00e9"))
    async with reading(settings, intake) as reader:
        await taken(store, server, 2)
        await server.put(mail(number=3))
        await taken(store, server, 3)
        assert (reader.failures, reader.error) == (0, "")
        assert reader.ok_at is not None
    kept = await rows(store)
    assert [raw for _, raw in kept] == server.moved
    assert (kept[0][0].recipient, kept[0][0].sender, kept[0][0].via) == (
        "alerts+help@example.org",
        "r@example.net",
        "imap",
    )
    assert (kept[1][0].recipient, kept[1][0].sender) == ("alerts@example.org", None)
    assert server.calls[-1] == "LOGOUT"


async def test_many_mails_and_odd_ones(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """Three batches, an empty mail and raw bytes among them: each is there once."""
    for number in range(45):
        await server.put(mail(number=number))
    await server.put(b"")
    await server.put(bytes(range(256)) * 20)
    async with reading(settings, intake):
        await taken(store, server, 47)


async def test_moved_only_after_the_commit(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """While the store is down nothing is moved; when it is back the mail is taken in."""
    await server.put(mail())
    intake.store = Store("sqlite:////dev/null/nowhere.db")
    async with reading(settings, intake) as reader:

        async def failing() -> bool:
            return reader.failures >= 2

        await until("two faults", failing)
        assert (len(server.mails), server.moved) == (1, [])
        assert "database" in reader.error
        broken, intake.store = intake.store, store
        await taken(store, server, 1)
        await broken.close()


@pytest.mark.parametrize("fault", ["close", "bye", "no", "bad", "garbage", "half", "hang"])
@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "SELECT", "SEARCH", "FETCH", "MOVE", "IDLE"])
async def test_any_fault_at_any_command(
    *, server: FakeImap, settings: Imap, clock: ManualClock, store_sqlite: Store, command: str, fault: str
) -> None:
    """Closing, BYE, NO, BAD, garbage, half an answer or none, at each command, twice: the mail comes in once all the same."""
    intake = intake_for(store_sqlite, clock)
    server.faults = {command: [fault, fault]}
    await server.put(mail(number=1))
    async with reading(settings, intake, replace(LIMITS, answer=0.3)):
        await taken(store_sqlite, server, 1)
        await server.put(mail(number=2))
        await taken(store_sqlite, server, 2)


@pytest.fixture
async def store_sqlite(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """SQLite alone: what the server does is not about the database."""
    path = tmp_path / "one.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    store.lock()
    yield store
    await store.close()


async def test_idle_announces_at_once(server: FakeImap, settings: Imap, intake: Intake, store: Store) -> None:
    """With a poll an hour away a mail is there as soon as the server says so."""
    async with reading(replace(settings, poll_every=timedelta(hours=1)), intake, replace(LIMITS, idle=3600)):
        for number in range(1, 4):
            await until("IDLE", _when_called(server, "IDLE", number))
            await server.put(mail(number=number))
            await taken(store, server, number)


def _when_called(server: FakeImap, command: str, times: int) -> Callable[[], Awaitable[bool]]:
    """For `until`: whether the command has come so many times."""

    async def called() -> bool:
        return server.calls.count(command) >= times

    return called


async def test_idle_is_renewed(server: FakeImap, settings: Imap, intake: Intake) -> None:
    """An IDLE ends with DONE in good time and another follows on the same connection."""
    async with reading(settings, intake):
        await until("three IDLEs ended by us", _when_called(server, "DONE", 3))
    assert server.calls.count("LOGIN") == 1


async def test_an_idle_that_never_returns(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """A server that does not end the IDLE costs the connection, and mails come in by the next one."""
    server.faults = {"DONE": ["hang"]}
    async with reading(settings, intake, replace(LIMITS, answer=0.2)) as reader:
        await until("DONE", _when_called(server, "DONE", 1))
        await server.put(mail())
        await taken(store, server, 1)
        assert server.calls.count("LOGIN") == 2
        assert reader.failures == 0


async def test_hung_up_in_idle(server: FakeImap, settings: Imap, intake: Intake, store: Store) -> None:
    """A server that closes while we idle is noticed at once, not when the IDLE would have ended."""
    async with reading(replace(settings, poll_every=timedelta(hours=1)), intake):
        for number in range(1, 4):
            await until("IDLE", _when_called(server, "IDLE", number))
            server.hang_up()
        await server.put(mail())
        await taken(store, server, 1)


async def test_an_idle_that_announces_nothing_is_given_up(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """Mails are found by the look after each IDLE; after two that were kept from us we poll."""
    server.announces = False
    async with reading(settings, intake):
        for number in range(1, 4):
            await until("IDLE", _when_called(server, "IDLE", min(number, 2)))
            await server.put(mail(number=number))
            await taken(store, server, number)
        idles, looks = server.calls.count("IDLE"), server.calls.count("UID SEARCH")
        await until("further looks", _when_called(server, "UID SEARCH", looks + 5))
        assert server.calls.count("IDLE") == idles


async def test_without_idle_we_poll(server: FakeImap, settings: Imap, intake: Intake, store: Store) -> None:
    """A server without IDLE is looked at every `poll_every`."""
    server.capabilities = "IMAP4rev1 MOVE"
    async with reading(settings, intake):
        await until("five looks", _when_called(server, "UID SEARCH", 5))
        await server.put(mail())
        await taken(store, server, 1)
    assert "IDLE" not in server.calls


async def test_without_move_we_copy_mark_and_expunge(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """RFC 6851 missing: COPY, mark, and expunge just these UIDs."""
    server.capabilities = "IMAP4rev1 IDLE UIDPLUS"
    await server.put(mail())
    async with reading(settings, intake):
        await taken(store, server, 1)
    order = [call for call in server.calls if call in {"UID COPY", "UID STORE", "UID EXPUNGE"}]
    assert order == ["UID COPY", "UID STORE", "UID EXPUNGE"]


async def test_without_uidplus_marked_mails_stay_and_are_left_alone(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """An EXPUNGE for all would take what others marked, so the mail stays marked and is not taken again."""
    server.capabilities = "IMAP4rev1"
    await server.put(mail())
    async with reading(settings, intake):
        await until("looks after the copy", _when_called(server, "UID SEARCH", 8))
    assert (len(server.moved), server.flagged, len(await rows(store))) == (1, {1}, 1)
    assert "EXPUNGE" not in " ".join(server.calls)


async def test_the_done_folder_is_made(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """A folder that is missing is created at the first mail."""
    server.folders = {"INBOX"}
    await server.put(mail())
    async with reading(replace(settings, done_folder="已处理 & done"), intake):
        await taken(store, server, 1)
    assert server.folders == {"INBOX", encode("已处理 & done")}


async def test_a_done_folder_that_cannot_be(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """Mails still come in, each once and fetched once, and the fault is told."""
    server.folders = {"INBOX"}
    server.faults = {"CREATE": ["no"] * 1000}
    await server.put(mail(number=1))
    async with reading(settings, intake) as reader:
        await until("looks", _when_called(server, "UID SEARCH", 3))
        await server.put(mail(number=2))
        await until("more looks", _when_called(server, "UID SEARCH", 8))
        assert "TRYCREATE" in reader.error
        assert reader.failures == 0
    assert len(await rows(store)) == 2
    assert server.calls.count("UID FETCH") == 4  # a size and a body for each


async def test_uidvalidity_changes(server: FakeImap, settings: Imap, intake: Intake, store: Store) -> None:
    """The folder is renumbered under us: what is in it is read again, the store knows the old mail, the new one comes in."""
    server.folders = {"INBOX"}
    server.faults = {"CREATE": ["no"] * 1000}
    await server.put(mail(number=1))
    async with reading(settings, intake):
        await until("the first mail", lambda: _stored(store, 1))
        server.uidvalidity, server.mails = 2, {1: mail(number=2), 7: mail(number=1)}
        await until("the second mail", lambda: _stored(store, 2))
        server.faults = {}
        await until("both moved", lambda: _moved(server, 2))
    assert [row.tries for row, _ in await rows(store)] == [0, 0]


async def _stored(store: Store, number: int) -> bool:
    return len(await rows(store)) == number


async def _moved(server: FakeImap, number: int) -> bool:
    return len(server.moved) == number


async def test_the_same_mail_again_acts_once(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """A mail that came by LMTP before is moved, and adds nothing."""
    await intake.take_in(mail(), via="lmtp", sender="", recipient="alerts@example.org")
    await server.put(b"Received: from elsewhere\r\n" + mail().replace(b"\r\n", b"\n"))
    async with reading(settings, intake):
        await taken(store, server, 1)


async def test_too_large_goes_to_quarantine(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """Only the beginning of a mail over the limit is fetched and kept, with the reason; the mail is moved."""
    await server.put(mail(body="x" * MAX_SIZE))
    async with reading(settings, intake):
        await taken(store, server, 1)
    ((row, raw),) = await rows(store)
    assert (row.state, len(raw or b"")) == ("quarantined", 65536)
    assert "more than [intake] max_size" in (row.reason or "")


async def test_a_wrong_password_is_told_and_tried_again(
    server: FakeImap, settings: Imap, intake: Intake, store: Store
) -> None:
    """The error says where to look and not what was sent; a corrected file is read at the next try."""
    await server.put(mail())
    assert settings.password_file is not None
    settings.password_file.write_text("not-this")
    async with reading(settings, intake) as reader:

        async def failing() -> bool:
            return reader.failures >= 2

        await until("two refusals", failing)
        assert "Check username and password_file" in reader.error
        assert "not-this" not in reader.error
        settings.password_file.write_text("secret\r\n")
        await taken(store, server, 1)
        assert reader.error == ""


async def test_a_password_file_that_is_missing(settings: Imap, intake: Intake, tmp_path: Path) -> None:
    """The error names the file."""
    async with reading(replace(settings, password_file=tmp_path / "gone"), intake) as reader:

        async def failing() -> bool:
            return bool(reader.error)

        await until("the fault", failing)
        assert str(tmp_path / "gone") in reader.error


async def test_stop_is_quick_at_any_time(server: FakeImap, settings: Imap, intake: Intake) -> None:
    """An hour's IDLE, an hour's poll and a long pause all end when we are told to stop."""
    slow = replace(settings, poll_every=timedelta(hours=1))
    for prepared in ({}, {"IDLE": ["no"]}, {"LOGIN": ["close"]}):
        server.faults, server.calls = dict(prepared), []
        begun = real_monotonic()
        async with reading(slow, intake, replace(LIMITS, first_pause=3600)):
            await real_sleep(0.2)
        assert real_monotonic() - begun < 2
