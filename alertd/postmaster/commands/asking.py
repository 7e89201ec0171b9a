"""Commands that ask and change nothing, and the two that send something at once."""

from __future__ import annotations

import re

from alertd.postmaster.commands.generic import is_generic, strip_polite
from alertd.postmaster.commands.model import Command, Entry, Setting, Verb, pattern
from alertd.postmaster.commands.phrases import keywords, topic, unwrapped

_OWN = r"(?:my|the|our|me|i|am|of|all|current|currently|subscribed|to|settings?|subscriptions?|keywords?|queries|query|topics?|alerts?|profile|status|please|show|list|have|what|which|do|is|are|in|on|for|now)"


REPORT_NUMBER = re.compile(
    r"(?:\b(?:no|nr|number|reports?)\.?|#)\s*(?P<number>\d{2,6})\b|(?:第\s*|(?<![\d年月]))(?P<chinese>\d{3,6}|(?<=第)\d{2})\s*[号期]",
    re.IGNORECASE,
)
"""A report by its number: "No 178", 第178号."""


def _plain(verb: Verb, match: re.Match[str], setting: Setting) -> Command | None:
    rest = strip_polite(match["rest"])
    words = re.findall(r"\w+", rest.lower())
    if is_generic(rest, setting) or all(re.fullmatch(_OWN, word) for word in words):
        return Command(verb)
    return None


def _list(match: re.Match[str], setting: Setting) -> Command | None:
    return _plain(Verb.LIST, match, setting)


def _topics(match: re.Match[str], setting: Setting) -> Command | None:
    return _plain(Verb.TOPICS, match, setting)


def _export(match: re.Match[str], setting: Setting) -> Command | None:
    rest = re.sub(r"\b(?:my|data|all|personal)\b|我的|数据|资料|信息", "", match["rest"], flags=re.IGNORECASE)
    return Command(Verb.EXPORT) if is_generic(rest, setting) else None


def _send_now(match: re.Match[str], setting: Setting) -> Command | None:
    return _plain(Verb.SEND_NOW, match, setting)


def _search(match: re.Match[str], setting: Setting) -> Command | None:
    if re.match(
        r"(?:attached|enclosed|below|out|in (?:the )?attach|forward|me|here)\b",
        match["rest"].strip(),
        re.IGNORECASE,
    ):
        return None
    found, _ = keywords(match["rest"], setting, sentence=False)
    found = tuple(unwrapped(query) for query in found)
    return Command(Verb.SEARCH, found[:5]) if found else None


def _preview(match: re.Match[str], setting: Setting) -> Command | None:
    found, _ = keywords(match["rest"], setting, sentence=False)
    return Command(Verb.PREVIEW, found[:5])


def _why(match: re.Match[str], setting: Setting) -> Command | None:
    report = strip_polite(match["rest"]).rstrip("?？")
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


def _help(match: re.Match[str], setting: Setting) -> Command | None:
    rest = topic(match["rest"]).strip("?？").lower()
    if (
        not rest
        or is_generic(rest, setting)
        or re.fullmatch(r"(?:me )?(?:please|needed|wanted|desk|commands?)?", rest)
    ):
        return Command(Verb.HELP)
    return Command(Verb.HELP, value=rest) if rest in _COMMAND_WORDS else None


def _plain_help(_match: re.Match[str], _setting: Setting) -> Command:
    return Command(Verb.HELP)


def _plain_list(_match: re.Match[str], _setting: Setting) -> Command:
    return Command(Verb.LIST)


def _plain_topics(_match: re.Match[str], _setting: Setting) -> Command:
    return Command(Verb.TOPICS)


def _plain_export(_match: re.Match[str], _setting: Setting) -> Command:
    return Command(Verb.EXPORT)


