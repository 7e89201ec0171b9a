"""What the history of a catalogue says about it: silence, and fields that went empty. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from alertd.model import ReportFields

WATCHED = ("abstract", "authors", "department", "number", "keywords", "dated", "url")
YEAR = timedelta(days=365)
_SHORTEST_SILENCE = timedelta(days=7)
_ENOUGH = 10


def longest_gap(instants: Iterable[datetime]) -> timedelta:
    """The longest wait between two of these instants that follow each other."""
    ordered = sorted(set(instants))
    return max((later - earlier for earlier, later in pairwise(ordered)), default=timedelta(0))


def is_silent(*, last_new_at: datetime | None, longest: timedelta, now: datetime) -> bool:
    """Nothing new for three times the longest gap of the last year, at least 7 days.

    Args:
        last_new_at: when a report was new last, the baseline included; None before the first poll.
        longest: the longest gap of the last year.
        now: aware.
    """
    return last_new_at is not None and now - last_new_at > max(_SHORTEST_SILENCE, 3 * longest)


def empty_fields(
    found: Sequence[ReportFields], history: Sequence[ReportFields], before: Iterable[str]
) -> tuple[str, ...]:
    """The fields that are empty in all of the last poll's entries although nine of ten reports had them.

    Args:
        found: the poll's entries; none means the poll says nothing and `before` stands.
        history: texts of earlier reports as first seen; fewer than ten prove nothing.
        before: fields that were empty in the poll before: they stay until an entry has them again.
    """
    if not found:
        return tuple(before)
    usual = {
        name
        for name in WATCHED
        if len(history) >= _ENOUGH
        and sum(bool(getattr(each, name)) for each in history) * 10 >= len(history) * 9
    }
    return tuple(
        name
        for name in WATCHED
        if name in usual.union(before) and not any(getattr(each, name) for each in found)
    )
