"""Render a delivery: from its row, what the row points to and the key ring to the bytes that go to the relay. Pure.

Everything that the bytes depend on is in the `Order` or in the keys, nothing in the live settings: the same row gives the
same bytes on every attempt (docs/data.md, "Same bytes on every attempt").
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from alertd.config.settings import Service
from alertd.errors import AlertdError, RenderError
from alertd.mail import headers, tokens
from alertd.mail.addresses import domain_of, extend, mailto, wire
from alertd.mail.build import build
from alertd.mail.keys import KeyRing
from alertd.mail.renderer import Renderer
from alertd.mail.standing import Fields, standing
from alertd.mail.templates import TemplateSet, renderer
from alertd.model import DeliveryId, MailKind, OutgoingMail, ReportFields, ReportId, fields_to_json

_THREAD = ("In-Reply-To", "References")


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """A report in a digest.

    Attributes:
        catalogue_title: as readers know it.
        found_by: labels of the reader's queries that found it, in the reader's order; `*` is every report.
    """

    report_id: ReportId
    revision: int
    catalogue_title: str
    fields: ReportFields
    found_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """All that a mail is made from.

    Attributes:
        address: the recipient as given.
        tag: the subscriber's, which their leave token names; "" for a mail to no subscriber.
        language: BCP 47; where there are no words for it, the service's language is used.
        format: "html" (both parts) or "text".
        key_id: the key that signs this mail.
        date_at: the Date header, aware.
        args: the delivery's: `service`, `context` and `headers`; for a digest only what its content does not hold.
        items: the content's, for a digest; None for every other kind.
        templates: the set the mail was queued with.
    """

    delivery_id: DeliveryId
    kind: MailKind
    address: str
    tag: str
    language: str
    format: str
    key_id: str
    date_at: datetime
    args: Mapping[str, Any]
    items: Mapping[str, Any] | None
    templates: TemplateSet


def service_facts(service: Service) -> dict[str, str]:
    """What a mail says of the service, for `args["service"]` and a content's items."""
    return {
        "name": service.name,
        "address": service.address,
        "owner": service.owner,
        "language": service.language,
        "postal_address": service.postal_address,
        "separator": service.separator,
    }


def digest_items(
    service: Mapping[str, str], entries: Sequence[DigestEntry], *, day: date, schedule: str = ""
) -> dict[str, Any]:
    """A digest's content as JSON: everything in it but the reader's address and leave token.

    Args:
        service: `service_facts`.
        entries: in the order in which they are shown.
        day: the local day of the edition.
        schedule: in words and in the content's language, "" leaves it out.
    """
    reports = [
        {
            **fields_to_json(entry.fields),
            "dated": entry.fields.dated.isoformat() if entry.fields.dated else "",
            "id": entry.report_id,
            "revision": entry.revision,
            "catalogue": entry.catalogue_title,
            "authors": list(entry.fields.authors),
            "keywords": list(entry.fields.keywords),
            "found_by": list(entry.found_by),
        }
        for entry in entries
    ]
    labels = list(dict.fromkeys(label for entry in entries for label in entry.found_by))
    return {
        "service": dict(service),
        "day": day.isoformat(),
        "schedule": schedule,
        "found_by": labels,
        "reports": reports,
    }


