"""A schedule in plain words, for mails and pages."""

from __future__ import annotations

from alertd.model import Kind, Schedule

_WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_SHORTEST_MONTH = 28
_LONGEST_MONTH = 31


def describe(schedule: Schedule, language: str) -> str:
    """What the schedule means: "every day at 08:00", "每天 08:00".

    Args:
        schedule: any kind; its zone is not part of the words.
        language: "zh" for Chinese, anything else for English.
    """
    at = f"{schedule.minute // 60:02}:{schedule.minute % 60:02}"
    return _chinese(schedule, at) if language == "zh" else _english(schedule, at)


def _english(schedule: Schedule, at: str) -> str:
    if schedule.kind is Kind.IMMEDIATE:
        return "as soon as a report appears"
    if schedule.kind is Kind.DAILY:
        return f"every day at {at}"
    if schedule.kind is Kind.WEEKLY:
        return f"every {_WEEKDAYS['en'][schedule.days - 1]} at {at}"
    if schedule.days == _LONGEST_MONTH:
        return f"on the last day of every month at {at}"
    last = " (or the last day)" if schedule.days > _SHORTEST_MONTH else ""
    return f"on the {_ordinal(schedule.days)}{last} of every month at {at}"


def _chinese(schedule: Schedule, at: str) -> str:
    if schedule.kind is Kind.IMMEDIATE:
        return "报告发布后立即发送"
    if schedule.kind is Kind.DAILY:
        return f"每天 {at}"
    if schedule.kind is Kind.WEEKLY:
        return f"每{_WEEKDAYS['zh'][schedule.days - 1]} {at}"
    if schedule.days == _LONGEST_MONTH:
        return f"每月最后一天 {at}"
    last = "（或当月最后一天）" if schedule.days > _SHORTEST_MONTH else ""
    return f"每月 {schedule.days} 日{last} {at}"


def _ordinal(number: int) -> str:
    ending = "th" if number in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
