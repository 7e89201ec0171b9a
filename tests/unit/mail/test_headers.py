"""Header fields read back as what was meant, whatever stood in a title or a name."""

from __future__ import annotations

import re
from email import policy
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.errors import RenderError
from alertd.mail import headers
from alertd.mail.wording import one_line

HOSTILE = [
    "x\r\nBcc: evil@example.org",
    "x\nBcc: evil@example.org",
    "x\rBcc: evil@example.org",
    "=?utf-8?q?x=0ABcc=3A_evil=40example.org?=",  # CVE-2024-6923
    "=?utf-8?b?eApCY2M6IGV2aWxAZXhhbXBsZS5vcmc=?=",
    "x\u2028Bcc: evil@example.org",
    "x\u2029Bcc: evil@example.org",
    "x\x85Bcc: evil@example.org",
    "x\x0bBcc: evil\x0c\x1c\x1d\x1e@example.org",
    "x\x00\x1b[31m\x9f",
    "\u202egro.elpmaxe@live\u202c",
    "lone \ud800 surrogate",
    '"><evil@example.org>, "',
    "a" * 3000,
    "字" * 3000,
    "e\u0301" * 200,
    "👩‍👩‍👧 " * 40,
]
TEXTS = st.one_of(
    st.text(max_size=300), st.text("=?utf8bqABC \r\n\u2028中é_", max_size=120), st.sampled_from(HOSTILE)
)


def _decoded(field: bytes) -> str:
    value = BytesHeaderParser().parsebytes(field + b"\r\n")["Subject"]
    return str(make_header(decode_header(value.replace("\r\n", ""))))


@given(TEXTS.filter(one_line))
def test_subject_reads_back(text: str) -> None:
    """Any text, hostile or not, becomes one field of short ASCII lines that decodes to the text on one line."""
    field = headers.field("Subject", headers.text(text))
    assert _decoded(field) == one_line(text)
    assert BytesHeaderParser().parsebytes(field + b"\r\n").keys() == ["Subject"]
    assert re.fullmatch(rb"Subject:( [!-~]+)+(\r\n( [!-~]+)+)*\r\n", field)
    assert max(len(line) for line in field.split(b"\r\n")) <= 78


@given(TEXTS.filter(one_line))
def test_encoded_words_are_short_and_whole(text: str) -> None:
    """Each encoded word is at most 75 characters long and decodes alone (RFC 2047 section 2)."""
    for word in headers.encoded_words(one_line(text)):
        assert len(word) <= 75
        [(raw, charset)] = decode_header(word)
        assert charset == "utf-8"
        raw.decode("utf-8")


@given(TEXTS)
def test_display_name_reads_back_and_adds_no_address(name: str) -> None:
    """A display name never turns into an address, a comment or a second recipient."""
    field = headers.field("From", headers.mailbox(name, "alerts@example.org"))
    message = BytesHeaderParser(policy=policy.default).parsebytes(field + b"\r\n")
    assert [each.addr_spec for each in message["From"].addresses] == ["alerts@example.org"]
    value = BytesHeaderParser().parsebytes(field + b"\r\n")["From"].replace("\r\n", "")
    shown, address = parseaddr(value)
    assert address == "alerts@example.org"
    assert str(make_header(decode_header(shown))) == one_line(name)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("3 new reports: a, b", ("3", "new", "reports:", "a,", "b")),
        ("Café", ("=?utf-8?q?Caf=C3=A9?=",)),
        ("养老金", ("=?utf-8?b?5YW76ICB6YeR?=",)),
        ("a =?x", ("=?utf-8?q?a_=3D=3Fx?=",)),
    ],
)
def test_text_forms(text: str, pieces: tuple[str, ...]) -> None:
    """Plain ASCII stays readable; mostly Latin text stays legible, other scripts become base64."""
    assert headers.text(text) == pieces


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Report alerts", "Report alerts <a@example.org>"),
        ("Alerts, Inc.", '"Alerts, Inc." <a@example.org>'),
        ('A "B" \\', '"A \\"B\\" \\\\" <a@example.org>'),
        ("报告", "=?utf-8?b?5oql5ZGK?= <a@example.org>"),
        ("", "a@example.org"),
    ],
)
def test_mailbox_forms(name: str, value: str) -> None:
    """Atoms plain, specials quoted, other scripts encoded and never inside quotes (RFC 2047 section 5)."""
    assert " ".join(headers.mailbox(name, "a@example.org")) == value


def test_links_are_folded_between() -> None:
    """Several links: angle brackets, commas, and a fold only between them (RFC 2369 section 2)."""
    long = "mailto:" + "a" * 60 + "@example.org"
    field = headers.field("List-Unsubscribe", headers.uris(long, "mailto:b@example.org"))
    assert field == f"List-Unsubscribe: <{long}>,\r\n <mailto:b@example.org>\r\n".encode()


@given(
    st.lists(
        st.one_of(st.text(max_size=40), st.just("<a@b.example>"), st.just("<x\r\nBcc: y@z>")), max_size=30
    )
)
def test_message_ids_of_strangers(values: list[str]) -> None:
    """Of what a stranger's mail holds as Message-IDs only well-formed ones stay, at most ten, each alone."""
    found = headers.message_ids(values)
    assert len(found) <= 10
    for each in found:
        headers.field("References", (each,))
        assert re.fullmatch(r"<[^<>\s]+>", each)


def test_long_thread_keeps_its_root() -> None:
    """References of a long thread keep the first and the last."""
    ids = [f"<{number}@c.example>" for number in range(50)]
    assert headers.message_ids([" ".join(ids)]) == (ids[0], *ids[-9:])


@pytest.mark.parametrize(
    "piece", ["a\r\nBcc:", "a\nb", "a\rb", "a b", "", "\u2028", "\x85", "\x7f", "\x00", "a" * 901]
)
@pytest.mark.parametrize("name", ["Subject", "X-Loop", "Message-ID"])
def test_no_piece_can_break_a_field(name: str, piece: str) -> None:
    """The last gate: a piece with anything but visible characters is an error in every header."""
    with pytest.raises(RenderError):
        headers.field(name, (piece,))


@pytest.mark.parametrize("name", ["", "Bcc: x", "X\r\n", "X-Ü", "1a"])
def test_no_odd_header_names(name: str) -> None:
    """A header's name is letters, digits and hyphens."""
    with pytest.raises(RenderError):
        headers.field(name, ("x",))