def _plain_now(_match: re.Match[str], _setting: Setting) -> Command:
    return Command(Verb.SEND_NOW)


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
                    r"^i (?:did not|didn'?t|have not|haven'?t|never) (?:receive|get|got|received|see)(?: the| your)? reports? (?P<rest>.+)$"
                ),
                _why,
            ),
            (
                pattern(
                    r"^(?:may i ask |tell me |explain )?why (?:did|do|didn'?t|don'?t|have|haven'?t|am|was|wasn'?t|were) (?:i|you|we)(?: not| never)? ?(?:get(?:ting)?|receiv(?:e|ed|ing)|got|sent|send|see|told|seen|been sent|miss)?(?: me)?(?P<rest>.*)$"
                ),
                _why,
            ),
            (
                pattern(
                    r"^(?:请问)?(?:为什么|为何|为啥|怎么)(?:我)?(?:会|就)?(?:没有?|未)?(?:收到|给我发|发给我|收不到|看到)(?:了)?(?P<rest>.*?)(?:呢|啊|吗)?[?？]?$"
                ),
                _why,
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
        (
            (
                pattern(
                    r"^(?:send|give|mail|e-?mail)(?: me)? (?:a copy of )?(?:all )?(?:of )?my (?:personal )?data\b"
                ),
                _plain_export,
            ),
            (
                pattern(
                    r"\b(?:what (?:data|information) do you (?:have|keep|hold|store)|a copy of (?:all )?(?:the |my )(?:personal )?data|export (?:all )?my)"
                ),
                _plain_export,
            ),
            (
                pattern(
                    r"导出(?:一下)?(?:我的)?(?:所有|全部)?(?:个人)?(?:数据|资料|信息|订阅)|你们(?:都)?(?:保存|存)了我(?:的)?(?:什么|哪些)"
                ),
                _plain_export,
            ),
        ),
    ),
    Entry(
        Verb.SEND_NOW,
        ("send now", "now", "send me now", "send it now"),
        ("现在发送", "立即发送", "马上发送", "立刻发送", "现在发"),
        ("send now", "现在发送"),
        ("your digest at once, without waiting for its day", "不等到约定时间，现在就把摘要发给您"),
        _send_now,
        (
            (
                pattern(
                    r"^(?:send|give|mail|deliver|e-?mail)(?: me| us)?(?: (?:the|my|a|an|latest|next|current|whatever|what|you|have|today's|digest|mail|report|reports|it|them|everything|so|far|there|is|new|due))* (?:right now|now|at once|right away|today)$"
                ),
                _plain_now,
            ),
            (pattern(r"^(?:don't|do not|can'?t|cannot) (?:want to )?wait\b.{0,40}\bnow$"), _plain_now),
            (
                pattern(
                    r"^(?:现在|马上|立刻|立即)就?(?:把)?.{0,12}(?:发|寄)(?:送)?(?:给我)?(?:一次|一份|一下|过来)?$"
                ),
                _plain_now,
            ),
        ),
    ),
    Entry(
        Verb.TOPICS,
        ("topics", "lists", "show topics", "list topics", "topic list"),
        ("主题", "主题列表", "查看主题", "有哪些主题", "话题"),
        ("topics", "主题"),
        ("the topics you can subscribe to by name", "列出可以按名称订阅的主题"),
        _topics,
        (
            (
                pattern(
                    r"^(?:(?:an? |the |your )?(?:full |complete )?list of (?:all |the |your |available |possible )*(?:topics|subjects|themes)|(?:what|which)(?: are the| kinds? of| sorts? of)? (?:topics|subjects|themes|areas|categories)|(?:what|which)(?: \w+)? (?:can|could|may) i subscribe to|(?:send|show|give|tell)(?: me)? (?:the |a |your |all )?(?:list of )?(?:available )?(?:topics|subjects|categories|themes))(?!.{0,30}\bi\b.{0,20}subscri)"
                ),
                _plain_topics,
            ),
            (
                pattern(
                    r"(?:有|提供)(?:什么|哪些|啥)(?:可以?订阅的?)?(?:主题|话题|专题|类别)|(?:什么|哪些)(?:主题|话题|专题)(?:可以|能)|主题(?:列表|清单|有哪些)|(?:可以?|能)(?:够)?(?:订阅|订|选择?|选订)(?:的)?(?:有)?(?:什么|哪些)"
                ),
                _plain_topics,
            ),
        ),
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
        (
            (
                pattern(
                    r"^(?:(?:what|which)(?: topics| keywords| lists| things| queries| alerts)? (?:am i|have i|did i|are we|do i)(?: currently| now)? (?:subscribed?|signed up|registered|get|have|on|following)|what (?:are|is) my (?:current )?(?:subscriptions?|keywords?|settings?|status|queries|topics|alerts?|schedule))"
                ),
                _plain_list,
            ),
            (
                pattern(
                    r"^(?:show|tell|send|give|see|check|view|know|list)(?: me)? (?:(?:a|an|the) (?:list|overview|summary|copy) of )?(?:all )?(?:(?:of )?my (?:current )?(?:subscriptions?|keywords?|settings?|status|queries|topics|alerts?|profile)|what my .{2,30} (?:is|are)|(?:the )?(?:topics|keywords|list|things|queries) (?:i|that i|i am|i'm|to which i|which i)\b.*|what (?:i am|i'm|i have|i|topics i).*)"
                ),
                _plain_list,
            ),
            (pattern(r"^am i (?:still |currently |already )?subscribed"), _plain_list),
            (
                pattern(
                    r"我(?:现在|目前|已经?|都)?订阅了?(?:什么|哪些|啥|多少)|(?:查看|看看|查一下|查询|列出|看一下|告诉我|显示)(?:一下)?(?:我的?|目前|现在|当前)?(?:的)?(?:全部|所有)?(?:订阅|关键词|设置|状态)(?:情况|列表|内容|状态)?|我(?:现在|目前|当前)?的.{0,10}(?:是|有|都有)(?:什么|哪些|多少)"
                ),
                _plain_list,
            ),
        ),
    ),
    Entry(
        Verb.SEARCH,
        ("search", "find", "look up", "search for"),
        ("搜索", "查找", "检索", "搜"),
        ("search KEYWORDS", "搜索 关键词"),
        ("past reports that match, nothing is changed", "在过去的报告中查找，不改变您的订阅"),
        _search,
        (
            (
                pattern(
                    r"^(?:search|look|find)(?: me)?(?: (?:for|up|through|in))?(?: the)?(?: (?:catalogue|archive|old|past|earlier))* (?:for )?(?P<rest>.+)$"
                ),
                _search,
            ),
            (
                pattern(
                    r"^(?:do you have|are there|have you got) (?:any |some )?(?:old |older |past |earlier )?(?:reports?|papers?|stud(?:y|ies)|articles?) (?:about|on|concerning) (?P<rest>.+?)\??$"
                ),
                _search,
            ),
            (pattern(r"^(?:搜索|查找|检索|搜一下|查一下|找一下)(?:一下)?(?:有没有)?(?P<rest>.+)$"), _search),
            (pattern(r"^有没有(?P<rest>关于.+?)(?:吗)?[?？]?$"), _search),
        ),
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
        (
            (
                pattern(
                    r"^(?:show me )?what would (?:i (?:get|receive|have got)(?: for| with| from)?|the (?:next )?digest (?:be|look like)(?: for)?)(?P<rest>.*?)\??$"
                ),
                _preview,
            ),
            (pattern(r"^预览(?:一下)?(?P<rest>.*)$"), _preview),
        ),
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
        (
            (
                pattern(
                    r"^(?:how (?:does|do) (?:this|it|i use|you)|what (?:can|do|should) i (?:do|write|send|say|type)|what (?:commands|is this|is the service|are the commands)|(?:i )?need (?:some )?help|help me\b|tell me how|send me (?:the )?(?:help|instructions|commands)|instructions|how (?:do|can|could|should|to) (?:i )?(?:use|change|set|subscribe$|sign up$|pause|add|remove|get started|work))"
                ),
                _plain_help,
            ),
            (
                pattern(
                    r"(?:怎么|如何|怎样)(?:才)?(?:能)?(?:收到|获取|接收|得到|参与|加入|使用|用|操作|订阅|设置|修改)(?:到)?(?:你们?|您们?|贵所)?(?:的)?(?:报告|邮件|服务|订阅|关键词|推送)?(?:呢|啊|呀)?[?？]?$|有(?:什么|哪些)(?:可用的?)?(?:命令|指令|功能)|(?:使用|操作)(?:说明|方法|指南)|需要帮助"
                ),
                _plain_help,
            ),
        ),
    ),
)
