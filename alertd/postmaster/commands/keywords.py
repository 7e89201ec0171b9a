"""Subscribe, add, remove."""

from __future__ import annotations

import re

from alertd.postmaster.commands import when
from alertd.postmaster.commands.model import Command, Entry, Setting, Verb, pattern
from alertd.postmaster.commands.phrases import THING, is_generic, keywords

_NEGATION = re.compile(
    r"\b(?:not|never|no longer|n't|nt|stop|cannot|without|neither|nor|no more)\b|n't\b|\bdont\b|不|别|勿|没|停|取消|无需",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"^\s*(?:all |everything |any |of )*(?:me|us|myself|my (?:e-?mail|address|account|name|data|information|personal|profile|subscriptions?))\b|\babout me\b|^\s*我(?!国|们国)",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"\b(?:i|you|we|they|he|she|is|are|was|were|am|been|being|would|could|should|will|can|can't|have|has|had|this|that|don't|do|did|because|since|when|so that)\b",
    re.IGNORECASE,
)


def _negated(match: re.Match[str], group: str = "rest") -> bool:
    start = match.start(group) if group in match.re.groupindex and match[group] is not None else match.end()
    return bool(_NEGATION.search(match.string[:start]))


def _subscribe(match: re.Match[str], setting: Setting) -> Command | None:
    found, timing = keywords(match["rest"], setting, sentence=False)
    if any(len(_PROSE.findall(query)) > 1 for query in found):
        return None
    return Command(Verb.SUBSCRIBE, found, timing)


def _add(match: re.Match[str], setting: Setting) -> Command | None:
    if _SELF.search(match["rest"]):
        return None
    found, timing = keywords(match["rest"], setting, sentence=False)
    if not found or any(len(_PROSE.findall(query)) > 1 for query in found):
        return None
    return Command(Verb.ADD, found, timing)


def _remove(match: re.Match[str], setting: Setting) -> Command | None:
    if _SELF.search(match["rest"]):
        return None
    found, _ = keywords(match["rest"], setting, sentence=False)
    if not found or any(len(_PROSE.findall(query)) > 1 for query in found):
        return None
    return Command(Verb.REMOVE, found)


