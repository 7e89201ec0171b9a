"""Mails and facts for the tests of the postmaster's deciding half."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from alertd.model import DeliveryId, SubscriberState
from alertd.postmaster.decide import decide
from alertd.postmaster.facts import Facts
from alertd.postmaster.intents import Decision
from alertd.postmaster.proofs import Request, RequestState
from alertd.postmaster.read import read_mail

NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
ADDRESS = "alerts@example.org"
READER = "reader@example.net"
LEAVE = "lab" + "a2" * 14
BOUNCE = "bab" + "b3" * 14
SIGN_UP = "cab" + "c4" * 14
CHANGE = "cab" + "d5" * 14
LEAVING = "cab" + "e6" * 14
USED = "cab" + "f7" * 14
EXPIRED = "cab" + "g2" * 14


@dataclass(frozen=True)
class Known:
    """Proofs by a table: what each token stands for."""

    leaves: dict[str, str] = field(default_factory=lambda: {LEAVE: "tagtagtagtagtag2"})
    bounces: dict[str, DeliveryId] = field(default_factory=lambda: {BOUNCE: DeliveryId(17)})
    requests: dict[str, Request] = field(
        default_factory=lambda: {
            SIGN_UP: Request(1, "sign-up", READER),
            CHANGE: Request(2, "change", READER),
            LEAVING: Request(3, "leave", READER),
            USED: Request(4, "change", READER, state=RequestState.USED),
            EXPIRED: Request(5, "sign-up", READER, state=RequestState.EXPIRED),
        }
    )
    ids: frozenset[str] = frozenset({"mabcdefgh@example.org"})

    def leave(self, token: str) -> str | None:
        return self.leaves.get(token)

    def bounce(self, token: str) -> DeliveryId | None:
        return self.bounces.get(token)

    def confirm(self, token: str) -> Request | None:
        return self.requests.get(token)

    def ours(self, message_id: str) -> bool:
        return message_id in self.ids


def facts(who: str = "active", **changes: object) -> Facts:
    """The facts around a mail from a new, active, authenticated, paused, ended or suppressed sender."""
    states = {
        "new": None,
        "active": SubscriberState.ACTIVE,
        "authenticated": SubscriberState.ACTIVE,
        "paused": SubscriberState.PAUSED,
        "ended": SubscriberState.ENDED,
        "pending": SubscriberState.PENDING,
        "suppressed": SubscriberState.SUPPRESSED,
    }
    values: dict[str, object] = {
        "address": ADDRESS,
        "name": "Report alerts",
        "state": states[who],
        "authenticated": who == "authenticated",
        "refused_domains": ("mailinator.example",),
        "proofs": Known(),
    }
    return Facts(**(values | changes))  # type: ignore[arg-type]


def mail(
    body: str = "",
    *,
    subject: str = "",
    author: str = f"Reader <{READER}>",
    headers: str = "",
    kind: str = "text/plain",
) -> bytes:
    """A plain mail in UTF-8; `headers` are lines put above the others."""
    head = f"{headers.strip()}\n" if headers.strip() else ""
    return (
        f"{head}From: {author}\nTo: {ADDRESS}\nSubject: {subject}\nDate: Tue, 24 Nov 2026 08:00:00 +0800\n"
        f"Message-ID: <m1@example.net>\nMIME-Version: 1.0\nContent-Type: {kind}; charset=utf-8\n\n{body}"
    ).encode("utf-8", errors="surrogateescape")


def decided(
    raw: bytes, *, who: str = "active", to: str = ADDRESS, sender: str | None = None, **changes: object
) -> Decision:
    """What is decided about these bytes."""
    return decide(read_mail(raw, recipient=to, sender=sender), facts(who, **changes), NOW)


def to(extension: str) -> str:
    """Our address with an extension."""
    return f"alerts+{extension}@example.org"


def does(decision: Decision) -> tuple[str, ...]:
    """The names of a decision's intents."""
    return tuple(type(intent).__name__ for intent in decision.intents)


def said(decision: Decision) -> tuple[str, ...]:
    """The commands understood, as one would type them."""
    return tuple(text for command in decision.commands for text in command.canonical())
