"""Opening an IMAP connection: odd greetings, TLS by either mode, names on the wire."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from alertd.clock import ManualClock
from alertd.config.settings import Imap
from alertd.postmaster.imap_session import ImapError, ImapSession
from alertd.postmaster.intake import Intake
from alertd.postmaster.mailbox_names import encode
from alertd.store.engines import Store
from tests.acceptance.fake_imap import FULL, FakeImap, reading, settings_for, taken
from tests.acceptance.ways_in import intake_for, mail


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


@pytest.mark.parametrize(
    "greeting", ["* BYE too many connections", "* NO", "220 smtp.example.org", "* PREAUTH in"]
)
async def test_odd_greetings(server: FakeImap, settings: Imap, greeting: str) -> None:
    """Whatever greets us, opening ends: with a session or with an error, in time."""
    server.greeting = greeting
    session = ImapSession(settings, timeout=0.3)
    try:
        with pytest.raises(ImapError):
            await session.open("secret")
    finally:
        await session.close()


async def test_nobody_listens(settings: Imap) -> None:
    """A refused connection is an ImapError that says so."""
    session = ImapSession(replace(settings, port=1), timeout=1)
    with pytest.raises(ImapError, match=r"connecting: .*Connect call failed"):
        await session.open("secret")
    await session.close()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_tls(
    *, settings: Imap, intake: Intake, store: Store, authority: trustme.CA, tmp_path: Path, tls: str
) -> None:
    """With TLS a server whose certificate is trusted is read, by either mode; another one is not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server = FakeImap(capabilities=f"{FULL} STARTTLS", starttls=context if tls == "starttls" else None)
    await server.start(context if tls == "implicit" else None)
    trusted = replace(settings, host="localhost", port=server.port, tls=tls, ca_file=tmp_path / "ca.pem")
    try:
        await server.put(mail())
        async with reading(trusted, intake):
            await taken(store, server, 1)
        for wrong in (replace(trusted, ca_file=None), replace(trusted, host="127.0.0.1")):
            session = ImapSession(wrong, timeout=2)
            with pytest.raises(ImapError, match="certificate verify failed"):
                await session.open("secret")
            await session.close()
    finally:
        await server.stop()


@pytest.mark.parametrize(
    ("capabilities", "why"), [(FULL, "STARTTLS is not offered"), (f"{FULL} STARTTLS", "the server said NO")]
)
async def test_starttls_is_not_stripped(
    server: FakeImap, settings: Imap, capabilities: str, why: str
) -> None:
    """A server that does not offer STARTTLS, or refuses it, never sees the password."""
    server.capabilities = capabilities
    server.faults = {"STARTTLS": ["no"]}
    session = ImapSession(replace(settings, tls="starttls"), timeout=1)
    with pytest.raises(ImapError, match=why):
        await session.open("secret")
    await session.close()
    assert "LOGIN" not in server.calls


def test_mailbox_names() -> None:
    """Modified UTF-7, with the examples of RFC 3501 section 5.1.3."""
    assert encode("INBOX.alertd-done") == "INBOX.alertd-done"
    assert encode("~peter/mail/台北/日本語") == "~peter/mail/&U,BTFw-/&ZeVnLIqe-"
    assert encode("A & B") == "A &- B"
