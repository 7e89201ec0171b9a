"""Deliveries to render: one of every kind, the same on every run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from alertd.config.settings import Service
from alertd.digest.render import DigestEntry, Order, digest_items, service_facts
from alertd.mail.keys import KeyRing
from alertd.mail.templates import load_templates
from alertd.model import DeliveryId, MailKind, ReportFields, ReportId

RING = KeyRing({"a2": bytes(range(32)), "k3": bytes(range(32, 64))})
OTHER_RING = KeyRing({"a2": b"\1" * 32, "k3": b"\2" * 32})
BUILTIN = load_templates()
SERVICE = service_facts(
    Service(
        name="Report alerts",
        address="alerts@example.org",
        owner="webmaster@example.org",
        postal_address="1 Example Road\nBeijing",
    )
)
AT = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)

ENGLISH = DigestEntry(
    report_id=ReportId(1),
    revision=1,
    catalogue_title="DRC research reports",
    fields=ReportFields(
        title="Jiaxing’s Efforts to Break the Urban-Rural Dual Structure and Enlightenments",
        url="https://example.org/reports?id=178&lang=en",
        abstract="Jiaxing city has made efforts to break the urban-rural dual structure. " * 12,
        authors=("Xiao Junyan",),
        department="Research Department of Rural Economy",
        number="178",
        year=2015,
        total_number="4863",
        keywords=("integrate urban and rural development", "Zhejiang"),
        dated=date(2015, 11, 23),
    ),
    found_by=("urban-rural", "our department"),
)
CHINESE = DigestEntry(
    report_id=ReportId(2),
    revision=1,
    catalogue_title="DRC research reports",
    fields=ReportFields(
        title="浙江省养老保险制度改革的经验与启示",
        url="https://example.org/reports?id=179&lang=zh",
        abstract="浙江省近年来积极推进养老保险制度改革，扩大覆盖面，提高统筹层次。" * 14,
        authors=("李明", "王芳"),
        department="社会发展研究部",
        number="179",
        year=2015,
        total_number="4864",
        keywords=("浙江", "养老金"),
        dated=date(2015, 11, 24),
        language="zh",
    ),
    found_by=("养老金", "*"),
)
BARE = DigestEntry(
    report_id=ReportId(3),
    revision=2,
    catalogue_title="Working papers",
    fields=ReportFields(title="<script>alert(1)</script> {{ 7*7 }} & more"),
    found_by=("*",),
)

_SCHEDULES = {"en": "every day at 08:00", "zh": "每天 08:00"}
_CONTEXTS: dict[MailKind, dict[str, Any]] = {
    MailKind.WELCOME: {
        "queries": [
            {"label": "our department", "query": 'department:"Rural Economy"', "schedule": "08:00"},
            {"label": "", "query": "养老金 OR pension", "schedule": "08:00"},
        ],
        "first_at": "2026-11-25T08:00",
        "zone": "Asia/Shanghai",
    },
    MailKind.CONFIRMATION: {
        "purpose": "sign-up",
        "request_id": 77,
        "payload_hash": "5f" * 32,
        "expires_at": "2026-11-27T00:00:00+00:00",
        "actions": ["urban-rural integration", "buy at https://evil.example/now or www.evil.example"],
    },
    MailKind.REPLY: {
        "subject": "Re: subscribe",
        "title": "Done",
        "sections": [
            {"heading": "Understood", "lines": ["You now also get:"], "items": ["pension", "养老金"]},
            {"heading": "Not understood", "lines": ["“frobnicate”: did you mean “subscribe”?"]},
        ],
    },
    MailKind.ALARM: {
        "subject": "alertd: DRC holds 61 reports",
        "sections": [{"lines": ["More new reports than usual. Nobody is mailed until you say so."]}],
    },
    MailKind.FORWARD: {
        "subject": "A question",
        "sender": "reader@example.com",
        "text": "Hello,\n\nwho are you?\n",
    },
    MailKind.TEST: {"relay": "localhost:25"},
}


def order(kind: MailKind, language: str = "en", format: str = "html", **changes: Any) -> Order:  # noqa: A002
    """A delivery of this kind, with any attribute changed."""
    values: dict[str, Any] = {
        "delivery_id": DeliveryId(5),
        "kind": kind,
        "address": "reader@example.com",
        "tag": ""
        if kind in {MailKind.CONFIRMATION, MailKind.ALARM, MailKind.FORWARD, MailKind.TEST}
        else "q7ebcd2m",
        "language": language,
        "format": format,
        "key_id": "k3",
        "date_at": AT,
        "args": {},
        "items": None,
        "templates": BUILTIN,
    }
    if kind is MailKind.DIGEST:
        entries = (CHINESE, ENGLISH, BARE)
        values["items"] = digest_items(SERVICE, entries, day=AT.date(), schedule=_SCHEDULES[language])
    else:
        thread = {"In-Reply-To": "<1@c.example>", "References": "<0@c.example> <1@c.example>"}
        values["args"] = {
            "service": SERVICE,
            "context": _CONTEXTS[kind],
            "headers": thread if kind is MailKind.REPLY else {},
        }
    return Order(**{**values, **changes})
