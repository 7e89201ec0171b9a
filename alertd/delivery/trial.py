"""`alertd test-mail`: one mail through the configured relay at once, without the outbox, and what came of each stage."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from alertd.config.settings import Relay, Settings
from alertd.delivery.replies import Reply
from alertd.delivery.session import own_hostname, send_one
from alertd.digest.render import Order, render_delivery, service_facts
from alertd.errors import RelayError
from alertd.mail.keys import KeyRing
from alertd.mail.templates import TemplateSet
from alertd.model import DeliveryId, MailKind, OutgoingMail
from alertd.subscribers.letters import Letters

_ID_BITS = 60
"""A delivery id that no row has: Message-IDs of two test mails differ, and a bounce of one belongs to nobody."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a test mail.

    Attributes:
        passed: the stages that went well, in their order: connect, tls, auth, mail, rcpt, data, dot.
        reply: the relay's 250, None when it did not come.
        error: what went wrong, None when nothing did.
    """

    passed: tuple[str, ...]
    reply: Reply | None = None
    error: RelayError | None = None


def trial_mail(
    settings: Settings, keys: KeyRing, templates: TemplateSet, *, address: str, now: datetime
) -> OutgoingMail:
    """The mail, rendered as every mail is.

    Raises:
        RenderError: the address is none, or the service's is.
    """
    facts = service_facts(settings.service)
    relay = f"{settings.relay.host}:{settings.relay.port}"
    row = Letters(settings.service, facts, templates, keys).row(
        MailKind.TEST, address=address, context={"relay": relay}, now=now
    )
    order = Order(
        delivery_id=DeliveryId(secrets.randbits(_ID_BITS)),
        kind=MailKind.TEST,
        address=address,
        tag="",
        language=row["args"]["language"],
        format=row["args"]["format"],
        key_id=row["key_id"],
        date_at=now,
        args=row["args"],
        items=None,
        templates=templates,
    )
    return render_delivery(order, keys)


async def attempt(mail: OutgoingMail, settings: Settings) -> Trial:
    """Send it; every ending is an answer."""
    stages = stages_of(settings.relay)
    try:
        reply = await send_one(
            mail, relay=settings.relay, delivery=settings.delivery, hostname=await own_hostname()
        )
    except RelayError as error:
        reached = stages.index(error.stage) if error.stage in stages else 0
        return Trial(stages[:reached], error=error)
    return Trial(stages, reply=reply)


def stages_of(relay: Relay) -> tuple[str, ...]:
    """The stages that a mail passes with these settings."""
    secured = ("tls",) if relay.tls == "starttls" else ()
    known = ("auth",) if relay.username else ()
    return ("connect", *secured, *known, "mail", "rcpt", "data", "dot")


def remedy(error: RelayError, relay: Relay) -> str:
    """What to do about it, for the operator."""
    where = f"{relay.host}:{relay.port}"
    if error.stage == "connect":
        return f"see that the relay runs and listens on {where}, that no firewall is between, and that [relay] host, port and tls are right"
    if error.stage == "tls":
        return f'see [relay] tls ("starttls" or "implicit"), host (the certificate must name {relay.host}) and ca_file'
    if error.stage == "auth":
        return "see [relay] username and password_file"
    if error.stage == "mail":
        return "let the relay take mail from [service] address and its extensions: it refused the sender"
    if error.stage == "rcpt":
        if error.temporary:
            return "try again in some minutes: the relay put this recipient off"
        return f"see that the address is right, and that {where} relays mail for this host or this log-in"
    if error.code is None:
        return "the mail may have arrived all the same: look, and see the relay's log"
    return "see the relay's log: it refused the mail itself"
