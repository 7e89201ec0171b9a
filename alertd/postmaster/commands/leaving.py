"""Leave, forget me, and what only sounds like it."""

from __future__ import annotations

import re

from alertd.postmaster.commands import when
from alertd.postmaster.commands.generic import is_generic, strip_polite
from alertd.postmaster.commands.model import Command, Entry, Setting, Typed, Verb, pattern
from alertd.postmaster.commands.phrases import topic
from alertd.postmaster.commands.subjects import plausible

_OUT = r"(?:unsubscribed?|unsubscribing|un-subscribe|removed?|removing|leave|leaving|cancel(?:l?ed|l?ing)?|stop(?:ped|ping)?|deleted?|deleting|sign(?:ed)? off|opt(?:ed)? out|forget|forgotten|take me off|taken off|quit|drop(?:ped)?)"
_ZH_OUT = r"(?:退订|退掉|退出|删掉|删除|删了|移除|移出|去掉|剔除|除名|取消(?!了)|停止(?!发|给|推|再|向)|停掉|停(?!发|止)|注销|清理|清除)"
LONGEST_SUBJECT = 6
DENIED = pattern(
    rf"\b(?:do not|does not|did not|don'?t|didn'?t|doesn'?t|dont|never|not|no need to|rather not|won'?t|will not|would not|wouldn'?t|without|instead of|no intention (?:to|of)|cannot|can'?t|refuse to|hate to)"
    rf"(?: (?:want(?:ed|ing)?|wish(?:ing)?|mean(?:t)?|intend(?:ed)?|plan(?:ning)?|like|going|ask(?:ed|ing)?|try(?:ing)?|yet|ever|really|want|be|just|have|need|decided|request(?:ed)?|tell))*(?: you| me| us)?(?: to)?(?: (?:be|get|have|please|ever|accidentally|been|being|simply))* {_OUT}\b"
)
"""An outright "do not unsubscribe me": whatever else the mail says, nobody leaves by it."""
KEEPING = (
    # "If you do not want our mails, answer with unsubscribe" is a sender's own footer, or spam; "if you could" is politeness.
    pattern(
        rf"\b(?:if|in case|should) (?:you|anyone|people)(?! (?:could|can|would|might|may|will|kindly|please|were|remove|stop|took|take|cancel|delete|unsubscribe|have to|be)\b).{{0,80}}\b{_OUT}\b"
    ),
    pattern(r"\b(?:reply|answer|respond|click|text)\b.{0,20}\b(?:stop|unsubscribe|remove|opt-?out)\b"),
    # A footer's instruction to its reader: "To stop receiving offers, reply STOP".
    pattern(
        r"\b(?:to|in order to) (?:stop|unsubscribe|opt out|be removed|avoid|no longer)\b.{0,60}\b(?:reply|click|answer|press|text)\b"
    ),
    re.compile(r"(?:只|仅)(?:想|要|需要|需)?(?:保留|留下|留|订|看|收)|\b(?:only|just) keep\b|\bkeep only\b"),
    # Chinese puts the object between the "not" and the verb: 不要把我从名单里删掉.
    re.compile(
        rf"(?:不要|不想要?|别|请勿|勿|不会|不打算|没有?(?:想|要)?|不是(?:要|想)?|不必|不用|无需|不准|不能|不愿|千万(?:不要|别)|不)(?:再|随便|轻易|误|直接|擅自|就|把|将|给|让|帮|我们?|的|邮箱|地址|名字|订阅|从.{{0,8}}?[中里上])*{_ZH_OUT}"
    ),
    pattern(rf"\b(?:someone|somebody)\b.{{0,60}}\b{_OUT}\b"),
    DENIED,
    # Who does not want to sign up does not leave; who wants it no more (了) does.
    re.compile(r"不(?:想|打算|要)订阅(?!.{0,8}了)"),
    pattern(
        rf"\b(?:if|when|before|after|once|whether|unless|in case|until|till|as soon as|should) (?:i|we|you)(?: (?:ever|want|wish|decide|were|would|could|should|can|to|am|get|had|have|do|like))* {_OUT}\b"
    ),
    pattern(
        rf"\b(?:my (?:colleague|friend|boss|wife|husband|student|supervisor|professor|secretary|assistant|sister|brother)|he|she|they|somebody|someone|people)(?: (?:also|who|would|wants?|wish(?:es)?|likes?|needs?|asked|has|have|is|are|had|to|me|really|tries|tried|trying|please))* {_OUT}\b"
    ),
    pattern(
        rf"\b(?:i|we) (?:was|were|got|have been|had been|must have been|seem to have been|am|been)(?: (?:accidentally|mistakenly|wrongly|suddenly|apparently))? {_OUT}\b"
    ),
    pattern(rf"\bwhy (?:was|did|were|am|have|has|do|are) (?:i|you|we)\b.{{0,30}}{_OUT}\b"),
    pattern(r"\bleave (?:\w+ ){1,3}out\b"),
    pattern(
        r"\bleave (?:everything|it|things|them|me|my \w+|all)(?: (?:just |exactly )?as|\b.{0,20}\bunchanged| on)\b"
    ),
    pattern(
        r"\b(?:un-?subscribed?|cancelled|canceled|removed|left|stopped) (?:me )?(?:by (?:mistake|accident)|accidentally|in error|last (?:week|month|year)|yesterday|already)\b"
    ),
    pattern(
        r"\b(?:keep me|stay|remain)(?: (?:subscribed|on))?\b.{0,20}\b(?:list|subscribed|subscriber)\b|\bkeep me (?:subscribed|on)\b|\bdon'?t go\b|\bkeep (?:sending|them coming|it coming)\b"
    ),
    re.compile(
        r"(?:不要|不想要?|别|不是(?:要|想)?|没有?(?:要|想)?(?:要求|申请|说|点|发|提出)?(?:过)?|不会|不打算|请勿|勿|暂不|先不|并非(?:要|想)?|无需|不必|不用|不愿|不能|从未|从来没有?|没说过?要?|不)(?:把我|给我|帮我|将我|让我)?(?:再)?(?:退订|取消(?!了)|退出|删除我|移除我|停止(?!发|给|推|再|向)|停(?!发|止)|注销|取消订阅|删掉我|从.{0,8}(?:删除|移除))"
    ),
    re.compile(
        r"取消退订|撤销退订|撤回退订|退订(?:是)?(?:错|误)|误(?:操作)?退订|不小心退订|(?:为什么|为何|为啥).{0,8}(?:退订|取消|删除|移除)|怎么(?:把我|给我|我)?(?:就|会|被)+(?:退订|取消|删除|移除)|被(?:误)?退订|如果.{0,6}退订|(?:同事|朋友|老师|他|她)(?:们)?(?:也)?(?:想|要|说)?(?:要)?退订|退订(?:前|之前|后|之后)"
    ),
)
"""Sentences that speak of leaving and do not ask for it; whatever else they say, nobody leaves by them."""


