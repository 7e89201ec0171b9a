"""LMTP as an MTA sees it: real sessions over TCP and a unix socket."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alertd.clock import ManualClock, real_sleep
from alertd.errors import ConfigError
from alertd.postmaster.intake import Intake
from alertd.postmaster.lmtp import MAX_RECIPIENTS, LmtpServer, parse_listen
from alertd.store.engines import Store
from tests.acceptance.ways_in import MAX_SIZE, LmtpClient, intake_for, mail, rows


@pytest.fixture
def intake(store: Store, clock: ManualClock) -> Intake:
    return intake_for(store, clock)


@pytest.fixture
async def server(intake: Intake) -> AsyncIterator[LmtpServer]:
    server = LmtpServer("127.0.0.1:0", intake, hostname="example.org")
    await server.start()
    yield server
    await server.stop()


async def test_each_recipient_gets_its_reply_after_the_commit(server: LmtpServer, store: Store) -> None:
    """Three recipients, one not ours: 550 for that at RCPT, a 250 for each of the others, one mail in the store."""
    async with LmtpClient(server.port) as client:
        rcpts = await client.envelope(
            "alerts@example.org", "boss@example.org", "Alerts+Subscribe@EXAMPLE.ORG"
        )
        assert [reply[:9] for reply in rcpts] == ["250 2.1.5", "550 5.1.1", "250 2.1.5"]
        replies = await client.data(mail(), replies=2)
        assert [reply[:9] for reply in replies] == ["250 2.0.0"] * 2
        ((row, raw),) = await rows(store)
        assert raw == mail()
        assert (row.via, row.sender, row.state) == ("lmtp", "reader@example.net", "new")
        assert row.recipient == "Alerts+Subscribe@EXAMPLE.ORG"
        assert (await client.command("NOOP")).startswith("250")


async def test_the_session_goes_on_after_a_mail(server: LmtpServer, store: Store) -> None:
    """Several mails in one session are several mails; the same mail twice is one, and both are acknowledged."""
    async with LmtpClient(server.port) as client:
        for number in (1, 2, 2):
            await client.envelope("alerts@example.org")
            assert (await client.data(mail(number=number)))[0].startswith("250 2.0.0")
    assert len(await rows(store)) == 2


async def test_what_is_announced(server: LmtpServer) -> None:
    """RFC 2033 section 5 demands PIPELINING and ENHANCEDSTATUSCODES; HELO and EHLO are for SMTP."""
    async with LmtpClient(server.port) as client:
        offered = {line[4:] for line in (await client.command("LHLO x")).splitlines()}
        assert {"PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", f"SIZE {MAX_SIZE}"} <= offered
        assert (await client.command("EHLO x")).startswith("500")


async def test_pipelined_commands(server: LmtpServer, store: Store) -> None:
    """A client that sends all in one go gets all the replies in order."""
    async with LmtpClient(server.port) as client:
        client.send(
            b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<alerts@example.org>\r\nRCPT TO:<no@example.org>\r\nDATA\r\n"
        )
        codes = [(await client.reply())[:3] for _ in range(5)]
        client.send(mail() + b".\r\nQUIT\r\n")
        codes += [(await client.reply())[:3] for _ in range(2)]
    assert codes == ["250", "250", "250", "550", "354", "250", "221"]
    assert [row.sender for row, _ in await rows(store)] == [""]


async def test_dots_and_bytes_arrive_as_sent(server: LmtpServer, store: Store) -> None:
    """Stuffed dots are undone; 8-bit bytes, NULs and lines longer than SMTP allows are kept."""
    raw = mail(body="..dots\n.\n\x00 \xff end\n" + "x" * 5000).replace(b"\xc3\xbf", b"\xff")
    async with LmtpClient(server.port) as client:
        await client.envelope("alerts@example.org")
        assert (await client.data(raw))[0].startswith("250")
    ((_, kept),) = await rows(store)
    assert kept == raw


@pytest.mark.parametrize(
    "raw", [mail(body="x" * 70 + "\n" + ("y" * 70 + "\n") * 2000), mail(body="z" * 3 * MAX_SIZE)]
)
async def test_too_large_is_refused_for_each_recipient(server: LmtpServer, store: Store, raw: bytes) -> None:
    """A mail over the limit, in many lines or in one, gets a 552 per recipient, and the session is still in step."""
    async with LmtpClient(server.port) as client:
        await client.envelope("alerts@example.org", "alerts+help@example.org")
        replies = await client.data(raw, replies=2)
        assert [reply[:9] for reply in replies] == ["552 5.3.4"] * 2
        assert (await client.command("NOOP")).startswith("250")
        await client.envelope("alerts@example.org")
        assert (await client.data(mail()))[0].startswith("250")
    assert len(await rows(store)) == 1


async def test_a_size_that_is_told_is_refused_at_once(server: LmtpServer) -> None:
    """SIZE= above the limit ends the transaction before the mail is sent (RFC 1870)."""
    async with LmtpClient(server.port) as client:
        await client.command("LHLO x")
        assert (await client.command(f"MAIL FROM:<> SIZE={MAX_SIZE + 1}")).startswith("552")


async def test_bare_line_feeds_are_refused(server: LmtpServer, store: Store) -> None:
    """A line feed without its carriage return is no line end, and no mail of ours (SMTP smuggling)."""
    async with LmtpClient(server.port) as client:
        await client.envelope("alerts@example.org")
        replies = await client.data(b"Subject: x\r\n\r\nend\n.\nMAIL FROM:<forged@example.net>\r\n")
        assert replies[0].startswith("550 5.6.11")
    assert await rows(store) == []


@pytest.mark.parametrize(
    "address",
    [
        "reader@example.org",
        "alerts@example.com",
        "alerts2@example.org",
        "alerts-stop@example.org",
        '"alerts"@sub.example.org',
        "postmaster@example.org",
    ],
)
async def test_no_address_but_ours_exists(server: LmtpServer, address: str) -> None:
    """Everything else is answered alike, whether or not it is a subscriber."""
    async with LmtpClient(server.port) as client:
        assert await client.envelope(address) == ["550 5.1.1 No such address here"]
        assert (await client.command("DATA")).startswith("503")


async def test_vrfy_and_expn_tell_nothing(server: LmtpServer) -> None:
    """No command tells one address from another."""
    async with LmtpClient(server.port) as client:
        await client.command("LHLO x")
        answers = {await client.command(f"VRFY {name}@example.org") for name in ("reader", "nobody")}
        assert len(answers) == 1
        assert (await client.command("EXPN alerts")).startswith("502")


async def test_recipients_are_limited(server: LmtpServer) -> None:
    """The 101st recipient is put off with 452, and each of the hundred gets a reply."""
    async with LmtpClient(server.port) as client:
        replies = await client.envelope(*(f"alerts+{n}@example.org" for n in range(MAX_RECIPIENTS + 1)))
        assert replies[-1] == "452 4.5.3 Too many recipients"
        assert len(await client.data(mail(), replies=MAX_RECIPIENTS)) == MAX_RECIPIENTS


async def test_odd_senders_are_kept_clean(server: LmtpServer, store: Store) -> None:
    """UTF-8 senders are kept; bytes that are no UTF-8 become no poison for the database."""
    async with LmtpClient(server.port) as client:
        for number, sender in enumerate(["读者@例子.中国".encode(), b"a\xff@example.net"]):
            assert (await client.command("LHLO x")).startswith("250")
            client.send(b"MAIL FROM:<" + sender + b"> SMTPUTF8\r\n")
            assert (await client.reply()).startswith("250")
            assert (await client.command("RCPT TO:<alerts@example.org>")).startswith("250")
            assert (await client.data(mail(number=number)))[0].startswith("250")
    assert [row.sender for row, _ in await rows(store)] == ["读者@例子.中国", "a�@example.net"]


async def test_nonsense_does_not_end_the_server(server: LmtpServer, store: Store) -> None:
    """Garbage, a mail cut off in the middle and wrong orders leave the next session untouched, and no half mail."""
    for rubbish in (
        b"\x00\xff\r\n",
        b"MAIL FROM:<" + b"(" * 200 + b"\r\n",
        b"RCPT TO:<>\r\n",
        b"\r\n" * 50,
        b"x" * 9999,
    ):
        async with LmtpClient(server.port) as client:
            client.send(b"LHLO x\r\n" + rubbish)
    async with LmtpClient(server.port) as client:
        await client.envelope("alerts@example.org")
        await client.command("DATA")
        client.send(mail()[:-10])
    async with LmtpClient(server.port) as client:
        await client.envelope("alerts@example.org")
        assert (await client.data(mail()))[0].startswith("250")
    assert len(await rows(store)) == 1


async def test_store_down_is_451_and_the_mail_is_welcome_later(
    server: LmtpServer, store: Store, intake: Intake
) -> None:
    """While the store cannot be written every recipient gets a 451; afterwards the same mail is taken in."""
    broken = Store(f"sqlite:///{os.devnull}/nowhere.db")
    intake.store = broken
    async with LmtpClient(server.port) as client:
        await client.envelope("alerts@example.org", "alerts+help@example.org")
        replies = await client.data(mail(), replies=2)
        assert [reply[:9] for reply in replies] == ["451 4.3.0"] * 2
        intake.store = store
        await client.envelope("alerts@example.org")
        assert (await client.data(mail()))[0].startswith("250")
    await broken.close()
    assert len(await rows(store)) == 1


async def test_a_full_disk_is_452(server: LmtpServer, store: Store) -> None:
    """SQLite without room says so with a code of its own; so do we, and the session goes on."""
    if not store.is_sqlite:
        pytest.skip("a full PostgreSQL needs a file system of its own")
    async with store.write() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    big = mail(body="x" * 70 + "\n" + ("y" * 70 + "\n") * 1000)
    async with LmtpClient(server.port) as client:
        await client.envelope("alerts@example.org")
        assert (await client.data(big))[0].startswith("452 4.3.1")
        async with store.write() as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        await client.envelope("alerts@example.org")
        assert (await client.data(big))[0].startswith("250")


async def test_many_sessions_at_once(server: LmtpServer, store: Store) -> None:
    """Twenty sessions with the same ten mails end with ten mails and only 250s."""

    async def session(number: int) -> list[str]:
        async with LmtpClient(server.port) as client:
            replies = []
            for each in range(10):
                await client.envelope("alerts@example.org")
                replies += await client.data(mail(number=(number + each) % 10))
            return replies

    replies = await asyncio.gather(*(session(number) for number in range(20)))
    assert {reply[:3] for each in replies for reply in each} == {"250"}
    assert len(await rows(store)) == 10


async def test_unix_socket(intake: Intake, store: Store, tmp_path: Path) -> None:
    """A socket file of the mode 0660; a stale one is replaced, and ours is gone after the end."""
    path = tmp_path / "lmtp"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    server = LmtpServer(str(path), intake, hostname="example.org")
    await server.start()
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        async with LmtpClient(path) as client:
            await client.envelope("alerts@example.org")
            assert (await client.data(mail()))[0].startswith("250")
    finally:
        await server.stop()
    assert list(tmp_path.glob("lmtp*")) == []
    assert list(tmp_path.glob(".*")) == []
    assert len(await rows(store)) == 1


async def test_a_socket_in_use_and_a_file_are_left_alone(intake: Intake, tmp_path: Path) -> None:
    """A second server does not take the place of a living one, and no file is taken for a socket."""
    path = tmp_path / "lmtp"
    first = LmtpServer(str(path), intake, hostname="example.org")
    await first.start()
    with pytest.raises(ConfigError, match="another process listens"):
        await LmtpServer(str(path), intake, hostname="example.org").start()
    async with LmtpClient(path) as client:
        assert (await client.command("NOOP")).startswith("250")
    await first.stop()
    path.write_text("precious")
    with pytest.raises(ConfigError, match="is not a socket"):
        await LmtpServer(str(path), intake, hostname="example.org").start()
    assert path.read_text() == "precious"


async def test_an_address_that_cannot_be_listened_on(intake: Intake, server: LmtpServer) -> None:
    """A port in use and a text that is no address end with a clear fault."""
    with pytest.raises(ConfigError, match="cannot listen on 127") as caught:
        await LmtpServer(f"127.0.0.1:{server.port}", intake, hostname="x").start()
    (fault,) = caught.value.faults
    assert "127.0.0.1" not in fault.remedy  # what is busy is no remedy
    assert "another place" in fault.remedy
    for text in ("2424", ":2424", "localhost:", "localhost:99999", "localhost:²"):
        with pytest.raises(ConfigError, match="neither host:port nor the path"):
            parse_listen(text)
    assert parse_listen("[::1]:24") == ("::1", 24)


async def test_stop_lets_a_mail_under_way_end(intake: Intake, store: Store) -> None:
    """A client that is at its final dot when we stop still gets its 250."""
    server = LmtpServer("127.0.0.1:0", intake, hostname="example.org")
    await server.start()
    async with LmtpClient(server.port) as client:
        await client.envelope("alerts@example.org")
        assert (await client.command("DATA")).startswith("354")
        stopping = asyncio.create_task(server.stop())
        await real_sleep(0.1)
        client.send(mail() + b".\r\n")
        assert (await client.reply()).startswith("250")
        await stopping
    assert len(await rows(store)) == 1
