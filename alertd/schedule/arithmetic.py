"""The due instants of a schedule, across gaps, folds, month ends and downtime."""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alertd.model import Kind, Schedule

_DAY = timedelta(days=1)
_MONTHS = 12


def next_due(schedule: Schedule, after: datetime) -> datetime:
    """The first due instant strictly after `after`.

    Args:
        schedule: daily, weekly or monthly.
        after: aware, in any zone.

    Returns:
        The instant in UTC.

    Raises:
        ValueError: the schedule is immediate (its editions follow announcements, not the clock), or `after` is naive.
        ZoneInfoNotFoundError: this machine's time zone data does not know the zone.
    """
    return min(instant for instant in _instants(schedule, after) if instant > after)


def latest_due(schedule: Schedule, upto: datetime) -> datetime | None:
    """The newest due instant at or before `upto`; after a downtime it stands for all that were missed.

    Args:
        schedule: any kind.
        upto: aware, in any zone.

    Returns:
        The instant in UTC; None for an immediate schedule.

    Raises:
        ValueError: `upto` is naive.
        ZoneInfoNotFoundError: this machine's time zone data does not know the zone.
    """
    if schedule.kind is Kind.IMMEDIATE:
        return None
    return max(instant for instant in _instants(schedule, upto) if instant <= upto)


def occasion(schedule: Schedule, due: datetime) -> str:
    """The local date that the run at `due` is for, "2026-11-24": unique per run.

    It is the date on the wall at `due`, but for a run that a gap at midnight pushed into the next day: that one keeps
    the date it was meant for, so that the next day's own run has another name. A `due` that is no due instant (the zone's
    rules were changed after it was stored) gets the date on the wall.

    Raises:
        ValueError: the schedule is immediate, or `due` is naive.
        ZoneInfoNotFoundError: this machine's time zone data does not know the zone.
    """
    zone = ZoneInfo(schedule.zone)
    today = _local_date(due, zone)
    for day in (today, today - _DAY):
        if day in _dates(schedule, today) and _due_on(day, schedule.minute, zone) == due:
            return day.isoformat()
    return today.isoformat()


def _instants(schedule: Schedule, around: datetime) -> list[datetime]:
    """Due instants near `around`: at least one at or before it and one after it."""
    zone = ZoneInfo(schedule.zone)
    return [_due_on(day, schedule.minute, zone) for day in _dates(schedule, _local_date(around, zone))]


def _local_date(instant: datetime, zone: ZoneInfo) -> date:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    return instant.astimezone(zone).date()


def _dates(schedule: Schedule, around: date) -> list[date]:
    """The nominal dates of the two runs before, the two after, and the one on or about `around`."""
    steps = range(-2, 3)
    if schedule.kind is Kind.DAILY:
        return [around + step * _DAY for step in steps]
    if schedule.kind is Kind.WEEKLY:
        this_week = around + (schedule.days - around.isoweekday()) * _DAY
        return [this_week + step * 7 * _DAY for step in steps]
    if schedule.kind is Kind.MONTHLY:
        return [
            _day_of_month(around.year * _MONTHS + around.month - 1 + step, schedule.days) for step in steps
        ]
    raise ValueError("an immediate schedule has no due times")


def _day_of_month(month: int, day: int) -> date:
    """The day of a month counted from year 0, or the month's last day when it has no such day."""
    year, index = divmod(month, _MONTHS)
    return date(year, index + 1, min(day, monthrange(year, index + 1)[1]))


def _due_on(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's wall clock reads this minute of this day, or later."""
    wall = datetime.combine(day, time(minute // 60, minute % 60))
    instant = wall.replace(tzinfo=zone).astimezone(UTC)  # fold=0: of an hour that comes twice, the first
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # A gap (PEP 495): fold=1 reads the wall time with the offset after it, an instant before the change; fold=0 with the
    # offset before it, an instant after the change. The change itself is where the wall clock jumps past `wall`.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    seconds = range(int((instant - before).total_seconds()) + 1)

    def is_past(second: int) -> bool:
        return (before + timedelta(seconds=second)).astimezone(zone).replace(tzinfo=None) >= wall

    return before + timedelta(seconds=bisect_left(seconds, True, key=is_past))
