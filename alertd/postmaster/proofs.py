"""What a mail's tokens prove: asked by the deciding, answered by whoever holds the keys and the pending requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from alertd.errors import TokenError
from alertd.mail.keys import KeyRing
from alertd.mail.tokens import confirms, find_tokens, is_ours, verify_bounce, verify_confirm, verify_leave
from alertd.model import DeliveryId
from alertd.postmaster.read import Mail


class RequestState(StrEnum):
    """What became of the request a confirmation is for."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Request:
    """A pending request, as much as deciding needs.

    Attributes:
        purpose: sign-up, change or leave.
        address: whose it is.
        payload_hash: what its confirmation is bound to.
    """

    id: int
    purpose: str
    address: str
    payload_hash: str = ""
    state: RequestState = RequestState.OPEN


class Proofs(Protocol):
    """Verified tokens; None for what proves nothing. Asking has no effect."""

    def leave(self, token: str) -> str | None:
        """The tag of the subscriber whom this leave token names."""

    def bounce(self, token: str) -> DeliveryId | None:
        """The delivery whose return path bears this token."""

    def confirm(self, token: str) -> Request | None:
        """The request that this token confirms, in whatever state it is."""

    def ours(self, message_id: str) -> bool:
        """Whether we made this Message-ID (without brackets)."""


class NoProofs:
    """Proves nothing: where no keys are at hand, and in tests."""

    def leave(self, token: str) -> str | None:  # noqa: ARG002
        """None."""
        return None

    def bounce(self, token: str) -> DeliveryId | None:  # noqa: ARG002
        """None."""
        return None

    def confirm(self, token: str) -> Request | None:  # noqa: ARG002
        """None."""
        return None

    def ours(self, message_id: str) -> bool:  # noqa: ARG002
        """False."""
        return False


class KeyProofs:
    """Proofs by the key ring.

    Args:
        keys: all keys that still verify.
        requests: the wordings of pending requests by id, looked up beforehand with `request_ids`.
        now: aware.
    """

    def __init__(self, keys: KeyRing, requests: Mapping[int, Sequence[Request]], now: datetime) -> None:
        self._keys = keys
        self._requests = requests
        self._now = now

    def leave(self, token: str) -> str | None:
        """See `Proofs`."""
        try:
            return verify_leave(token, self._keys).tag
        except TokenError:
            return None

    def bounce(self, token: str) -> DeliveryId | None:
        """See `Proofs`."""
        try:
            return verify_bounce(token, self._keys).delivery_id
        except TokenError:
            return None

    def confirm(self, token: str) -> Request | None:
        """See `Proofs`. An expired token is judged by the request's own state, which expires with it."""
        try:
            read = verify_confirm(token, self._keys, self._now)
        except TokenError:
            return None
        wordings = self._requests.get(read.request_id, ())
        return next((each for each in wordings if confirms(read, each.payload_hash, self._keys)), None)

    def ours(self, message_id: str) -> bool:
        """See `Proofs`."""
        return is_ours(message_id, self._keys)


def tokens_in(mail: Mail) -> tuple[str, ...]:
    """What looks like a token in the places where a person's answer carries one: recipients, subject, text."""
    places = (mail.recipient, mail.header("to"), mail.subject, mail.text[:20_000])
    return tuple(dict.fromkeys(token for place in places for token in find_tokens(place)))[:20]


def request_ids(mail: Mail, keys: KeyRing, now: datetime) -> tuple[int, ...]:
    """The pending requests that this mail's genuine confirm tokens name: what to look up for `KeyProofs`."""
    found: list[int] = []
    for token in tokens_in(mail):
        try:
            found.append(verify_confirm(token, keys, now).request_id)
        except TokenError:
            continue
    return tuple(dict.fromkeys(found))
