"""When digests go: pure arithmetic on wall clocks, and the words people use for it.

A run is due at the first instant at which the wall clock of the schedule's zone reads its time or later: an hour that a
change of the clock skips is made up at the first instant after the gap, an hour that happens twice fires the first time.
"""

from __future__ import annotations

from alertd.schedule.arithmetic import latest_due, next_due, occasion
from alertd.schedule.describing import describe
from alertd.schedule.durations import format_duration, parse_duration
from alertd.schedule.spelling import DEFAULT_MINUTE, EXPECTED, format_schedule, parse_schedule
from alertd.schedule.zones import check_zone

__all__ = [
    "DEFAULT_MINUTE",
    "EXPECTED",
    "check_zone",
    "describe",
    "format_duration",
    "format_schedule",
    "latest_due",
    "next_due",
    "occasion",
    "parse_duration",
    "parse_schedule",
]