def _wanted(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence that asks for reports; without a subject it must speak of subscribing itself."""
    if _negated(match):
        return None
    found, timing = keywords(match["rest"], setting, sentence=True)
    if any(len(_PROSE.findall(query)) > 1 or len(query) > 200 for query in found):  # noqa: PLR2004
        return None
    timing = timing or when.find(match.string[: match.start("rest")]).when
    return Command(Verb.SUBSCRIBE, found, timing)


_REPORTS = re.compile(
    r"\b(?:reports?|papers?|alerts?|updates?|newsletters?|digests?|publications?|articles?|everything|notifications?|releases?|studies|news)\b|报告|文章|论文|资料|研究|更新|推送",
    re.IGNORECASE,
)


def _reports(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence that asks for reports, all of them perhaps; "send the message" asks for none."""
    command = _wanted(match, setting)
    return command if command and (command.queries or command.when or _REPORTS.search(match["rest"])) else None


def _subject(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence that asks for reports on a subject, and means nothing without one."""
    command = _wanted(match, setting)
    return command if command and command.queries else None


def _also(match: re.Match[str], setting: Setting) -> Command | None:
    command = _subject(match, setting)
    return Command(Verb.ADD, command.queries, command.when) if command else None


def _unwanted(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence that refuses a subject. "No daily mails" refuses no subject."""
    found, timing = keywords(match["rest"], setting, sentence=True)
    if timing or not found or any(_SELF.search(query) or len(_PROSE.findall(query)) > 1 for query in found):
        return None
    return Command(Verb.REMOVE, found)


_WISH = r"(?:get|getting|receive|receiving|recieve|have|obtain|see|read|be sent|be e-?mailed|be mailed|hear|know|learn|find out)"
_TELL = r"(?:notify|alert|inform|tell|e-?mail|mail|update|keep(?= (?:me|us) (?:posted|informed|updated|up|in the))|ping|write)"

ENTRIES = (
    Entry(
        Verb.REMOVE,
        ("remove", "delete", "del", "drop", "erase", "rm"),
        ("删除", "移除", "去掉", "删掉", "去除", "删"),
        ("remove KEYWORDS", "删除 关键词"),
        ("drop some of your keywords; you stay subscribed to the rest", "删除某些关键词，其余订阅不变"),
        _remove,
        (
            (
                pattern(
                    r"\b(?:no longer|not|n't|dont|not any ?more|nothing)(?: really| at all)? (?:be )?(?:interested in|need(?: to (?:get|receive|see|have))?|want(?: to (?:get|receive|see|have|hear|read|know))?|care (?:about|for)|care|wish to (?:get|receive|see|have|hear)|like to (?:get|receive)|require) ?(?P<rest>.+?)(?: any ?more| any longer| in future| in the future)?$"
                ),
                _unwanted,
            ),
            (
                pattern(
                    r"\b(?:do not|don'?t|never|stop) (?:send(?:ing)?|mail(?:ing)?|e-?mail(?:ing)?|giv(?:e|ing)|deliver(?:ing)?)(?: me| us| to me)? (?P<rest>.+?)(?: to me)?(?: any ?more| any longer| again| in future)?$"
                ),
                _unwanted,
            ),
            (pattern(r"\b(?:no more|enough(?: of)?|without) (?P<rest>.+?)(?: please)?$"), _unwanted),
            (
                pattern(
                    r"^(?:(?:please )?(?:unsubscribe|unsub|un-subscribe|sign (?:me )?off|opt (?:me )?out|cancel|stop|leave|discontinue|end|remove|delete|drop)) (?:me |us )?(?:off |out )?(?:from |of )?(?P<rest>.+)$"
                ),
                _unwanted,
            ),
            (pattern(r"^(?:take|get|drop|remove) (?:me|us) (?:off|out of|from) (?P<rest>.+)$"), _unwanted),
            (
                pattern(
                    r"(?:不要再?|不想再?|不用再?|不必再?|不需要再?|无需再?|请勿再?|勿再?|别再?|停止|不再|不)(?:给我|向我)?(?:需要|想要|收到|接收|发送|推送|关注|订阅|要(?!再|给)|发|看|收)(?:给我)?(?P<rest>.*[\u4e00-\u9fffA-Za-z].*)$"
                ),
                _unwanted,
            ),
            (
                pattern(
                    r"^(?:把|将)(?P<rest>.+?)(?:这个|这些)?(?:关键词|主题|订阅|词)?(?:从.{0,10})?(?:删除|删掉|去掉|移除|取消|退订|删了|去除)(?:掉|了)?(?:吧)?$"
                ),
                _unwanted,
            ),
            (pattern(r"(?:对)(?P<rest>.+?)(?:已经)?(?:不再|没有|没|不)(?:再)?(?:感)?兴趣"), _unwanted),
            (
                pattern(
                    r"^(?:退订|取消订阅|取消|停止订阅|停订|退定|退閱|取消訂閱|删除|移除|去掉|删掉)(?:掉)?(?:对)?(?P<rest>.+)$"
                ),
                _unwanted,
            ),
        ),
    ),
    Entry(
        Verb.ADD,
        ("add", "include", "plus", "also"),
        ("添加", "增加", "加上", "加入", "新增", "再加", "加", "增订", "补充"),
        ("add KEYWORDS", "添加 关键词"),
        ("add keywords to those you have", "在已有关键词之外再添加"),
        _add,
        (
            (
                pattern(
                    r"^(?:also|additionally|in addition|besides|and also)[, ]+(?:i(?:'m| am)? ?(?:also )?(?:want|need|would like|interested in|like))? ?(?:to )?(?:add|include|receive|get|send me|follow|have)? ?(?P<rest>.+)$"
                ),
                _also,
            ),
            (
                pattern(
                    r"^(?:add|include|append)(?: also)?(?: the)?(?: (?:key ?words?|topics?|words?|terms?|subjects?))?[: ]+(?P<rest>.+?)(?: (?:to|in|into|on) (?:my|the) (?:list|subscriptions?|keywords?|alerts?|topics?|queries|profile))?$"
                ),
                _also,
            ),
            (
                pattern(
                    r"^(?:另外|此外|还有?|再|同时)?(?:请)?(?:帮我)?(?:我)?(?:还|也|再)(?:想|要|希望|需要)?(?:订阅|添加|增加|加上?|关注|收到|接收|看|加入)(?:一个|一下)?(?P<rest>.+)$"
                ),
                _also,
            ),
            (
                pattern(
                    r"^(?:把|将)(?P<rest>.+?)(?:也)?(?:加入|添加到|加到|加进|添加进|加上|添加|增加)(?:到)?(?:我的)?(?:订阅|列表|关键词)?(?:里|中|列表|去)?(?:吧)?$"
                ),
                _also,
            ),
        ),
    ),
    Entry(
        Verb.SUBSCRIBE,
        (
            "subscribe",
            "sub",
            "join",
            "sign up",
            "signup",
            "register",
            "enrol",
            "enroll",
            "resubscribe",
            "re-subscribe",
            "abonnieren",
        ),
        ("订阅", "訂閱", "订閲", "加入订阅", "定阅", "重新订阅", "订购"),
        ("subscribe [KEYWORDS, KEYWORDS ...]", "订阅 [关键词，关键词……]"),
        (
            "reports that match; commas separate keywords, all words of one must occur; no keywords means every report",
            "订阅含有关键词的报告；逗号分开多个关键词；不写关键词表示全部报告",
        ),
        _subscribe,
        (
            (
                pattern(
                    r"\b(?:(?:re-?)?subscribe|sign up|register|enrol{1,2}|join)(?: me| us)?(?: up)?(?: (?:to|for|in|into|on|with))?(?P<rest>(?:[\s:,].*)?)$"
                ),
                _wanted,
            ),
            (
                pattern(
                    r"\b(?:sign|put|add|enrol{1,2}|register|include|enter|get|have|place)(?: me| us| my (?:e-?mail )?address| myself| this address)(?: back)?(?: up| down)?(?: subscribed)?(?: (?:to|on|onto|in|into|for|with|as a subscriber (?:to|for|of)))?(?P<rest>(?:\s.*)?)$"
                ),
                _wanted,
            ),
            (
                pattern(
                    r"\b(?:be|become|get) (?:subscribed|added|signed up|a subscriber|put|included|registered)(?: (?:to|on|for|in|of))?(?P<rest>(?:\s.*)?)$"
                ),
                _wanted,
            ),
            (pattern(rf"\b{_WISH}(?: from you)? (?P<rest>(?:\S+ ){{0,6}}{THING}\b.*)$"), _reports),
            (
                pattern(
                    rf"\b{_WISH}(?: (?:about|of|more about|when|whenever|if|on|what's new (?:in|on|about)|what is new (?:in|on|about)))+ (?:there(?:'s| is| are) )?(?P<rest>.+?)(?: (?:is|are|gets?|comes? out|appears?|has been|have been|shows? up)(?: (?:published|released|out|available|posted))?)?$"
                ),
                _subject,
            ),
            (
                pattern(
                    rf"\b{_TELL} (?:me|us)(?: (?:posted|informed|updated|up to date|up-to-date|in the loop))?(?: (?:about|of|when|whenever|if|on|with|each time|every time|any time))* (?:there(?:'s| is| are) )?(?P<rest>.+?)(?: (?:is|are|gets?|comes? out|appears?|has been|have been|shows? up)(?: (?:published|released|out|available|posted))?)?$"
                ),
                _subject,
            ),
            (
                pattern(
                    rf"\b(?:send|forward|deliver|mail|e-?mail|give)(?: me| us| along)? (?P<rest>(?:\S+ ){{0,6}}{THING}\b.*)$"
                ),
                _reports,
            ),
            (
                pattern(
                    r"\b(?:send|forward|deliver|mail|e-?mail)(?: me| us) (?P<rest>.+ (?:about|on|concerning|regarding) .+)$"
                ),
                _subject,
            ),
            (
                pattern(
                    r"\b(?:interested in|interests? (?:is|are|lie in|lies in|include|in)|following|follow|track|monitor|watch|keep an eye on|keep track of|(?:research|work|working|specialis|specializ)\w* (?:on|in|about))[: ]+(?P<rest>.+)$"
                ),
                _subject,
            ),
            (
                pattern(
                    rf"^(?:i (?:would like|want|need|wish|am looking|'d like|like|'d love|would love)|we (?:want|need)|looking)(?: (?:for|to|only|just|all|any|some))* (?P<rest>(?:\S+ ){{0,6}}{THING}\b.*)$"
                ),
                _reports,
            ),
            (
                pattern(
                    rf"^(?:(?:all|any|the|new|latest|every|everything|anything|only|just|your|daily|weekly|monthly) ){{0,4}}(?P<rest>{THING} (?:about|on|concerning|regarding|related to|relating to|for|that|dealing|containing|with).+)$"
                ),
                _subject,
            ),
            (
                pattern(
                    r"^(?:my )?(?:key ?words?|topics?(?: of interest)?|interests?|queries|search terms?|subjects?|areas?(?: of interest)?)(?: (?:is|are|would be))?\s*[:=-]?\s+(?P<rest>.+)$"
                ),
                _subject,
            ),
            (pattern(r"(?:订阅|訂閱|定阅|订閲)(?:一下|下)?[:\s]*(?P<rest>.*)$"), _wanted),
            (
                pattern(
                    r"(?:收到|接收|获取|获得|得到|看到|了解|关注|跟踪|追踪|接到|收取)(?:一下|到)?[:\s]*(?P<rest>.+)$"
                ),
                _subject,
            ),
            (
                pattern(
                    r"^(?:一?有|如果有|若有|凡是)?(?P<rest>.+?)(?:的)?(?:时候?|发布时|发布了?|出来)?(?:后|就|请|,)*(?:通知|告诉|告知|提醒)(?:一下)?我"
                ),
                _subject,
            ),
            (pattern(r"(?:通知|告诉|告知|提醒)(?:一下)?我(?P<rest>.+)$"), _subject),
            (
                pattern(
                    r"^(?:定期|每[天日周月]|以后)?(?:请)?(?:把|将)?(?P<rest>(?:所有|全部|最新|关于|有关|涉及).+?)(?:都)?(?:发|寄|推送|发送)(?:给|到)?(?:我|邮箱)?.{0,4}$"
                ),
                _wanted,
            ),
            (
                pattern(
                    r"(?:发|发送|推送|寄|发来)(?:一?些|一下|一份)?(?:给我)?[:\s]*(?P<rest>.*(?:关于|有关|涉及|相关|方面).*)$"
                ),
                _subject,
            ),
            (
                pattern(r"(?:对)(?P<rest>.+?)(?:很|比较|非常|特别|十分|都|也)?(?:感兴趣|有兴趣|关注)"),
                _subject,
            ),
            (
                pattern(
                    r"(?:感兴趣的(?:是|主题|领域|话题|关键词|内容)?(?:是|有|为|包括)?|(?:研究|关注)(?:方向|领域|主题|兴趣)(?:是|为|有|包括)?|关键词(?:是|为|有)?|主题(?:是|为))[:\s]*(?P<rest>.+)$"
                ),
                _subject,
            ),
            (
                pattern(
                    r"^(?:需要|想要|想看|要|求|我要|我想看|想)(?P<rest>.*(?:报告|资料|文章|论文|信息|消息|研究).*)$"
                ),
                _wanted,
            ),
            (
                pattern(r"^(?P<rest>(?:关于|有关|涉及).+(?:报告|资料|文章|论文|信息|消息|内容|研究|资讯))$"),
                _subject,
            ),
        ),
    ),
)


def is_self(text: str, setting: Setting) -> bool:
    """Whether the words behind a verb mean the person, or the whole of the service."""
    return bool(_SELF.search(text)) or is_generic(text, setting)
