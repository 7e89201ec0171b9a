"""A delivery's row becomes the same mail on every attempt, with the headers that its kind must have."""

from __future__ import annotations

import email
from dataclasses import replace
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.digest.render import DigestEntry, Order, content_key, digest_items, render_delivery
from alertd.errors import RenderError
from alertd.mail import tokens
from alertd.mail.keys import KeyRing
from alertd.model import DeliveryId, MailKind, OutgoingMail, ReportFields, ReportId
from tests.unit.mail.orders import AT, BARE, BUILTIN, CHINESE, ENGLISH, RING, SERVICE, order

LISTED = {"List-Id", "List-Help", "List-Subscribe", "List-Owner", "List-Post"}


def _read(mail: OutgoingMail) -> EmailMessage:
    message = email.message_from_bytes(mail.data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def _html(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def _with(kind: MailKind, **changes: Any) -> Order:
    made = order(kind)
    return replace(made, args={**made.args, **changes})


def test_digest_headers() -> None:
    """A digest says what it is, to whom it goes, whose list it is and how to leave it."""
    message = _read(render_delivery(order(MailKind.DIGEST), RING))
    assert message["From"] == "Report alerts <alerts@example.org>"
    assert message["To"] == "reader@example.com"
    assert message["Subject"] == (
        "3 new reports: 养老金, every report, urban-rural, our department (24 November 2026)"
    )
    assert message["Date"] == "Tue, 24 Nov 2026 00:00:00 +0000"
    assert message["List-Id"] == "Report alerts <alerts.example.org>"
    assert message["List-Help"] == "<mailto:alerts@example.org?subject=help>"
    assert message["List-Subscribe"] == "<mailto:alerts+subscribe@example.org>"
    assert message["List-Owner"] == "<mailto:webmaster@example.org>"
    assert message["List-Post"] == "NO"
    assert message["Precedence"] == "list"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Loop"] == "alerts@example.org"
    assert message["List-Unsubscribe-Post"] is None
    assert message["Reply-To"] is None
    leave = str(message["List-Unsubscribe"]).removeprefix("<mailto:alerts+leave-").partition("@")[0]
    assert tokens.verify_leave(leave, RING).tag == "q7ebcd2m"


@pytest.mark.parametrize("kind", MailKind)
def test_headers_by_kind(kind: MailKind) -> None:
    """Only what is list mail says so; answers say they are answers; a confirmation has no Precedence."""
    message = _read(render_delivery(order(kind), RING))
    names = set(message.keys())
    assert (names >= LISTED) == (kind in {MailKind.DIGEST, MailKind.WELCOME})
    assert ("Precedence" in names) == (kind is MailKind.DIGEST)
    assert ("List-Unsubscribe" in names) == (kind in {MailKind.DIGEST, MailKind.WELCOME, MailKind.REPLY})
    assert message["Auto-Submitted"] == ("auto-replied" if kind is MailKind.REPLY else "auto-generated")
    assert message["X-Loop"] == "alerts@example.org"


@pytest.mark.parametrize("kind", MailKind)
def test_return_path_and_message_id_name_the_delivery(kind: MailKind) -> None:
    """The return path is signed, null on answers alone; the Message-ID is known as ours and names the row."""
    mail = render_delivery(order(kind), RING)
    assert mail.recipient == "reader@example.com"
    assert tokens.verify_message_id(mail.message_id, RING) == 5
    assert _read(mail)["Message-ID"] == mail.message_id
    if kind is MailKind.REPLY:
        assert mail.return_path == ""
    else:
        local, _, domain = mail.return_path.partition("@")
        assert tokens.verify_bounce(local.removeprefix("alerts+bounce-"), RING).delivery_id == 5
        assert domain == "example.org"


@pytest.mark.parametrize("format_", ["html", "text"])
@pytest.mark.parametrize("kind", MailKind)
def test_same_row_same_bytes(kind: MailKind, format_: str) -> None:
    """Rendered again, and with a newer key in the ring, the bytes are the same; another key of the row's changes them."""
    first = render_delivery(order(kind, format=format_), RING)
    rotated = KeyRing({**RING.keys, "zz": b"z" * 32})
    assert render_delivery(order(kind, format=format_), rotated) == first
    assert render_delivery(order(kind, format=format_, key_id="a2"), RING).data != first.data


@pytest.mark.parametrize("kind", MailKind)
def test_text_readers_get_text_alone(kind: MailKind) -> None:
    """The format is obeyed: one text part, or both with the text first."""
    assert _read(render_delivery(order(kind, format="text"), RING)).get_content_type() == "text/plain"
    both = _read(render_delivery(order(kind), RING))
    assert [part.get_content_type() for part in both.iter_parts()] == ["text/plain", "text/html"]


def test_digest_shows_each_report_once_with_what_found_it() -> None:
    """Title, link, facts, abstract, key words and labels of each report, in both parts; markup and templates are text."""
    message = _read(render_delivery(order(MailKind.DIGEST), RING))
    text, html = _text(message), _html(message)
    for part in (text, html):
        for once in (CHINESE.fields.title, "Xiao Junyan", "No 178, 2015 (total No 4863)", "23 November 2015"):
            assert part.count(once) == 1
        assert "{{ 7*7 }}" in part
        assert "q7ebcd2m" in part
        assert "webmaster@example.org" in part
        assert "1 Example Road" in part
    assert "Found by: urban-rural, our department" in text
    assert "Found by: 养老金, every report" in text
    assert "https://example.org/reports?id=178&lang=en" in text
    assert 'href="https://example.org/reports?id=178&amp;lang=en"' in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "<script>alert(1)</script>" in text
    assert text.count("…") == html.count("…") == 2


@pytest.mark.parametrize(("count", "room"), [(20, 600), (21, 240), (61, 0)])
def test_long_digests_say_less_of_each(count: int, room: int) -> None:
    """With many reports the abstracts get shorter, then go, so that the mail is not clipped; no report is left out."""
    items = digest_items(SERVICE, [ENGLISH] * count, day=AT.date())
    message = _read(render_delivery(order(MailKind.DIGEST, items=items), RING))
    text = _text(message)
    assert text.count("https://example.org/reports?id=178") == count
    assert text.count("…") == (count if room else 0)
    assert len(_html(message).encode()) < 102_000


def test_one_report_is_singular() -> None:
    """One report: no plural; no date, author or number where the report has none."""
    items = digest_items(SERVICE, [BARE], day=AT.date())
    message = _read(render_delivery(order(MailKind.DIGEST, items=items), RING))
    assert message["Subject"] == "1 new report: every report (24 November 2026)"
    assert "None" not in _text(message) + _html(message)


def test_chinese_digest() -> None:
    """In Chinese the words around are Chinese, and each report keeps its own language, marked in the HTML."""
    message = _read(render_delivery(order(MailKind.DIGEST, "zh"), RING))
    assert message["Subject"] == "3篇新报告：养老金、全部报告、urban-rural、our department（2026年11月24日）"
    assert "2015年第179号（总第4864号）" in _text(message)
    html = _html(message)
    assert '<html lang="zh-Hans">' in html
    assert 'class="line" lang="en"' in html
    assert 'class="line" lang="zh-Hans"' in html


def test_unknown_language_falls_back_to_the_service() -> None:
    """There are no French words: the service's language is used, and a region uses its language's."""
    made = order(MailKind.TEST)
    chinese = {**made.args, "service": {**SERVICE, "language": "zh"}}
    assert "测试邮件" in _read(render_delivery(replace(made, language="fr", args=chinese), RING))["Subject"]
    assert "A test mail" in _read(render_delivery(replace(made, language="en-GB"), RING))["Subject"]


def test_confirmation_is_answered_by_a_reply() -> None:
    """Its Reply-To and subject hold a token for just this request; links that a stranger put in are gone."""
    message = _read(render_delivery(order(MailKind.CONFIRMATION), RING))
    reply_to = str(message["Reply-To"])
    token = reply_to.removeprefix("alerts+confirm-").partition("@")[0]
    assert token in message["Subject"]
    read = tokens.verify_confirm(token, RING, AT)
    assert read.request_id == 77
    assert tokens.confirms(read, "5f" * 32, RING)
    for part in (_text(message), _html(message)):
        assert "evil" not in part
        assert "buy at […]" in part
        assert "3 days" in part
        assert "reader@example.com" in part
    assert len(_text(message)) < 1000


@pytest.mark.parametrize("purpose", ["sign-up", "change", "leave"])
def test_confirmation_purposes(purpose: str) -> None:
    """Each purpose has its own words, in both languages; one that nobody knows is an error."""
    context = {**order(MailKind.CONFIRMATION).args["context"], "purpose": purpose}
    subjects = {
        _read(
            render_delivery(replace(_with(MailKind.CONFIRMATION, context=context), language=language), RING)
        )["Subject"]
        for language in ("en", "zh")
    }
    assert len(subjects) == 2
    with pytest.raises(RenderError):
        render_delivery(_with(MailKind.CONFIRMATION, context={**context, "purpose": "riot"}), RING)


def test_reply_is_threaded_and_hostile_ids_are_dropped() -> None:
    """In-Reply-To and References come from the mail answered, without what could break a header."""
    message = _read(render_delivery(order(MailKind.REPLY), RING))
    assert message["In-Reply-To"] == "<1@c.example>"
    assert message["References"] == "<0@c.example> <1@c.example>"
    hostile = {"In-Reply-To": "no id\r\nBcc: evil@example.org", "References": "<1@c>\r\nBcc: x <2@c>"}
    message = _read(render_delivery(_with(MailKind.REPLY, headers=hostile), RING))
    assert message["In-Reply-To"] is None
    assert message["References"] == "<1@c> <2@c>"
    assert message["Bcc"] is None
    with pytest.raises(RenderError, match="Bcc"):
        render_delivery(_with(MailKind.REPLY, headers={"Bcc": "x@example.org"}), RING)


def test_forward_is_answered_to_its_sender() -> None:
    """The owner's answer goes to the reader who wrote, and what they wrote is quoted as text."""
    message = _read(render_delivery(order(MailKind.FORWARD), RING))
    assert message["Reply-To"] == "reader@example.com"
    assert "> who are you?" in _text(message)


HOSTILE = st.sampled_from(
    [
        "x\r\nBcc: evil@example.org",
        "=?utf-8?q?x=0ABcc=3A_e=40e.org?=",
        "\u2028Bcc: e@e.org",
        "\x85Bcc: e",
        "\ud800",
        "a\x00b",
    ]
)


@given(st.one_of(HOSTILE, st.text(min_size=1, max_size=60)), st.one_of(HOSTILE, st.text(max_size=60)))
def test_no_title_label_or_name_adds_a_header(title: str, label: str) -> None:
    """Whatever a feed, a reader or a settings file holds: the header names are those of any digest, and the mail is 7 bit."""
    entry = DigestEntry(
        ReportId(1), 1, title, ReportFields(title=title, abstract=label, authors=(label,)), (label,)
    )
    items = digest_items(
        {**SERVICE, "name": title, "postal_address": label}, [entry], day=AT.date(), schedule=label
    )
    mail = render_delivery(order(MailKind.DIGEST, items=items), RING)
    usual = render_delivery(order(MailKind.DIGEST), RING)
    assert email.message_from_bytes(mail.data).keys() == email.message_from_bytes(usual.data).keys()
    assert mail.data.isascii()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "reader",
        "a@b\r\nBcc: x@y",
        "a b@example.org",
        "<a@example.org>",
        "a@example.org, b@example.org",
        "a@ex ample",
    ],
)
def test_bad_address_is_refused(address: str) -> None:
    """No mail is made for what is no address, wherever it comes from."""
    with pytest.raises(RenderError):
        render_delivery(order(MailKind.TEST, address=address), RING)
    with pytest.raises(RenderError):
        render_delivery(_with(MailKind.TEST, service={**SERVICE, "owner": address}), RING)


