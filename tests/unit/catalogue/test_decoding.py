"""Bytes become text in the right encoding, without document type and entities."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.catalogue.decoding import decode, to_xml

CHINESE = "嘉兴在破除城乡二元结构方面的做法与启示"
TRADITIONAL = "嘉興在破除城鄉二元結構方面的做法與啟示"


def _declared(encoding: str, text: str) -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?><rss>{text}</rss>'.encode(encoding)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (_declared("utf-8", CHINESE), "", CHINESE),
        (_declared("gb2312", CHINESE), "", CHINESE),
        (_declared("gbk", CHINESE), "text/xml", CHINESE),
        (_declared("gb18030", CHINESE), "text/xml; charset=iso-8859-1", CHINESE),
        (_declared("big5", TRADITIONAL), "", TRADITIONAL),
        (_declared("shift_jis", "農村経済の報告"), "", "農村経済の報告"),
        (_declared("iso-8859-1", "été à Zürich"), "", "été à Zürich"),
        (_declared("iso-2022-jp", "農村経済"), "", "農村経済"),
        (f"<rss>{CHINESE}</rss>".encode("gb18030"), "application/xml; charset=gb2312", CHINESE),
        (f"<rss>{CHINESE}</rss>".encode("gb18030"), "", CHINESE),
        (f"<rss>{TRADITIONAL}</rss>".encode("big5"), "", TRADITIONAL),
        (f"<rss>{CHINESE}</rss>".encode(), "text/xml", CHINESE),
        (f"<rss>{CHINESE}</rss>".encode("utf-8-sig"), "text/xml; charset=gbk", CHINESE),
        (f"<rss>{CHINESE}</rss>".encode("utf-16"), "", CHINESE),
        (f"<rss>{CHINESE}</rss>".encode("utf-16-be"), "", CHINESE),
        (f"<rss>{CHINESE}</rss>".encode("utf-32"), "", CHINESE),
        ("<rss>Müller, Zürich, été</rss>".encode("cp1252"), "", "Müller, Zürich, été"),
        # labels that lie
        (f'<?xml version="1.0" encoding="iso-8859-1"?><rss>{CHINESE}</rss>'.encode(), "", CHINESE),
        (f'<?xml version="1.0" encoding="utf-8"?><rss>{CHINESE}</rss>'.encode("gb18030"), "", CHINESE),
        (f'<?xml version="1.0" encoding="no-such-code"?><rss>{CHINESE}</rss>'.encode(), "", CHINESE),
        (f'<?xml version="1.0" encoding="zlib"?><rss>{CHINESE}</rss>'.encode(), "", CHINESE),
        (b'<?xml version="1.0" encoding="utf-7"?><rss>+ADw-script+AD4-</rss>', "", "+ADw-script+AD4-"),
    ],
)
def test_encodings(body: bytes, content_type: str, text: str) -> None:
    """What the bytes are beats what they are called."""
    assert f"<rss>{text}</rss>" in decode(body, content_type=content_type)


def test_one_bad_byte_costs_one_character() -> None:
    """A broken character in a Chinese or UTF-8 feed does not change how the rest is read."""
    assert CHINESE in decode(_declared("gb18030", CHINESE) + b"\x81")
    assert "Müller, Zürich, été" in decode("<rss>Müller, Zürich, été</rss>".encode() + b"\xff")


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        "<!DOCTYPE rss [<!ENTITY a '<x>]>'> <!ENTITY % p SYSTEM \"http://evil.example/\"> %p; ]>",
        '<!DOCTYPE rss SYSTEM "file:///etc/passwd">',
        '<!-- c --><!DOCTYPE rss [<!ENTITY a "x">]><!DOCTYPE rss [<!ENTITY a "y">]>',
        '<!DOCTYPE rss [<!ENTITY a "x">',
    ],
)
def test_document_types_are_gone(prolog: str) -> None:
    """No document type reaches the parser, however it is written; its entities stay unresolved."""
    xml = to_xml(f'<?xml version="1.0"?>{prolog}<rss><title>&a;&eacute;&amp;</title></rss>'.encode())
    assert "DOCTYPE" not in xml.split("<rss>")[0]
    assert "<title>&a;é&amp;</title>" in xml


def test_what_stands_before_the_document_is_dropped() -> None:
    """Blank lines and a script's warnings before the declaration are no part of the feed."""
    assert to_xml(b'\n\nWarning: x in y\n<?xml version="1.0"?>\n<rss>a</rss>') == "<rss>a</rss>"


def test_characters_that_xml_forbids_are_dropped() -> None:
    """Control characters would end a strict parse."""
    assert to_xml(b"<rss>a\x00\x08b\x0bc</rss>") == "<rss>abc</rss>"


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes_are_read(body: bytes, content_type: str) -> None:
    """Whatever comes, some text comes out."""
    assert isinstance(to_xml(body, content_type=content_type), str)
