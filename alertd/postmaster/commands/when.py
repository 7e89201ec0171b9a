"""Timing as people write it, English and Chinese: "every Monday at 8am", "每周一早上八点"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alertd.model import Kind
from alertd.postmaster.commands.model import When

_DIGITS = {
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
    "半": 0,
}
_DAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}
_ZH_DAYS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7, "末": 6}
_ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "tenth": 10,
    "fifteenth": 15,
    "last": 31,
}

_EVERY = r"(?:every|each|on|once (?:a|per|every)|per|a)"
_NUMBER = r"(?:\d{1,2}|[一二两三四五六七八九十]{1,3})"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"

# Each pattern names what it says; a phrase with "not" before it is dropped by `find`.
_PHRASES = tuple(
    (name, re.compile(expression, re.IGNORECASE))
    for name, expression in (
        (
            "immediate",
            (
                r"\bas (?:they|it|reports?|things|new ones) (?:appears?|comes?|arrives?|happens?|are published|is published|come out|comes out)(?: in)?\b|"
                r"\bas soon as (?:(?:they|it|there|a|the|any|something|anything|new|one|ones|report|reports|is|are|was|were|has|have|been|comes?|appears?|published|posted|available|out|in|arrives?|released|possible|goes?|up|online)\b ?)+|"
                r"\bthe (?:moment|minute|second|instant)(?= (?:it|they|a|an|any|anything|something|there|that|one|you|new|the)\b)|\b(?:immediate(?:ly)?|instant(?:ly)?|at once|right away|straight ?away|in real[ -]?time|real[ -]?time|without delay|asap|the moment (?:they|it) (?:appears?|comes? out|(?:are|is) published))\b|"
                r"立即|立刻|马上|即时|实时|第一时间|随时|一有(?:新的?)?(?:报告|消息|更新|文章)?(?:发布|出来)?就(?:发|通知|告诉)?|有新的?(?:报告|消息|更新|文章)?(?:发布|出来)?就(?:发|通知|告诉)"
            ),
        ),
        (
            "monthday",
            (
                r"\b(?:on )?(?:the )?(?P<dom>\d{1,2})(?:st|nd|rd|th) ?(?:day )?(?:of (?:the|each|every) month|every month|each month)?\b|"
                r"\b(?:on )?the (?P<ordinal>first|second|third|fourth|fifth|tenth|fifteenth|last)(?: day)? of (?:the|each|every) month\b|"
                r"(?P<bare>(?<=monthly on )\d{1,2}\b)|"
                rf"(?:每个?月的?)?(?<![\d第])(?P<zhdom>{_NUMBER}|\d{{2}})[号日](?!报)|月初|月底"
            ),
        ),
        (
            "monthly",
            rf"\b(?:monthly|{_EVERY} month|month by month)\b|每个?月|月报|按月|一个?月(?:发|推送|收|来)?一[次封回份]",
        ),
        (
            "weekday",
            rf"\b(?:(?:every|each|on) )?(?P<day>{_WEEKDAY})\b(?!')|(?:每个?)?(?:周|星期|礼拜)(?P<zhday>[一二三四五六日天末])(?![次封份期回])",
        ),
        (
            "weekly",
            rf"\b(?:weekly|{_EVERY} week|week by week|at weekends?|every weekend)\b|每个?(?:周|星期|礼拜)|周报|按周|一周(?:发|推送|收|来)?一[次封回份]|一(?:个)?星期(?:发|推送|收|来)?一[次封]",
        ),
        (
            "daily",
            (
                rf"\b(?:daily|{_EVERY} (?:day|working day|weekday|business day)|every ?day|day by day|every (?=morning|evening|night|afternoon|noon)|on weekdays)\b|"
                r"每天|每日|(?<=[成为想要])天天|日报|按天|一天(?:发|推送|收|来)?一[次封]|每个?工作日|每(?=早|晚)"
            ),
        ),
        (
            "time",
            (
                r"\b(?:(?:at|around|about|by) )?(?P<hour>\d{1,2})[:.h](?P<minute>\d{2}) ?(?P<half>[ap]\.?m\b\.?)?|"
                r"\b(?:(?:at|around|about|by) )?(?P<hour2>\d{1,2}) ?(?P<half2>[ap]\.?m\b\.?|o'?clock|h\b|uhr\b)(?: in the (?P<part2>morning|evening|afternoon|night))?|"
                r"\bat (?P<hour3>\d{1,2})\b(?: in the (?P<part3>morning|evening|afternoon|night))?|"
                rf"(?!(?:早|晚|快|少|多)?一点(?![钟半整]))(?P<zhpart>早上|上午|清晨|早晨|早|中午|下午|傍晚|晚上|晚间|晚|凌晨)?(?P<zhhour>{_NUMBER})(?:[点點时時](?!:\s|:$)(?P<zhmin>半|一刻|三刻|{_NUMBER}分?)?整?|:(?P<zhcolon>\d{{2}}))"
            ),
        ),
        (
            "part",
            (
                r"(?<!good )(?<!middle of the )\b(?:in the )?(?P<part>mornings?|evenings?|afternoons?|nights?)\b|\bat (?P<noon>noon|midday|midnight)\b|"
                r"(?P<zhonly>早上|上午|早晨|清晨|中午|下午|傍晚|晚上|晚间|(?<![太很更偏有最过])[早晚](?!点|些|期|年|了|日))(?![\u4e00-\u9fff]*[期年])"
            ),
        ),
    )
)
_NOT_BEFORE = re.compile(
    r"(?:\bprefer (?!.*\b(?:switch|change|move|set|go)\b).{3,60}\bto|\b(?:not|n't|dont) (?:send|want|need|like|get|receive|mail|give)(?: me)?(?: (?:any|the|your|it))?|\bno|\bnot(?: just| only)?|\binstead of|\brather than|\bfrom|\bno longer|\bn't(?: want)?(?: it| them)?|\bdon'?t want(?: it| them)?|\bother than|\b(?:do not|don'?t|dont|not|never)(?: (?!more\b|than\b|until\b|but\b|only\b|often\b|just\b|miss\b|forget\b)[\w'-]+){0,4}|(?:不要|不用|别|不必)等到?|不要再?|不是|别再?|不想|从|不用|而不是|由)\s*$",
    re.IGNORECASE,
)
_TOO_OFTEN = re.compile(
    r"\s*(?:(?:mails?|e-?mails?|reports?|digests?) )?(?:is|are) (?:too|way too|a bit|more than)|(?:都?[发来收有]?(?:到|送)?一?[封次])?(?:实在|真的|有点|也|真是)?太(?:多|频|勤|密|吵|烦)|太频繁|太勤|都(?:会|能)?(?:收到|有|来|发来|要)",
    re.IGNORECASE,
)
_GLUE = re.compile(
    r"\b(?:please|pls|thanks|thank you|and|at|on|the|in|to|it|them|send|me|my|mails?|e-?mails?|digests?|reports?|alerts?|only|just|would|be|"
    r"i|like|want|prefer|once|is|enough|fine|better|ok|set|change|switch|make|frequency|schedule|delivery|mode|updates?|instead|"
    r"now|a|day|time|of|by|for|all|everything|local|that|not|but|too|much|many|often|frequent|from|day|of|every|each|mail|deliver|get|receive|if|possible|could|can|you|i'd|rather|than)\b|"
    r"[,.;:!~、，。；：！\-'\"()]|请|改成|改为|换成|换为|调成|调整为|调整到|设为|设成|变成|发送|发给我|发|给我|我|一次|就行|就够|就好|够了|就可以|就够了|即可|吧|了|的|邮件|报告|一封|谢谢|麻烦|您|你|希望|想要|想|收到|收|在|每|频率|推送|时间|都|为|到|把|摘要|通知|能|能不能|可以|可否|能否|吗|帮我|帮|不要|不是|别|从|由|而|用|和|换|改",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """Timing in a text: what it says, and the text with it taken out (each phrase one NUL character)."""

    when: When | None
    rest: str


def find(text: str) -> Found:
    """All timing in this text, put together. Phrases that are negated ("not daily") say nothing."""
    said: dict[str, int] = {}
    rest = re.sub(r"\s+", " ", text)
    for name, expression in _PHRASES:
        while match := expression.search(rest):
            negated = _NOT_BEFORE.search(rest[: match.start()]) or _TOO_OFTEN.match(rest[match.end() :])
            if not negated:
                _note(name, match, said)
            rest = rest[: match.start()] + "\0" + rest[match.end() :]
    return Found(_when(said), rest)


def is_negated(before: str) -> bool:
    """Whether the words before a phrase of timing deny it."""
    return bool(_NOT_BEFORE.search(before))


def regular(text: str) -> When | None:
    """The timing of a text, but "immediately": who leaves, leaves immediately."""
    timing = find(text).when
    return timing if timing and timing.kind is not Kind.IMMEDIATE else None


_LOOSE = frozenset(
    [
        "please",
        "pls",
        "thanks",
        "thank",
        "you",
        "and",
        "at",
        "on",
        "the",
        "in",
        "to",
        "it",
        "them",
        "send",
        "me",
        "my",
        "mail",
        "mails",
        "email",
        "emails",
        "e-mail",
        "digest",
        "digests",
        "report",
        "reports",
        "alert",
        "alerts",
        "only",
        "just",
        "would",
        "be",
        "i",
        "like",
        "want",
        "prefer",
        "once",
        "is",
        "enough",
        "fine",
        "better",
        "ok",
        "set",
        "change",
        "switch",
        "make",
        "frequency",
        "schedule",
        "delivery",
        "updates",
        "instead",
        "now",
        "a",
        "of",
        "by",
        "for",
        "all",
        "everything",
        "that",
        "not",
        "from",
        "every",
        "each",
        "get",
        "receive",
        "if",
        "possible",
        "could",
        "can",
        "i'd",
        "rather",
        "than",
        "suit",
        "suits",
        "me",
        "good",
        "great",
        "nice",
        "perfect",
        "hear",
        "about",
        "new",
        "best",
        "more",
        "often",
        "less",
        "time",
        "times",
        "day",
        "days",
        "week",
        "too",
        "much",
        "many",
        "let",
        "us",
        "we",
        "them",
        "these",
        "those",
        "this",
        "your",
        "have",
        "will",
        "should",
        "come",
        "arrive",
        "sent",
        "as",
        "well",
        "works",
        "work",
        "so",
        "do",
        "don't",
        "need",
        "are",
        "am",
        "was",
        "okay",
        "until",
        "then",
        "but",
        "or",
        "one",
        "single",
        "ideal",
        "ideally",
        "mornings",
        "evenings",
        "weekend",
        "works",
        "prefer",
        "preferably",
        "rather",
        "summary",
    ]
)
_ZH_LOOSE = re.compile(
    r"(?>有新的?|报告|改成|改为|换成|发送|推送|邮件|一次|就行|就够|就好|够了|可以|希望|最好|以后|今后|摘要|通知|发给我|给我|告诉我|能不能|能否|都|[请发我吧了的就封收到在把为想要您你一次])*+"
)


def loose(text: str) -> bool:
    """Whether a text says when, and beside that only the words people wrap it in."""
    rest = find(text).rest.replace("\0", " ")
    rest = re.sub(r"\b(?:instead of|rather than|not) (?:at )?\d{1,2}(?::\d\d)?(?: ?[ap]m)?\b", " ", rest)
    words = re.findall(r"[A-Za-z'-]+", rest)
    return all(word.lower() in _LOOSE for word in words) and bool(
        _ZH_LOOSE.fullmatch(re.sub(r"[\sA-Za-z'.,;:!?-]", "", rest))
    )


def read(text: str) -> When | None:
    """The timing that this text says when it says nothing else, else None."""
    found = find(text)
    if found.when is None or _GLUE.sub("", found.rest).replace("\0", "").strip():
        return None
    return found.when


def _note(name: str, match: re.Match[str], said: dict[str, int]) -> None:
    if name == "weekday":
        day = _DAYS[match["day"][:3].lower()] if match["day"] else _ZH_DAYS[match["zhday"]]
        said.setdefault("weekday", day)
    elif name == "monthday":
        said.setdefault("monthday", _month_day(match))
    elif name in {"time", "part"}:
        minute = _minute(match) if name == "time" else _part(match)
        if minute is not None:
            said.setdefault("minute", minute)
    else:
        said.setdefault(name, 1)


def _month_day(match: re.Match[str]) -> int:
    if match["ordinal"]:
        return _ORDINALS[match["ordinal"].lower()]
    number = match["dom"] or match["bare"] or match["zhdom"]
    if number is None:
        return 31 if match[0] == "月底" else 1
    return min(max(_number(number), 1), 31)


def _number(text: str) -> int:
    """A small number in digits or Chinese numerals."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGITS.get(text[-1:], 0)
    return (_DIGITS.get(tens, 1) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0)


