"""The keywords in what a person wrote: which words are the subject of interest, and which only the way to ask."""

from __future__ import annotations

import re

from alertd.postmaster.commands import when
from alertd.postmaster.commands.generic import is_generic, strip_polite
from alertd.postmaster.commands.model import Setting, When
from alertd.postmaster.prose.lexicon import Part, tokens

_PUBLISHED = re.compile(
    r"\s+(?:(?:that|which) )?(?:you|your (?:institute|centre|center|organi[sz]ation))(?: \w+)? (?:publish|release|have|put out|produce|issue|send|offer|bring out)(?:ed|es)?(?: out)?(?= |$|,)|"
    r"(?:您|你|贵)(?:们|所|中心|院|单位|处|方)?(?:每次|新|最新|近期|所)?(?:发布|出版|发表|推出)的?",
    re.IGNORECASE,
)
MAX_QUERIES = 100
MAX_QUERY = 4000

_ASIDE = re.compile(
    r"^(?:ideally|preferably|maybe|perhaps|possibly|if|or so|best|please|thanks|when|whenever|because|since|as|so|最好|如果|若|谢谢)\b|^(?:最好|如果|若)",
    re.IGNORECASE,
)
"""What begins a remark rather than a keyword."""
_RELATIVE = re.compile(
    r"\s+(?:at (?:a|an|the|my|our|your)|when(?:ever)?|would (?:also )?(?:interest|be)|interests me|if|because|since|so that|as soon as|whose|where|which (?:is|are)|that (?:is|are)|(?:that|which) you|by e-?mail|via e-?mail)\b.*$",
    re.IGNORECASE,
)

THING = (
    r"(?:(?:research |new |policy |your |the |e-?mail |regular |monthly |weekly |daily )*(?:reports?|papers?|articles?|publications?|stud(?:y|ies)|documents?|releases?|alerts?|notifications?|"
    r"notices?|updates?|news(?:letters?)?|mailings?|mails?|e-?mails?|messages?|digests?|summar(?:y|ies)|information|infos?|material|items?|stuff|things?|"
    r"entries|works?|research|titles?|announcements?|content|anything|everything|something|posts?|subscriptions?|keywords?|queries|query|topics?|words?|alert service|service|(?:mailing |distribution |e-?mail |your )*lists?))"
)
_ABOUT = (
    r"(?:about|on the topics? of|on the subjects? of|on topics? like|concerning|regarding|relating to|related to|relevant to|that deals? with|dealing with|which deals? with|"
    r"that (?:are|is) about|that mentions?|that (?:contains?|have)|which mentions?|that concerns?|which concerns?|that covers?|covering|mentioning|"
    r"containing|with the (?:key ?words?|words?|terms?|topics?)|with key ?words?|for the (?:key ?words?|words?|terms?|topics?)|under the (?:key ?words?|topics?)|matching|touching(?: on)?|(?:which |that )?(?:is |are |has |have )?to do with|having to do with|in the (?:field|area) of|around|on|for|in|with|like)"
)
_ZH_THING = r"(?:最新的?|新的?|所有的?|全部的?|相关的?|有关的?|研究)*(?:报告|文章|论文|资料|信息|资讯|消息|内容|邮件|邮箱|通知|提醒|更新|摘要|推送|研究|文献|关键词|主题|词|订阅|动态)们?"
_LEAD = re.compile(
    r"^(?>(?:me|us|my (?:e-?mail(?: address)?|address|self|account)|myself|to|for|up|up to|up for|in|into|with|please|the|a|an|any|all|all the|every|your|more|new|some|only|just|also|"
    r"latest|newest|following|these|this|those|that|them|it|also|of|future|further|other|my|additional|each|and)\b[\s:]*)++",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|「[^」]*」|『[^』]*』|\([^()]*\)")
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT)\b|(?:^|\s)-\w|\w+:\S")
_PAIRS = re.compile(
    r"\b(?:supply and demand|research and development|science and technology|r and d|food and agriculture|trial and error|"
    r"law and order|import and export|income and expenditure|small and medium\S*|belt and road|mergers? and acquisitions?|health and safety|"
    r"wear and tear|cause and effect|education and training|oil and gas)\b",
    re.IGNORECASE,
)
CHINESE_AND = re.compile(
    r"(?:以及|还有|及其|或者|跟|与|及|和(?!谐|睦|平(?![台原均安行衡等]))|或)(?=[\u4e00-\u9fffA-Za-z\"]{2})"
)


