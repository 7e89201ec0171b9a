"""Due instants, on the days when clocks change and on those when months end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alertd.model import Kind, Schedule
from alertd.schedule import latest_due, next_due, occasion, parse_schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "zone", "after", "due", "named"),
    [
        ("daily at 08:00", "UTC", "2026-11-24T07:59:59+00:00", "2026-11-24T08:00:00+00:00", "2026-11-24"),
        ("daily at 08:00", "UTC", "2026-11-24T08:00:00+00:00", "2026-11-25T08:00:00+00:00", "2026-11-25"),
        (
            "daily at 08:00",
            "Asia/Shanghai",
            "2026-11-24T00:00:00+08:00",
            "2026-11-24T00:00:00+00:00",
            "2026-11-24",
        ),
        (
            "daily at 08:00",
            "Asia/Kathmandu",
            "2026-11-24T00:00:00+00:00",
            "2026-11-24T02:15:00+00:00",
            "2026-11-24",
        ),
        # New York springs forward at 02:00 on 8 March 2026: 02:30 does not exist, the hour goes on at 03:00 EDT.
        (
            "daily at 02:30",
            "America/New_York",
            "2026-03-08T00:00:00-05:00",
            "2026-03-08T07:00:00+00:00",
            "2026-03-08",
        ),
        (
            "daily at 02:00",
            "America/New_York",
            "2026-03-08T00:00:00-05:00",
            "2026-03-08T07:00:00+00:00",
            "2026-03-08",
        ),
        (
            "daily at 03:00",
            "America/New_York",
            "2026-03-08T00:00:00-05:00",
            "2026-03-08T07:00:00+00:00",
            "2026-03-08",
        ),
        # and falls back at 02:00 on 1 November: 01:30 comes twice, the first is EDT.
        (
            "daily at 01:30",
            "America/New_York",
            "2026-11-01T00:00:00-04:00",
            "2026-11-01T05:30:00+00:00",
            "2026-11-01",
        ),
        (
            "daily at 01:30",
            "America/New_York",
            "2026-11-01T05:30:00+00:00",
            "2026-11-02T06:30:00+00:00",
            "2026-11-02",
        ),
        # Lord Howe moves by half an hour, Troll by two hours.
        (
            "daily at 02:15",
            "Australia/Lord_Howe",
            "2026-10-03T12:00:00+00:00",
            "2026-10-03T15:30:00+00:00",
            "2026-10-04",
        ),
        (
            "daily at 02:15",
            "Antarctica/Troll",
            "2026-03-29T00:00:00+00:00",
            "2026-03-29T01:00:00+00:00",
            "2026-03-29",
        ),
        # Cairo skips midnight itself, Scoresbysund the hour before it.
        (
            "daily at 00:00",
            "Africa/Cairo",
            "2026-04-23T12:00:00+00:00",
            "2026-04-23T22:00:00+00:00",
            "2026-04-24",
        ),
        (
            "daily at 23:30",
            "America/Scoresbysund",
            "2026-03-28T12:00:00+00:00",
            "2026-03-29T01:00:00+00:00",
            "2026-03-28",
        ),
        (
            "daily at 23:30",
            "America/Scoresbysund",
            "2026-03-29T01:00:00+00:00",
            "2026-03-30T00:30:00+00:00",
            "2026-03-29",
        ),
        # Samoa had no 30 December 2011: what was meant for it goes out as soon as there is a day again.
        (
            "daily at 08:00",
            "Pacific/Apia",
            "2011-12-29T20:00:00+00:00",
            "2011-12-30T10:00:00+00:00",
            "2011-12-30",
        ),
        (
            "daily at 08:00",
            "Pacific/Apia",
            "2011-12-30T10:00:00+00:00",
            "2011-12-30T18:00:00+00:00",
            "2011-12-31",
        ),
        (
            "weekly on monday at 08:00",
            "UTC",
            "2026-11-24T00:00:00+00:00",
            "2026-11-30T08:00:00+00:00",
            "2026-11-30",
        ),
        (
            "weekly on tuesday at 08:00",
            "UTC",
            "2026-11-24T00:00:00+00:00",
            "2026-11-24T08:00:00+00:00",
            "2026-11-24",
        ),
        (
            "weekly on sunday at 02:30",
            "Europe/Berlin",
            "2026-03-25T00:00:00+01:00",
            "2026-03-29T01:00:00+00:00",
            "2026-03-29",
        ),
        (
            "weekly on friday at 00:00",
            "UTC",
            "2026-12-29T00:00:00+00:00",
            "2027-01-01T00:00:00+00:00",
            "2027-01-01",
        ),
        (
            "monthly on 1 at 08:00",
            "UTC",
            "2026-12-01T08:00:00+00:00",
            "2027-01-01T08:00:00+00:00",
            "2027-01-01",
        ),
        (
            "monthly on 31 at 08:00",
            "UTC",
            "2026-11-01T00:00:00+00:00",
            "2026-11-30T08:00:00+00:00",
            "2026-11-30",
        ),
        (
            "monthly on 31 at 08:00",
            "UTC",
            "2026-02-01T00:00:00+00:00",
            "2026-02-28T08:00:00+00:00",
            "2026-02-28",
        ),
        (
            "monthly on 30 at 08:00",
            "UTC",
            "2028-02-01T00:00:00+00:00",
            "2028-02-29T08:00:00+00:00",
            "2028-02-29",
        ),
        (
            "monthly on 30 at 08:00",
            "UTC",
            "2026-01-30T08:00:00+00:00",
            "2026-02-28T08:00:00+00:00",
            "2026-02-28",
        ),
    ],
)
def test_next_due(text: str, zone: str, after: str, due: str, named: str) -> None:
    """The next run is at the expected instant and has the expected name."""
    schedule = parse_schedule(text, zone=zone)
    assert next_due(schedule, at(after)) == at(due)
    assert next_due(schedule, at(after)).tzinfo is UTC
    assert occasion(schedule, at(due)) == named
    assert latest_due(schedule, at(due)) == at(due)


def test_downtime_is_coalesced() -> None:
    """After ten days of silence the newest due instant alone stands for all that were missed."""
    schedule = Schedule(Kind.DAILY, 0, 480, "Europe/Berlin")
    assert latest_due(schedule, at("2026-11-24T12:00:00+01:00")) == at("2026-11-24T08:00:00+01:00")
    assert latest_due(schedule, at("2026-11-24T07:59:00+01:00")) == at("2026-11-23T08:00:00+01:00")


def test_latest_due_of_a_month() -> None:
    """Early in March the newest run of "monthly on 31" is that of the last of February."""
    schedule = Schedule(Kind.MONTHLY, 31, 480, "UTC")
    assert latest_due(schedule, at("2026-03-05T00:00:00+00:00")) == at("2026-02-28T08:00:00+00:00")


def test_immediate_follows_no_clock() -> None:
    """An immediate schedule has neither next nor latest run."""
    schedule = Schedule(Kind.IMMEDIATE)
    assert latest_due(schedule, at("2026-03-05T00:00:00+00:00")) is None
    with pytest.raises(ValueError, match="no due times"):
        next_due(schedule, at("2026-03-05T00:00:00+00:00"))
    with pytest.raises(ValueError, match="no due times"):
        occasion(schedule, at("2026-03-05T00:00:00+00:00"))


def test_naive_times_are_refused() -> None:
    """A time without a zone is an error, never the machine's own zone."""
    with pytest.raises(ValueError, match="no time zone"):
        next_due(Schedule(Kind.DAILY, 0, 480, "UTC"), datetime(2026, 3, 5))  # noqa: DTZ001


def test_occasion_under_changed_rules() -> None:
    """A due time stored under older zone rules is named after the date on the wall."""
    schedule = Schedule(Kind.DAILY, 0, 480, "Europe/Berlin")
    assert occasion(schedule, at("2026-11-24T06:00:00+00:00")) == "2026-11-24"
