"""A mail's bytes as a `Mail` value. Whatever the bytes are, nothing here raises."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property

from alertd.postmaster import markup
from alertd.postmaster.charsets import clean, decode
from alertd.postmaster.headers import addresses, decode_words, message_ids
from alertd.postmaster.mime import Part, parse

MAX_SIZE = 4_000_000
"""Bytes that are looked at; the ways in refuse larger mail long before."""
MAX_TEXT = 100_000
"""Characters of text that are looked at."""


@dataclass(frozen=True)
class Mail:
    """A mail as the rest of the room sees it.

    Attributes:
        root: the tree of parts.
        recipient: the address it was delivered to, as the way in tells; "" when it does not.
        sender: the envelope sender, "" for the null return path, None when unknown.
        authors: the addresses in all From fields.
        author_fields: the number of From fields; only one can be believed.
        subject: decoded, one line.
        message_id: without brackets, or "".
        answers: ids in In-Reply-To and References, without brackets.
        date: the Date field, aware UTC, None when it cannot be read.
        dedupe_key: hex; equal for the same mail by two ways, whatever was done to its bytes on the way.
    """

    root: Part
    recipient: str
    sender: str | None
    authors: tuple[str, ...]
    author_fields: int
    subject: str
    message_id: str
    answers: tuple[str, ...]
    date: datetime | None
    dedupe_key: str

    @property
    def author(self) -> str:
        """The one address this mail says it is from, or "" when there is none or more than one."""
        return self.authors[0] if len(set(self.authors)) == 1 and self.author_fields == 1 else ""

    @cached_property
    def text(self) -> str:
        """What the person wrote: the plain text, else the HTML as text; quotes still in it."""
        return body_text(self.root)[:MAX_TEXT]

    @cached_property
    def attachments(self) -> tuple[str, ...]:
        """The names of the attached files, at most 50."""
        return tuple(part.filename for part in self.root.walk() if part.filename)[:50]

    def header(self, name: str) -> str:
        """The first value of this field as text, or ""; the name is given in lower case."""
        return self.root.decoded(name)

    def headers(self, name: str) -> tuple[str, ...]:
        """All values of this field as text, topmost first."""
        return tuple(decode_words(value) for value in self.root.every(name))


def read_mail(raw: bytes, *, recipient: str = "", sender: str | None = None) -> Mail:
    """Read a mail.

    Args:
        raw: the bytes, whatever they are.
        recipient: the envelope recipient; "" takes Delivered-To, X-Original-To or the first To.
        sender: the envelope sender, "" for the null path; None takes Return-Path, when there is one.
    """
    root = parse(raw[:MAX_SIZE])
    fields = root.every("from")
    subject = root.decoded("subject")[:1000]
    return Mail(
        root=root,
        recipient=recipient or _recipient(root),
        sender=sender if sender is not None else _return_path(root),
        authors=tuple(address for field in fields for address in addresses(field))[:20],
        author_fields=len(fields),
        subject=subject,
        message_id=next(iter(message_ids(root.first("message-id"))), ""),
        answers=message_ids(" ".join((*root.every("in-reply-to"), *root.every("references")))),
        date=_date(root.first("date")),
        dedupe_key=_dedupe_key(root),
    )


def _recipient(root: Part) -> str:
    for name in ("delivered-to", "x-original-to", "envelope-to", "to", "cc"):
        found = addresses(root.first(name))
        if found:
            return found[0]
    return ""


def _return_path(root: Part) -> str | None:
    paths = root.every("return-path")
    if not paths:
        return None
    return next(iter(addresses(paths[0])), "") if paths[0].strip() not in {"", "<>"} else ""


def _date(value: str) -> datetime | None:
    """The Date field; the standard library raises several things on odd ones, all of them named here."""
    try:
        parsed = parsedate_to_datetime(value[:200])
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _dedupe_key(root: Part) -> str:
    """From, Date, Message-ID and the decoded leaves: what a change of transfer encoding or line ends leaves alone."""
    digest = hashlib.sha256()
    for name in ("from", "date", "message-id"):
        digest.update(re.sub(r"\s+", " ", root.first(name)).encode("utf-8", errors="replace") + b"\n")
    for part in root.walk():
        if not part.children:
            body = b"\n".join(line.rstrip() for line in part.body.split(b"\n")).strip()
            digest.update(b"%d:" % len(body) + body)
    return digest.hexdigest()


def body_text(root: Part) -> str:
    """The first text that a person wrote: of the plain parts, else of the HTML ones, never out of a nested message."""
    plain, rich = "", ""
    for part in _own_parts(root):
        if part.disposition == "attachment" or part.children:
            continue
        if part.kind == "text/plain" and not plain.strip():
            plain = _plain(part)
        elif part.kind in {"text/html", "application/xhtml+xml"} and not rich.strip():
            rich = markup.to_text(part.text())
    return plain if plain.strip() else rich


def _own_parts(root: Part) -> tuple[Part, ...]:
    if root.kind.startswith("message/"):
        return ()
    return (root, *(inner for child in root.children for inner in _own_parts(child)))


def _plain(part: Part) -> str:
    text = clean(decode(part.body[: MAX_TEXT * 4], part.parameters.get("charset", "")))
    if re.match(r"\s*(?:<!doctype html|<html)\b", text, re.IGNORECASE):
        return markup.to_text(text)
    if part.parameters.get("format", "").lower() == "flowed":
        return unflow(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    return text


def unflow(text: str, *, delete_space: bool) -> str:
    """RFC 3676 section 4: join soft-broken lines of the same quote depth, undo space-stuffing."""
    lines: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if open_depth == depth and content != "-- ":
            lines[-1] += content
        else:
            lines.append(">" * depth + (" " if depth else "") + content)
        soft = content.endswith(" ") and content != "-- "
        if soft and delete_space:
            lines[-1] = lines[-1][:-1]
        open_depth = depth if soft else -1
    return "\n".join(lines)