def topic(text: str) -> str:
    """What is left when the ways to ask are taken off: "me to all reports about rural pensions please" -> "rural pensions".

    "" when the text names no subject at all ("your service", "all reports").
    """
    text = strip_polite(_PUBLISHED.sub("", re.sub(r"\s+", " ", text)))
    if not text or text == "*":
        return text
    text = re.sub(rf"^{THING} {_ABOUT} (?=.*[\u4e00-\u9fff])", "", text, flags=re.IGNORECASE)
    if re.search(r"[\u4e00-\u9fff]", text):
        return _chinese_topic(text)
    if _QUOTED.fullmatch(text):
        return text
    text = re.sub(r"\b(?:by|with|in) (?=\w+:\S)", "", text)
    about = re.match(
        rf"^(?:(?:me|us|up|to|for|in|of|the|a|an|any|all|every|your|my|more|new|latest|newest|some|only|future|this|please|out|weekly|daily|monthly|regular|further|just|sending|getting|receiving) )*"
        rf"(?:{THING} )?(?:new )?(?:(?:which|that) (?:are |is )?)?{_ABOUT} (?P<query>.+)$",
        text,
        re.IGNORECASE,
    )
    if about:
        return strip_polite(_untrail(_unlead(about["query"])))
    return strip_polite(_untrail(_unlead(text)))


def _unlead(text: str) -> str:
    rest = _LEAD.sub("", text, count=1)
    rest = (
        re.sub(rf"^{THING}\b(?: of| on| about)?[\s:]*(?=\S)", "", rest, count=1, flags=re.IGNORECASE)
        if rest != text
        else rest
    )
    return rest.strip()


def _untrail(text: str) -> str:
    if _OPERATOR.search(text) or text.startswith('"'):
        return text
    text = re.sub(
        r"^(?:the )?(?:key ?words?|words?|topics?|terms?|query|queries|subjects?|areas?) ?[:=]? ",
        "",
        text,
        flags=re.IGNORECASE,
    )
    return re.sub(rf"(?:^|\s){THING}$", "", text, flags=re.IGNORECASE).strip()


def _chinese_topic(text: str) -> str:
    about = re.search(
        r"(?:关于|有关|涉及|针对|围绕|提到|含有|包含|关注|主题为|主题是|关键词(?:为|是|:)?|(?<!公)(?:与|和|跟)(?=.{1,60}(?:相关|有关)))\s*(?P<query>.+)$",
        text,
    )
    query = about["query"] if about else text
    query = re.sub(
        r"^(?:我|一下|一份|这个|这些|那个|您们?|你们?|贵所|贵中心|贵院|的|把|将|给我|关键词|主题|词|所有|全部|最新的?|新的|里面?|中的?|:|\s)+",
        "",
        query,
    )
    before = None
    while before != query:
        before = query
        query = re.sub(
            rf"(?:等)?(?:方面|领域|问题|话题|一类|这类|之类|这个|这些|类)?的?{_ZH_THING}$", "", query
        )
        query = re.sub(
            r"(?:等)?(?:(?:这)?[一二两三四五几]?个?(?:方面|领域|话题|主题|关键词|方向))的?$|(?:的|等|相关|有关|有关的|一类|类|这个|的话|这一类|从列表中?|从订阅里?|到列表中?|到我的(?:列表|订阅)中?)$",
            "",
            query,
        )
        query = strip_polite(query)
    return query


