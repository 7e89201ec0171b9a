"""`alertd test-mail` with a relay that takes and refuses, and `alertd classify` on mails in files."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alertd.demo.relay import Behaviour, Relay
from tests.unit.cli.folders import Folder

TO = "someone@example.org"


@contextmanager
def _relay(folder: Path, *behaviours: Behaviour) -> Iterator[tuple[Relay, int]]:
    """A sandbox relay on a thread of its own, and its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    relay = Relay(folder / "mails")
    relay.behaviours.extend(behaviours)
    try:
        port = asyncio.run_coroutine_threadsafe(relay.start(), loop).result(10)
        yield relay, port
    finally:
        asyncio.run_coroutine_threadsafe(relay.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _point_at(folder: Folder, port: int, more: str = "") -> None:
    folder.url = f"sqlite:///{folder.path}/var/never.db"  # it must not be needed
    folder.settings(f'[relay]\nhost = "127.0.0.1"\nport = {port}\n{more}')


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Folder:
    """A folder; these verbs know no store."""
    (tmp_path / "service").mkdir()
    return Folder(tmp_path / "service", f"sqlite:///{tmp_path}/never.db", capsys)


def test_a_relay_that_takes_it(folder: Folder) -> None:
    """The relay's answer is told, the mail arrived, and two tests are two mails; no database was made."""
    with _relay(folder.path) as (relay, port):
        _point_at(folder, port)
        told = folder.run("test-mail", TO)
        assert (told.code, told.err) == (0, "")
        assert f"127.0.0.1:{port} took the mail to {TO}: 250" in told.out
        second = folder.run("test-mail", TO, "--json").json
        assert (second["accepted"], second["code"], second["failed"]) == (True, 250, None)
    assert [mail.recipients for mail in relay.caught] == [(TO,), (TO,)]
    assert second["message_id"].encode() in relay.caught[1].data
    assert second["message_id"].encode() not in relay.caught[0].data
    assert not (folder.path / "var" / "never.db").exists()


@pytest.mark.parametrize(
    ("behaviour", "passed", "remedy"),
    [
        (Behaviour("mail", "550 5.7.1 sender not allowed"), ["connect"], "refused the sender"),
        (
            Behaviour("rcpt", "554 5.7.1 relay access denied"),
            ["connect", "mail"],
            "relays mail for this host",
        ),
        (Behaviour("rcpt", "450 4.2.0 greylisted"), ["connect", "mail"], "try again in some minutes"),
        (Behaviour("dot", "554 5.6.0 no"), ["connect", "mail", "rcpt", "data"], "refused the mail itself"),
        (Behaviour("dot", drop=True), ["connect", "mail", "rcpt", "data"], "may have arrived"),
    ],
)
def test_a_relay_that_refuses(behaviour: Behaviour, passed: list[str], remedy: str, folder: Folder) -> None:
    """The stage that failed is named with the relay's words and what to do; the stages before it went well; exit 1."""
    with _relay(folder.path, behaviour) as (_, port):
        _point_at(folder, port)
        told = folder.run("test-mail", TO, "--json")
        assert told.code == 1
        words = folder.run("test-mail", TO).out
    assert (told.json["accepted"], told.json["passed"], told.json["failed"]) == (
        False,
        passed,
        behaviour.stage,
    )
    assert remedy in told.json["remedy"]
    assert behaviour.reply.rpartition(" ")[2] in words
    assert f"{behaviour.stage:8} failed: " in words
    assert words.count(" ok\n") == len(passed)


def test_no_relay_at_all(folder: Folder) -> None:
    """Where nobody listens, the host and port are named."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        _point_at(folder, port)
        told = folder.run("test-mail", TO)
    assert told.code == 1
    assert "connect  failed: " in told.out
    assert f"listens on 127.0.0.1:{port}" in told.out


def test_a_relay_without_what_is_asked_of_it(folder: Folder) -> None:
    """A relay that offers no TLS fails at that stage, before any address is told."""
    with _relay(folder.path) as (relay, port):
        _point_at(folder, port, 'tls = "starttls"\n')
        told = folder.run("test-mail", TO, "--json").json
    assert (told["failed"], told["passed"]) == ("tls", ["connect"])
    assert "STARTTLS" in told["reply"]
    assert relay.caught == []


def test_what_cannot_be_tried(folder: Folder) -> None:
    """No address, or no service to send from: exit 2 with what to write where."""
    assert folder.run("test-mail", "someone").code == 2
    folder.write("alertd.toml", "[service]\n")
    told = folder.run("test-mail", TO)
    assert told.code == 2
    assert "service.address: not set up yet" in told.err
    assert "catalogue" not in told.err


def test_mails_are_classified(folder: Folder) -> None:
    """Files and folders of mails, each with its kind and what would be done, as a subscriber's or a stranger's."""
    mails = folder.path / "mails"
    mails.mkdir()
    command = "From: reader@example.org\r\nTo: alerts@example.org\r\nSubject: add rural\r\nMessage-ID: <1@x.example>\r\n\r\n"
    reply = command.replace("add rural", "away").replace(
        "\r\n\r\n", "\r\nAuto-Submitted: auto-replied\r\n\r\n"
    )
    (mails / "1.eml").write_text(command)
    (mails / "2.eml").write_text(reply)
    found = folder.run("classify", str(mails), str(mails / "1.eml"), "--json").json
    assert [Path(each["file"]).name for each in found] == ["1.eml", "2.eml", "1.eml"]
    assert [each["kind"] for each in found] == ["command", "auto-reply", "command"]
    assert found[0]["answered"] is True
    told = folder.run("classify", str(mails / "1.eml"), "--as", "new", "--recipient", "alerts@example.org")
    assert told.out.startswith(f"{mails / '1.eml'}: command\n")
    assert folder.run("classify", str(mails / "3.eml")).code == 2
    (folder.path / "alertd.toml").unlink()
    assert folder.run("classify", str(mails / "1.eml"), "--json").json[0]["kind"] == "command"
