"""When digests go, pauses, and the settings of time."""

# ruff: noqa: PLR2004 - lengths at which a heuristic turns, each said in the docstring beside it

from __future__ import annotations

import re

from alertd.postmaster.commands import when
from alertd.postmaster.commands.generic import is_generic, strip_polite
from alertd.postmaster.commands.model import Command, Entry, Setting, Verb, When, pattern
from alertd.postmaster.commands.phrases import THING, keywords
from alertd.postmaster.commands.places import find_zone
from alertd.postmaster.commands.until import read_until


def _schedule(match: re.Match[str], setting: Setting) -> Command | None:
    """`weekly`, `weekly on monday at 8`, `weekly for rural pensions`, `weekly rural pensions` when that is theirs."""
    text = strip_polite(match[0])
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


def _timed(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence about how often: its timing, and its subject when it names one."""
    rest = match["rest"]
    if re.search(r"都(?:会|能)?(?:收到|有|来|要)|太多|太频繁", match.string):
        return None
    timing = when.read(strip_polite(rest))
    if timing:
        return Command(Verb.SCHEDULE, when=timing)
    found = when.find(rest)
    if found.when is None or found.when.kind is None:
        return None
    subject, _ = keywords(found.rest.replace("\0", " "), setting, sentence=True)
    subject = tuple(query for query in subject if not is_generic(query, setting) and when.read(query) is None)
    if subject and not re.search(rf"\b(?:for|about|on) |{THING}|报告|关键词", rest, re.IGNORECASE):
        return None
    if any(len(query.split()) > 6 for query in subject):
        return None
    return Command(Verb.SCHEDULE, subject, found.when)


def _timed_all(match: re.Match[str], _setting: Setting) -> Command | None:
    found = when.find(match["rest"])
    return Command(Verb.SCHEDULE, when=found.when) if found.when and found.when.kind else None


def _pause(match: re.Match[str], setting: Setting) -> Command | None:
    rest = strip_polite(match["rest"] or "")
    until = read_until(rest, setting.now.date())
    if until:
        return Command(Verb.PAUSE, value=until.isoformat())
    return Command(Verb.PAUSE) if is_generic(rest, setting) or _FOR_NOW.fullmatch(rest) else None


def _pause_until(match: re.Match[str], setting: Setting) -> Command | None:
    until = read_until(match["until"], setting.now.date())
    if until is None and re.search(
        r"\b(?:then|further notice|i(?:'m| am| say| let| write| tell| return| come| get))\b", match["until"]
    ):
        return Command(Verb.PAUSE)
    return Command(Verb.PAUSE, value=until.isoformat()) if until else None


def _plain_pause(_match: re.Match[str], _setting: Setting) -> Command:
    return Command(Verb.PAUSE)


def _away(match: re.Match[str], setting: Setting) -> Command | None:
    until = read_until(match.string, setting.now.date())
    return Command(Verb.PAUSE, value=until.isoformat() if until else "")


_FOR_NOW = re.compile(
    r"(?:for (?:now|a while|the (?:moment|time being)|some time)|a while|temporarily|until (?:further notice|i (?:write|say|am back|return|come back|tell you|get back).*)|一段时间|一阵子|一会儿|暂时)",
    re.IGNORECASE,
)


def _resume(match: re.Match[str], setting: Setting) -> Command | None:
    return Command(Verb.RESUME) if is_generic(match["rest"], setting) else None


def _plain_resume(match: re.Match[str], _setting: Setting) -> Command | None:
    if re.search(r"别的|其他|其余|剩下", match.string):
        return None
    return Command(Verb.RESUME)


def _zone(match: re.Match[str], _setting: Setting) -> Command | None:
    zone = find_zone(strip_polite(match["rest"]))
    return Command(Verb.ZONE, value=zone) if zone else None


_SET = (
    r"(?:change|switch|set|make|move|put|turn|adjust|modify|reduce|limit|update|convert|alter|lower|increase)"
)
_MAILS = r"(?:the |my |your |these |those |all |it|them|this|me|us)*(?:mails?|e-?mails?|digests?|reports?|alerts?|updates?|frequency|schedule|delivery(?: time)?|subscriptions?|messages?|notifications?|newsletters?|summar(?:y|ies)|mode|time|settings?|day|hour)*"

ENTRIES = (
    Entry(
        Verb.PAUSE,
        ("pause", "suspend", "hold", "vacation", "nomail", "set nomail", "holiday", "postpone", "mute"),
        ("暂停", "中止", "休假", "暂缓"),
        ("pause [2 weeks | until 2026-12-31]", "暂停 [两周 | 到2026-12-31]"),
        ("no mail for a while, or until you resume", "暂停一段时间"),
        _pause,
        (
            (
                pattern(
                    r"\b(?:stop|do not|don'?t|dont|no|not|cease|halt|without|nothing|hold|suspend|pause|interrupt|skip)\b[^,;]{0,60}?\b(?P<until>(?:until|till|til|before|between|from (?=\d|\w+ \d)|for (?:the )?(?:next |coming )?(?:\d+|a|an|one|two|three|four|five|six|seven|eight|ten|few|couple)\b|during|through|over) ?.{1,60})$"
                ),
                _pause_until,
            ),
            (
                pattern(
                    r"\b(?:pause|suspend|put on hold|put (?:it|them|everything|my subscription|my alerts?) on hold|hold|freeze|halt)\b(?: (?:all|my|the|your|these|sending|me|it|them|mails?|e-?mails?|alerts?|reports?|subscriptions?|deliver(?:y|ies)|digests?|mailings?|everything|service|account|messages?|from|of|back|off|on))*(?P<rest>.*)$"
                ),
                _pause,
            ),
            (
                pattern(
                    r"\bi(?:'m| am| will be|'ll be)? (?:going )?(?:away|on (?:vacation|holidays?|leave|sabbatical|maternity leave|a trip|parental leave|business trip)|travell?ing|out of (?:the )?office|off)\b.{0,60}\b(?:pause|hold|stop|suspend|no (?:mails?|e-?mails?|reports?)|don'?t send|do not send)\b"
                ),
                _away,
            ),
            (pattern(r"^set \S+ nomail$"), _plain_pause),
            (pattern(r"^(?:take a break|give me a break|a break)(?P<rest>.*)$"), _pause),
            (
                pattern(
                    r"(?:暂停|暂缓|中止|先停|停发|暂时停(?:止)?|暂时(?:不要|别|不用|不)(?:再)?(?:发|推送|寄|给我发)?|先(?:别|不要|不用)(?:再)?(?:发|推送|给我发))(?:发送|发|推送|订阅|给我发|邮件|接收|我的|所有|服务|报告|一下|了|给我|的)*(?P<rest>.*)$"
                ),
                _pause,
            ),
            (
                pattern(
                    r"^(?:请|麻烦|等)?(?P<until>(?:下个?月|下周|明年|\d{1,2}月)[^,]{0,8}?(?:以后|之后|后)?)再(?:给我|继续|开始)?(?:发|推送|寄|恢复|说)"
                ),
                _pause_until,
            ),
            (
                pattern(
                    r"(?P<until>.{0,20}(?:之前|前|期间|内|为止))(?:请)?(?:先)?(?:不要|别|停止|停|暂停|勿|不用)(?:再)?(?:给我)?(?:发|推送|寄)"
                ),
                _pause_until,
            ),
            (
                pattern(
                    r"(?:停|停止|停发|别发|不要发)(?:发送|推送|邮件|给我|订阅|报告)*(?P<until>(?:到|至)?.{0,12}(?:天|周|星期|月|年|日|号)(?:后|之后|底|初|末)?)(?:再(?:发|恢复|说).{0,4})?$"
                ),
                _pause_until,
            ),
            (pattern(r"(?:休假|出差|度假|放假|外出|请假).{0,24}(?:暂停|停|别发|不要发|先不)"), _away),
        ),
    ),
    Entry(
        Verb.RESUME,
        ("resume", "continue", "restart", "unpause", "reactivate", "set mail", "unmute", "unsuspend"),
        ("恢复", "继续", "重新开始", "恢复发送", "取消暂停", "恢復", "恢复订阅"),
        ("resume", "恢复"),
        ("end a pause", "结束暂停"),
        _resume,
        (
            (
                pattern(
                    r"\b(?:cancel|end|stop|lift|undo|remove|finish|terminate|revoke)(?: the| my| this)? (?:pause|suspension|vacation(?: mode| hold)?|hold|holiday(?: mode)?|break|mute)\b"
                ),
                _plain_resume,
            ),
            (
                pattern(
                    r"\b(?:resume|restart|reactivate|unpause|re-?enable|reinstate|continue)(?: (?:all|my|the|your|sending|me|it|them|mails?|e-?mails?|alerts?|reports?|subscriptions?|deliver(?:y|ies)|digests?|mailings?|everything|service|account|to|receiving|messages?|with|please|now|again))*(?P<rest>)$"
                ),
                _plain_resume,
            ),
            (pattern(r"^set \S+ mail$"), _plain_resume),
            (
                pattern(
                    r"\b(?:start|begin) (?:sending|mailing|receiving|getting|delivering|the|my|with)?\b.{0,40}\bagain$|\b(?:turn|switch) (?:it|them|my .{1,20}|the .{1,20}) (?:back )?on(?: again)?$|\bback from (?:my )?(?:vacation|holidays?|leave|my trip|the trip|travel)|\bi(?:'m| am) back\b"
                ),
                _plain_resume,
            ),
            (
                pattern(
                    r"(?:恢复|继续|重新)(?:给我)?(?:发送|收到|接收|收|看|发|推送|订阅|邮件|接收|寄|开始|我的|服务|报告|开启)*(?:吧|了|给我|一下)*$|(?:取消|结束|解除|撤销)暂停|(?:休假|出差|度假)(?:结束|回来)|我(?:已经?)?回来了"
                ),
                _plain_resume,
            ),
        ),
    ),
    Entry(
        Verb.ZONE,
        ("time zone", "timezone", "tz", "time-zone", "zone", "set zone", "set time zone", "set timezone"),
        ("时区", "时区设为", "设置时区", "時區"),
        ("time zone Europe/Berlin", "时区 Asia/Shanghai"),
        ("the zone of the times you give", "您所说时间的时区"),
        _zone,
        (
            (pattern(r"\b(?:my |the )?time ?-?zone (?:to |is |should be |= ?|: ?|of )?(?P<rest>.+)$"), _zone),
            (
                pattern(
                    r"^(?:i (?:now )?live in|i(?:'m| am) (?:now )?(?:living |based |located )?in|i(?:'ve| have)? moved to|we are in) (?P<rest>[\w /,'+-]{2,40}?)(?: time ?zone| time| now)?$"
                ),
                _zone,
            ),
            (
                pattern(
                    r"^(?:use|switch to|change to|set (?:it )?to|in|to)? ?(?P<rest>[\w /,'+-]{2,40}?) (?:time ?zone|time)$"
                ),
                _zone,
            ),
            (pattern(r"时区(?:改成|改为|设为|设成|是|为|调整为|换成|:|设置为)?\s*(?P<rest>.+)$"), _zone),
            (
                pattern(
                    r"^(?:我)?(?:在|住在|搬到了?|现居)(?P<rest>[\u4e00-\u9fff]{2,8}?)(?:时间)?$|^(?:使用|按|用|改成|改为)(?P<rest2>[\u4e00-\u9fff]{2,8}?)时间(?:发送|发|推送)?$"
                ),
                lambda match, _setting: _place(match["rest"] or match["rest2"]),
            ),
        ),
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
        (
            (
                pattern(
                    rf"^(?:{_SET}|send|get|receive|have|deliver|mail|e-?mail|i (?:want|prefer|need|would like|'d like|'d prefer|would prefer|like)|prefer|want|only|just|frequency|schedule|set (?:frequency|schedule|delivery|digest|mail))\b(?: to)?(?: {_MAILS})?(?P<rest> .+)$"
                ),
                _timed,
            ),
            (
                pattern(
                    r"^(?:set )?(?:frequency|schedule|delivery|interval|mode)(?: (?:to|is|:|=))?(?P<rest>.+)$"
                ),
                _timed_all,
            ),
            (
                pattern(
                    r"^(?P<rest>.{0,30}(?:once|twice|every|weekly|daily|monthly|immediate|per) ?.{0,40}?)(?: (?:is|would be|will be|seems)) (?:enough|fine|better|ok|okay|perfect|good|sufficient|nice|great|best|preferable|preferred|plenty)\b"
                ),
                _timed_all,
            ),
            (
                pattern(
                    r"^(?:(?:the )?(?:mails?|e-?mails?|digests?|reports?|alerts?)) (?:should|shall|must|could|can|may|to) (?:come|arrive|be sent|be delivered|go out|go) (?P<rest>.+)$"
                ),
                _timed,
            ),
            (
                pattern(
                    r"(?:改成|改为|换成|换为|调成|调整为|调整到|调到|设为|设成|变成|变为|改到|设置为|设置成|设定为|切换到|切换为|切换成)(?:每封|发送频率)?(?P<rest>.+)$"
                ),
                _timed_all,
            ),
            (
                pattern(
                    r"^(?:发送)?(?:频率|时间|频次|推送频率|发送时间|推送时间|发送频率)(?:改成|改为|为|是|:|设为)?(?P<rest>.+)$"
                ),
                _timed_all,
            ),
            (
                pattern(
                    r"^(?P<rest>(?:.{0,12})?(?:每|一).{0,16}?)(?:发|推送|收|寄|一封|一次|汇总|给我)+.{0,8}$"
                ),
                _timed,
            ),
        ),
    ),
)


def _place(text: str) -> Command | None:
    zone = find_zone(text)
    return Command(Verb.ZONE, value=zone) if zone else None
