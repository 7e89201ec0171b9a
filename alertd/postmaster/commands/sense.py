"""Which of the wishes that a sentence seems to have make sense beside each other and beside its words."""

from __future__ import annotations

import re
from datetime import date

from alertd.model import Kind
from alertd.postmaster.commands.rhythm import wanted_time
from alertd.postmaster.commands.settings import beside_addresses
from alertd.postmaster.commands.until import read_until
from alertd.postmaster.prose.marks import Role, Wish
from alertd.postmaster.prose.reader import Reading

SURE, VERY_SURE, LIKELY = 0.5, 0.8, 0.25
"""How sure the reader must be that something is asked; to overrule what the rest of a mail says; and that a time is wanted which
stands in a sentence that asks for something."""
_EITHER = (
    {Wish.ENGLISH, Wish.CHINESE},
    {Wish.HTML, Wish.TEXT},
    {Wish.LIST, Wish.TOPICS},
    {Wish.EXPORT, Wish.FORGET},
    {Wish.PAUSE, Wish.RESUME},
    {Wish.NOW, Wish.WHEN},
    {Wish.LIST, Wish.WHY},
    {Wish.LIST, Wish.LEAVE},
    {Wish.LIST, Wish.RESUME},
    {Wish.ALL, Wish.WHY},
    {Wish.ALL, Wish.LIST},
)
"""Wishes that no sentence has both of."""
_DATA = re.compile(
    r"\b(?:data|details|information|records?|files?|traces?|everything|history|profile|account|erase[ds]?|erasure|wipe|purge|forget|forgotten|gdpr|database|systems?|hold|stored?|know)\b|资料|数据|信息|记录|隐私|忘|抹|清除|销毁|档案|痕迹|账号|账户|系统|库",
    re.IGNORECASE,
)
_DENIED = tuple(
    (wish, other, re.compile(expression, re.IGNORECASE))
    for wish, other, expression in (
        (
            Wish.HTML,
            Wish.TEXT,
            r"\b(?:no|not|n't \w+|dont \w+|without|instead of|rather than|stop sending|no more) (?:\w+ ){0,2}?(?:html|formatt\w+|rich text)|(?:不要|别|看不了|打不开|不是|而不是)[^,]{0,4}(?:html|网页|富文本)",
        ),
        (
            Wish.TEXT,
            Wish.HTML,
            r"\b(?:not|n't \w+|without|instead of|rather than|no more) (?:\w+ ){0,2}?(?:plain|text)|(?:不要|别|不是|而不是)[^,]{0,4}(?:纯文本|文本|纯文字)",
        ),
        (
            Wish.CHINESE,
            Wish.ENGLISH,
            r"(?:(?:can't|cannot|can not|don't|do not|not|never|n't|unable to) (?:\w+ ){0,3}?(?:read|understand|speak|know|learn\w*)|instead of|rather than|not(?: in)?|was getting .{0,20}in|no) (?:\w+ ){0,2}?chinese|(?:看不懂|不懂|不会|读不懂|不是|不要|而不是)[^,]{0,3}中文|中文[^,]{0,4}(?:不太?好|不行|看不懂|吃力|很差)",
        ),
        (
            Wish.ENGLISH,
            Wish.CHINESE,
            r"(?:(?:can't|cannot|can not|don't|do not|not|never|n't|unable to) (?:\w+ ){0,3}?(?:read|understand|speak|know|learn\w*)|instead of|rather than|not(?: in)?|was getting .{0,20}in|no) (?:\w+ ){0,2}?english|(?:看不懂|不懂|不会|读不懂|不是|不要|而不是)[^,]{0,3}(?:英文|英语)|(?:英文|英语)[^,]{0,4}(?:不太?好|不行|看不懂|吃力|很差)",
        ),
    )
)
"""A choice that is named only to be refused, and the one that is wanted then."""
_TONGUE = re.compile(
    r"\b(?:teach\w*|learn\w*|stud(?:y|ies|ying)|excuse|pardon|sorry for|poor|bad|broken|course|lessons?) (?:\w+ ){0,2}?(?:english|chinese)\b(?! so)",
    re.IGNORECASE,
)
"""Who teaches a language, or excuses their own, asks for no mails in it."""
_ERASES = re.compile(
    r"\b(?:delet|eras|remov|wip|purg|destroy|clear|forget)\w*|删|清除|销毁|抹", re.IGNORECASE
)
_COPIES = re.compile(
    r"\b(?:copy|copies|export|send|download|give|provide|see|know|what|which)\b|导出|下载|副本|发|看|哪些|什么",
    re.IGNORECASE,
)
_MOVES = re.compile(
    r"\b(?:my|new|chang\w+|moved?|moving|updat\w+|instead|replac\w+|from (?:now|then|\w+day)|as of|no longer|in use|use|using|switch\w*|redirect|forward|reach me|write to me|send (?:it|them|everything|all|my|the|these))\b|换|改|变更|停用|新|以后|寄到|发到|今后",
    re.IGNORECASE,
)
_WHY = re.compile(
    r"\b(?:why|how come|how is it|reason|what (?:has|have|do|does|did|made)|explain|explanation|wonder\w*|what for)\b|为什么|为何|为啥|怎么|缘故|原因|理由|凭什么|咋|何以|何故|解释|什么关系|啥关系",
    re.IGNORECASE,
)
"""Without such a word nobody asks for a reason."""
_LEFT_OUT = re.compile(r"unsubscri|\bremoved\b|taken off|退订|取消", re.IGNORECASE)
_APPOINTMENT = re.compile(
    r"\b(?:meet(?:ings?|ing up)?|appointment|interview|visit|lunch|dinner|coffee|conference|seminar|workshop|canteen|see you|are you free|phone call|talk to you|suit you)\b|会议|开会|采访|拜访|见面|面谈|讲座|座谈",
    re.IGNORECASE,
)
_NEWS = re.compile(
    r"\b(?:publi\w+|appear\w*|releas\w+|out|new|comes?|coming|available|online|issued?|posted|ready|know|told|hear|notif\w+|informed|delay|wait\w*)\b|发布|出|新|有|通知|告诉|等",
    re.IGNORECASE,
)
"""What happens at once, when it is about reports."""
_OUR_MAILS = re.compile(
    r"\b(?:mails?|e-?mails?|digests?|alerts?|reports?|send|get|receive|weekly|daily|monthly|frequency)\b|邮件|发|收|报告|推送|每",
    re.IGNORECASE,
)


