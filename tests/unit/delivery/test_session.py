"""The SMTP session against real servers: every stage fails once, and the stage is known."""

import asyncio
import socket
from pathlib import Path

import pytest

from alertd.config import settings
from alertd.delivery import session as session_module
from alertd.delivery.replies import Meaning, meaning_of
from alertd.delivery.session import Session, may_show_password, send_one
from alertd.demo.relay import Behaviour, Relay
from alertd.errors import RelayConfigError, RelayError, RelayPermanentError, RelayTemporaryError
from tests.unit.delivery.relays import (
    SHORT,
    authority,
    outgoing,
    running,
    server_context,
    session_to,
    talking,
)

B = Behaviour


class Steps:
    """Notes when DATA was announced and when the dot was written."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def before_data(self) -> None:
        self.seen.append("before_data")

    def after_dot(self) -> None:
        self.seen.append("after_dot")


async def test_mails_go_over_one_connection(tmp_path: Path) -> None:
    """Several mails, one connection; envelope and bytes arrive as they are, dots included."""
    async with running(Relay(tmp_path)) as relay:
        session = session_to(relay.port)
        body = b"Subject: dots\r\n\r\n.\r\n..two\r\nno\r\n.\r\n"
        first = await session.send(outgoing(1, data=body))
        steps = Steps()
        await session.send(outgoing(2), before_data=steps.before_data, after_dot=steps.after_dot)
        await session.close()
    assert (first.code, first.enhanced) == (250, "2.0.0")
    assert [caught.data for caught in relay.caught] == [body, outgoing(2).data]
    assert relay.caught[0].sender == "alerts+b-1@example.org"
    assert relay.caught[0].recipients == ("reader1@example.org",)
    assert relay.caught[0].file.read_bytes() == body
    assert steps.seen == ["before_data", "after_dot"]
    assert relay.seen.connections == 1


MATRIX = [
    # stage and misbehaviour, type, stage told, code, meaning, steps passed
    (B("connect", drop=True), RelayTemporaryError, "connect", None, "server_down", []),
    (B("connect", reply="421 4.3.2 busy"), RelayTemporaryError, "connect", 421, "server_down", []),
    (B("connect", reply="554 5.7.1 blocked"), RelayConfigError, "connect", 554, "our_fault", []),
    (B("connect", delay=9), RelayTemporaryError, "connect", None, "server_down", []),
    (B("mail", drop=True), RelayTemporaryError, "mail", None, "later", []),
    (B("mail", reply="421 4.4.2 bye"), RelayTemporaryError, "mail", 421, "server_down", []),
    (B("mail", reply="450 4.1.8 later"), RelayTemporaryError, "mail", 450, "later", []),
    (B("mail", reply="550 5.7.1 not you"), RelayConfigError, "mail", 550, "our_fault", []),
    (B("rcpt", drop=True), RelayTemporaryError, "rcpt", None, "later", []),
    (B("rcpt", reply="450 4.2.0 greylisted"), RelayTemporaryError, "rcpt", 450, "greylisted", []),
    (B("rcpt", reply="550 5.1.1 no such user"), RelayPermanentError, "rcpt", 550, "hard", []),
    (B("rcpt", delay=9), RelayTemporaryError, "rcpt", None, "later", []),
    (B("data", drop=True), RelayTemporaryError, "data", None, "later", ["before_data"]),
    (B("data", reply="451 4.3.0 later"), RelayTemporaryError, "data", 451, "later", ["before_data"]),
    (B("data", reply="554 5.7.1 no"), RelayPermanentError, "data", 554, "policy", ["before_data"]),
    (B("data", delay=9), RelayTemporaryError, "data", None, "later", ["before_data"]),
    (B("dot", drop=True), RelayTemporaryError, "dot", None, "in_doubt", ["before_data", "after_dot"]),
    (B("kept", drop=True), RelayTemporaryError, "dot", None, "in_doubt", ["before_data", "after_dot"]),
    (B("dot", reply="421 4.3.2 no"), RelayTemporaryError, "dot", 421, "later", ["before_data", "after_dot"]),
    (
        B("dot", reply="452 4.3.1 full"),
        RelayTemporaryError,
        "dot",
        452,
        "later",
        ["before_data", "after_dot"],
    ),
    (
        B("dot", reply="554 5.7.1 spam"),
        RelayPermanentError,
        "dot",
        554,
        "policy",
        ["before_data", "after_dot"],
    ),
    (B("dot", delay=9), RelayTemporaryError, "dot", None, "in_doubt", ["before_data", "after_dot"]),
]


@pytest.mark.parametrize(
    "row",
    MATRIX,
    ids=[f"{row[0].stage}-{row[0].reply[:3] or ('drop' if row[0].drop else 'slow')}" for row in MATRIX],
)
async def test_every_stage_fails_as_itself(tmp_path: Path, row: tuple) -> None:  # type: ignore[type-arg]
    """Drop, delay, 4xx and 5xx at each stage; afterwards the same session sends the next mail."""
    behaviour, kind, stage, code, meaning, passed = row
    once = B(behaviour.stage, reply=behaviour.reply, drop=behaviour.drop, delay=behaviour.delay, times=1)
    quick = settings.Delivery(timeout=SHORT.timeout / 10, dot_timeout=SHORT.dot_timeout / 10)
    async with running(Relay(tmp_path, behaviours=[once])) as relay:
        session = Session(settings.Relay(host="127.0.0.1", port=relay.port), quick, hostname="client.invalid")
        steps = Steps()
        with pytest.raises(RelayError) as caught:
            await session.send(outgoing(1), before_data=steps.before_data, after_dot=steps.after_dot)
        await session.send(outgoing(2))
        await session.close()
    assert type(caught.value) is kind
    assert (caught.value.stage, caught.value.code) == (stage, code)
    assert meaning_of(caught.value) is Meaning(meaning)
    assert steps.seen == passed
    assert [each.data for each in relay.caught][-1:] == [outgoing(2).data]


async def test_nobody_listens() -> None:
    """A refused connection is about the server."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(RelayTemporaryError) as caught:
        await session_to(port).send(outgoing())
    assert (caught.value.stage, caught.value.code) == ("connect", None)


