"""What a run of the sender did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Summary:
    """Counts of mails since the run began.

    Attributes:
        sent: accepted with a 250.
        deferred: refused for a time.
        failed: refused for good or given up.
        in_doubt: the connection broke after the final dot.
        held: set aside for a person.
        set_aside: withdrawn, expired or postponed instead of being sent.
        put_back: due again with nothing charged: the relay failed, or we stopped.
        trouble: why sending stopped, "" when it did not.
    """

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    in_doubt: int = 0
    held: int = 0
    set_aside: int = 0
    put_back: int = 0
    trouble: str = ""
