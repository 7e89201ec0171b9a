"""When to poll next. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

LONGEST_WAIT = timedelta(hours=6)
"""A catalogue that fails is tried at least this often (or every `poll_every`, when that is longer)."""
LONGEST_RETRY_AFTER = timedelta(days=7)
"""A server that asks for more is asked again after this."""
_JITTER = 0.2


def next_poll(
    now: datetime, every: timedelta, *, failures: int, retry_after: float | None = None, chance: Random
) -> datetime:
    """The instant of the next poll.

    After a success it is `now + every`. After the n-th failure in a row the wait doubles each time from `every` up to
    `LONGEST_WAIT`, give or take a fifth, so that catalogues of one server do not come back together.

    Args:
        now: aware.
        every: the catalogue's `poll_every`.
        failures: in a row, this one included; 0 after a success.
        retry_after: seconds the server asked for (RFC 9110 section 10.2.3); never earlier than that.
        chance: the jitter's source.
    """
    wait = every
    if failures:
        longest = max(every, LONGEST_WAIT)
        wait = min(every * 2 ** min(failures - 1, 20), longest) * chance.uniform(1 - _JITTER, 1 + _JITTER)
    asked = min(timedelta(seconds=max(0.0, min(retry_after or 0.0, 1e8))), LONGEST_RETRY_AFTER)
    return now + max(wait, asked)