async def test_drop_at_quit_is_no_failure(tmp_path: Path) -> None:
    """The mail was accepted; how the connection ends does not matter."""
    async with running(Relay(tmp_path)) as relay:
        session = session_to(relay.port)
        await session.send(outgoing())
        await relay.stop()
        await session.close()
    assert len(relay.caught) == 1


async def test_connection_that_died_while_idle_is_replaced(tmp_path: Path) -> None:
    """The server closed an idle connection: the next mail goes over a new one, and nobody hears of it."""
    relay = Relay(tmp_path)
    port = await relay.start()
    session = session_to(port)
    await session.send(outgoing(1))
    await relay.stop()
    await relay.start(port=port)
    await session.send(outgoing(2))
    relay.behaviours.append(B("mail", reply="421 4.4.2 idle too long", times=1))
    await session.send(outgoing(3))
    await session.close()
    await relay.stop()
    assert len(relay.caught) == 3
    assert relay.seen.connections == 3


async def test_what_before_data_raises_goes_through_and_nothing_is_sent(tmp_path: Path) -> None:
    """Consent withdrawn at the last moment: no DATA, the transaction is reset, the connection serves the next mail."""

    async def no() -> None:
        raise LookupError("gone")

    async with running(Relay(tmp_path)) as relay:
        session = session_to(relay.port)
        with pytest.raises(LookupError):
            await session.send(outgoing(1), before_data=no)
        await session.send(outgoing(2))
        await session.close()
    assert (
        "data"
        not in relay.seen.commands[: relay.seen.commands.index("mail", 1 + relay.seen.commands.index("mail"))]
    )
    assert [each.recipients for each in relay.caught] == [("reader2@example.org",)]
    assert relay.seen.connections == 1


