"""One clause of what a person wrote, to the command it asks for."""

from __future__ import annotations

import re

from alertd.postmaster.commands import catalogue, when
from alertd.postmaster.commands.generic import strip_polite
from alertd.postmaster.commands.leaving import KEEPING
from alertd.postmaster.commands.model import Command, Entry, Setting, Verb
from alertd.postmaster.commands.spelling import nearest, repair

MAX_CLAUSE = 600
ENDING = frozenset({Verb.LEAVE, Verb.FORGET, Verb.REMOVE})

_GREETING = r"(?:dear|hi|hello|hey|hallo|good (?:morning|afternoon|evening|day)|greetings|bonjour|guten tag|salut|ciao)\b[^,!:.]{0,40}[,!:.]+\s*"
_LEAD = re.compile(
    rf"^(?>{_GREETING}|(?:dear|hi|hello|hey)(?: there| all| team| sirs?| madam| everyone| folks)?\b[,!:.]*\s+|"
    r"you (?:can|may|could|might|should)(?: please| now)?\s+|r(?:e)?:\s+|(?:please|pls|plz|kindly|ok(?:ay)?|so|also|then|and|but|or|well|now|just|sorry|thanks?|thank you|yes|no(?=\s*[,.!])|again|finally|therefore|hence|actually|simply|oh|ps|p\.s\.)\b[\s,:.!]*|"
    r"(?:could|can|would|will) (?:you|u|we|someone|anyone)(?: (?:please|kindly|possibly|perhaps|maybe|be so kind (?:as )?to|be able to))*\s+|"
    r"(?:may|can|could|might) i(?: please| kindly)?(?: ask (?:you )?to| request(?: you)? to)?\s+|"
    r"(?:i|we)(?:'d| would| should)? (?:really |very much |also |now |only |just |still |kindly |hereby |therefore )*(?:like|love|want|wish|need|prefer|ask|request|beg|intend|appreciate it if|be grateful if|be happy if|be glad if|appreciate|hope|decided)(?: (?:you|it if you(?: could| would)?|for you|if you(?: could| would)?))?(?: (?:please|kindly|could|would))*(?: to)?\s+|"
    r"(?:i(?:'m| am) writing|i write|we(?:'re| are) writing)(?: in order)? to (?:ask (?:you )?(?:to )?|request (?:you )?(?:to )?)?|"
    r"(?:would you|do you) mind(?: please)?\s+|(?:is|would) it (?:be )?possible(?: for (?:you|me))?(?: to)?\s+|how (?:do|can|could|should|would|might) (?:i|one|we)\s+|"
    r"(?:go ahead and|feel free to|be so kind (?:as )?to|it would be (?:great|nice|good|lovely|helpful|wonderful|perfect) (?:if (?:you|i) (?:could|would|can)|to)|let me(?! know)|let us(?! know)|let's|make sure (?:to|you)|it is time to|time to|i(?:'ll| will| shall)|i(?:'m| am) (?:going )?to|i have to|i must|want to|wish to|wanna|i(?:'d| would) be (?:happy|glad|grateful) (?:to|if you (?:could|would)))\s+|"
    r"(?:尊敬的[^,:!。]{1,12}[,:!]?|您好|你好|老师好?|请问|请您?|麻烦您?们?|劳驾|烦请|拜托|帮我|帮忙|能否|能不能|可不可以|可以|可否|是否可以|是否能|我们?(?=想|要|希望|需要|打算)|想要(?=订阅|退订|取消|暂停|把|将|添加|增加|修改|更改|换)|想(?=订阅|退订|取消|暂停|恢复|把|将|添加|增加|再|改|换|知道|停|删|移|请)|"
    r"希望(?=能|可以|订阅|退订|取消|暂停|恢复|把|将|您|你|贵|添加|增加|改|每)|要求?(?=订阅|退订|取消|暂停|恢复|把|将|添加|改|换|删)|需要(?=订阅|退订|取消|暂停|恢复|添加)|打算|准备|您们?|你们?|贵所|贵中心|现在(?=想|要|请)|那么?|另外|此外|同时|顺便|并且?(?=[把将加删退订改添取暂请])|接下来|还有(?=请|,)|谢谢|帮我|给我(?=订阅|退订|取消|暂停|添加|恢复)|为我|替我|[,:!。\s])+)",
    re.IGNORECASE,
)
_ADVERBS = re.compile(
    r"\s(?:by|via|per) (?:e-?)?mail(?= (?:when|whenever|if|about|of|on|as soon)\b)|,? (?:if (?:at all )?possible|at your (?:earliest )?convenience|from now on|in (?:the )?future|regularly|from time to time)(?=[ ,.])|,? (?:but|and) (?:please )?(?:keep|leave) (?:all )?(?:the )?(?:others?|rest|everything else|remaining).{0,30}$",
    re.IGNORECASE,
)
_A_MAIL = re.compile(
    r"\b(?:send|drop|write|give|shoot) (me|us) (?:an? )?(?:e-?mail|mail|message|note|notice|notification|alert|line)s? (?=(?:when|whenever|if|as soon as|each time|every time|once)\b)",
    re.IGNORECASE,
)
_NEWS = re.compile(
    r"\b(?:when(?:ever)?|if|each time|every time|any time) (?:you|your (?:institute|centre|center)) (?:publish|release|have|post|get|issue|bring out|put out)(?:e?s)?(?= (?:anything|something|new|a|any|reports?|papers?|more|on|about))",
    re.IGNORECASE,
)
_ABOUT_US = re.compile(
    r"\b(?:mails?|e-?mails?|alerts?|list|subscri\w+|keywords?|digests?|topics?|frequency|schedule|sign up|register|how often|this work|service)\b|订阅|关键词|邮件|报告|频率|提醒|使用",
    re.IGNORECASE,
)
_SPLIT = re.compile(
    r"(?:\s*[,;:]\s*(?:and |but |then |also |so |or |please |now |i(?:'d| would)? (?:like|want|wish) (?:you )?to |could you |can you |would you |just |instead )*|\s+(?:and|but|then|also|so)(?: (?:then|also|please|now|instead|i(?:'d| would)? (?:like|want|wish) (?:you )?to|could you|can you|just))*\s+)"
    r"(?=(?:unsubscribe|subscribe|add|remove|delete|pause|resume|drop|suspend|use)\s+\S|(?:unsubscribe|pause|resume|help)\s*$|in (?:english|chinese|html|plain text)\b|put\s+(?!me\b|my\b|it\b|on\b|the\b)\S|(?:weekly|daily|monthly)\s*$|once (?:a|per|every) |(?:every|each) (?:day|week|month|mon|tue|wed|thu|fri|sat|sun)|(?:send|give|show|tell|mail)\s+(?:me|us|it|them|my|the list)\b|(?:change|switch|set|make|turn|move)\s+(?:my|me|it|them|the|to)\b|"
    r"(?:stop|cancel|end)\s+(?:sending|my|all|the|these|those|it|mailing)\b|(?:take|get|put|sign)\s+(?:me|my)\b|(?:forget|erase)\s+(?:me|my)\b|(?:i|we)(?:'m| am| have|'ve|'d| would| no longer| don't| do not)?\s+(?:want|need|like|prefer|wish|interested|live|moved)\b)|"
    r"\s*[,;]\s*(?:请|并且?|再|同时|另外|然后|顺便|也|还|而且|但是?|所以|我(?:想|要)?)*(?=(?:把|将)|(?:订阅|退订|取消|删除|移除|添加|增加|暂停|恢复|改成|改为|换成|调成|语言|时区|设为|别再?|不要|停止|发送频率|频率|不再|不想|去掉|加上))",
    re.IGNORECASE,
)


