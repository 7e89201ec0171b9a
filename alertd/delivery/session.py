"""One persistent SMTP connection to the relay, with the stage of every failure known exactly.

aiosmtplib connects, speaks EHLO, TLS and AUTH and reads replies. The transaction is issued here command by command,
because its one-call form cannot tell a drop before DATA from one after the final dot, and the second may mean a second mail.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException

from alertd.config.settings import Delivery, Relay
from alertd.delivery.envelope import Envelope, dot_stuffed, open_envelope
from alertd.delivery.replies import GOING_AWAY, Reply, error_of, read_reply
from alertd.errors import RelayConfigError, RelayError, RelayPermanentError, RelayTemporaryError
from alertd.model import OutgoingMail

MAILS_PER_CONNECTION = 100
REFUSALS_PER_CONNECTION = 10
QUIT_SECONDS = 2.0
GO_AHEAD = 354

_Anything = SMTPException | OSError | ssl.SSLError


async def nothing_before_data() -> None:
    """For a mail that no row stands for."""


def nothing_after_dot() -> None:
    """For a mail whose progress nobody watches."""


class Session:
    """A connection that is opened when the first mail needs it and serves one mail at a time.

    Args:
        relay: where to, how secured, as whom.
        delivery: time-outs.
        hostname: our name in EHLO.
    """

    def __init__(self, relay: Relay, delivery: Delivery, *, hostname: str) -> None:
        self._relay = relay
        self._timeout = delivery.timeout.total_seconds()
        self._dot_timeout = delivery.dot_timeout.total_seconds()
        self._hostname = hostname
        self._client: aiosmtplib.SMTP | None = None
        self._mails = 0
        self._refusals = 0

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._client is not None and self._client.is_connected

    async def send(
        self,
        mail: OutgoingMail,
        *,
        before_data: Callable[[], Awaitable[None]] = nothing_before_data,
        after_dot: Callable[[], None] = nothing_after_dot,
    ) -> Reply:
        """Hand one mail to the relay; returns its 250.

        Obligations, in order: nothing of DATA is written before `before_data` has returned; `after_dot` is called when the
        final dot was written; whatever `before_data` raises goes through and the transaction is reset.

        Raises:
            RelayError: with the stage; stage `dot` without a code means that the mail may have arrived.
            ValueError: the data has line ends other than CRLF.
        """
        data = dot_stuffed(mail.data)
        begun = False
        try:
            await self._begin(mail)
            begun = True
            await before_data()
            reply = await self._hand_over(data, after_dot)
        except RelayError as error:
            await self._after_error(error, begun=begun)
            raise
        except asyncio.CancelledError:
            self.abort()
            raise
        except Exception:
            await self._reset()
            raise
        self._mails += 1
        if self._mails >= MAILS_PER_CONNECTION:
            await self.close()
        return reply

    async def close(self) -> None:
        """Say QUIT, without waiting long, and close."""
        client, self._client = self._client, None
        if client is None or not client.is_connected:
            return
        try:
            await client.quit(timeout=QUIT_SECONDS)
        except (SMTPException, OSError):
            pass  # the mail was accepted before, or never will be on this connection
        finally:
            client.close()

    def abort(self) -> None:
        """Close at once, without a word."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    # -- the transaction ------------------------------------------------------------------------------------------

    async def _begin(self, mail: OutgoingMail) -> None:
        """MAIL and RCPT; a connection that died or was shut while it idled is replaced once."""
        reused = self.is_open
        try:
            envelope = await self._mail(mail)
        except RelayTemporaryError as error:
            if not reused or error.code not in (None, GOING_AWAY):
                raise
            self.abort()
            envelope = await self._mail(mail)
        await self._command("rcpt", b"RCPT", envelope.rcpt)

    async def _mail(self, mail: OutgoingMail) -> Envelope:
        if not self.is_open:
            self.abort()
            await self._connect()
        envelope = open_envelope(mail, self._connected().esmtp_extensions)
        await self._command("mail", b"MAIL", *envelope.mail)
        return envelope

    async def _hand_over(self, data: bytes, after_dot: Callable[[], None]) -> Reply:
        started = await self._execute("data", b"DATA")
        if started.code != GO_AHEAD:
            raise error_of("data", started)
        protocol = self._connected().protocol
        if protocol is None:
            raise RelayTemporaryError("the connection was lost", stage="data")
        try:
            protocol.write(data)
            after_dot()
            response = await protocol.read_response(timeout=self._dot_timeout)
        except (SMTPException, OSError) as error:
            raise RelayTemporaryError(f"no answer after the final dot: {error}", stage="dot") from error
        reply = read_reply(response.code, response.message)
        if reply.is_ok:
            return reply
        if not reply.is_refusal:
            raise RelayTemporaryError(f"an answer that means nothing: {reply.text}", stage="dot")
        raise error_of("dot", reply)

    async def _command(self, stage: str, *words: bytes) -> Reply:
        """A command that must be answered with 2xx."""
        reply = await self._execute(stage, *words)
        if not reply.is_ok:
            raise error_of(stage, reply)
        return reply

    async def _execute(self, stage: str, *words: bytes) -> Reply:
        try:
            response = await self._connected().execute_command(*words, timeout=self._timeout)
        except SMTPResponseException as error:  # not SMTP at all
            self.abort()
            raise RelayTemporaryError(error.message, stage=stage) from error
        except (SMTPException, OSError) as error:
            raise RelayTemporaryError(str(error), stage=stage) from error
        return read_reply(response.code, response.message)

    def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None:
            raise RelayTemporaryError("the connection was lost", stage="connect")
        return self._client

    async def _after_error(self, error: RelayError, *, begun: bool) -> None:
        """Leave the connection fit for the next mail, or closed."""
        self._refusals += 1
        if error.code is None and not isinstance(error, RelayPermanentError):
            self.abort()
        elif error.code == GOING_AWAY or self._refusals >= REFUSALS_PER_CONNECTION:
            await self.close()
        elif error.stage == "rcpt" or (begun and error.stage != "dot"):
            await self._reset()

    async def _reset(self) -> None:
        if not self.is_open:
            return
        try:
            await self._command("mail", b"RSET")
        except RelayError:
            self.abort()

    # -- the connection -------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        context = await self._tls_context() if self._relay.tls != "none" else None
        client = aiosmtplib.SMTP(
            hostname=self._relay.host,
            port=self._relay.port,
            local_hostname=self._hostname,
            timeout=self._timeout,
            use_tls=self._relay.tls == "implicit",
            start_tls=False,  # explicit below: aiosmtplib's default takes what a man in the middle leaves of the offer
            tls_context=context,
        )
        stage = "connect"
        try:
            await client.connect()
            await self._greet(client)
            if self._relay.tls == "starttls":
                stage = "tls"
                await self._start_tls(client)
            if self._relay.username:
                stage = "auth"
                await self._log_in(client)
        except BaseException as error:
            client.close()
            if isinstance(error, (SMTPException, OSError)):
                raise _connection_error(stage, error) from error
            raise
        self._client, self._mails, self._refusals = client, 0, 0

    @staticmethod
    async def _greet(client: aiosmtplib.SMTP) -> None:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError as error:
            if error.code == GOING_AWAY or not client.is_connected:
                raise
            await client.helo()

    async def _start_tls(self, client: aiosmtplib.SMTP) -> None:
        if not client.supports_extension("starttls"):
            raise RelayConfigError(
                f'{self._relay.host} does not offer STARTTLS. Set [relay] tls = "implicit" if it speaks TLS from the start;'
                " if it offered it before, somebody may be in between",
                stage="tls",
            )
        await client.starttls()
        await self._greet(client)  # RFC 3207 section 4.2: what was said before counts no more

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        peer = str(client.get_transport_info("peername")[0])
        if not may_show_password(peer, secured=client.get_transport_info("sslcontext") is not None):
            raise RelayConfigError(
                "the password is not sent over an unencrypted connection. Set [relay] tls", stage="auth"
            )
        if not client.supported_auth_methods:
            raise RelayConfigError(
                f"{self._relay.host} offers no log-in that we know (CRAM-MD5, PLAIN, LOGIN)", stage="auth"
            )
        await client.login(self._relay.username, await self._password())

    async def _password(self) -> str:
        path = self._relay.password_file
        if path is None:
            return ""
        try:
            return (await asyncio.to_thread(path.read_text, "utf-8")).rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise RelayConfigError(
                f"[relay] password_file {path} cannot be read ({error})", stage="auth"
            ) from error

    async def _tls_context(self) -> ssl.SSLContext:
        """Names and chains are always verified; read anew for each connection, so that a renewed CA file is taken up."""
        path = self._relay.ca_file
        try:
            context = await asyncio.to_thread(ssl.create_default_context, cafile=str(path) if path else None)
        except OSError as error:
            raise RelayConfigError(f"[relay] ca_file {path} cannot be read ({error})", stage="tls") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def may_show_password(peer: str, *, secured: bool) -> bool:
    """Whether a password may be sent to this IP address: under TLS, or without leaving the host."""
    return secured or ipaddress.ip_address(peer.partition("%")[0]).is_loopback