def split(text: str, *, sentence: bool = False) -> tuple[str, ...]:
    """The queries in a list: commas, semicolons and Chinese list marks divide; in a sentence "and" does too.

    Quotes, parentheses and the query language's own operators are left whole.
    """
    guarded: list[str] = []

    def guard(match: re.Match[str]) -> str:
        guarded.append(match[0])
        return f"\x02{len(guarded) - 1}\x02"

    text = re.sub(
        r"(?<=[\"”」』》])\s*(?:与|和|及|以及|and|or|or also|and also)\s*(?=[\"“「『《])", ", ", text
    )
    held = _PAIRS.sub(guard, _QUOTED.sub(guard, text))
    pieces = re.split(r"[,;、，；\n]+|\s/\s", held)
    if not _OPERATOR.search(held):
        both = re.match(r"\s*both (.+?) and (.+)$", held, re.IGNORECASE)
        if both and len(pieces) == 1:
            pieces = [f"{both[1]} {both[2]}"]
        else:
            pieces = [
                part
                for piece in pieces
                for part in re.split(r"\s+(?:and|or)(?= (?:on|about|for|in)\s)", piece, flags=re.IGNORECASE)
            ]
            pieces = [*pieces[:-1]] + [
                part
                for piece in pieces[-1:]
                for part in re.split(
                    r"(?:^|\s)(?:and also|and|as well as|plus|or|&)\s", piece, flags=re.IGNORECASE
                )
            ]
            pieces = [part for piece in pieces for part in CHINESE_AND.split(piece)] if sentence else pieces
    found: list[str] = []
    for piece in pieces[:MAX_QUERIES]:
        whole = re.sub(r"\x02(\d+)\x02", lambda match: guarded[int(match[1])], piece)
        whole = _straight(strip_polite(whole).strip())
        if whole and whole not in found:
            found.append(whole[:MAX_QUERY])
    return tuple(found)


def _straight(query: str) -> str:
    """The query with its own quotes as the query language writes them; a single or Chinese pair around all of it goes."""
    match = re.fullmatch(r"'([^']+)'|‘([^’]+)’|「([^」]+)」|『([^』]+)』", query)
    if match:
        return next(inner for inner in match.groups() if inner)
    return query


def keywords(text: str, setting: Setting, *, sentence: bool) -> tuple[tuple[str, ...], When | None]:
    """The queries in what follows a verb, and the timing said with them ("rural pensions, weekly please")."""
    if sentence and when.find(text).when and when.loose(text):
        return (), when.find(text).when
    text, timing = _untime(strip_polite(_without_list_name(text, setting)), sentence=sentence)
    found: list[str] = []
    for piece in split(topic(text), sentence=sentence):
        query = topic(piece) if sentence or not _OPERATOR.search(piece) else piece
        if sentence and (more := when.find(query).when) and when.loose(query):
            timing = timing or more
            continue
        if sentence and _ASIDE.match(query):
            timing = timing or when.find(query).when
            continue
        query = (
            _straight(unwrapped(_RELATIVE.sub("", query)))
            if sentence and not query.startswith('"')
            else query
        )
        if query and not is_generic(query, setting) and query not in found:
            found.append(query)
    return tuple(found), timing


def unwrapped(query: str) -> str:
    """The subject without what stands around it: "distribution of papers dealing with water rights", "the water ones"."""
    words = tokens(query)
    inner = [at for at, word in enumerate(words) if word.part not in _WRAPPING]
    if not inner:
        return (
            ""
            if words and any(word.text.lower() in {"theme", "subject", "topic"} for word in words)
            else query
        )
    first, last = inner[0], inner[-1]
    led = first > 0 and words[first - 1].text.lower().split()[-1] in _ON
    led = led or any(word.part is Part.MAILS or word.text.lower() in _ANYTHING for word in words[:first])
    start = words[first].start if led else 0
    behind = words[last + 1 :]
    if (
        behind
        and not behind[0].text[0].isascii()
        and behind[0].text not in _BEHIND
        and behind[0].text not in _NOUNS
    ):
        behind = ()  # 托育服务 is one word; 托育的服务 is a service for it
    wrapped = any(word.part is Part.MAILS or word.text.lower() in _NOUNS for word in behind)
    return re.sub(
        r"\s(?:about|on|in|of|for|at)$", "", query[start : words[last].end if wrapped else len(query)].strip()
    )