def sensible(reading: Reading, text: str, *, told: str, today: date, keeps: bool) -> set[Wish]:
    """The wishes that a sentence is sure to have; of two that exclude each other, the surer.

    Args:
        reading: what the reader makes of it.
        text: the sentence.
        told: the whole mail's text.
        today: the day to which "back on the 11th" is compared.
        keeps: it says that someone does not leave.
    """
    sure = reading.wishes
    asked = {wish for wish in sure if sure[wish] >= SURE}
    joins = Wish.ALL in asked or any(
        subject.role in {Role.WANTED, Role.SPOKEN_OF} for subject in reading.subjects
    )
    if joins and sure[Wish.WHEN] >= LIKELY and (timing := wanted_time(text)) and timing.kind:
        asked.add(Wish.WHEN)
    if keeps:
        asked.discard(Wish.ALL)
    if any(subject.role is Role.UNWANTED for subject in reading.subjects) and sure[Wish.LEAVE] < VERY_SURE:
        asked.discard(Wish.LEAVE)  # "unsubscribe me from coal"
    for pair in _EITHER:
        if pair <= asked:
            asked.discard(min(pair, key=lambda wish: sure[wish]))
    asked = _of_ours(_named_right(asked, text, today), text)
    if keeps:
        asked -= {Wish.LEAVE, Wish.FORGET}
    if not _WHY.search(told) or _LEFT_OUT.search(text):
        asked.discard(Wish.WHY)
    if asked - {Wish.HELP, Wish.YES, Wish.NO}:
        asked.discard(Wish.HELP)
    return asked


def _named_right(asked: set[Wish], text: str, today: date) -> set[Wish]:
    """Wishes that their words show to be others, or none of ours."""
    if Wish.NOW in asked and (timing := wanted_time(text)) and timing.kind not in {None, Kind.IMMEDIATE}:
        asked = asked - {Wish.NOW} | {Wish.WHEN}  # "from now on once a month" is no hurry
    if Wish.FORGET in asked and not _DATA.search(text):
        asked = asked - {Wish.FORGET} | {Wish.LEAVE}  # "delete me from the list" leaves, and erases nothing
    if Wish.RESUME in asked and read_until(text, today):
        asked = asked - {Wish.RESUME} | {Wish.PAUSE}  # "back on 11 January"
    if Wish.EXPORT in asked and _ERASES.search(text) and not _COPIES.search(text):
        asked = asked - {Wish.EXPORT} | {Wish.FORGET}
    if _TONGUE.search(text):
        asked = asked - {Wish.ENGLISH, Wish.CHINESE}
    if Wish.RESUME in asked and asked & {Wish.HTML, Wish.TEXT, Wish.ENGLISH, Wish.CHINESE}:
        asked = asked - {Wish.RESUME}  # "HTML again, please"
    for named, other, denied in _DENIED:
        if named in asked and denied.search(text):
            asked = asked - {named} | {other}
            break
    return asked


def _of_ours(asked: set[Wish], text: str) -> set[Wish]:
    """The wishes without what is no wish of our service: an appointment's time, an address in passing, "pay immediately"."""
    if Wish.ADDRESS in asked and not _MOVES.search(beside_addresses(text)):
        asked = asked - {Wish.ADDRESS}
    timing = wanted_time(text) if Wish.WHEN in asked else None
    at_once = timing is not None and timing.kind is Kind.IMMEDIATE
    elsewhere = not _OUR_MAILS.search(text) and (
        _APPOINTMENT.search(text) or (at_once and not _NEWS.search(text))
    )
    return asked - {Wish.WHEN} if Wish.PAUSE in asked or elsewhere else asked
