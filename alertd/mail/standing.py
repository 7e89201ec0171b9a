"""The headers that say what our mail is: to list software, to auto-responders, to the reader's mail program. Pure.

RFC 2369 and 2919 on what subscribers get, RFC 3834 on everything: no program may answer us, and we know our own.
"""

from __future__ import annotations

import re

from alertd.mail import headers
from alertd.mail.addresses import domain_of, extend, mailto
from alertd.mail.headers import Pieces
from alertd.model import MailKind

Fields = list[tuple[str, Pieces]]

_LISTED = (MailKind.DIGEST, MailKind.WELCOME)


def standing(kind: MailKind, *, name: str, address: str, owner: str, separator: str, leave: str) -> Fields:
    """The standing headers of a mail.

    Args:
        kind: digests and welcomes carry the List- fields; confirmations and answers are no list mail.
        name: the service's.
        address: the service's, in wire form.
        owner: a person's address, in wire form.
        separator: of address extensions.
        leave: the subscriber's own leave address, "" when the mail is for no subscriber.
    """
    fields: Fields = []
    if kind in _LISTED:
        fields += [
            ("List-Id", headers.list_id(name, list_identifier(address))),
            ("List-Help", headers.uris(mailto(address, subject="help"))),
            ("List-Subscribe", headers.uris(mailto(extend(address, separator, "subscribe")))),
            ("List-Owner", headers.uris(mailto(owner))),
            ("List-Post", ("NO",)),
        ]
    if leave:  # no https page, so no List-Unsubscribe-Post (RFC 8058 section 3.1 wants both)
        fields.append(("List-Unsubscribe", headers.uris(mailto(leave, subject="unsubscribe"))))
    fields.append(("Auto-Submitted", ("auto-replied" if kind is MailKind.REPLY else "auto-generated",)))
    if kind is MailKind.DIGEST:
        fields.append(("Precedence", ("list",)))
    return [*fields, ("X-Auto-Response-Suppress", ("All",)), ("X-Loop", (address,))]


def list_identifier(address: str) -> str:
    """The List-Id of a service address, for ever the same: `alerts.example.org` (RFC 2919 section 2)."""
    local = address.rpartition("@")[0].lower()
    return f"{re.sub(r'[^a-z0-9_-]+', '-', local).strip('-') or 'alerts'}.{domain_of(address)}"