def keeps(sentence: str) -> bool:
    """Whether the sentence says that someone does not leave, or only speaks of leaving."""
    return any(expression.search(sentence) for expression in KEEPING)


def _leave(typed: Typed, setting: Setting) -> Command | None:
    rest = strip_polite(typed.rest)
    if is_generic(
        re.sub(r"^(?:me|us|my address)?\s*(?:from|off|out of)?\s*", "", rest, flags=re.IGNORECASE), setting
    ):
        return Command(Verb.LEAVE)
    if when.regular(rest):
        return None
    subject = topic(re.sub(r"^(?:me |us )?(?:from |off |out of )", "", rest, flags=re.IGNORECASE))
    if (
        subject
        and plausible((subject,), prose=True)
        and not is_generic(subject, setting)
        and "@" not in subject
        and len(subject.split()) <= LONGEST_SUBJECT
    ):
        return Command(
            Verb.REMOVE, tuple(part.strip() for part in re.split(r"[,、，]", subject) if part.strip())
        )
    return Command(Verb.LEAVE) if not subject or is_generic(subject, setting) else None


def _forget(typed: Typed, setting: Setting) -> Command | None:
    return Command(Verb.FORGET) if is_generic(typed.rest, setting) else None


_POLITE = r"(?:(?:please|pls|plz|kindly|just|can you|could you|would you|will you)[\s,]+)*"
_ENOUGH = r"(?:[\s,]+(?:please|pls|thanks|thank you|thx|ty|now|at once|asap|immediately))*\s*[?]?"

FORGET = Entry(
    Verb.FORGET,
    ("forget me", "forget", "erase me", "delete my data", "delete me completely"),
    ("忘记我", "删除我的数据", "清除我的数据", "注销", "删除账号", "删除账户"),
    ("forget me", "忘记我"),
    ("leave, and have everything about you erased", "退订并删除有关您的全部数据"),
    _forget,
)

LEAVE = Entry(
    Verb.LEAVE,
    (
        "unsubscribe",
        "unsub",
        "un-subscribe",
        "leave",
        "stop",
        "cancel",
        "signoff",
        "sign off",
        "sign-off",
        "opt out",
        "opt-out",
        "optout",
        "remove me",
        "unregister",
        "off",
        "stop all",
        "unsubscribe me",
        "désabonner",
        "abmelden",
        "abbestellen",
        "unsubscription",
        "unsubscribing",
    ),
    (
        "退订",
        "取消订阅",
        "退定",
        "停止",
        "取消",
        "停止订阅",
        "退阅",
        "停订",
        "退訂",
        "取消訂閱",
        "离开",
        "退出",
        "TD",
        "T",
        "N",
    ),
    ("unsubscribe", "退订"),
    ("leave at once; nothing more is sent", "退订全部，不再收到任何邮件"),
    _leave,
    tuple(
        (pattern(expression), lambda _typed, _setting: Command(Verb.LEAVE))
        for expression in (
            rf"{_POLITE}(?:take|get|remove|strike|drop|delete) (?:me|us|my (?:name|address|e-?mail(?: address)?)) (?:off|out|from)(?: (?:of )?(?:this|the|your|all)(?: [\w-]+)?)?{_ENOUGH}",
            rf"{_POLITE}(?:do not|don'?t|dont|stop|no longer|never) (?:e-?mail|mail|send|writ|contact|spam)(?:e|ing)?(?: (?:to )?(?:me|us|this address|here))?(?: (?:any ?more|any longer|again|these|this|e?-?mails?|them|anything))*{_ENOUGH}",
        )
    ),
)
ENTRIES = (FORGET, LEAVE)
