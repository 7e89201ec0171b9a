"""Mails of ours are read back from their bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from alertd.demo.mails import read_mail
from alertd.demo.maria import answer, first_mail
from alertd.demo.story import START
from alertd.digest.render import DigestEntry, Order, digest_items, render_delivery
from alertd.model import DeliveryId, MailKind, ReportFields, ReportId
from tests.unit.mail.orders import AT, BUILTIN, RING, SERVICE

FILE = Path("1.eml")
LONG = tuple(f"a rather long label with the number {number}" for number in range(4))


def entry(number: int, found_by: tuple[str, ...]) -> DigestEntry:
    fields = ReportFields(
        title=f"Report {number}",
        url=f"http://127.0.0.1:81/reports/2026-{number}",
        abstract="Found by: nobody.",
    )
    return DigestEntry(
        report_id=ReportId(number), revision=1, catalogue_title="Lakeside", fields=fields, found_by=found_by
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("form", ["html", "text"])
def test_a_digest_names_reports_and_queries(language: str, form: str) -> None:
    """Each report with its labels, also where the line of labels is folded; `*` is named in words and read back."""
    entries = (entry(214, LONG), entry(215, ("养老", "*")))
    order = Order(
        delivery_id=DeliveryId(7), kind=MailKind.DIGEST, address="li@yuelu.example", tag="t" * 16,
        language=language, format=form, key_id="k3", date_at=AT, args={},
        items=digest_items(SERVICE, entries, day=date(2026, 11, 24)), templates=BUILTIN,
    )  # fmt: skip
    mail = read_mail(render_delivery(order, RING).data, to="li@yuelu.example", file=FILE)
    assert mail.reports == {214: frozenset(LONG), 215: frozenset({"养老", "*"})}
    assert (mail.kind, mail.reader, mail.at) == ("digest", "li", AT)
    assert "\r" not in mail.text


@pytest.mark.parametrize("name", ["confirmation", "welcome", "reply", "alarm"])
def test_other_mails_are_told_apart(name: str) -> None:
    """By their headers, as a mail program could."""
    golden = Path(__file__).parents[2] / "data" / "golden" / f"{name}.en.html.eml"
    mail = read_mail(golden.read_bytes(), to="reader@example.com", file=golden)
    kinds = {"reply": "answer", "alarm": "notice"}
    assert mail.kind == kinds.get(name, name)
    assert not mail.reports
    assert bool(mail.reply_to) == (name == "confirmation")


def test_what_is_no_mail_is_refused() -> None:
    """Bytes without a text part or a Date."""
    with pytest.raises(ValueError, match="no text part"):
        read_mail(b"Content-Type: text/html\r\n\r\n<p>", to="a@b.example", file=FILE)


def test_maria_answers_like_a_mail_program() -> None:
    """To the confirmation's Reply-To, threaded, with her words above the quoted mail."""
    golden = Path(__file__).parents[2] / "data" / "golden" / "confirmation.en.text.eml"
    asked = read_mail(golden.read_bytes(), to="maria@tejo.example", file=golden)
    asked = replace(asked, reply_to="alerts+confirm-x@lakeside.example")
    mail = message_from_bytes(answer(asked, START), policy=default)
    assert mail["To"] == asked.reply_to
    assert mail["In-Reply-To"] == asked.message_id
    assert (
        mail["Message-ID"]
        != message_from_bytes(first_mail("a@b.example", START), policy=default)["Message-ID"]
    )
    body = mail.get_content()
    assert body.startswith("Yes, please. Maria")
    assert "\n> " in body
