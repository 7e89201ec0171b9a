"""The envelope and the bytes on the wire: checked here, before anything is written to a socket. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from alertd.errors import AlertdError, RelayPermanentError
from alertd.mail import addresses
from alertd.model import OutgoingMail


@dataclass(frozen=True, slots=True)
class Envelope:
    """MAIL and RCPT as they go over the wire.

    Attributes:
        mail: the arguments of MAIL, for example `FROM:<a@b>` and `SIZE=12`.
        rcpt: the argument of RCPT.
    """

    mail: tuple[bytes, ...]
    rcpt: bytes


def open_envelope(mail: OutgoingMail, extensions: Mapping[str, str]) -> Envelope:
    """The commands for this mail on a relay that offers these extensions (lower-case EHLO keywords).

    Domains go as A-labels (RFC 5891), so only a local part or a header in UTF-8 needs SMTPUTF8 (RFC 6531).

    Raises:
        RelayPermanentError: an address that no mail can go to, a mail too large for this relay, or one that needs an
            extension it does not offer.
    """
    sender = _path(mail.return_path) if mail.return_path else ""
    recipient = _path(mail.recipient)
    options = []
    size = len(mail.data)
    if "size" in extensions:
        _check_size(size, extensions["size"])
        options.append(f"SIZE={size}")
    head = mail.data.partition(b"\r\n\r\n")[0]
    if not (sender.isascii() and recipient.isascii() and head.isascii()):
        if "smtputf8" not in extensions:
            raise RelayPermanentError(
                "the mail has an address or header in UTF-8 and the relay does not offer SMTPUTF8",
                stage="mail",
                enhanced="5.6.7",
            )
        options.append("SMTPUTF8")
    if not mail.data.isascii() and "8bitmime" in extensions:
        options.append("BODY=8BITMIME")
    return Envelope(
        mail=(f"FROM:<{sender}>".encode(), *(option.encode() for option in options)),
        rcpt=f"TO:<{recipient}>".encode(),
    )


def _path(address: str) -> str:
    try:
        return addresses.wire(address)
    except AlertdError as error:
        raise RelayPermanentError(str(error), stage="mail", enhanced="5.1.3") from error


def _check_size(size: int, limit: str) -> None:
    if limit.isdecimal() and 0 < int(limit) < size:
        raise RelayPermanentError(
            f"the mail has {size} bytes and the relay takes {limit}", stage="mail", enhanced="5.3.4"
        )


def dot_stuffed(data: bytes) -> bytes:
    r"""The message as DATA wants it (RFC 5321 section 4.5.2), final dot included.

    Raises:
        ValueError: line ends other than CRLF, which some servers read as the end of the mail.
    """
    if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
        raise ValueError("the mail has line ends other than CRLF")
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def bytes_hash(mail: OutgoingMail) -> str:
    """What is compared between attempts: envelope and message."""
    whole = b"\0".join([mail.return_path.encode(), mail.recipient.encode(), mail.data])
    return hashlib.sha256(whole).hexdigest()
