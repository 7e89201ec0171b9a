"""The circuit breaker in front of the relay, and how far a relay's "no" about a recipient is to be believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))
STRIKES = 5


@dataclass(slots=True)
class Breaker:
    """Closed while the relay works; open for 1, 5, 15, then 30 minutes after each failure of the relay itself.

    After a pause one mail goes as a probe. A fault of ours opens it for the longest pause at once: the operator is told, and
    sending goes on by itself once it is mended.

    Attributes:
        until: open until then, None when closed.
        reason: what happened last, "" when closed.
        since: when the trouble began, None when closed.
        fault: the trouble is ours.
    """

    until: datetime | None = None
    reason: str = ""
    since: datetime | None = None
    fault: bool = False
    _failures: int = 0

    def is_open(self, now: datetime) -> bool:
        """Whether nothing may be sent."""
        return self.until is not None and now < self.until

    @property
    def is_probing(self) -> bool:
        """Whether the next mail is only a probe."""
        return self.until is not None

    def failed(self, now: datetime, reason: str) -> bool:
        """The relay failed; True when this opens the breaker, False when it was open (other connections notice too)."""
        return self._trip(now, PAUSES[min(self._failures, len(PAUSES) - 1)], reason, fault=False)

    def refused(self, now: datetime, reason: str) -> bool:
        """The relay refuses us; True when this is news: the operator is to be told."""
        told = self.fault
        opened = self._trip(now, PAUSES[-1], reason, fault=True)
        return opened and not told

    def _trip(self, now: datetime, pause: timedelta, reason: str, *, fault: bool) -> bool:
        if self.is_open(now) and not (fault and not self.fault):
            return False
        self.until = now + pause
        self.reason = reason
        self.since = self.since or now
        self.fault = self.fault or fault
        self._failures += 1
        return True

    def succeeded(self) -> bool:
        """A mail went through; True when that ends a trouble."""
        was_trouble = self.until is not None
        self.until, self.reason, self.since, self.fault, self._failures = None, "", None, False, 0
        return was_trouble


class Belief(StrEnum):
    """What to make of a refusal by policy at RCPT."""

    OF_READER = "of_reader"
    UNSURE = "unsure"
    OF_US = "of_us"


@dataclass(slots=True)
class Trust:
    """Tells "this reader's server does not want it" from "this relay does not relay for us": the codes are the same.

    A refusal counts against the reader only on a relay that has taken a recipient since the last run of refusals; five
    different readers refused in a row are our fault.
    """

    proven: bool = False
    _refused: set[str] = field(default_factory=set)

    def accepted(self) -> None:
        """A recipient was taken."""
        self.proven = True
        self._refused.clear()

    def refused(self, recipient: str) -> Belief:
        """A recipient was refused by policy."""
        self._refused.add(recipient)
        if len(self._refused) >= STRIKES:
            self.proven = False
            return Belief.OF_US
        return Belief.OF_READER if self.proven else Belief.UNSURE
