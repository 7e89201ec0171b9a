"""When bounces add up to an address that must not be mailed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alertd.postmaster.bounces.model import PastBounce

THRESHOLD = 500
"""Hundredths of a point, as Mailman's bounce_score_threshold 5.0."""
STALE = timedelta(days=7)
"""Silence after which the past is forgotten, as Mailman's bounce_info_stale_after."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the bounces of one subscriber come to.

    Attributes:
        points: hundredths.
        days: distinct UTC days that count.
        suppress: the threshold is reached.
        reason: of the weightiest bounce that counts, "" without one.
    """

    points: int
    days: int
    suppress: bool
    reason: str


def score(bounces: Iterable[PastBounce], now: datetime) -> Verdict:
    """Add up bounces, the weightiest of each UTC day; a week of silence between two forgets all before it.

    Several bounces of one day are one incident: a digest and a confirmation refused in the same hour count once.

    Args:
        bounces: in any order; those after `now` are left out.
        now: aware.
    """
    by_day: dict[int, PastBounce] = {}
    for bounce in bounces:
        day = int(bounce.at.timestamp() // 86400)
        known = by_day.get(day)
        if bounce.at <= now and bounce.weight > 0 and (known is None or bounce.weight > known.weight):
            by_day[day] = bounce
    counted: list[PastBounce] = []
    for bounce in (by_day[day] for day in sorted(by_day)):
        if counted and bounce.at - counted[-1].at > STALE:
            counted = []
        counted.append(bounce)
    if counted and now - counted[-1].at > STALE:
        counted = []
    points = sum(bounce.weight for bounce in counted)
    weightiest = max(counted, key=lambda bounce: bounce.weight, default=None)
    return Verdict(points, len(counted), points >= THRESHOLD, weightiest.reason if weightiest else "")
