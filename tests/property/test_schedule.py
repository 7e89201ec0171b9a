"""Laws of the schedule: one run per local date in every zone on earth, order, and spellings that read back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from alertd.model import Kind, Schedule
from alertd.schedule import (
    format_duration,
    format_schedule,
    latest_due,
    next_due,
    occasion,
    parse_duration,
    parse_schedule,
)

ZONES = sorted(available_timezones() - {"localtime"})
DAY = timedelta(days=1)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
LAST = datetime(2030, 12, 31, tzinfo=UTC)

zones = st.sampled_from(ZONES)
minutes = st.integers(0, 1439)
instants = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC))
timed = st.one_of(
    st.builds(Schedule, st.just(Kind.DAILY), st.just(0), minutes, zones),
    st.builds(Schedule, st.just(Kind.WEEKLY), st.integers(1, 7), minutes, zones),
    st.builds(Schedule, st.just(Kind.MONTHLY), st.integers(1, 31), minutes, zones),
)


@cache
def changes(zone: str) -> list[datetime]:
    """Days on which the zone's clock changes between 2024 and 2030; some plain days when it never does."""
    info = ZoneInfo(zone)
    days = [FIRST + step * DAY for step in range((LAST - FIRST).days)]
    found = [
        day for day in days if day.astimezone(info).utcoffset() != (day + DAY).astimezone(info).utcoffset()
    ]
    return found or days[::400]


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone, and an instant within two days of a change of its clock."""
    zone = draw(zones)
    return zone, draw(st.sampled_from(changes(zone))) + timedelta(minutes=draw(st.integers(-2 * 1440, 1440)))


def first_at_or_past(day: date, minute: int, zone: str) -> datetime:
    """The oracle: walk minute by minute to the first instant whose wall clock reads this time or later.

    Every change of a clock since 2024 is at a whole minute.
    """
    wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60)  # noqa: DTZ001 - a wall clock has no zone
    instant = wall.replace(tzinfo=UTC) - timedelta(hours=16)
    info = ZoneInfo(zone)
    while instant.astimezone(info).replace(tzinfo=None) < wall:
        instant += timedelta(minutes=1)
    return instant


@given(near_changes(), minutes)
def test_one_run_per_local_date(near: tuple[str, datetime], minute: int) -> None:
    """Around every change of the clock each local date has exactly one daily run, at the first instant it can be."""
    zone, start = near
    schedule = Schedule(Kind.DAILY, 0, minute, zone)
    dues = [next_due(schedule, start)]
    while len(dues) < 5:
        dues.append(next_due(schedule, dues[-1]))
    names = [occasion(schedule, due) for due in dues]
    first = date.fromisoformat(names[0])
    assert names == [(first + step * DAY).isoformat() for step in range(5)]
    assert dues == [first_at_or_past(date.fromisoformat(name), minute, zone) for name in names]


@given(timed, instants)
def test_next_and_latest_agree(schedule: Schedule, now: datetime) -> None:
    """Nothing is due between the latest and the next run, and each is the other's neighbour."""
    before, after = latest_due(schedule, now), next_due(schedule, now)
    assert before is not None
    assert before <= now < after
    assert next_due(schedule, before) == after
    assert latest_due(schedule, after - timedelta(microseconds=1)) == before
    assert latest_due(schedule, after) == after
    assert occasion(schedule, before) < occasion(schedule, after)


@given(timed, instants)
def test_a_year_of_runs(schedule: Schedule, now: datetime) -> None:
    """Weekly runs are seven days apart, monthly ones on the day asked for or on the last of the month."""
    due = next_due(schedule, now)
    following = date.fromisoformat(occasion(schedule, next_due(schedule, due)))
    named = date.fromisoformat(occasion(schedule, due))
    if schedule.kind is Kind.WEEKLY:
        assert (named.isoweekday(), following - named) == (schedule.days, 7 * DAY)
    elif schedule.kind is Kind.MONTHLY:
        assert named.day == schedule.days or ((named + DAY).day == 1 and named.day < schedule.days)
        assert (following.year * 12 + following.month) - (named.year * 12 + named.month) == 1


@given(st.one_of(timed, st.just(Schedule(Kind.IMMEDIATE))))
def test_spelling_reads_back(schedule: Schedule) -> None:
    """parse(format(s)) = s, however it is capitalised and spaced."""
    text = format_schedule(schedule)
    assert parse_schedule(text, zone=schedule.zone) == schedule
    assert parse_schedule(f"  {text.upper()} ".replace(" ", "  "), zone=schedule.zone) == schedule


@given(st.integers(0, 10**9))
def test_duration_reads_back(seconds: int) -> None:
    """parse(format(d)) = d."""
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@given(
    st.sampled_from(["", "daily ", "weekly on ", "monthly ", "每周", "每月", "每天"]),
    st.one_of(st.text(), st.text("0123456789:. apmonthdily一二三十日号点半周上下午", max_size=12)),
)
def test_any_text_is_read_or_refused(start: str, rest: str) -> None:
    """No text makes the reader fail in another way than ValueError, and what it reads reads back."""
    try:
        schedule = parse_schedule(start + rest, zone="UTC")
    except ValueError:
        return
    assert parse_schedule(format_schedule(schedule), zone="UTC") == schedule
