"""The bytes of a mail hold what went in and nothing else."""

from __future__ import annotations

import email
import re
from email import policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.errors import RenderError
from alertd.mail import headers
from alertd.mail.build import build

HEADERS = [
    ("From", ("a@example.org",)),
    ("Subject", headers.text("Grüße")),
    ("Message-ID", ("<1@example.org>",)),
]
LINES = st.text(
    st.characters(exclude_characters="\r\n", exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=200
)
BODIES = st.lists(
    st.one_of(LINES, st.sampled_from([".", "..", "From x", "--=_x", "-- ", "=", "=3D"])), max_size=8
).map(lambda lines: "\n".join([*lines, "end", ""]))


@given(BODIES, st.one_of(st.none(), BODIES))
def test_parts_read_back(text: str, html: str | None) -> None:
    """Any text survives, as text alone or as alternatives with the text first; all is 7 bit with CRLF only."""
    data = build(HEADERS, text=text, html=html, seed="<1@example.org>")
    message = email.message_from_bytes(data, policy=policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"][: len(parts)]
    assert [part.get_content().replace("\r\n", "\n") for part in parts] == [
        each for each in (text, html) if each is not None
    ]
    assert not message.defects
    assert data.isascii()
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", data) is None
    assert max(len(line) for line in data.split(b"\r\n")) <= 78
    assert re.search(rb"(?m)^From ", data) is None


@given(BODIES, BODIES)
def test_same_input_same_bytes(text: str, html: str) -> None:
    """Two builds agree to the byte; another Message-ID gives another boundary."""
    made = build(HEADERS, text=text, html=html, seed="<1@example.org>")
    assert build(HEADERS, text=text, html=html, seed="<1@example.org>") == made
    assert build(HEADERS, text=text, html=html, seed="<2@example.org>") != made


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("plain\n", "quoted-printable"), ("Grüße und Küsse\n", "quoted-printable"), ("扩大覆盖面\n", "base64")],
)
def test_encoding_by_content(text: str, encoding: str) -> None:
    """Mostly Latin text stays readable in the raw mail, Chinese becomes base64."""
    data = build(HEADERS, text=text, html=None, seed="x")
    assert email.message_from_bytes(data)["Content-Transfer-Encoding"] == encoding


def test_headers_must_read_back() -> None:
    """A header given twice, or one that a parser would not find again, is an error and no mail."""
    with pytest.raises(RenderError, match="read back"):
        build([*HEADERS, ("Subject", ("again",))], text="x", html=None, seed="x")
    with pytest.raises(RenderError):
        build([*HEADERS, ("X-Loop", ("x\r\nBcc:",))], text="x", html=None, seed="x")
