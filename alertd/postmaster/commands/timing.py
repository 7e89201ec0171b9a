"""When digests go, pauses, and the settings of time."""

from __future__ import annotations

import re

from alertd.postmaster.commands import when
from alertd.postmaster.commands.generic import is_generic, strip_polite
from alertd.postmaster.commands.model import Command, Entry, Setting, Typed, Verb, When, pattern
from alertd.postmaster.commands.phrases import keywords
from alertd.postmaster.commands.places import find_zone
from alertd.postmaster.commands.until import read_until


def _schedule(typed: Typed, setting: Setting) -> Command | None:
    """`weekly`, `weekly on monday at 8`, `weekly for rural pensions`, `weekly rural pensions` when that is theirs."""
    text = strip_polite(typed.whole)
    if timing := when.read(text):
        return Command(Verb.SCHEDULE, when=timing) if timing.kind or timing.minute is not None else None
    return _for_query(text, setting)


def _for_query(text: str, setting: Setting) -> Command | None:
    timed = re.match(
        r"(?P<when>.+?)\s+(?:for|about|on|regarding)\s+(?P<query>(?!\d|(?:mon|tue|wed|thu|fri|sat|sun)).+)$",
        text,
        re.IGNORECASE,
    )
    if timed and (timing := when.read(timed["when"])) and timing.kind:
        found, more = keywords(timed["query"], setting, sentence=True)
        return Command(Verb.SCHEDULE, found, _joined(timing, more))
    first, _, rest = text.partition(" ")
    timing = when.read(first)
    if timing and rest and strip_polite(rest.lower()).strip("\"'") in setting.labels:
        return Command(Verb.SCHEDULE, (strip_polite(rest),), timing)
    return None


def _joined(timing: When, more: When | None) -> When:
    return When(timing.kind, timing.days, more.minute) if more and timing.minute is None else timing


def _pause(typed: Typed, setting: Setting) -> Command | None:
    rest = strip_polite(typed.rest)
    until = read_until(rest, setting.now.date())
    if until:
        return Command(Verb.PAUSE, value=until.isoformat())
    return Command(Verb.PAUSE) if is_generic(rest, setting) or _FOR_NOW.fullmatch(rest) else None


_FOR_NOW = re.compile(
    r"(?:for (?:now|a while|the (?:moment|time being)|some time)|a while|temporarily|until (?:further notice|i (?:write|say|am back|return|come back|tell you|get back).*)|一段时间|一阵子|一会儿|暂时)",
    re.IGNORECASE,
)


def _resume(typed: Typed, setting: Setting) -> Command | None:
    return Command(Verb.RESUME) if is_generic(typed.rest, setting) else None


def _zone(typed: Typed, _setting: Setting) -> Command | None:
    zone = find_zone(strip_polite(typed.rest))
    return Command(Verb.ZONE, value=zone) if zone else None


ENTRIES = (
    Entry(
        Verb.PAUSE,
        ("pause", "suspend", "hold", "vacation", "nomail", "set nomail", "holiday", "postpone", "mute"),
        ("暂停", "中止", "休假", "暂缓"),
        ("pause [2 weeks | until 2026-12-31]", "暂停 [两周 | 到2026-12-31]"),
        ("no mail for a while, or until you resume", "暂停一段时间"),
        _pause,
        ((pattern(r"set \S+ nomail"), lambda _typed, _setting: Command(Verb.PAUSE)),),
    ),
    Entry(
        Verb.RESUME,
        ("resume", "continue", "restart", "unpause", "reactivate", "set mail", "unmute", "unsuspend"),
        ("恢复", "继续", "重新开始", "恢复发送", "取消暂停", "恢復", "恢复订阅"),
        ("resume", "恢复"),
        ("end a pause", "结束暂停"),
        _resume,
        ((pattern(r"set \S+ mail"), lambda _typed, _setting: Command(Verb.RESUME)),),
    ),
    Entry(
        Verb.ZONE,
        ("time zone", "timezone", "tz", "time-zone", "zone", "set zone", "set time zone", "set timezone"),
        ("时区", "时区设为", "设置时区", "時區"),
        ("time zone Europe/Berlin", "时区 Asia/Shanghai"),
        ("the zone of the times you give", "您所说时间的时区"),
        _zone,
    ),
    Entry(
        Verb.SCHEDULE,
        (
            "daily",
            "weekly",
            "monthly",
            "immediate",
            "immediately",
            "instantly",
            "every day",
            "every week",
            "every month",
            "digest",
            "at",
            "every",
            "each",
            "on",
        ),
        ("每天", "每日", "每周", "每月", "立即", "即时", "实时", "每星期", "每个月", "每"),
        (
            "daily | weekly | monthly | immediate [at 08:00] [on monday] [for KEYWORDS]",
            "每天 | 每周 | 每月 | 立即 [早上8点] [周一]",
        ),
        ("when your mail comes, for all or for one of your keywords", "何时发送（可只针对某个关键词）"),
        _schedule,
    ),
)
