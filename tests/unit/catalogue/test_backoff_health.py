"""When to poll next, and what a catalogue's history says about it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.catalogue.backoff import LONGEST_RETRY_AFTER, LONGEST_WAIT, next_poll
from alertd.catalogue.health import empty_fields, is_silent, longest_gap
from alertd.model import ReportFields

NOW = datetime(2026, 11, 24, tzinfo=UTC)
EVERY = timedelta(minutes=15)


class Middle(Random):
    """Chance without chance: the middle of every range."""

    def uniform(self, a: float, b: float) -> float:
        """The middle."""
        return (a + b) / 2


@pytest.mark.parametrize(
    ("failures", "minutes"),
    [(0, 15), (1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 360), (7, 360), (1000, 360)],
)
def test_backoff_with_the_shipped_defaults(failures: int, minutes: int) -> None:
    """Waits double from `poll_every` to six hours."""
    assert next_poll(NOW, EVERY, failures=failures, chance=Middle()) == NOW + timedelta(minutes=minutes)


@given(
    st.integers(0, 10_000), st.integers(60, 10**7), st.one_of(st.none(), st.floats(0, 1e12)), st.integers()
)
def test_backoff_laws(failures: int, seconds: int, retry_after: float | None, seed: int) -> None:
    """Bounded; never sooner than the server asked for (up to a week) nor than four fifths of `poll_every`."""
    every = timedelta(seconds=seconds)
    at = next_poll(NOW, every, failures=failures, retry_after=retry_after, chance=Random(seed))
    longest = max(max(every, LONGEST_WAIT) * 1.2, LONGEST_RETRY_AFTER)
    asked = min(timedelta(seconds=min(retry_after or 0, 1e8)), LONGEST_RETRY_AFTER)
    assert max(every * 0.79, asked) <= at - NOW <= longest + timedelta(seconds=1)


def test_jitter_parts_catalogues() -> None:
    """Catalogues that failed together do not come back together."""
    chance = Random(7)
    assert len({next_poll(NOW, EVERY, failures=4, chance=chance) for _ in range(20)}) == 20


def test_longest_gap() -> None:
    """The longest wait between instants that follow each other, whatever their order; none is no gap."""
    days = [NOW - timedelta(days=number) for number in (1, 30, 3, 9)]
    assert longest_gap(days) == timedelta(days=21)
    assert longest_gap([]) == longest_gap([NOW, NOW]) == timedelta(0)


@pytest.mark.parametrize(
    ("quiet_days", "gap_days", "silent"),
    [
        (7, 0, False),
        (8, 0, True),
        (8, 3, False),
        (9, 3, False),
        (10, 3, True),
        (100, 40, False),
        (121, 40, True),
    ],
)
def test_silence(quiet_days: int, gap_days: int, silent: bool) -> None:
    """Silent after three times the longest gap, at least seven days."""
    last = NOW - timedelta(days=quiet_days)
    assert is_silent(last_new_at=last, longest=timedelta(days=gap_days), now=NOW) is silent
    assert not is_silent(last_new_at=None, longest=timedelta(0), now=NOW)


def _history(with_department: int, without: int) -> list[ReportFields]:
    full = ReportFields(title="T", abstract="A", department="D", dated=date(2026, 11, 1))
    return [full] * with_department + [ReportFields(title="T", abstract="A")] * without


def test_empty_fields() -> None:
    """A field that nine of ten had and no entry of the poll has is told, and stays told until one has it again."""
    poll = [ReportFields(title="T", abstract="A"), ReportFields(title="U", abstract="B")]
    assert empty_fields(poll, _history(9, 1), ()) == ("department", "dated")
    assert empty_fields(poll, _history(8, 2), ()) == ()
    assert empty_fields(poll, _history(9, 0), ()) == (), "nine reports prove nothing"
    assert empty_fields(poll, _history(1, 9), ("department",)) == ("department",)
    one_has_it = [*poll, ReportFields(title="V", department="D")]
    assert empty_fields(one_has_it, _history(9, 1), ("department",)) == ("dated",)
    assert empty_fields([], _history(9, 1), ("department",)) == ("department",)
