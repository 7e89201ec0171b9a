"""What deciding must know beside the mail itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from alertd.model import SubscriberState
from alertd.postmaster.proofs import NoProofs, Proofs

_ROLES = re.compile(
    r"(?:abuse|admin|administrator|billing|compliance|devnull|dns|ftp|hostmaster|info-?sec|inoc|ispfeedback|ispsupport|list|list-request|maildaemon|mailer-daemon|news|noc|"
    r"no-?reply|noreply|null|phish|phishing|postmaster|privacy|registrar|root|security|spam|sysadmin|tech|undisclosed-recipients|usenet|uucp|webmaster|www)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """The state of things around one mail.

    Attributes:
        address: the service's own address.
        separator: between it and its extensions.
        language: the service's language, for people whose language shows in nothing.
        name: the service's name.
        state: where the From address stands; None when we do not know it.
        subscriber_language: theirs, "" when we do not know them.
        labels: their queries and labels as they would type them.
        authenticated: our own mail server vouches for the From address (`authentic.is_authentic`).
        refused_domains: domains that may not sign up.
        proofs: what tokens prove.
    """

    address: str
    separator: str = "+"
    language: str = "en"
    name: str = ""
    state: SubscriberState | None = None
    subscriber_language: str = ""
    labels: frozenset[str] = field(default_factory=frozenset)
    authenticated: bool = False
    refused_domains: tuple[str, ...] = ()
    proofs: Proofs = field(default_factory=NoProofs)

    @property
    def subscribed(self) -> bool:
        """Whether the sender has a living subscription."""
        return self.state in {SubscriberState.ACTIVE, SubscriberState.PAUSED}

    @property
    def ours(self) -> frozenset[str]:
        """Our own addresses, lower case."""
        if not self.address:
            return frozenset()
        local, _, domain = self.address.lower().rpartition("@")
        return frozenset(
            {
                self.address.lower(),
                *(
                    f"{local}{mark}{end}@{domain}"
                    for mark in "+-"
                    for end in ("owner", "request", "help", "subscribe", "unsubscribe")
                ),
            }
        )

    @property
    def own_words(self) -> frozenset[str]:
        """Words by which people call the service: its address and the local part of it, as a list name."""
        local = self.address.lower().partition("@")[0]
        squeezed = re.sub(r"\s+", "", self.name.lower())
        return frozenset(word for word in (self.address.lower(), local, squeezed, f"{local}-request") if word)


def may_not_sign_up(address: str, facts: Facts) -> str:
    """Why policy refuses this address, "" when it does not (RFC 2142 role names, configured domains)."""
    local, _, domain = address.lower().rpartition("@")
    if _ROLES.fullmatch(local.partition("+")[0]):
        return f"{local}@ is a role, not a person"
    if any(domain == refused or domain.endswith("." + refused) for refused in facts.refused_domains):
        return f"addresses at {domain} may not sign up"
    return ""