async def test_connections_are_recycled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many mails, and after so many refusals, a connection is closed in good order."""
    monkeypatch.setattr(session_module, "MAILS_PER_CONNECTION", 2)
    monkeypatch.setattr(session_module, "REFUSALS_PER_CONNECTION", 2)
    async with running(Relay(tmp_path)) as relay:
        session = session_to(relay.port)
        for number in range(4):
            await session.send(outgoing(number))
        assert relay.seen.connections == 2
        relay.behaviours.append(B("rcpt", reply="550 5.1.1 no"))
        for number in range(4):
            with pytest.raises(RelayPermanentError):
                await session.send(outgoing(number))
        assert relay.seen.connections == 4
        await session.close()


async def test_one_mail_without_the_outbox(tmp_path: Path) -> None:
    """`test-mail` hears what the relay answered."""
    async with running(Relay(tmp_path)) as relay:
        where = settings.Relay(host="127.0.0.1", port=relay.port)
        reply = await send_one(outgoing(), relay=where, delivery=SHORT, hostname="client.invalid")
    assert reply.text.startswith("2.0.0 kept as")


async def test_null_return_path_and_utf8(tmp_path: Path) -> None:
    """The null path is sent as such; a UTF-8 local part goes where SMTPUTF8 is offered and is refused elsewhere."""
    mail = outgoing(1, to="读者@example.org")
    bounce = type(mail)(return_path="", recipient="a@b.org", data=mail.data, message_id="<1@x>")
    async with running(Relay(tmp_path)) as relay:
        session = session_to(relay.port)
        await session.send(mail)
        await session.send(bounce)
        await session.close()
    assert [each.recipients[0] for each in relay.caught] == ["读者@example.org", "a@b.org"]
    assert relay.caught[1].sender == ""
    async with running(Relay(tmp_path, smtputf8=False)) as relay:
        session = session_to(relay.port)
        with pytest.raises(RelayPermanentError, match="SMTPUTF8"):
            await session.send(mail)
        await session.send(bounce)
        await session.close()
        assert relay.seen.connections == 1


async def test_starttls_and_log_in(tmp_path: Path) -> None:
    """STARTTLS with a verified certificate, then the password from its file."""
    ca, ca_file = authority(tmp_path)
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    login = {"username": "alertd", "password_file": password}
    async with running(
        Relay(tmp_path, tls=server_context(ca, "127.0.0.1"), login=("alertd", "s3cret"))
    ) as relay:
        session = session_to(relay.port, tls="starttls", ca_file=ca_file, **login)
        await session.send(outgoing())
        await session.close()
        assert relay.seen.secured == 1
        assert relay.seen.logged_in == ["alertd"]
        with pytest.raises(RelayConfigError, match="Authentication required") as caught:
            await session_to(relay.port, tls="starttls", ca_file=ca_file).send(outgoing())
        assert caught.value.stage == "mail"
        password.write_text("wrong")
        with pytest.raises(RelayConfigError) as caught:
            await session_to(relay.port, tls="starttls", ca_file=ca_file, **login).send(outgoing())
        assert (caught.value.stage, caught.value.code, caught.value.enhanced) == ("auth", 535, "5.7.8")
        assert "wrong" not in str(caught.value)


async def test_implicit_tls(tmp_path: Path) -> None:
    """TLS from the start, with log-in."""
    ca, ca_file = authority(tmp_path)
    password = tmp_path / "password"
    password.write_text("s3cret")
    relay = Relay(tmp_path, tls=server_context(ca, "127.0.0.1"), implicit=True, login=("alertd", "s3cret"))
    async with running(relay):
        session = session_to(
            relay.port, tls="implicit", ca_file=ca_file, username="alertd", password_file=password
        )
        await session.send(outgoing())
        await session.close()
    assert relay.seen.secured == 1
    assert len(relay.caught) == 1


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("fault", ["name", "unknown"])
async def test_certificates_are_verified(tmp_path: Path, implicit: bool, fault: str) -> None:
    """A certificate of another name, or by nobody we know, stops us before a mail is named."""
    ca, ca_file = authority(tmp_path)
    context = server_context(ca, "other.example" if fault == "name" else "127.0.0.1")
    trusted = {"ca_file": ca_file} if fault == "name" else {}
    async with running(Relay(tmp_path, tls=context, implicit=implicit)) as relay:
        session = session_to(relay.port, tls="implicit" if implicit else "starttls", **trusted)
        with pytest.raises(RelayConfigError, match="certificate does not fit") as caught:
            await session.send(outgoing())
        assert caught.value.stage == "tls"
        assert "mail" not in relay.seen.commands


async def test_stripped_starttls_is_refused(tmp_path: Path) -> None:
    """A man in the middle who takes STARTTLS out of the offer gets neither mail nor password."""
    async with running(Relay(tmp_path)) as relay:
        session = session_to(relay.port, tls="starttls", username="alertd")
        with pytest.raises(RelayConfigError, match="does not offer STARTTLS"):
            await session.send(outgoing())
    assert relay.seen.commands == ["connect"]
    assert relay.seen.logged_in == []


async def test_answers_injected_before_tls_are_dropped(tmp_path: Path) -> None:
    """Plain text that follows the 220 of STARTTLS is not taken for an answer under TLS (CVE-2026-55558)."""
    _, ca_file = authority(tmp_path)

    async def inject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 evil\r\n")
        await reader.readline()
        writer.write(b"250-evil\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n250 evil\r\n235 in\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n")
        await reader.read(100)

    async with talking(inject) as port:
        with pytest.raises(RelayError) as caught:
            await session_to(port, tls="starttls", ca_file=ca_file).send(outgoing())
    assert caught.value.stage == "tls"


@pytest.mark.parametrize(
    ("peer", "secured", "may"),
    [
        ("192.0.2.1", False, False),
        ("192.0.2.1", True, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("fe80::1%eth0", False, False),
        ("10.0.0.1", False, False),
    ],
)
def test_no_password_in_the_clear(peer: str, secured: bool, may: bool) -> None:
    """Without TLS a password goes to this host only."""
    assert may_show_password(peer, secured=secured) is may


async def test_no_log_in_that_we_know() -> None:
    """A relay without one is a fault of the set-up."""

    async def offer_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        await reader.readline()
        writer.write(b"250 x\r\n")
        await reader.read(100)

    async with talking(offer_nothing) as port:
        with pytest.raises(RelayConfigError, match="no log-in that we know"):
            await session_to(port, username="alertd").send(outgoing())


async def test_unreadable_files_name_their_key(tmp_path: Path) -> None:
    """A missing CA or password file is told with its key."""
    with pytest.raises(RelayConfigError, match="ca_file"):
        await session_to(1, tls="implicit", ca_file=tmp_path / "none").send(outgoing())
    async with running(Relay(tmp_path, login=("a", "b"))) as relay:
        with pytest.raises(RelayConfigError, match="password_file"):
            await session_to(relay.port, username="a", password_file=tmp_path / "none").send(outgoing())


@pytest.mark.parametrize("answer", [b"199 hm\r\n", b"354 again\r\n", b"nonsense\r\n", b"25"])
async def test_meaningless_answer_to_the_dot_is_a_doubt(answer: bytes) -> None:
    """Only a 2xx, 4xx or 5xx settles the matter."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        for reply in (b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"):
            await reader.readline()
            writer.write(reply)
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(answer)

    async with talking(talk) as port:
        with pytest.raises(RelayTemporaryError) as caught:
            await session_to(port).send(outgoing())
    assert meaning_of(caught.value) is Meaning.IN_DOUBT


async def test_a_server_that_knows_only_helo(tmp_path: Path) -> None:
    """EHLO refused: HELO, and no extensions."""
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 old\r\n")
        for reply in (b"500 what\r\n", b"250 x\r\n", b"250 x\r\n", b"250 x\r\n", b"354 x\r\n"):
            heard.append(await reader.readline())
            writer.write(reply)
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 taken\r\n")
        await reader.readline()

    async with talking(talk) as port:
        session = session_to(port)
        reply = await session.send(outgoing())
        session.abort()
    assert (reply.code, reply.enhanced, reply.text) == (250, "", "taken")
    assert heard[1].startswith(b"HELO")
    assert heard[2] == b"MAIL FROM:<alerts+b-1@example.org>\r\n"