def pieces(sentence: str) -> tuple[str, ...]:
    """A sentence cut where a second instruction begins."""
    return tuple(piece.strip() for piece in _SPLIT.split(sentence) if piece and piece.strip())


def keeps(sentence: str) -> bool:
    """Whether the sentence says that someone does not leave, or only speaks of leaving."""
    return any(expression.search(sentence) for expression in KEEPING)


def lead(text: str) -> str:
    """The text without greeting and politeness at its front."""
    before = None
    while before != text:
        before = text
        text = _LEAD.sub("", text, count=1)
    return text.strip()


def read_clause(clause: str, setting: Setting, *, barred: frozenset[Verb] = frozenset()) -> Command | None:
    """The command this clause asks for, or None.

    Args:
        clause: width-folded, blanks single.
        setting: what reading depends on.
        barred: verbs that it must not be read as.
    """
    clause = clause.strip(" \t*_•·")[:MAX_CLAUSE]
    clause = re.sub(r"\bleave of absence\b", "absence", clause, flags=re.IGNORECASE)
    text = _NEWS.sub("when", _ADVERBS.sub("", _A_MAIL.sub(r"notify \1 ", repair(clause))))
    text = re.sub(r"^(.{2,8}?)[\s,!]*(?:\1[\s,!]*)+$", r"\1", text, flags=re.IGNORECASE)
    core = strip_polite(lead(text))
    if not core:
        return _exact(text, setting, barred)
    asks_how = re.match(
        r"(?:.{0,20}\b)?(?:how (?:do|can|could|should|would|does) (?:i|we|one)|怎么|如何|怎样)",
        text,
        re.IGNORECASE,
    )
    for candidate in (
        _exact(text, setting, barred),
        _typed(
            strip_polite(re.sub(r"^(?:please|pls|kindly|请)[\s,]*", "", text, flags=re.IGNORECASE)),
            setting,
            barred,
            only=catalogue.FREE_TEXT,
        ),
        _timing(core, barred),
        _at_once(lead(text), setting, barred),
        _sentence(core, setting, barred),
        _typed(core, setting, barred),
        _slip(core, setting, barred),
        _loose(core, barred),
    ):
        if candidate is not None:
            if asks_how and candidate.verb is Verb.SUBSCRIBE and not candidate.queries:
                break
            return Command(
                candidate.verb, candidate.queries, candidate.when, candidate.value, line=clause[:200]
            )
    if asks_how and _ABOUT_US.search(text) and Verb.HELP not in barred:
        return Command(Verb.HELP, line=clause[:200])
    return None