def test_international_addresses() -> None:
    """A domain becomes A-labels; a local part in UTF-8 stays, in the one header that needs it."""
    mail = render_delivery(order(MailKind.TEST, address="Reader@Bücher.example"), RING)
    assert mail.recipient == "Reader@xn--bcher-kva.example"
    assert mail.data.isascii()
    mail = render_delivery(order(MailKind.TEST, address="张三@例子.公司"), RING)
    assert mail.recipient == "张三@xn--fsqu00a.xn--55qx5d"
    [line] = [line for line in mail.data.split(b"\r\n") if not line.isascii()]
    assert line == f"To: {mail.recipient}".encode()


def test_other_separator() -> None:
    """Where the service uses a hyphen, every extension does."""
    made = order(MailKind.DIGEST, items=digest_items({**SERVICE, "separator": "-"}, [BARE], day=AT.date()))
    mail = render_delivery(made, RING)
    assert mail.return_path.startswith("alerts-bounce-")
    assert "mailto:alerts-leave-" in _read(mail)["List-Unsubscribe"]


@pytest.mark.parametrize(
    "broken",
    [
        order(MailKind.DIGEST, key_id="zz"),
        order(MailKind.DIGEST, items={"reports": []}),
        order(MailKind.DIGEST, tag="NOT A TAG"),
        order(MailKind.CONFIRMATION, args={"service": SERVICE, "context": {}}),
        order(MailKind.CONFIRMATION, args={"service": SERVICE, "context": {"expires_at": "never"}}),
        order(
            MailKind.TEST, args={"service": {**SERVICE, "address": "a" * 60 + "@example.org"}, "context": {}}
        ),
        order(MailKind.TEST, args={}),
    ],
)
def test_what_cannot_be_made_is_a_render_error(broken: Order) -> None:
    """A row that cannot become a mail raises the one error that holds the row and stops nothing else."""
    with pytest.raises(RenderError):
        render_delivery(broken, RING)


