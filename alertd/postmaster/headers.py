"""Header fields as they come: encoded words, parameters, addresses, message ids. Nothing here raises."""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote_to_bytes

from alertd.postmaster.charsets import clean, decode

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,990})>")
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]]{1,64}@[^\s@<>(),;:\"\\]{1,255}")
_PARAMETER = re.compile(
    r";\s*([^\s=;*]{1,60})(?:\*(\d{1,3}))?(\*)?\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"?|([^;]*))", re.DOTALL
)


def decode_words(value: str) -> str:
    """RFC 2047: the text of a header value; neighbouring words of one charset are joined before decoding.

    Senders cut multi-byte characters between words, which section 5 forbids and readers must bear.
    """
    texts: list[str] = []
    held, held_charset, end = b"", "", 0
    for word in _WORD.finditer(value):
        gap = value[end : word.start()]
        charset = word[1].split("*")[0].lower()
        if gap.strip() or not end or charset != held_charset:
            texts.append(decode(held, held_charset) if held else "")
            held = b""
            texts.append(gap if gap.strip() or not end else "")
        held, held_charset, end = held + _unpack(word[2], word[3]), charset, word.end()
    texts.append(decode(held, held_charset) if held else "")
    texts.append(value[end:])
    return re.sub(r"\s+", " ", clean("".join(texts))).strip()


def _unpack(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", errors="replace")
    return unbase64(data) if encoding in "bB" else binascii.a2b_qp(data, header=True)


def unbase64(data: bytes) -> bytes:
    """Decode base64, dropping what is none of its letters and a broken end."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """RFC 2045 and 2231: `text/plain; charset="x"` as ("text/plain", {"charset": "x"}); names lower-case."""
    main, separator, rest = value.partition(";")
    found: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(separator + rest[:4000]):
        quoted = match[4] is not None
        text = re.sub(r"\\(.)", r"\1", match[4]) if quoted else match[5].strip()
        found.setdefault(match[1].lower(), {}).setdefault(int(match[2] or 0), (text, bool(match[3])))
    return main.strip().lower(), {name: _joined(pieces) for name, pieces in found.items()}


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    texts = [pieces[number] for number in sorted(pieces)]
    if not any(extended for _, extended in texts):
        return decode_words("".join(text for text, _ in texts))
    charset, _, rest = texts[0][0].partition("'")
    first = rest.partition("'")[2] if rest else texts[0][0]
    data = b"".join(unquote_to_bytes(text) for text in (first, *(text for text, _ in texts[1:])))
    return clean(decode(data, charset))


def addresses(value: str) -> tuple[str, ...]:
    """The addresses of an RFC 5322 address list, as given; what is none is left out.

    A display name that looks like an address is not one: `"a@x.org" <b@y.org>` gives b@y.org alone.
    """
    found: list[str] = []
    for member in _members(_without_comments(value[:20_000])):
        angle = member.rpartition("<")
        text = angle[2].partition(">")[0] if angle[1] else member.strip().strip('"')
        match = _ADDRESS.fullmatch(text.strip().rpartition(":")[2] if angle[1] else text.strip())
        if match:
            found.append(match[0])
    return tuple(found)


def _without_comments(value: str) -> str:
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for letter in value:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"' and not depth:
            quoted = not quoted
        elif letter == "(" and not quoted:
            depth += 1
        elif letter == ")" and not quoted and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(letter)
    return "".join(kept)


def _members(value: str) -> list[str]:
    """Split at commas, semicolons and group colons that stand outside quotes and angle brackets; names are dropped."""
    members, current = [""], ""
    quoted, angle, escaped = False, False, False
    for letter in value:
        if escaped:
            escaped = False
            continue
        if letter == "\\":
            escaped = True
            continue
        if letter == '"' and not angle:
            quoted = not quoted
            if quoted and "@" not in current:
                current = ""
        if quoted:
            continue
        angle = letter == "<" or (angle and letter != ">")
        if letter in ",;:" and not angle:
            members.append(current)
            current = ""
        elif letter != '"':
            current += letter
    members.append(current)
    return members


def message_ids(value: str) -> tuple[str, ...]:
    """The ids in a Message-ID, In-Reply-To or References value, without their brackets, at most 100."""
    return tuple(match[1] for match in _MESSAGE_ID.finditer(value))[:100]
