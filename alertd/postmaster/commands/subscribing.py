"""Subscribe and add: keywords come in."""

from __future__ import annotations

import re
from dataclasses import replace

from alertd.model import Kind
from alertd.postmaster.commands import when
from alertd.postmaster.commands.model import Command, Entry, Setting, Verb, When, pattern
from alertd.postmaster.commands.phrases import THING, keywords
from alertd.postmaster.commands.subjects import SELF, negated, plausible

GUESS = "guess"
"""The value of a subscribe that no pattern knew: it gives way to a wish to leave."""
INTEREST = "interest"
"""The value of a subscribe that was told as an interest only: it counts when nothing else in the mail asks."""

_NOT_ASKING = re.compile(
    r"(?:保留|修改|更改|关于|查看|我的|变更|管理|调整|查询|退|停|已经?|之前|恢复|继续|重新|取消)\s*(?:订阅)?$|(?:怎么|如何|怎样).{0,10}$|\b(?:what|which|why)\b.{0,30}$",
    re.IGNORECASE,
)
_STATEMENT = re.compile(
    r"\bused to\s*$|(?:^|[\s,])(?:i|we|you|they|he|she|it)(?: (?:already|now|still|always|usually|currently|also|often|just))?\s*$",
    re.IGNORECASE,
)
"""Who "gets mails" does not ask for them."""
_PAST = re.compile(
    r"\b(?:old|older|earlier|past|previous|archived?) (?:reports?|papers?|stud(?:y|ies)|articles?|publications?|issues?)\b|^(?:have|did) you (?:ever )?(?:publish|written|write|do|got)|^(?:how many|how much|how often|who|when|where|does|did|is there a fee)\b|以前的|往期|过去的|往年|历年|之前的|约您|约稿|采访|\binterview\b",
    re.IGNORECASE,
)
"""What was published before is searched for, and a question is no wish."""
_GOING_ON = re.compile(r"\b(?:go on|going on|continue|keep|carry on|still)\b[^,;]{0,20}$", re.IGNORECASE)
"""Who goes on getting the reports changes nothing."""
_AT_ONCE = re.compile(r"\b(?:as soon as|immediately|right away|the moment|the minute)\W*$", re.IGNORECASE)
_QUESTION = re.compile(
    r"(?:what|how|why|where|who|whether|if i|that i|what's)\b|.*\b(?:full text|pdf|attachment|copy of|(?:first|second|third|last|previous|above) (?:reports?|papers?|one)|link)\b|什么|怎么|为什么|哪些|哪个|哪几",
    re.IGNORECASE,
)
_REPORTS = re.compile(
    r"\b(?:reports?|papers?|alerts?|updates?|newsletters?|publications?|articles?|everything|notifications?|releases?|studies|news)\b|报告|文章|论文|资料|研究|更新|推送",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"\bmy (?:digest|mails?|e-?mails?|alerts?|reports?|data|subscriptions?|keywords?|list)\b", re.IGNORECASE
)


def _for_another(match: re.Match[str], setting: Setting) -> bool:
    """Nobody signs up somebody else."""
    named = (address.strip(".,;<>").lower() for address in re.findall(r"\S+@\S+\.\w+", match["rest"]))
    return any(address not in {setting.author.lower(), *setting.own_words} for address in named)


def _subscribe(match: re.Match[str], setting: Setting) -> Command | None:
    if re.match(r"\W*(?:哪些|哪个|哪几|什么|which|what)", match["rest"], re.IGNORECASE):
        return None
    found, timing = keywords(match["rest"], setting, sentence=False)
    return (
        Command(Verb.SUBSCRIBE, found, timing)
        if plausible(found) and not _for_another(match, setting)
        else None
    )


def _add(match: re.Match[str], setting: Setting) -> Command | None:
    if SELF.search(match["rest"]):
        return None
    spoken = match["name"].strip().lower() in {"also", "plus"} if "name" in match.groupdict() else False
    found, timing = keywords(match["rest"], setting, sentence=spoken)
    return Command(Verb.ADD, found, timing) if found and plausible(found) else None