def content_key(items: Mapping[str, Any], *, language: str, format: str, template_hash: str) -> str:  # noqa: A002
    """The identity of a content: equal keys render to equal mails but for the personal parts."""
    text = json.dumps([items, language, format, template_hash], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def render_delivery(order: Order, keys: KeyRing) -> OutgoingMail:
    """The mail of a delivery, the same bytes whenever it is asked for.

    Raises:
        RenderError: it cannot be made: its key is gone, its template fails, a fact is missing or an address is none.
    """
    try:
        return _render(order, keys)
    except RenderError:
        raise
    except (AlertdError, KeyError, ValueError, TypeError) as error:
        raise RenderError(
            f"Delivery {order.delivery_id} cannot be rendered: {type(error).__name__}: {error}"
        ) from error


def _render(order: Order, keys: KeyRing) -> OutgoingMail:
    service = _service(order)
    address = wire(order.address)
    made = renderer(order.templates)
    personal = _personal(order, keys, service=service)
    parts = made.render(
        order.kind,
        language=_language(made, order.language, service),
        html=order.format == "html",
        context={
            **(order.items or order.args.get("context", {})),
            **personal,
            "service": service,
            "address": order.address,
        },
    )
    message_id = tokens.make_message_id(
        order.delivery_id, domain_of(service["address"]), keys=keys, key_id=order.key_id
    )
    fields: Fields = [
        ("From", headers.mailbox(service["name"], service["address"])),
        ("To", (address,)),
        *_reply_to(order, personal),
        ("Subject", headers.text(parts.subject)),
        ("Date", (*format_datetime(order.date_at.astimezone(UTC)).split(" "),)),
        ("Message-ID", (message_id,)),
        *_thread(order),
        *standing(
            order.kind,
            name=service["name"],
            address=service["address"],
            owner=service["owner"],
            separator=service["separator"],
            leave=personal["leave"]["address"] if personal["leave"] else "",
        ),
    ]
    data = build(fields, text=parts.text, html=parts.html, seed=message_id)
    return OutgoingMail(_return_path(order, keys, service), address, data, message_id)


def _service(order: Order) -> dict[str, str]:
    facts = (order.items or order.args)["service"]
    address = wire(facts["address"])
    return {
        **facts,
        "address": address,
        "owner": wire(facts["owner"]),
        "help": mailto(address, subject="help"),
    }


def _language(made: Renderer, wanted: str, service: Mapping[str, str]) -> str:
    return made.language(wanted, service["language"])


def _personal(order: Order, keys: KeyRing, *, service: Mapping[str, str]) -> dict[str, Any]:
    """What is in this mail alone: the leave address, and a confirmation's token."""
    found: dict[str, Any] = {"leave": None}
    if order.tag and order.kind is not MailKind.CONFIRMATION:
        token = tokens.make_leave(order.tag, keys, order.key_id)
        leave = extend(service["address"], service["separator"], f"leave-{token}")
        found["leave"] = {"address": leave, "mailto": mailto(leave, subject="unsubscribe")}
    if order.kind is MailKind.CONFIRMATION:
        context = order.args["context"]
        expires_at = datetime.fromisoformat(context["expires_at"])
        token = tokens.make_confirm(
            context["request_id"], context["payload_hash"], expires_at, keys=keys, key_id=order.key_id
        )
        reply_to = extend(service["address"], service["separator"], f"confirm-{token}")
        found |= {
            "token": token,
            "reply_to": reply_to,
            "confirm": mailto(reply_to, subject=f"confirm {token}"),
            "hours": max(1, round((expires_at - order.date_at) / timedelta(hours=1))),
        }
    return found


def _reply_to(order: Order, personal: Mapping[str, Any]) -> Fields:
    if order.kind is MailKind.CONFIRMATION:
        return [("Reply-To", (personal["reply_to"],))]
    if order.kind is MailKind.FORWARD:
        return [("Reply-To", (wire(order.args["context"]["sender"]),))]
    return []


def _thread(order: Order) -> Fields:
    """In-Reply-To and References (RFC 5322 section 3.6.4); what they hold came from a stranger's mail."""
    given: Mapping[str, str] = order.args.get("headers", {})
    if unknown := sorted(set(given) - set(_THREAD)):
        raise RenderError(f"A delivery cannot set the headers {', '.join(unknown)}.")
    ids = {name: headers.message_ids([given[name]]) for name in _THREAD if name in given}
    return [(name, found[:1] if name == "In-Reply-To" else found) for name, found in ids.items() if found]


def _return_path(order: Order, keys: KeyRing, service: Mapping[str, str]) -> str:
    """Signed, so that a bounce names its delivery; null on answers, so that nothing answers them (RFC 3834 section 3.1)."""
    if order.kind is MailKind.REPLY:
        return ""
    token = tokens.make_bounce(order.delivery_id, keys, order.key_id)
    return extend(service["address"], service["separator"], f"bounce-{token}")