def _connection_error(stage: str, error: _Anything) -> RelayError:
    """What went wrong before a mail was begun. A certificate that does not fit is for the operator, a drop is not."""
    cause = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
    if isinstance(cause, ssl.SSLError):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return RelayConfigError(f"the certificate does not fit: {cause.verify_message}", stage="tls")
        return RelayTemporaryError(f"TLS failed: {cause.reason or cause}", stage="tls")
    if isinstance(error, SMTPResponseException):
        reply = read_reply(error.code, error.message)
        if reply.is_refusal:
            return error_of(stage, reply)
    return RelayTemporaryError(str(error) or type(error).__name__, stage=stage)


async def own_hostname() -> str:
    """Our name for EHLO; RFC 5321 section 4.1.1.1 wants an ASCII one."""
    name = (await asyncio.to_thread(socket.getfqdn)).strip()
    return name if name and name.isascii() and name.isprintable() and " " not in name else "localhost"


async def send_one(mail: OutgoingMail, *, relay: Relay, delivery: Delivery, hostname: str) -> Reply:
    """Send one mail on a connection of its own, without the outbox; returns what the relay answered.

    Raises:
        RelayError: what went wrong, and at which stage.
        ValueError: the data has line ends other than CRLF.
    """
    session = Session(relay, delivery, hostname=hostname)
    try:
        return await session.send(mail)
    finally:
        await session.close()
