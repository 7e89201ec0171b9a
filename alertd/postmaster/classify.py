"""What would be done about a mail, for `alertd classify`: nothing is stored, sent or asked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from alertd.model import SubscriberState
from alertd.postmaster.decide import decide
from alertd.postmaster.facts import Facts
from alertd.postmaster.intents import (
    Alarm,
    AnswerKind,
    Change,
    Complaint,
    Confirm,
    Decision,
    Decline,
    ForwardToOwner,
    Ignore,
    Intent,
    Leave,
    NeedsConfirmation,
    PauseByToken,
    RecordBounce,
    Show,
    SignUp,
)
from alertd.postmaster.proofs import NoProofs, Proofs
from alertd.postmaster.read import read_mail

SENDERS = ("active", "new", "authenticated")
"""What `as_` may be: whom each mail's From is taken for."""


def classify(
    raw: bytes,
    recipient: str = "",
    as_: str = "active",
    *,
    now: datetime,
    address: str = "",
    separator: str = "+",
    proofs: Proofs | None = None,
    keywords: Collection[str] = (),
) -> dict[str, Any]:
    """Classify one mail.

    Args:
        raw: its bytes.
        recipient: the envelope recipient, "" to take it from the mail.
        as_: whether the From is an active subscriber, unauthenticated ("active") or not ("authenticated"), or "new".
        now: aware UTC.
        address: the service's address; "" takes the recipient without its extension.
        separator: as configured.
        proofs: what tokens prove; None proves nothing.
        keywords: what the active subscriber at the From is subscribed to, as they would type it.

    Returns:
        kind, recipients, status, reason, answered, commands and would_do; the caller adds `file`.
    """
    mail = read_mail(raw, recipient=recipient)
    facts = Facts(
        address=address or (_base(recipient) if recipient else ""),
        separator=separator,
        state=None if as_ == "new" else SubscriberState.ACTIVE,
        authenticated=as_ == "authenticated",
        proofs=proofs or NoProofs(),
        labels=frozenset() if as_ == "new" else frozenset(keyword.lower() for keyword in keywords),
    )
    decision = decide(mail, facts, now)
    return {
        "kind": decision.kind.value,
        "recipients": list(decision.recipients),
        "status": decision.status,
        "reason": decision.reason,
        "answered": decision.answered,
        "commands": [text for command in decision.commands for text in command.canonical()],
        "would_do": list(would_do(decision)),
    }


def _base(recipient: str) -> str:
    local, _, domain = recipient.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def would_do(decision: Decision) -> tuple[str, ...]:
    """The decision in plain words, one line per act."""
    acts = [_words(intent) for intent in decision.intents]
    if decision.answer is not None:
        what = (
            "ask for one confirmation"
            if decision.answer.kind is AnswerKind.CONFIRMATION
            else "answer with one reply"
        )
        acts.append(
            f"{what} to {decision.answer.to}{f' ({decision.answer.note})' if decision.answer.note else ''}"
        )
    return tuple(acts)


def _words(intent: Intent) -> str:  # noqa: C901, PLR0912
    match intent:
        case SignUp(queries=queries, when=when):
            return f"sign up for {', '.join(queries)}{f', {when}' if when else ''} once confirmed"
        case Change(commands=commands):
            return f"do at once: {'; '.join(str(command) for command in commands)}"
        case Leave(forget=forget, via=via):
            return f"end the subscription at once ({via}){' and erase all data' if forget else ''}"
        case PauseByToken(until=until):
            return f"pause{f' until {until}' if until else ''} (token)"
        case Confirm(request=request, commands=commands):
            more = f", then: {'; '.join(str(command) for command in commands)}" if commands else ""
            return f"do what request {request.id} ({request.purpose}) asks{more}"
        case Decline(request=request):
            return f"void request {request.id} ({request.purpose})"
        case NeedsConfirmation(purpose=purpose, commands=commands):
            return f"{purpose} once confirmed: {'; '.join(str(command) for command in commands)}"
        case Show(commands=commands):
            return f"show: {'; '.join(str(command) for command in commands)}"
        case RecordBounce(delivery=delivery, failure=failure):
            return f"record a {failure.kind.value} bounce of delivery {delivery}: {failure.reason}, {failure.weight / 100:g} points"
        case Complaint(feedback=feedback):
            return f"end the subscription and suppress the address (complaint: {feedback})"
        case Alarm(reason=reason):
            return f"tell the operators: {reason}"
        case ForwardToOwner():
            return "forward to the owner"
        case Ignore(reason=reason):
            return f"nothing: {reason}"