def test_content_key_covers_all_but_the_personal() -> None:
    """The key changes with anything that shows in the mail, and not with the reader."""
    items = digest_items(SERVICE, [ENGLISH], day=AT.date())
    usual = {"language": "en", "format": "html", "template_hash": BUILTIN.hash}
    key = content_key(items, **usual)
    assert key == content_key(
        digest_items(dict(reversed(SERVICE.items())), [ENGLISH], day=AT.date()), **usual
    )
    others = [
        digest_items(SERVICE, [CHINESE], day=AT.date()),
        digest_items(SERVICE, [replace(ENGLISH, found_by=("other",))], day=AT.date()),
        digest_items(SERVICE, [replace(ENGLISH, revision=2)], day=AT.date()),
        digest_items(SERVICE, [ENGLISH], day=AT.date() + timedelta(days=1)),
        digest_items(SERVICE, [ENGLISH], day=AT.date(), schedule="x"),
        digest_items({**SERVICE, "name": "Other"}, [ENGLISH], day=AT.date()),
    ]
    keys = {content_key(other, **usual) for other in others}
    keys |= {content_key(items, **{**usual, name: "x"}) for name in usual}
    assert len(keys) == len(others) + 3
    assert key not in keys


def test_readers_of_one_content_differ_in_the_personal_parts_only() -> None:
    """Two readers of one content: another address, token and Message-ID, and not a line more."""
    one, two = (
        render_delivery(
            order(MailKind.DIGEST, format="text", delivery_id=DeliveryId(n), tag=tag, address=address), RING
        )
        for n, tag, address in ((5, "aaaaaaaa", "a@example.com"), (6, "bbbbbbbb", "b@example.com"))
    )
    first, second = _text(_read(one)).split("\n"), _text(_read(two)).split("\n")
    changed = [a for a, b in zip(first, second, strict=True) if a != b]
    assert len(changed) == 2
    assert "a@example.com" in changed[0]
    assert changed[1].startswith("alerts+leave-")


def test_no_control_character_reaches_a_body() -> None:
    """Controls and bidirectional overrides of a feed or a letter are gone from both parts; the words around them stay."""
    bad = "re\u202eport\x1b[31m\x00\u2066s"
    entry = DigestEntry(ReportId(1), 1, bad, ReportFields(title=bad, url=f"https://e.org/{bad}"), (bad,))
    digest = order(MailKind.DIGEST, items=digest_items(SERVICE, [entry], day=AT.date()))
    letter = _with(
        MailKind.FORWARD, context={"sender": "r@example.com", "subject": bad, "text": f"{bad}\u2028{bad}"}
    )
    for made in (digest, letter):
        message = _read(render_delivery(made, RING))
        for part in (_text(message), _html(message)):
            assert not set("\u202e\x1b\x00\u2066\u2028") & set(part)
            assert "report[31ms" in part
