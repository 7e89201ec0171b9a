"""Header fields: from text to the lines on the wire.

A value is a tuple of pieces that may not be broken; the field is folded between pieces only. Text that is not plain ASCII,
or that holds `=?` (a reader would take it for an encoded word, and CVE-2024-6923 shows what writers do with it), is written
as encoded words (RFC 2047) of whole characters.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from alertd.errors import RenderError
from alertd.mail.wording import one_line

Pieces = tuple[str, ...]

_WIDTH = 78
_WORD = 64
"""Longest encoded word: RFC 2047 allows 75, a line with one 76, and our longest field name that carries text has 8."""

_LONGEST_PIECE = 900
_ASCII = bytes(range(128))
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_PLAIN_Q = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")


def text(value: str) -> Pieces:
    """Unstructured text such as a subject; control characters and line breaks become spaces."""
    clean = one_line(value)
    pieces = tuple(clean.split(" "))
    if clean.isascii() and "=?" not in clean and all(len(piece) <= _WORD for piece in pieces):
        return pieces
    return encoded_words(clean)


def mailbox(name: str, address: str) -> Pieces:
    """A display name and an address (already in wire form); an empty name leaves the address alone."""
    clean = one_line(name)
    if not clean:
        return (address,)
    return (*_phrase(clean), f"<{address}>")


def uris(*links: str) -> Pieces:
    """Links as the List- fields want them (RFC 2369 section 2): each in angle brackets, commas between."""
    return tuple(
        f"<{link}>" + ("," if place < len(links) else "") for place, link in enumerate(links, start=1)
    )


def list_id(name: str, identifier: str) -> Pieces:
    """`"Name" <identifier>` (RFC 2919)."""
    return mailbox(name, identifier)


def message_ids(values: Iterable[str], *, most: int = 10) -> Pieces:
    """Message-IDs from other people's mail: malformed ones are dropped, of many the first and the last are kept."""
    found = [each for value in values for each in _MESSAGE_ID.findall(value)]
    if len(found) > most:
        found = [found[0], *found[-(most - 1) :]]
    return tuple(found)


def encoded_words(value: str) -> Pieces:
    """The whole value as encoded words, each at most 64 characters long and of whole characters."""
    raw = value.encode("utf-8", "replace")
    kind, encode = ("q", _q) if mostly_ascii(raw) else ("b", _b)
    room = _WORD - len("=?utf-8?q??=")
    words: list[str] = []
    current = ""
    for character in value:
        if current and len(encode(current + character)) > room:
            words.append(current)
            current = ""
        current += character
    words.append(current)
    return tuple(f"=?utf-8?{kind}?{encode(word)}?=" for word in words)


def mostly_ascii(raw: bytes) -> bool:
    """Whether quoted-printable keeps this UTF-8 text legible; base64 is shorter for the rest."""
    return len(raw.translate(None, delete=_ASCII)) * 5 <= len(raw) * 2


def field(name: str, pieces: Pieces) -> bytes:
    """One field with its final CRLF, folded at 78 columns where the pieces allow it.

    Raises:
        RenderError: a piece holds what would end or split the field.
    """
    if not _NAME.fullmatch(name) or not pieces:
        raise RenderError(f"{name!r} is no header field, or has no value.")
    lines = [f"{name}:"]
    for piece in pieces:
        if not piece or len(piece) > _LONGEST_PIECE or not _is_visible(piece):
            raise RenderError(f"{name} cannot hold {piece[:80]!r}.")
        if len(lines[-1]) + 1 + len(piece) > _WIDTH and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {piece}"
    return "\r\n".join(lines).encode() + b"\r\n"


def _is_visible(piece: str) -> bool:
    if piece.isascii():
        return piece.isprintable() and " " not in piece
    return all(_visible(character) for character in piece)


def _visible(character: str) -> bool:
    return "!" <= character <= "~" or (character >= "\u00a0" and one_line(character) == character)


def _phrase(clean: str) -> Pieces:
    if not clean.isascii() or "=?" in clean or len(clean) > _WORD:
        return encoded_words(clean)
    if _ATOM.fullmatch(clean):
        return tuple(clean.split(" "))
    quoted = '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return tuple(quoted.split(" "))


def _q(value: str) -> str:
    return "".join(
        "_" if byte == 0x20 else chr(byte) if byte in _PLAIN_Q else f"={byte:02X}"  # noqa: PLR2004
        for byte in value.encode("utf-8", "replace")
    )


def _b(value: str) -> str:
    return base64.b64encode(value.encode("utf-8", "replace")).decode()
