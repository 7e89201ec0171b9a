"""The values of this room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BounceClass(StrEnum):
    """What a bounce means for the person; the values of the table's `class`, and success, which is not stored."""

    HARD = "hard"
    SOFT = "soft"
    DELAYED = "delayed"
    OURS = "ours"
    SUCCESS = "success"


FULL_WEIGHT = 500
"""Hundredths of a point: enough alone."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a report says of one recipient.

    Attributes:
        recipient: as reported, or "".
        kind: what it means.
        status: RFC 3463, "" when none is given.
        reason: in a few words: "mailbox full", "unknown user", "policy" ...
        diagnostic: the other server's words, one line.
        weight: hundredths of a point.
    """

    recipient: str
    kind: BounceClass
    status: str
    reason: str
    diagnostic: str
    weight: int


@dataclass(frozen=True, slots=True)
class ComplaintReport:
    """A feedback report (RFC 5965).

    Attributes:
        feedback: abuse, opt-out, fraud, ...
        recipients: those named, often redacted.
        returned: the returned message's header as text: our tokens stand in it.
    """

    feedback: str
    recipients: tuple[str, ...]
    returned: str


@dataclass(frozen=True, slots=True)
class PastBounce:
    """A row of `bounce`, as much as scoring needs. `weight` in hundredths, `at` aware."""

    at: datetime
    weight: int
    reason: str = ""
