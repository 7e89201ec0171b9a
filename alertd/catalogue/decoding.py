"""From a feed's bytes to XML text that is safe to parse: the right encoding, no document type, no entities of its own.

feedparser follows RFC 3023 to the letter (`text/xml` without a charset is US-ASCII) and reads gb18030 as ISO-8859-2 in
places, so the encoding is settled here and it only ever sees UTF-8. Runs in the worker process.
"""

from __future__ import annotations

import codecs
import html.entities
import re
from collections.abc import Iterator

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SHAPES = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_WIDER = {  # the superset that real documents with this label are written in (WHATWG Encoding)
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "cp950",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_SEVEN_BIT = frozenset({"iso2022_jp", "iso2022_kr", "hz", "utf-7"})
_REFUSED = frozenset({"utf-7"})  # hides markup from every check; HTML forbids it too
_DECLARED = re.compile(rb"^[^<]{0,200}<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_FREQUENT = frozenset(
    "的一是在不了有和人这這中大为為上个個国國我以要时時来來用们們到地于於出就分对對会會年发發展经經报報告研究"
)
_HAN = re.compile("[\u3400-\u9fff]")
_ONE_BYTE = ("cp125", "iso8859")
_ENOUGH = 12  # so many non-ASCII bytes that are valid UTF-8 are UTF-8, whatever the label says
_BEGINNING = re.compile(r"<(?:\?xml|rss|feed|rdf:RDF|RDF|channel|atom:feed)[\s>]", re.IGNORECASE)
_DECLARATION = re.compile(r"\A<\?xml[^>]{0,1000}\?>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
_ROOT = re.compile(r"<[A-Za-z]")
_DOCTYPE_TOKEN = re.compile(r"\"[^\"]*+\"|'[^']*+'|[\[\]>]")
_KEPT = frozenset({"lt", "gt", "amp", "quot", "apos"})


def to_xml(body: bytes, *, content_type: str = "") -> str:
    """The document as text, ready to be encoded as UTF-8 and parsed.

    What stands before the document, its XML declaration, its document type with every entity declaration, and characters
    that XML forbids are gone; HTML's named entities are characters. Entities the document declared stay unresolved.
    """
    text = decode(body, content_type=content_type)
    found = _BEGINNING.search(text, 0, 10_000)
    if found:
        text = text[found.start() :]
    text = _DECLARATION.sub("", text.lstrip())
    text = _without_prolog(text)
    return _NAMED.sub(_character, _ILLEGAL.sub("", text))


def decode(body: bytes, *, content_type: str = "") -> str:
    """The bytes as text: byte order mark, then valid UTF-8, then what the document or the server says, then a guess."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    for shape, encoding in _SHAPES:
        if body.startswith(shape):
            return body.decode(encoding, "replace")
    labels = list(_labels(body, content_type))
    for encoding in _candidates(body, labels):
        if encoding.startswith(_ONE_BYTE) and (chinese := _chinese(body)):
            return chinese
        try:
            return body.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return _guess(body, labels)


def _chinese(body: bytes) -> str:
    """The text when it is certainly Chinese, else "": one-byte encodings fit any bytes, and servers add them unasked."""
    for encoding in ("gb18030", "cp950"):
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            continue
        han = len(_HAN.findall(text))
        if sum(text.count(sign) for sign in _FREQUENT) * 20 >= max(han, 40):
            return text
    return ""


def _labels(body: bytes, content_type: str) -> Iterator[str]:
    """The declared encodings under Python's names: the document's own before the server's."""
    declared = _DECLARED.match(body)
    charset = _CHARSET.search(content_type)
    for label in (declared[1].decode("ascii") if declared else "", charset[1] if charset else ""):
        try:
            name = codecs.lookup(label).name if label else ""
        except LookupError:
            continue
        if name and name not in _REFUSED and not name.startswith(("utf-16", "utf-32")) and _is_text(name):
            yield _WIDER.get(name, name)


def _is_text(name: str) -> bool:
    """Not one of Python's bytes-to-bytes or escape codecs."""
    return name not in {"unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined"} and (
        getattr(codecs.lookup(name), "_is_text_encoding", True)
    )


def _candidates(body: bytes, labels: list[str]) -> Iterator[str]:
    yield from (label for label in labels if label in _SEVEN_BIT)
    if len(body) - len(body.translate(None, bytes(range(128, 256)))) >= _ENOUGH:
        yield "utf-8"
    yield from labels
    yield "utf-8"


def _guess(body: bytes, labels: list[str]) -> str:
    """Nothing decodes without fault: the reading with the most frequent Chinese characters, or the first label's."""
    readings = [body.decode(encoding, "replace") for encoding in (*labels, "gb18030", "cp950")]
    scores = [sum(text.count(sign) for sign in _FREQUENT) - text.count("\ufffd") for text in readings]
    best = max(range(len(readings)), key=lambda index: scores[index])
    if scores[best] > 0:
        return readings[best]
    return readings[0] if labels else _western(body)


def _western(body: bytes) -> str:
    """UTF-8 with a few broken bytes, or Windows-1252."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = sum(map(len, re.findall("[^\x00-\x7f\ufffd]+", text)))
    return text if good > broken else body.decode("cp1252", "replace")


def _without_prolog(text: str) -> str:
    """The root element on: a document type, whose internal subset is where entity bombs are declared, stands before it."""
    start = text.find("<!DOCTYPE", 0, 10_000)
    root = _ROOT.search(text)
    if start >= 0 and root and start < root.start():
        root = _ROOT.search(text, _doctype_end(text, start)) or root
    return text[root.start() :] if root else text


def _doctype_end(text: str, start: int) -> int:
    """Where the declaration ends: its `>` outside quotes, comments and the internal subset."""
    inside = 0
    for token in _DOCTYPE_TOKEN.finditer(text, start):
        if token[0] == "[":
            inside += 1
        elif token[0] == "]":
            inside -= 1
        elif token[0] == ">" and inside <= 0:
            return token.end()
    return len(text)


def _character(found: re.Match[str]) -> str:
    if found[1] in _KEPT:
        return found[0]
    return html.entities.html5.get(found[1] + ";", found[0])
