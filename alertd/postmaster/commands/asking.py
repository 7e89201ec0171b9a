"""Commands that ask and change nothing, and the two that send something at once."""

from __future__ import annotations

import re

from alertd.postmaster.commands.generic import is_generic, strip_polite
from alertd.postmaster.commands.model import Command, Entry, Setting, Typed, Verb, pattern
from alertd.postmaster.commands.phrases import keywords, topic, unwrapped

_OWN = r"(?:my|the|our|me|i|am|of|all|current|currently|subscribed|to|settings?|subscriptions?|keywords?|queries|query|topics?|alerts?|profile|status|please|show|list|have|what|which|do|is|are|in|on|for|now)"


REPORT_NUMBER = re.compile(
    r"(?:\b(?:no|nr|number|reports?)\.?|#)\s*(?P<number>\d{2,6})\b|(?:第\s*|(?<![\d年月]))(?P<chinese>\d{3,6}|(?<=第)\d{2})\s*[号期]",
    re.IGNORECASE,
)
"""A report by its number: "No 178", 第178号."""


def _plain(verb: Verb, typed: Typed, setting: Setting) -> Command | None:
    rest = strip_polite(typed.rest)
    words = re.findall(r"\w+", rest.lower())
    if is_generic(rest, setting) or all(re.fullmatch(_OWN, word) for word in words):
        return Command(verb)
    return None


def _list(typed: Typed, setting: Setting) -> Command | None:
    return _plain(Verb.LIST, typed, setting)


def _topics(typed: Typed, setting: Setting) -> Command | None:
    return _plain(Verb.TOPICS, typed, setting)


def _export(typed: Typed, setting: Setting) -> Command | None:
    rest = re.sub(r"\b(?:my|data|all|personal)\b|我的|数据|资料|信息", "", typed.rest, flags=re.IGNORECASE)
    return Command(Verb.EXPORT) if is_generic(rest, setting) else None


def _send_now(typed: Typed, setting: Setting) -> Command | None:
    return _plain(Verb.SEND_NOW, typed, setting)


def _search(typed: Typed, setting: Setting) -> Command | None:
    if re.match(
        r"(?:attached|enclosed|below|out|in (?:the )?attach|forward|me|here)\b",
        typed.rest.strip(),
        re.IGNORECASE,
    ):
        return None
    found, _ = keywords(typed.rest, setting, sentence=False)
    found = tuple(unwrapped(query) for query in found)
    return Command(Verb.SEARCH, found[:5]) if found else None


def _preview(typed: Typed, setting: Setting) -> Command | None:
    found, _ = keywords(typed.rest, setting, sentence=False)
    return Command(Verb.PREVIEW, found[:5])


def _why(typed: Typed, setting: Setting) -> Command | None:
    report = strip_polite(typed.rest).rstrip("?？")
    if numbered := REPORT_NUMBER.search(report):
        return Command(Verb.WHY, value=numbered["number"] or numbered["chinese"])
    if re.search(r"unsubscri|removed|taken off|退订|取消", report, re.IGNORECASE):
        return None
    report = re.sub(r"^(?:not|so)$", "", report, flags=re.IGNORECASE)
    report = re.sub(
        r"^(?:(?:the|this|that|a) )?reports? (?:called |titled |number |no\.? ?|on |about )?|^报告\s*",
        "",
        report,
        flags=re.IGNORECASE,
    ).strip(" \"'“”《》")
    return Command(Verb.WHY, value="" if is_generic(report, setting) else report[:500])


def _help(typed: Typed, setting: Setting) -> Command | None:
    rest = topic(typed.rest).strip("?？").lower()
    if (
        not rest
        or is_generic(rest, setting)
        or re.fullmatch(r"(?:me )?(?:please|needed|wanted|desk|commands?)?", rest)
    ):
        return Command(Verb.HELP)
    return Command(Verb.HELP, value=rest) if rest in _COMMAND_WORDS else None


_COMMAND_WORDS = {
    "subscribe", "add", "remove", "list", "topics", "search", "preview", "daily", "weekly", "monthly", "immediate", "time zone",
    "timezone", "language", "format", "pause", "resume", "change address", "address", "export", "why", "send now", "unsubscribe",
    "stop", "forget me", "confirm", "end", "schedule", "frequency",
}  # fmt: skip

ENTRIES = (
    Entry(
        Verb.WHY,
        ("why",),
        ("为什么", "为何", "为啥"),
        ("why REPORT", "为什么 报告"),
        (
            "why you did or did not get a report (its title, number or link)",
            "解释您为何收到或没有收到某份报告（标题、编号或链接）",
        ),
        _why,
        (
            (
                pattern(
                    r"(?:so |and |but )?why (?:do|did|am|have|are|was) (?:i|we)(?: \w+){0,2}? (?:get(?:ting)?|receiv\w+|got|see(?:ing)?)(?: (?:this|these|it|that|them|those))(?: (?:mail|report|e-?mail|alert)s?)?\s*\?*"
                ),
                lambda _typed, _setting: Command(Verb.WHY),
            ),
        ),
    ),
    Entry(
        Verb.EXPORT,
        ("export", "export data"),
        ("导出",),
        ("export", "导出"),
        ("everything we keep about you", "导出我们保存的关于您的全部数据"),
        _export,
    ),
    Entry(
        Verb.SEND_NOW,
        ("send now", "now", "send me now", "send it now"),
        ("现在发送", "立即发送", "马上发送", "立刻发送", "现在发"),
        ("send now", "现在发送"),
        ("your digest at once, without waiting for its day", "不等到约定时间，现在就把摘要发给您"),
        _send_now,
    ),
    Entry(
        Verb.TOPICS,
        ("topics", "lists", "show topics", "list topics", "topic list"),
        ("主题", "主题列表", "查看主题", "有哪些主题", "话题"),
        ("topics", "主题"),
        ("the topics you can subscribe to by name", "列出可以按名称订阅的主题"),
        _topics,
    ),
    Entry(
        Verb.LIST,
        (
            "list",
            "which",
            "status",
            "settings",
            "show",
            "review",
            "my subscriptions",
            "list all",
        ),
        ("列表", "查看", "状态", "我的订阅", "查询订阅", "查看订阅", "设置", "查询状态"),
        ("list", "列表"),
        ("what you have: keywords, schedule, language, time zone", "列出您的关键词、发送时间、语言和时区"),
        _list,
    ),
    Entry(
        Verb.SEARCH,
        ("search", "find", "look up", "search for"),
        ("搜索", "查找", "检索", "搜"),
        ("search KEYWORDS", "搜索 关键词"),
        ("past reports that match, nothing is changed", "在过去的报告中查找，不改变您的订阅"),
        _search,
    ),
    Entry(
        Verb.PREVIEW,
        ("preview",),
        ("预览",),
        ("preview [KEYWORDS]", "预览 [关键词]"),
        (
            "what your keywords (or these) would have brought lately",
            "预览您的（或给出的）关键词近期会带来哪些报告",
        ),
        _preview,
    ),
    Entry(
        Verb.HELP,
        (
            "help",
            "info",
            "information",
            "commands",
            "?",
            "faq",
            "sos",
            "intro",
            "usage",
            "instructions",
            "man",
            "hilfe",
            "aide",
            "ayuda",
        ),
        ("帮助", "说明", "使用说明", "求助", "指令", "命令", "幫助"),
        ("help", "帮助"),
        ("this overview", "本说明"),
        _help,
    ),
)
