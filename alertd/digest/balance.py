"""The balance of an edition: independent counts that must agree before it is complete (docs/data.md, rule 8). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alertd.model import SubscriberState


@dataclass(frozen=True, slots=True)
class Counts:
    """What independent queries found about one edition.

    Attributes:
        promised: digests its chunks say they wrote.
        digests: digest rows there are.
        standing: those not withdrawn.
        deliveries: deliveries that carry one of its digests.
        told: standing digests that have rows in the ledger.
        below: active cursors of the schedule below the edition's number and not behind, by the reader's state
            (scheduled editions).
        due: (reader, report) still due to active readers who are not behind (immediate editions).
    """

    promised: int
    digests: int
    standing: int
    deliveries: int
    told: int
    below: dict[str, int]
    due: int


def mismatches(counts: Counts) -> tuple[str, ...]:
    """What does not agree, in words; empty when the balance holds."""
    found = []
    if counts.digests != counts.promised:
        found.append(f"{counts.promised} digests were written and {counts.digests} are there")
    if counts.deliveries != counts.promised:
        found.append(f"{counts.promised} digests were written and {counts.deliveries} deliveries carry one")
    if counts.told != counts.standing:
        found.append(f"{counts.standing} digests stand and {counts.told} have reports in the ledger")
    missed = counts.below.get(SubscriberState.ACTIVE, 0)
    if missed:
        found.append(f"{missed} active readers were not looked at")
    if counts.due:
        found.append(f"{counts.due} reports are still due")
    return tuple(found)


def excluded(counts: Counts) -> dict[str, Any]:
    """Readers the edition left out, by reason."""
    return {str(state): n for state, n in counts.below.items() if state != SubscriberState.ACTIVE}
