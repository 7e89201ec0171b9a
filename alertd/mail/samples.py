"""Sample data for every kind of mail: what `lint` tries the templates with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alertd.model import MailKind


@dataclass(frozen=True, slots=True)
class Sample:
    """A kind of mail and a context to render it with."""

    kind: MailKind
    context: Mapping[str, Any]


MARKUP = "<b>&"
"""In every sample text: it must arrive escaped in HTML."""

_SERVICE = {
    "name": "Report alerts",
    "address": "alerts@example.org",
    "owner": "webmaster@example.org",
    "postal_address": "1 Example Road\nBeijing",
    "language": "en",
    "separator": "+",
    "help": "mailto:alerts@example.org?subject=help",
}
_LEAVE = {
    "address": "alerts+leave-lk3sample@example.org",
    "mailto": "mailto:alerts+leave-lk3sample@example.org",
}
_BASE = {"service": _SERVICE, "address": "reader@example.org", "leave": _LEAVE}
_BARE = {**_BASE, "service": {**_SERVICE, "postal_address": ""}, "leave": None}

_REPORT = {
    "catalogue": "DRC research reports",
    "title": f"Jiaxing’s Efforts {MARKUP} more",
    "url": "https://example.org/reports/178",
    "abstract": "Jiaxing city has made efforts. " * 40,
    "authors": ["Xiao Junyan", "李明"],
    "department": "Research Department of Rural Economy",
    "number": "178",
    "year": 2015,
    "total_number": "4863",
    "keywords": ["Zhejiang", "养老金"],
    "dated": "2015-11-23",
    "language": "en",
    "found_by": ["urban-rural", "*", MARKUP],
}
_LEAST: dict[str, Any] = {
    **dict.fromkeys(("url", "abstract", "department", "number", "total_number", "dated", "catalogue"), ""),
    "title": "无题",
    "year": None,
    "authors": [],
    "keywords": [],
    "found_by": [],
    "language": "zh",
}
_QUERY = {"label": "our department", "query": 'department:"Rural Economy"', "schedule": "every day at 08:00"}
_SECTIONS = [{"heading": "Understood", "lines": [f"You now get {MARKUP}."], "items": ["a", "b"]}, {}]
_CONFIRM = {
    "token": "ck3sample",
    "reply_to": "alerts+confirm-ck3sample@example.org",
    "confirm": "mailto:x@example.org",
}

SAMPLES = (
    Sample(
        MailKind.DIGEST,
        {
            **_BASE,
            "found_by": ["urban-rural", "*", MARKUP],
            "day": "2026-11-24",
            "schedule": "every day at 08:00",
            "reports": [_REPORT, _LEAST],
        },
    ),
    Sample(MailKind.DIGEST, {**_BASE, "day": "2026-01-02", "reports": [_LEAST]}),
    Sample(MailKind.DIGEST, {**_BASE, "day": "2026-12-31", "reports": [_REPORT] * 61}),
    Sample(
        MailKind.WELCOME,
        {**_BASE, "queries": [_QUERY, {"query": "*"}], "first_at": "2026-11-25T08:00", "zone": "UTC"},
    ),
    Sample(MailKind.WELCOME, {**_BASE, "queries": []}),
    *(
        Sample(
            MailKind.CONFIRMATION, {**_BARE, **_CONFIRM, "purpose": purpose, "actions": actions, "hours": 72}
        )
        for purpose in ("sign-up", "change", "leave")
        for actions in ([f"subscribe: pension {MARKUP}"], [])
    ),
    *(
        Sample(kind, {**base, "subject": "Re: hello", "title": title, "sections": _SECTIONS})
        for kind in (MailKind.REPLY, MailKind.ALARM)
        for base, title in ((_BASE, "What you have"), (_BARE, ""))
    ),
    Sample(
        MailKind.FORWARD,
        {**_BARE, "subject": "A question", "sender": "reader@example.org", "text": f"Hello {MARKUP}\n\n> x"},
    ),
    Sample(MailKind.TEST, {**_BARE, "relay": "localhost:25"}),
)
