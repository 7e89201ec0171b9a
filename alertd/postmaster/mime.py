"""Bytes to a tree of parts, by our own hand: linear, capped in depth and number, and unable to raise.

The standard library's parser recurses once per nesting level, tries every open boundary on every line, and its accessors
raise on 2 to 15 % of odd real mail; a mail that someone sends us must do none of that.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from alertd.postmaster.charsets import clean, decode
from alertd.postmaster.headers import decode_words, parameters, unbase64

MAX_DEPTH = 20
MAX_PARTS = 300
MAX_HEADERS = 1000
MAX_VALUE = 20_000
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)", re.DOTALL)
_MESSAGES = {"message/rfc822", "message/global", "message/news"}


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part.

    Attributes:
        headers: names in lower case, values unfolded and not yet decoded, in their order.
        kind: content type such as "text/plain"; a multipart without a usable boundary is "text/plain".
        parameters: those of Content-Type, names in lower case.
        disposition: "attachment", "inline" or "".
        filename: "" when it has none.
        body: the transfer-decoded bytes of a leaf; b"" for a multipart.
        children: the parts of a multipart; the message within a message/rfc822.
    """

    headers: tuple[tuple[str, str], ...]
    kind: str
    parameters: dict[str, str]
    disposition: str
    filename: str
    body: bytes
    children: tuple[Part, ...]

    def first(self, name: str) -> str:
        """The first value of this field, undecoded, or ""."""
        return next((value for known, value in self.headers if known == name), "")

    def every(self, name: str) -> tuple[str, ...]:
        """All values of this field, undecoded, topmost first."""
        return tuple(value for known, value in self.headers if known == name)

    def decoded(self, name: str) -> str:
        """The first value of this field as text."""
        return decode_words(self.first(name))

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in their order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def text(self) -> str:
        """The body as clean text."""
        return clean(decode(self.body, self.parameters.get("charset", "")))


def parse(raw: bytes) -> Part:
    """The tree of any bytes at all."""
    data = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if data.startswith(b"From ") and not _FIELD.match(data):
        data = data.partition(b"\n")[2]
    return _part(data, depth=0, budget=[MAX_PARTS], default="text/plain")


def _part(data: bytes, *, depth: int, budget: list[int], default: str) -> Part:
    budget[0] -= 1
    fields, body = split_headers(data)
    first = {name: value for name, value in reversed(fields)}
    kind, given = parameters(first.get("content-type", ""))
    if not re.fullmatch(r"[!-.0-~]{1,80}/[!-.0-~]{1,80}", kind):
        kind = default
    disposition, more = parameters(first.get("content-disposition", ""))
    deeper = depth < MAX_DEPTH and budget[0] > 0
    children: tuple[Part, ...] = ()
    if kind.startswith("multipart/"):
        pieces = _pieces(body, given.get("boundary", "")) if deeper else []
        inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        children = tuple(
            _part(piece, depth=depth + 1, budget=budget, default=inner) for piece in pieces if budget[0] > 0
        )
        kind, body = (kind, b"") if children else ("text/plain", body)
    else:
        body = _untransfer(body, first.get("content-transfer-encoding", ""))
    if kind in _MESSAGES and deeper:
        children = (_part(body.lstrip(b"\n"), depth=depth + 1, budget=budget, default="text/plain"),)
    return Part(
        headers=tuple(fields),
        kind=kind,
        parameters=given,
        disposition=disposition,
        filename=more.get("filename", given.get("name", ""))[:200],
        body=body,
        children=children,
    )


def split_headers(data: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """The fields at the head of these bytes (line ends are line feeds) and the rest.

    The first line that is neither a field nor a continuation begins the body, as for the standard library.
    """
    fields: list[tuple[str, bytearray]] = []
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end]
        if not line:
            at = end + 1
            break
        match = _FIELD.fullmatch(line)
        if line[:1] in b" \t" and fields:
            if len(fields[-1][1]) < MAX_VALUE:
                fields[-1][1].extend(line)
        elif match:
            if len(fields) < MAX_HEADERS:
                fields.append((match[1].decode("ascii").lower(), bytearray(match[2])))
        elif not line.startswith(b">From "):
            break
        at = end + 1
    return [(name, _value(bytes(value))) for name, value in fields], data[at:]


def _value(value: bytes) -> str:
    return clean(decode(value[:MAX_VALUE], "")).replace("\n", " ").strip()


def _pieces(body: bytes, boundary: str) -> list[bytes]:
    """What stands between the boundary's lines; a missing last one is the end of the body (RFC 2046 section 5.1.1)."""
    if not boundary:
        return []
    mark = re.compile(
        rb"^--" + re.escape(boundary.encode("utf-8", errors="replace")) + rb"(--)?[ \t]*$", re.MULTILINE
    )
    pieces: list[bytes] = []
    start = -1
    for match in mark.finditer(body):
        if start >= 0:
            pieces.append(body[start : max(match.start() - 1, start)])
        start = match.end() + 1
        if match[1]:
            return pieces
    return [*pieces, body[start:]] if start >= 0 else pieces


def _untransfer(body: bytes, encoding: str) -> bytes:
    named = encoding.strip().lower()
    if named == "base64":
        return unbase64(body)
    if named == "quoted-printable":
        return binascii.a2b_qp(body)
    return body
