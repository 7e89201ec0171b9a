"""A Maildir as a spool: mails written whole or not at all, read back with the envelope they came in.

This module is all that `alertd receive` loads, so it imports little. A file of ours is known by its *name*, which no mail
can choose; only in such a file is the first line our trace field, and it says envelope sender and recipient. The same
line in any other file is part of somebody's mail.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TRACE = b"X-Alertd-Envelope: "
_MARK = ",alertd=1"
_FOLDERS = ("tmp", "new", "cur")
_PASSING = {errno.ENOENT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR, errno.ESTALE}
_STALE_TMP = 36 * 3600  # seconds; the Maildir convention


@dataclass(frozen=True, slots=True)
class Spooled:
    """A mail read from a Maildir.

    Attributes:
        raw: the mail without our trace field, cut at the limit.
        size: bytes of the whole mail.
        recipient: "" when the way in did not tell.
        sender: envelope sender, "" for the null path, None when the way in did not tell.
    """

    raw: bytes
    size: int
    recipient: str
    sender: str | None


class UnreadableError(Exception):
    """A file that is no mail: the reason is the message."""


def create(maildir: Path) -> None:
    """Make the folders that are missing, for our user alone.

    Raises:
        OSError: a folder could not be made.
    """
    maildir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in _FOLDERS:
        (maildir / name).mkdir(exist_ok=True, mode=0o700)


def deliver(maildir: Path, raw: bytes, *, recipient: str, sender: str | None) -> Path:
    """Write a mail so that it is in `new/`, whole and on the disk, when this returns; else nothing is there.

    Args:
        maildir: the folder that holds tmp, new and cur; made when missing.
        raw: the mail.
        recipient: envelope recipient, "" when unknown.
        sender: envelope sender, "" for the null path, None when unknown.

    Returns:
        The file in `new/`.

    Raises:
        OSError: the mail was not kept: no room, no right, no folder.
    """
    create(maildir)
    name = f"P{os.getpid()}R{secrets.token_hex(8)}{_MARK}"
    draft = maildir / "tmp" / name
    trace = TRACE + json.dumps({"recipient": recipient, "sender": sender}).encode("ascii") + b"\n"
    try:
        written_us = _write(draft, trace + raw)
        final = maildir / "new" / f"{written_us:016d}.{name}"
        draft.rename(final)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    _sync_folder(final.parent)
    return final


def _write(path: Path, data: bytes) -> int:
    """Write and sync a new file; returns when, in the file system's microseconds since 1970, for the name's order."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_mtime_ns // 1000


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def waiting(maildir: Path) -> list[Path]:
    """The files in `new/` and `cur/`, oldest name first; those that a reader marked as trashed are left out.

    Raises:
        OSError: a folder is there and cannot be listed.
    """
    found: list[Path] = []
    for folder in ("new", "cur"):
        with suppress(FileNotFoundError):
            found.extend((maildir / folder).iterdir())
    found.sort(key=lambda path: path.name)
    return [
        path for path in found if not path.name.startswith(".") and "T" not in path.name.partition(":2,")[2]
    ]


def read(path: Path, *, limit: int) -> Spooled:
    """Read a mail, at most `limit` bytes of it.

    Raises:
        FileNotFoundError: another process took it.
        UnreadableError: it is no regular file, or not for us to read: it will not be better next time.
        OSError: it cannot be read just now.
    """
    try:
        data, size = _read(path, limit + len(TRACE) + 2000)
    except OSError as error:
        if error.errno in _PASSING:
            raise
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    if _MARK not in path.name.partition(":")[0]:
        return Spooled(data[:limit], size, "", None)
    return _ours(data, size, limit)


def _read(path: Path, limit: int) -> tuple[bytes, int]:
    # NONBLOCK: a FIFO in the folder must not hold us
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:  # fdopen comes second: on a folder it fails and leaves the descriptor open
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError("is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(limit), status.st_size
    finally:
        os.close(descriptor)


def _ours(data: bytes, size: int, limit: int) -> Spooled:
    line, newline, raw = data.partition(b"\n")
    try:
        envelope = json.loads(line.removeprefix(TRACE))
        recipient, sender = envelope["recipient"], envelope["sender"]
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableError("has no readable first line, though its name is one of ours") from error
    if not newline or not isinstance(recipient, str) or not isinstance(sender, str | None):
        raise UnreadableError("has no readable first line, though its name is one of ours")
    return Spooled(raw[:limit], size - len(line) - 1, recipient, sender)


def set_aside(maildir: Path, path: Path) -> Path:
    """Move a file to `failed/`, where nothing looks for it but people.

    Raises:
        OSError: it could not be moved.
    """
    (maildir / "failed").mkdir(exist_ok=True, mode=0o700)
    target = maildir / "failed" / path.name
    path.rename(target)
    return target


def clean_tmp(maildir: Path, *, now_s: float) -> int:
    """Remove what a killed writer left in `tmp/` more than 36 hours ago; returns how many files."""
    removed = 0
    with suppress(FileNotFoundError):
        for path in (maildir / "tmp").iterdir():
            with suppress(OSError):
                if now_s - path.lstat().st_mtime > _STALE_TMP:
                    path.unlink()
                    removed += 1
    return removed