_WRAPPING = frozenset(Part) - {Part.TOPIC, Part.ENGLISH, Part.CHINESE}
_BEHIND = frozenset({"的", "方面", "相关", "有关", "领域", "这个", "这些", "那些", "两个", "这两个", "等"})
_ON = frozenset({"about", "on", "in", "of", "for", "concerning", "regarding", "关于", "有关"})
_ANYTHING = frozenset({"anything", "something", "everything", "ones", "all"})
_NOUNS = frozenset(
    {
        "ones",
        "one",
        "topics",
        "keywords",
        "key words",
        "subject",
        "area",
        "field",
        "关键词",
        "关键字",
        "主题",
        "方面",
        "词",
    }
)


def _without_list_name(text: str, setting: Setting) -> str:
    """LISTSERV and Sympa: `subscribe LIST Full Name`; the list's name, and the person's behind it, are no keywords."""
    first, _, rest = text.strip().partition(" ")
    if first.lower().strip("\"'") not in setting.own_words:
        return text
    named = [word.lower() for word in re.findall(r"\w+", setting.name)]
    words = re.findall(r"[^\s]+", rest)
    as_name = len(words) in {2, 3} and all(word[:1].isupper() and word.isalpha() for word in words)
    return "" if as_name or all(word.lower() in named for word in words) else rest


def _untime(text: str, *, sentence: bool) -> tuple[str, When | None]:
    """Take timing off: a part between commas that is nothing else, a tail, an adjective before "reports"."""
    pieces = re.split(r"(?<!\d)\s*[,;，；](?!\d{3}\b)\s*", text)
    timed = [when.read(strip_polite(piece)) for piece in pieces]
    said = next((timing for timing in timed if timing), None)
    kept = (
        piece for piece, timing in zip(pieces, timed, strict=True) if not timing and not _only_denied(piece)
    )
    rest = ", ".join(kept)
    for expression in (_TAIL, *((_ADJECTIVE, _ZH_ADJECTIVE) if sentence else ())):
        match = expression.search(rest) if said is None else None
        if match and not when.is_negated(rest[: match.start("timing")]):
            timing = when.find(match["timing"]).when
            if timing and when.read(match["timing"]):
                said, rest = timing, (rest[: match.start()] + " " + rest[match.end("timing") :]).strip()
    return rest, said


def _only_denied(piece: str) -> bool:
    """Whether a part says nothing but what timing is not wanted ("not just once a week")."""
    found = when.find(piece)
    return found.when is None and "\0" in found.rest and when.loose(piece)


_TAIL = re.compile(
    r"(?:^|[\s,;\0(]|(?<=[\u4e00-\u9fff]))(?:(?:and |but )?(?:please )?(?:send (?:them|it|me) )?(?:sent )?(?:with )?)?(?P<timing>(?:(?:on an? |as an? )?(?:immediate(?:ly)?|instantly|daily|weekly|monthly)(?: (?:basis|digest|summary|mail|e-?mail))?|"
    r"(?:every|each|once) [^,;]{1,40}|on (?:mon|tues|wednes|thurs|fri|satur|sun)days?[^,;]{0,30}|as soon as [^,;]{1,60}|as they [^,;]{1,30}|"
    r"in real ?time|right away|at once|每[天日周月个星][^,;]{0,16}|按[天周月][^,;]{0,6}|一[天周]一次[^,;]{0,4}|(?:即时|实时|立即)[^,;]{0,6}))"
    r"(?: (?:please|pls|thanks|thank you|would be (?:fine|great|nice|enough|perfect)|is (?:fine|enough|ok)))*[\s.!)]*$",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(
    rf"(?:^|\s)(?:an? |the |your )?(?P<timing>immediate|instant|daily|weekly|monthly)(?= {THING}\b)",
    re.IGNORECASE,
)
_ZH_ADJECTIVE = re.compile(r"^(?P<timing>每[天日周月个星期]{1,3}的?)")
