"""Schedules, durations and zones as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alertd.model import Kind, Schedule
from alertd.schedule import (
    check_zone,
    describe,
    format_duration,
    format_schedule,
    parse_duration,
    parse_schedule,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("immediate", "immediate"),
        ("Immediately", "immediate"),
        ("at once", "immediate"),
        ("立即", "immediate"),
        ("即時", "immediate"),
        ("daily", "daily at 08:00"),
        ("DAILY at 17:05", "daily at 17:05"),
        ("daily 8:00", "daily at 08:00"),
        ("daily 8", "daily at 08:00"),
        ("daily at 8.", "daily at 08:00"),
        ("every day at 8 o'clock", "daily at 08:00"),
        ("daily 8 p.m.", "daily at 20:00"),
        ("daily at 8:30 pm", "daily at 20:30"),
        ("daily at 12am", "daily at 00:00"),
        ("daily at 12pm", "daily at 12:00"),
        ("daily at noon", "daily at 12:00"),
        ("daily at midnight", "daily at 00:00"),
        ("daily 08.30", "daily at 08:30"),
        ("每天 08:00", "daily at 08:00"),
        ("每天０８：３０", "daily at 08:30"),
        ("每日八点", "daily at 08:00"),
        ("每天上午十点三十分", "daily at 10:30"),
        ("每天中午12点", "daily at 12:00"),
        ("每天下午两点", "daily at 14:00"),
        ("每天二十二点", "daily at 22:00"),
        ("weekly", "weekly on monday at 08:00"),
        ("weekly on mon at 08:00", "weekly on monday at 08:00"),
        ("Weekly Monday 8am", "weekly on monday at 08:00"),
        ("weekly at 9 on thurs", "weekly on thursday at 09:00"),
        ("every friday 8pm", "weekly on friday at 20:00"),
        ("on tuesday 9am", "weekly on tuesday at 09:00"),
        ("wednesdays", "weekly on wednesday at 08:00"),
        ("saturday", "weekly on saturday at 08:00"),
        ("每周", "weekly on monday at 08:00"),
        ("每周一 8点", "weekly on monday at 08:00"),
        ("每周一一点", "weekly on monday at 01:00"),
        ("每週日 晚上八點半", "weekly on sunday at 20:30"),
        ("每星期天", "weekly on sunday at 08:00"),
        ("每周3 8:30", "weekly on wednesday at 08:30"),
        ("monthly", "monthly on 1 at 08:00"),
        ("monthly at 8", "monthly on 1 at 08:00"),
        ("monthly 15", "monthly on 15 at 08:00"),
        ("monthly 1 8:00", "monthly on 1 at 08:00"),
        ("monthly 8:00 on the 31st", "monthly on 31 at 08:00"),
        ("monthly on the 2nd of each month at 7:15am", "monthly on 2 at 07:15"),
        ("每月1日", "monthly on 1 at 08:00"),
        ("每月十五号下午3点半", "monthly on 15 at 15:30"),
        ("每個月三十一日 08：00", "monthly on 31 at 08:00"),
    ],
)
def test_spellings(text: str, expected: str) -> None:
    """What people write is read as the schedule they mean."""
    assert format_schedule(parse_schedule(text, zone="Asia/Shanghai")) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected immediate, daily at HH:MM"),
        ("dayly", "did you mean 'daily'"),
        ("fortnightly", "'fortnightly' is not a schedule; expected"),
        ("daily at 25:00", "25:00 is not a time of day"),
        ("daily at 08:60", "08:60 is not a time of day"),
        ("daily at 24:00", "24:00 is not a time of day"),
        ("daily at 13pm", "13:00 pm is not a time of day"),
        ("daily at 0am", "0:00 am is not a time of day"),
        ("每天25点", "25:00 is not a time of day"),
        ("daily on monday", "cannot read 'on monday'"),
        ("daily at 8 at 9", "cannot read 'at 9'"),
        ("immediate at 8", "cannot read 'at 8'"),
        ("weekly on foo", "cannot read 'on foo'"),
        ("weekly on monday and friday", "cannot read 'and friday'"),
        ("monthly on 32", "no day 32"),
        ("monthly on 0", "no day 0"),
        ("每月三十二日", "cannot read"),
        ("daily " + "x" * 1000, "is not a schedule"),
    ],
)
def test_not_a_schedule(text: str, message: str) -> None:
    """What cannot be read is refused with what was expected."""
    with pytest.raises(ValueError, match=message):
        parse_schedule(text, zone="UTC")


def test_immediate_has_no_zone() -> None:
    """All immediate schedules are one value, whatever zone they were typed in."""
    assert parse_schedule("immediate", zone="Asia/Shanghai") == Schedule(Kind.IMMEDIATE, 0, 0, "UTC")


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("immediate", "as soon as a report appears", "报告发布后立即发送"),
        ("daily", "every day at 08:00", "每天 08:00"),
        ("weekly on sunday", "every Sunday at 08:00", "每周日 08:00"),
        ("monthly on 1", "on the 1st of every month at 08:00", "每月 1 日 08:00"),
        ("monthly on 12", "on the 12th of every month at 08:00", "每月 12 日 08:00"),
        ("monthly on 22", "on the 22nd of every month at 08:00", "每月 22 日 08:00"),
        (
            "monthly on 30",
            "on the 30th (or the last day) of every month at 08:00",
            "每月 30 日（或当月最后一天） 08:00",
        ),
        ("monthly on 31", "on the last day of every month at 08:00", "每月最后一天 08:00"),
    ],
)
def test_describe(text: str, english: str, chinese: str) -> None:
    """Mails say a schedule in plain words of both languages; an unknown language gets English."""
    schedule = parse_schedule(text, zone="UTC")
    assert (describe(schedule, "en"), describe(schedule, "zh"), describe(schedule, "fr")) == (
        english,
        chinese,
        english,
    )


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("15m", timedelta(minutes=15)),
        ("400d", timedelta(days=400)),
        ("2 weeks", timedelta(weeks=2)),
        ("1h 30 min", timedelta(minutes=90)),
        ("1 hour, 30 minutes", timedelta(minutes=90)),
        ("2 months", timedelta(days=60)),
        ("1y", timedelta(days=365)),
        ("2周", timedelta(weeks=2)),
        ("３个月", timedelta(days=90)),
        ("0s", timedelta()),
    ],
)
def test_durations(text: str, length: timedelta) -> None:
    """Lengths of time are read in both languages."""
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "15", "m", "-3d", "1.5h", "3 fortnights", "999999999y", "99999999999999s", "15m and"]
)
def test_not_a_duration(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(ValueError, match="expected"):
        parse_duration(text)


def test_format_duration() -> None:
    """Durations print as short as they are typed."""
    lengths = [timedelta(minutes=15), timedelta(days=400), timedelta(hours=25, seconds=1), timedelta()]
    assert [format_duration(length) for length in lengths] == ["15m", "400d", "1d1h1s", "0s"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin ", "Europe/Berlin"),
        ("america/new york", "America/New_York"),
    ],
)
def test_zone_names(text: str, name: str) -> None:
    """Capitals and underscores of a zone's name need not be right."""
    assert check_zone(text) == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Berlin", "did you mean Europe/Berlin"),
        ("Europe/Berln", "did you mean Europe/Berlin"),
        ("localtime", "no time zone 'localtime'"),
        ("../../etc/passwd", "no time zone"),
        ("", "expected a name such as"),
        ("x\x00y", "no time zone"),
    ],
)
def test_no_such_zone(text: str, message: str) -> None:
    """An unknown zone is refused with the names it may have meant."""
    with pytest.raises(ValueError, match=message):
        check_zone(text)