def _minute(match: re.Match[str]) -> int | None:
    if match["zhhour"]:
        minutes = match["zhmin"] or match["zhcolon"] or "0"
        quarter = {"半": 30, "一刻": 15, "三刻": 45}.get(minutes)
        return _clock(
            _number(match["zhhour"]),
            quarter if quarter is not None else _number(minutes.rstrip("分")),
            match["zhpart"] or "",
        )
    hour = int(match["hour"] or match["hour2"] or match["hour3"])
    half = match["half"] or match["half2"] or match["part2"] or match["part3"] or ""
    return _clock(hour, int(match["minute"] or 0), half.lower())


def _clock(hour: int, minute: int, half: str) -> int | None:
    after_noon = half.startswith(("p", "evening", "afternoon", "night", "下午", "傍晚", "晚"))
    if after_noon and hour < 12:  # noqa: PLR2004
        hour += 12
    if (half.startswith("a") and not after_noon and hour == 12) or (half == "凌晨" and hour == 12):  # noqa: PLR2004
        hour = 0
    return hour * 60 + minute if hour < 24 and minute < 60 else None  # noqa: PLR2004


def _part(match: re.Match[str]) -> int | None:
    word = (match["part"] or match["noon"] or match["zhonly"] or "").lower().rstrip("s")
    if word in {"morning", "早上", "上午", "早晨", "清晨", "早"}:
        return 8 * 60
    if word in {"noon", "midday", "中午"}:
        return 12 * 60
    if word == "midnight":
        return 0
    return 15 * 60 if word in {"afternoon", "下午"} else 18 * 60


def _when(said: dict[str, int]) -> When | None:
    minute = said.get("minute")
    if "immediate" in said:
        return When(Kind.IMMEDIATE)
    if "monthday" in said and "weekday" not in said:
        return When(Kind.MONTHLY, said["monthday"], minute)
    if "weekday" in said:
        return When(Kind.WEEKLY, said["weekday"], minute)
    for kind in (Kind.DAILY, Kind.WEEKLY, Kind.MONTHLY):
        if kind.value in said:
            return When(kind, None, minute)
    return When(None, None, minute) if minute is not None else None


def places(text: str) -> tuple[tuple[int, int], ...]:
    """Where phrases of timing stand, whatever they say; they may overlap."""
    return tuple(
        match.span()
        for _, expression in _PHRASES
        for match in expression.finditer(text)
        if match.end() > match.start()
    )
