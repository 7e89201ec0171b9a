"""What is kept of a mail that asks for something: which mail, when, from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alertd.model import SubscriberId
from alertd.store.consents import Consent

_LONGEST_NETWORK = 500
_LONGEST_WORDING = 2000


@dataclass(frozen=True, slots=True)
class Evidence:
    """A mail as evidence.

    Attributes:
        inbound_id: the mail.
        at: when it is handled.
        network: its topmost Received field: our own server's word on where it came from.
        headers: In-Reply-To and References of a mail that answers it.
    """

    inbound_id: int
    at: datetime
    network: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def consent(
        self, subscriber_id: SubscriberId | None, address_hash: str, act: str, *, wording: str = ""
    ) -> Consent:
        """One act of a person, with this mail as its evidence."""
        return Consent(
            subscriber_id,
            address_hash,
            act,
            "mail",
            self.at,
            self.inbound_id,
            self.network[:_LONGEST_NETWORK] or None,
            wording[:_LONGEST_WORDING] or None,
        )