def _exact(text: str, setting: Setting, barred: frozenset[Verb]) -> Command | None:
    """A name and nothing else but punctuation."""
    low = re.sub(r"\s+", " ", text.lower()).strip(" .!,;:。")
    low = low.rstrip("?") or low
    named = next((entry for name, entry in catalogue.NAMES if name == low and entry.verb not in barred), None)
    return _read(named, low, "", setting) if named else None


def _timing(core: str, barred: frozenset[Verb]) -> Command | None:
    timing = when.read(core) if Verb.SCHEDULE not in barred else None
    return Command(Verb.SCHEDULE, when=timing) if timing else None


def _at_once(full: str, setting: Setting, barred: frozenset[Verb]) -> Command | None:
    """What "send me my digest now" asks: elsewhere that "now" is politeness, here it is all that matters."""
    full = full.strip(" .!?。")
    for expression, reader in catalogue.entry(Verb.SEND_NOW).patterns if Verb.SEND_NOW not in barred else ():
        match = expression.search(full)
        if match and (command := reader(match, setting)):
            return command
    return None


def _loose(core: str, barred: frozenset[Verb]) -> Command | None:
    timing = when.find(core).when if Verb.SCHEDULE not in barred else None
    return Command(Verb.SCHEDULE, when=timing) if timing and timing.kind and when.loose(core) else None


def _sentence(core: str, setting: Setting, barred: frozenset[Verb]) -> Command | None:
    for entry in catalogue.SENTENCES:
        if entry.verb in barred:
            continue
        for expression, reader in entry.patterns:
            match = expression.search(core)
            command = reader(match, setting) if match else None
            if command and command.verb not in barred:
                return command
    return None


def _typed(
    core: str, setting: Setting, barred: frozenset[Verb], *, only: tuple[Verb, ...] = ()
) -> Command | None:
    """`NAME REST`, the name as declared."""
    low = core.lower()
    for name, entry in catalogue.NAMES:
        if (
            len(name) > 1
            and low.startswith(name)
            and entry.verb not in barred
            and (not only or entry.verb in only)
        ):
            rest = core[len(name) :]
            if name.isascii() and rest[:1].isalnum() and rest[:1].isascii():
                continue
            command = _read(entry, core[: len(name)], rest, setting)
            if command and command.verb not in barred:
                return command
    return None


def _slip(core: str, setting: Setting, barred: frozenset[Verb]) -> Command | None:
    """`NAME REST` with a small typo in the name."""
    first, _, rest = core.partition(" ")
    name = nearest(first.strip(":,.!"), catalogue.TYPED)
    return _typed(f"{name} {rest}".strip(), setting, barred) if name else None


def _read(entry: Entry, name: str, rest: str, setting: Setting) -> Command | None:
    match = re.fullmatch(r"(?P<name>.*?)\x00(?P<rest>.*)", f"{name}\x00{rest.strip(' :=-,')}", re.DOTALL)
    if match is None:
        return None
    if entry.verb is Verb.SCHEDULE:
        whole = re.fullmatch(r"(?P<rest>.*)", f"{name}{rest}".strip(), re.DOTALL)
        return entry.read(whole, setting) if whole else None
    return entry.read(match, setting)
