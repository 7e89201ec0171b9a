"""What each kind of mail is rendered from: the `context` of a delivery's args, or the items of a digest's content.

Whoever queues a mail fills one of these; what is left out has the default below. All of it is data, never template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from alertd.model import MailKind


class QueryContext(TypedDict, total=False):
    """A query as its owner sees it.

    Attributes:
        label: their own name for it, "" for none.
        query: as typed; `*` reads "every report".
        schedule: in words and in the mail's language ("every day at 08:00"), "" leaves it out.
    """

    label: str
    query: str
    schedule: str


class WelcomeContext(TypedDict, total=False):
    """A new subscriber's welcome.

    Attributes:
        queries: what they get.
        first_at: local ISO instant of the first digest ("2026-11-25T08:00"), "" when they are told at once.
        zone: the IANA zone of `first_at`.
    """

    queries: list[QueryContext]
    first_at: str
    zone: str


class ConfirmationContext(TypedDict, total=False):
    """A request that waits for its owner's yes. `request_id`, `payload_hash` and `expires_at` have no default.

    Attributes:
        purpose: sign-up, change or leave.
        request_id: the pending request.
        payload_hash: of what is confirmed; the token holds good for this alone.
        expires_at: ISO instant with an offset.
        actions: what will be done, in the mail's language, one line each; links in it are taken out.
        asked_from: the address in whose name it was asked; "" means the recipient's.
    """

    purpose: str
    request_id: int
    payload_hash: str
    expires_at: str
    actions: list[str]
    asked_from: str


class Section(TypedDict, total=False):
    """A part of a reply or an alarm.

    Attributes:
        heading: "" for none.
        lines: paragraphs.
        items: a list under them.
    """

    heading: str
    lines: list[str]
    items: list[str]


class PageContext(TypedDict, total=False):
    """A reply or an alarm: anything that is sections of lines.

    Attributes:
        subject: of the mail; also its heading in HTML unless `title` is given.
        title: the heading.
        sections: in their order.
    """

    subject: str
    title: str
    sections: list[Section]


class ForwardContext(TypedDict, total=False):
    """A mail to `+owner`, passed on to the person behind it, whose answer goes to the sender.

    Attributes:
        subject: theirs.
        sender: their address.
        text: what they wrote, plain.
    """

    subject: str
    sender: str
    text: str


class TestContext(TypedDict, total=False):
    """`alertd test-mail`: `relay` is host and port."""

    relay: str


DEFAULTS: Mapping[MailKind, Mapping[str, Any]] = {
    MailKind.DIGEST: {"day": "", "schedule": "", "found_by": [], "reports": []},
    MailKind.WELCOME: {"queries": [], "first_at": "", "zone": "UTC"},
    MailKind.CONFIRMATION: {"purpose": "sign-up", "actions": [], "asked_from": ""},
    MailKind.REPLY: {"subject": "", "title": "", "sections": []},
    MailKind.ALARM: {"subject": "", "title": "", "sections": []},
    MailKind.FORWARD: {"subject": "", "sender": "", "text": ""},
    MailKind.TEST: {"relay": ""},
}


def complete(kind: MailKind, context: Mapping[str, Any]) -> dict[str, Any]:
    """The context with the kind's defaults, sections and queries filled up too."""
    full = {**DEFAULTS[kind], **context}
    if "sections" in full:
        full["sections"] = [
            {"heading": "", "lines": [], "items": [], **section} for section in full["sections"]
        ]
    if "queries" in full:
        full["queries"] = [{"label": "", "schedule": "", **query} for query in full["queries"]]
    return full