def _wanted(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence that asks for reports; without a subject it must speak of subscribing itself."""
    before, after = match.string[: match.start("rest")], match.string[match.end("rest") :]
    if (
        negated(match)
        or _for_another(match, setting)
        or _STATEMENT.search(match.string[: match.start()])
        or re.match(r"(?:not|never|no|been|had|got)\b", match["rest"].strip(), re.IGNORECASE)
        or "退订" in match["rest"]
        or _PAST.search(match.string)
        or _NOT_ASKING.search(before)
        or _QUESTION.match(match["rest"].strip())
    ):
        return None
    found, timing = keywords(match["rest"], setting, sentence=True)
    if not plausible(found, prose=True) or _GOING_ON.search(before):
        return None
    if timing is None:
        timing = When(Kind.IMMEDIATE) if _AT_ONCE.search(before) else when.find(f"{before} {after}").when
    return Command(Verb.SUBSCRIBE, found, timing)


def _reports(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence that asks for reports, all of them perhaps; "send the message" and "send my digest" ask for none."""
    command = _wanted(match, setting)
    if command and (
        command.queries or (_REPORTS.search(match["rest"]) and not _OWN.search(match["rest"])) or command.when
    ):
        return command
    return None


def _subject(match: re.Match[str], setting: Setting) -> Command | None:
    """A sentence that asks for reports on a subject, and means nothing without one."""
    command = _wanted(match, setting)
    return command if command and command.queries else None


def _interest(match: re.Match[str], setting: Setting) -> Command | None:
    command = _subject(match, setting)
    return replace(command, value=INTEREST) if command else None


def _also(match: re.Match[str], setting: Setting) -> Command | None:
    command = _subject(match, setting)
    return Command(Verb.ADD, command.queries, command.when) if command else None


_WISH = r"(?:get|getting|receive|receiving|have|obtain|see|read|be sent|be e-?mailed|be mailed|hear|know|learn|find out)"
_TOLD = r"(?:(?:be|being) (?:notified|informed|alerted|told|updated|kept (?:informed|posted|up to date)))"
_TELL = r"(?:notify|alert|inform|tell|e-?mail|mail|update|keep(?= (?:me|us) (?:posted|informed|updated|up|in the))|ping|write|let(?= (?:me|us) know))"
_APPEARS = r"(?: (?:is|are|gets?|comes? out|appears?|has been|have been|shows? up|arrives?|becomes?)(?: (?:newly )?(?:published|released|out|available|posted|issued))?)?"

# fmt: off
ADD = Entry(
    Verb.ADD,
    ("add", "include", "plus", "also"),
    ("添加", "增加", "加上", "加入", "新增", "再加", "增订", "补充", "追加"),
    ("add KEYWORDS", "添加 关键词"),
    ("add keywords to those you have", "在已有关键词之外再添加"),
    _add,
    (
        (pattern(r"^(?:also|additionally|in addition|besides|and also)[, ]+(?:i(?:'m| am)? ?(?:also )?(?:want|need|would like|interested in|like))? ?(?:to )?(?:add|include|receive|get|send me|follow|have)? ?(?P<rest>.+)$"), _also),
        (pattern(r"^(?:(?:one|two|three|another|an|a|some|\d) )?(?:(?:more|new|additional|further|other|extra|another) )+(?:key ?words?|topics?|terms?|subjects?)(?:,? please)?\s*[:,-]+\s*(?P<rest>.+)$"), _also),
        (pattern(r"\b(?:extend|expand|broaden|widen|enlarge)\b.{0,40} (?:to|by)(?: (?:cover|include|contain|the topics?|key ?words?|also))*[: ]+(?P<rest>.+)$"), _also),
        (pattern(r"^(?:再)?加(?:上)?[一二两三四五几]个(?:关键词|主题|词)?:?(?P<rest>.+)$"), _also),
        (pattern(r"^(?:instead )?use (?P<rest>(?!the\b|my\b|this\b|that\b|it\b|plain|html|text\b|.*\b(?:time|language|format)\b)[^@]+?)(?: instead)?$"), _also),
        (pattern(r"^在.{0,10}(?:里|中|上)(?:再|也)?(?:增加|添加|加上?|追加)(?P<rest>.+)$"), _also),
        (pattern(r"^(?:also )?(?:add|include|append)(?: also)?(?: the)?(?: (?:key ?words?|topics?|words?|terms?|subjects?))?[: ]+(?P<rest>.+?)(?: (?:to|in|into|on) (?:my|the) (?:list|subscriptions?|keywords?|alerts?|topics?|queries|profile))?$"), _also),
        (pattern(r"^(?:另外|此外|还有?|再|同时)?(?:请)?(?:帮我)?(?:我)?(?:还|也|再)(?:想|要|希望|需要)?(?:订阅|添加|增加|追加|加上?|关注|收到|接收|看|加入)(?:[一二两三四五几]个|一下)?(?:关键词|主题)?:?(?P<rest>.+)$"), _also),
        (pattern(r"^(?:添加|增加|追加|加上|加入|新增)(?:[一二两三四五几]个)?(?:关键词|主题|词)?:?(?P<rest>.+)$"), _also),
        (pattern(r"^(?:把|将)(?P<rest>.+?)(?:也)?(?:加入|添加到|加到|加进|添加进|加上|添加|增加)(?:到)?(?:我的)?(?:订阅|列表|关键词)?(?:里|中|列表|去)?(?:吧)?$"), _also),
    ),
)

SUBSCRIBE = Entry(
    Verb.SUBSCRIBE,
    ("subscribe", "sub", "join", "sign up", "signup", "register", "enrol", "enroll", "resubscribe", "re-subscribe", "abonnieren"),
    ("订阅", "加入订阅", "定阅", "重新订阅", "订购"),
    ("subscribe [KEYWORDS, KEYWORDS ...]", "订阅 [关键词，关键词……]"),
    (
        "reports that match; commas separate keywords, all words of one must occur; no keywords means every report",
        "订阅含有关键词的报告；逗号分开多个关键词；不写关键词表示全部报告",
    ),
    _subscribe,
    (
        (pattern(r"\b(?:(?:re-?)?subscribe|sign up|register|enrol{1,2}|join)(?: me| us)?(?: up)?(?: (?:to|for|in|into|on|with))?(?P<rest>(?:[\s:,].*)?)$"), _wanted),
        (pattern(r"\b(?:sign|put|add|enrol{1,2}|register|include|enter|get|have|place)(?: me| us| my (?:e-?mail )?address| myself| this address)(?: back)?(?: up| down)?(?: subscribed)?(?: (?:to|on|onto|in|into|for|with|as a subscriber (?:to|for|of)))?(?P<rest>(?:[\s:].*)?)$"), _wanted),
        (pattern(r"\b(?:be|become|get) (?:subscribed|added|signed up|a subscriber|put|included|registered)(?: (?:to|on|for|in|of))?(?P<rest>(?:\s.*)?)$"), _wanted),
        (pattern(rf"\b(?:{_TELL} (?:me|us)|{_TOLD})(?: (?:posted|informed|updated|up to date|up-to-date|in the loop|know))?(?: (?:about|of|when|whenever|if|on|with|as soon as|once|the moment|the minute|the second|the instant|each time|every time|any time|immediately when|immediately))* (?:there(?:'s| is| are) )?(?P<rest>.+?){_APPEARS}$"), _subject),
        (pattern(rf"\b{_WISH}(?: from you)? (?P<rest>(?:\S+ ){{0,6}}{THING}\b.*)$"), _reports),
        (pattern(rf"\b{_WISH}(?: (?:about|of|more about|when|whenever|if|on|what's new (?:in|on|about)|what is new (?:in|on|about)))+ (?:there(?:'s| is| are) )?(?P<rest>.+?){_APPEARS}$"), _subject),
        (pattern(rf"\b(?:send|forward|deliver|mail|e-?mail|give)(?: me| us| along)? (?P<rest>(?:\S+ ){{0,6}}{THING}\b.*)$"), _reports),
        (pattern(r"\b(?:send|forward|deliver|mail|e-?mail)(?: me| us) (?P<rest>.+ (?:about|on|concerning|regarding) .+)$"), _subject),
        (pattern(r"\b(?:interested in|interests? (?:is|are|lie in|lies in|include|in)|following|follow|track|monitor|watch|keep an eye on|keep track of|(?:research|work|working|specialis|specializ|write|writing|teach)\w* (?:on|in|about)|(?:thesis|dissertation|book|project|research|work|study|paper|article|course|seminar|doctorate|PhD)(?: (?:is|will be))? (?:about|on|in|deals with|is concerned with|concerns))[: ]+(?P<rest>.+)$"), _interest),
        (pattern(rf"^(?:i(?:'m| am)? (?:would like|looking|want|need|wish|am looking|'d like|like|'d love|would love)|we (?:want|need)|looking)(?: (?:for|to|only|just|all|any|some))* (?P<rest>(?:\S+ ){{0,6}}{THING}\b.*)$"), _reports),
        (pattern(rf"^(?:(?:all|any|the|new|latest|every|everything|anything|only|just|your|daily|weekly|monthly) ){{0,4}}(?P<rest>{THING} (?:about|on|concerning|regarding|related to|relating to|for|that|dealing|containing|with).+)$"), _subject),
        (pattern(r"^(?:my )?(?:key ?words?|topics?(?: of interest)?|interests?|queries|search terms?|subjects?|areas?(?: of interest)?)(?: (?:is|are|would be)\s*:?|\s*[:=]|\s+-)\s*(?P<rest>.+)$"), _subject),
        (pattern(r"^(?:the |my )?(?:topics?|subjects?|things|areas?|issues|fields?)(?: (?:that|which))?(?: (?:i|we))?(?: [a-z']+){0,3}? (?:is|are|include)[: ]+(?P<rest>.+)$"), _subject),
        (pattern(r"^(?:an? )?(?:new |free )?(?:subscription|registration|membership) (?:to|for|of) (?P<rest>.+)$"), _wanted),
        (pattern(r"(?:以下|下列|下面|如下).{0,20}:(?P<rest>.+)$"), _subject),
        (pattern(r"(?:加入|进入|加到|参加)(?P<rest>.{0,12}(?:列表|名单|订阅).*)$"), _wanted),
        (pattern(r"^(?:如果?有|若有|凡有|一旦有|如|若)(?P<rest>(?:关于|有关|涉及|新的?关于)[^,]+)$"), _interest),
        (pattern(r"(?:负责|主管|分管|从事|主要研究|主攻)(?P<rest>[^,，。]{2,20}?)(?:的)?(?:工作|研究|方面)?$"), _interest),
        (pattern(r"(?:写|做|从事|研究|撰写)(?:一篇|一项)?(?P<rest>(?:关于|有关)[^,]+?)的?(?:毕业|学位|博士|硕士|学期)?(?:论文|研究|课题|项目|报道)"), _interest),
        (pattern(r"(?:对)(?P<rest>[^,]+?)(?:很|比较|非常|特别|十分|都|也)?(?:感兴趣|有兴趣|关注)"), _interest),
        (pattern(r"(?:感兴趣的(?:是|主题|领域|话题|关键词|内容)?(?:是|有|为|包括)?|(?:研究|关注)(?:方向|领域|主题|兴趣)(?:是|为|有|包括)?)[:\s]*(?P<rest>[^,]+)"), _interest),
        (pattern(r"^(?:我的)?(?:关键词|主题|题目|内容|方向|领域)(?:是|有|为|:)[:\s]*(?P<rest>.+)$"), _subject),
        (pattern(r"(?:订阅|定阅)(?:一下|下)?[:\s]*(?P<rest>.*)$"), _wanted),
        (pattern(r"^(?:把|将)?我(?:的邮箱)?(?:加入|添加到|加到|加进)(?P<rest>.*)$"), _wanted),
        (pattern(r"(?:把|将)(?P<rest>[^,]*?(?:报告|文章|论文|资料|信息|研究|内容))(?:都)?(?:及时|立即|马上|定期)?(?:发|寄|推送|发送)(?:给|到)?(?:我|邮箱)?.{0,6}$"), _reports),
        (pattern(r"(?<!都)(?:收到|接收|获取|获得|得到|看到|接到|收取)(?:一下|到)?[:\s]*(?P<rest>.+)$"), _subject),
        (pattern(r"(?<!都)(?:了解|关注|跟踪|追踪)(?:一下|到)?[:\s]*(?P<rest>.+)$"), _interest),
        (pattern(r"^(?:一?有|如果有|若有|凡是|凡有|出了?)(?P<rest>[^,]+?)(?:的)?(?:时候?|发布时|发布了?|出来|出了)?(?:后|就|请|,|马上|立即|立刻|及时|第一时间|都)*(?:通知|告诉|告知|提醒|发给|发送给)(?:一下)?我"), _subject),
        (pattern(r"(?:通知|告诉|告知|提醒)(?:一下)?我(?P<rest>[^,]+)$"), _subject),
        (pattern(r"^(?:定期|以后)?(?:请)?(?P<rest>(?:所有|全部|最新|关于|有关|涉及)[^,]+?)(?:都)?(?:发|寄|推送|发送)(?:给|到)?(?:我|邮箱)?.{0,4}$"), _reports),
        (pattern(r"(?:发|发送|推送|寄|发来)(?:一?些|一下|一份)?(?:给我)?[:\s]*(?P<rest>.*(?:关于|有关|涉及|相关|方面).*)$"), _subject),
        (pattern(r"^(?:需要|想要|想看|要|求|我要|我想看|想)(?P<rest>.*(?:报告|资料|文章|论文|信息|消息|研究).*)$"), _reports),
        (pattern(r"^(?P<rest>(?:关于|有关|涉及).+(?:报告|资料|文章|论文|信息|消息|内容|研究|资讯))$"), _subject),
    ),
)
# fmt: on
ENTRIES = (ADD, SUBSCRIBE)
