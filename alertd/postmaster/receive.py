"""`alertd receive`: a mail from an MTA's pipe into the spool, with the exit codes that MTAs know.

It runs once per mail, so it imports little: no database, no click. Any doubt is `EX_TEMPFAIL` (75): the MTA keeps the mail
and tries again. Faults of the disk and of the configuration are doubts too; `EX_CANTCREAT`, `EX_IOERR` and `EX_CONFIG` would
say the same more exactly, but Postfix returns the mail to its sender on these.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from alertd.postmaster import maildir

EX_OK = 0
EX_USAGE = 64
EX_DATAERR = 65
EX_TEMPFAIL = 75

_RECIPIENT_VARIABLES = ("ORIGINAL_RECIPIENT", "RECIPIENT")  # Postfix local(8); Exim and qmail set the second
_USAGE = "usage: alertd receive [--config FILE] [--recipient ADDRESS] [--sender ADDRESS] < mail"


def receive(
    stream: BinaryIO, *, spool: Path, max_size: int, recipient: str, sender: str | None
) -> tuple[int, str]:
    """Read a mail to its end and put it into the spool.

    Args:
        stream: the mail.
        spool: the Maildir that the daemon takes mails from.
        max_size: bytes; a larger mail is refused for good.
        recipient: envelope recipient, "" when the MTA does not tell.
        sender: envelope sender, "" for the null path, None when the MTA does not tell.

    Returns:
        The exit code and what to say, "" when all went well. 0 means that the mail is on the disk.
    """
    try:
        raw = stream.read(max_size + 1)
        if len(raw) > max_size:
            return EX_DATAERR, f"larger than [intake] max_size = {max_size} bytes"
        if not raw.strip():
            return EX_TEMPFAIL, "no mail on standard input"
        maildir.deliver(spool, raw, recipient=recipient, sender=sender)
    except OSError as error:
        where = error.filename or spool
        return EX_TEMPFAIL, f"{where}: {error.strerror or error}; the mail must be tried again"
    return EX_OK, ""


def envelope_from_environment(environ: Mapping[str, str]) -> tuple[str, str | None]:
    """Recipient ("" when unknown) and sender (None when unknown) as MTAs tell them to the commands they pipe to."""
    recipient = next((environ[name] for name in _RECIPIENT_VARIABLES if environ.get(name)), "")
    return recipient, environ.get("SENDER")


def parse_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """The options, by name without dashes.

    Raises:
        ValueError: the message says what is wrong.
    """
    options: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in {"--config", "--recipient", "--sender"}:
            raise ValueError(f"{name}: no such option")
        if not equals:
            if not rest:
                raise ValueError(f"{name}: a value is missing")
            value = rest.pop(0)
        options[name.removeprefix("--")] = value
    return options


def main(arguments: Sequence[str], *, default_config: Path) -> int:
    """The command: `arguments` are those after `receive`; returns the exit code, and says on stderr what went wrong."""
    from alertd.config import load_settings
    from alertd.errors import AlertdError

    try:
        options = parse_arguments(arguments)
    except ValueError as error:
        return _say(EX_USAGE, f"{error}\n{_USAGE}")
    recipient, sender = envelope_from_environment(os.environ)
    try:
        settings = load_settings(Path(options.get("config", default_config)), key_needed=False).intake
    except (AlertdError, OSError) as error:
        return _say(EX_TEMPFAIL, str(error))
    return _say(
        *receive(
            sys.stdin.buffer,
            spool=settings.spool,
            max_size=settings.max_size,
            recipient=options.get("recipient", recipient),
            sender=options.get("sender", sender),
        )
    )


def _say(code: int, what: str) -> int:
    if what:
        sys.stderr.write(f"alertd receive: {what}\n")
    return code
