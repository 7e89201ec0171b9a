"""A clause of free prose by its words' parts, in whatever order they stand, when no pattern knows it.

A wish is read only when every word of the clause is accounted for: each says its part (lexicon), and what is left is one
run of words, the subject of interest. A second run means that the clause says something else too, and nothing is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from alertd.model import Kind
from alertd.postmaster.commands import when
from alertd.postmaster.commands.lexicon import Part, Token, listed, tokens
from alertd.postmaster.commands.model import Command, Setting, Verb, When
from alertd.postmaster.commands.phrases import split
from alertd.postmaster.commands.subjects import NOT_JOINING, plausible
from alertd.postmaster.commands.until import read_until

LONGEST_SUBJECT = 7
_LINK = re.compile(
    r"(?:and|or|of|in|on|the|for|with|at|to|from|by|about|a|an|new|their|s|和|与|及|及其|以及|或|或者|的|中|对|在|上|下|、|,|/|&|-)",
    re.IGNORECASE,
)
_JOINING = frozenset("和与及或的、,")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a clause says, word order aside.

    Attributes:
        parts: the parts that its words play.
        subjects: the subjects named, as written.
        timing: when and how often.
        until: the ISO date that a pause would end on, "" when none is told.
        lengthy: it names a stretch of time ("for two weeks", "until May").
        question: it asks.
    """

    parts: frozenset[Part]
    subjects: tuple[str, ...]
    timing: When | None
    until: str
    lengthy: bool
    question: bool

    def has(self, *parts: Part) -> bool:
        """Whether any of these parts is played."""
        return any(part in self.parts for part in parts)


def read_plain(clause: str, setting: Setting) -> Command | None:
    """What no pattern knows better: a digest at once, and one's own data."""
    frame = parse(clause, setting)
    if frame is None or frame.has(Part.OTHERS, Part.IF):
        return None
    return _at_once(frame, setting) or _about_data(frame, setting)


def read_frame(clause: str, setting: Setting) -> Command | None:
    """The command that the clause's words amount to, None when they amount to none or to more than one."""
    frame = None if _STATEMENT.match(clause) else parse(clause, setting)
    if frame is None or frame.has(Part.OTHERS, Part.IF) or NOT_JOINING.search(clause):
        return None
    for rule in _RULES:
        command = rule(frame, setting)
        if command is not None:
            return None if command is _NOTHING else command
    return None


_STATEMENT = re.compile(
    r"(?:\W*(?:hi|hello|thanks?|thank you|yes|but|and|so|well)\b)*\W*(?:i|we)(?:'ve| have)? (?:just |already |always |still |even |now |only |also )*(?:read|saw|received|got|get|see|enjoyed?|liked?|loved?|noticed|found|heard|have|had|write|wrote|am getting)\b(?! to\b)",
    re.IGNORECASE,
)
"""What somebody did, or gets, is no wish."""


def parse(clause: str, setting: Setting) -> Frame | None:
    """The clause's frame, None when it speaks of more than one thing."""
    if "@" in clause:
        return None
    timed = when.find(clause)
    words = _sandwiched(tokens(timed.rest))
    runs = _runs(words)
    if len(runs) > 1:
        return None
    subjects: tuple[str, ...] = ()
    if runs:
        if not _governed(words, runs[0], setting):
            return None
        text = timed.rest[runs[0][0].start : runs[0][-1].end]
        subjects = split(text.replace("\0", " "), sentence=True)
        if not plausible(subjects) or any(
            len(each.split()) > LONGEST_SUBJECT or _SLIGHT.fullmatch(each) for each in subjects
        ):
            return None
    until = read_until(clause, setting.now.date())
    return Frame(
        parts=frozenset(word.part for word in words),
        subjects=subjects,
        timing=timed.when,
        until=until.isoformat() if until else "",
        lengthy=bool(_STRETCH.search(clause)),
        question=bool(re.search(r"[?？吗]", clause)),
    )


_STRETCH = re.compile(
    r"\b(?:until|till|til|for (?:the next |about )?(?:\d+|a|one|two|three|four|five|six|a few|several) (?:days?|weeks?|months?|years?)|during|over (?:the )?(?:christmas|summer|easter|holidays?|new year))\b|期间|之前|为止|[到至].{1,10}[日号月年前]",
    re.IGNORECASE,
)


def _sandwiched(words: tuple[Token, ...]) -> tuple[Token, ...]:
    """A Chinese character that is a small word elsewhere belongs to the subject when it stands inside one."""
    made = list(words)
    for at in range(1, len(words) - 1):
        before, word, after = made[at - 1], made[at], made[at + 1]
        inside = before.part is Part.TOPIC and after.part is Part.TOPIC
        touching = before.end == word.start and word.end == after.start
        if (
            inside
            and touching
            and len(word.text) == 1
            and word.text not in _JOINING
            and not word.text.isascii()
        ):
            made[at] = Token(Part.TOPIC, word.text, word.start, word.end)
    return tuple(made)


def _governed(words: tuple[Token, ...], run: list[Token], setting: Setting) -> bool:
    """Whether the words beside a run make it a subject: "reports about X", "drop X", "the X ones", X的.

    An unknown verb or adjective has none of these beside it ("I have retired", "that was quick").
    """
    if " ".join(word.text for word in run).lower() in setting.labels or run[0].text[0] in "\"“「『《‘'":
        return True
    at, end = words.index(run[0]), words.index(run[-1])
    before = next((word for word in reversed(words[:at]) if word.text.lower() not in _ARTICLES), None)
    after = words[end + 1] if end + 1 < len(words) else None
    if (
        before
        and (before.part in _TAKING or before.text.lower() in _ABOUT)
        and before.text.lower() not in _HELPING
    ):
        return True
    return bool(
        after and (after.text.lower() in _BEHIND or (before is None and after.part in {Part.ONLY, Part.TIME}))
    )


_TAKING = frozenset({Part.STOP, Part.ADD, Part.WANT, Part.EXCESS, Part.HAVE, Part.TIME, Part.ONLY})
_HELPING = frozenset({"have", "has", "too", "also", "as well", "want", "wish", "like", "need", "been"})
_ARTICLES = listed(
    "the|a|an|any|all|some|every|new|latest|more|your|my|those|these|一下|一些|一个|两个|三个|几个|个|所有|全部|最新|的|:|关键词 |一份"
)
_ABOUT = listed(
    "about|on|for|with|regarding|relating|related|concerning|dealing|keyword|keywords|key word|key words|topic|topics|subject|word|term|of|from|in|on the|"
    "关于|有关|涉及|关键词|关键字|词|主题|把|将|对|和|与|是|我的|issue of|topics like|query|also|as well"
)
_BEHIND = listed(
    "ones|one|reports|report|alerts|papers|mails|e-mails|emails|stuff|topic|topics|subject|keyword|things|news|updates|articles|publications|studies|的|方面|相关|有关|类|那个|这个|这些|那些|领域|主题|报告|文章|资料|一类|这类|关键词|话题|论文"
)
_SLIGHT = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]{1,2}|\d+", re.IGNORECASE)
"""Too little to be a subject."""


def _runs(words: tuple[Token, ...]) -> list[list[Token]]:
    """The stretches of subject words, small linking words inside them included."""
    runs: list[list[Token]] = []
    links: list[Token] = []
    for word in words:
        if word.part is Part.TOPIC:
            if runs and (not links or all(_LINK.fullmatch(link.text) for link in links)):
                runs[-1].extend([*links, word])
            else:
                runs.append([word])
            links = []
        elif runs:
            links.append(word)
    return runs


_NOTHING = Command(Verb.DECLINE)
"""A rule's word that the clause is understood, and asks for nothing."""


def _untouched(frame: Frame, _setting: Setting) -> Command | None:
    """That the rest may stay, or is not to be missed: nothing changes."""
    if frame.has(Part.MISS) or (frame.has(Part.REST) and not frame.subjects and frame.timing is None):
        return _NOTHING
    return None


def _asked(frame: Frame, setting: Setting) -> Command | None:
    """Questions about oneself, the topics and past reports."""
    if frame.has(Part.WHY) and not frame.subjects and not frame.has(Part.STOP):
        return Command(Verb.WHY)
    if (
        frame.has(Part.WHICH)
        and not frame.subjects
        and not frame.has(Part.STOP, Part.ADD, Part.KEEP, Part.CHANGE)
    ):
        if frame.has(Part.CHOICE):
            return Command(Verb.TOPICS)
        if frame.has(Part.MINE) or (frame.has(Part.WANT) and setting.subscribed and not frame.has(Part.NOT)):
            return Command(Verb.LIST)
    if frame.subjects and (frame.has(Part.HAVE) or (frame.has(Part.PAST) and frame.has(Part.WANT))):
        denied = frame.has(Part.STOP, Part.NOT, Part.WHY, Part.HOW)
        return _NOTHING if denied else Command(Verb.SEARCH, frame.subjects[:5])
    if frame.has(Part.HOW) and not frame.subjects and not frame.has(Part.STOP):
        return Command(Verb.HELP)
    return None


def _about_data(frame: Frame, _setting: Setting) -> Command | None:
    if not frame.has(Part.DATA) or frame.subjects or frame.has(Part.NOT):
        return None
    if frame.has(Part.ERASE) or frame.has(Part.STOP):
        return Command(Verb.FORGET)
    return Command(Verb.EXPORT) if frame.has(Part.COPY, Part.WHICH) else None


def _look(frame: Frame, _setting: Setting) -> Command | None:
    """Language and format; the one that is refused says nothing."""
    if frame.subjects or frame.has(Part.STOP, Part.WHICH, Part.WHY):
        return None
    denied = frame.has(Part.NOT)
    both_languages = frame.has(Part.ENGLISH) and frame.has(Part.CHINESE)
    if frame.has(Part.HTML, Part.TEXT):
        text = frame.has(Part.TEXT) is not denied if not frame.has(Part.RATHER) else not frame.has(Part.HTML)
        return (
            Command(Verb.FORMAT, value="text" if text else "html")
            if not (denied and frame.has(Part.RATHER))
            else None
        )
    if frame.has(Part.ENGLISH, Part.CHINESE) and not both_languages and not denied and frame.timing is None:
        return Command(Verb.LANGUAGE, value="en" if frame.has(Part.ENGLISH) else "zh")
    return None


def _at_once(frame: Frame, setting: Setting) -> Command | None:
    asks = frame.has(Part.NOW) and frame.has(Part.WANT) and not frame.has(Part.STOP, Part.NOT)
    return Command(Verb.SEND_NOW) if asks and not frame.subjects and setting.subscribed else None


def _pausing(frame: Frame, _setting: Setting) -> Command | None:
    if frame.subjects or frame.has(Part.WHY, Part.WHICH, Part.KEEP):
        return None
    stops = frame.has(Part.STOP) or (frame.has(Part.NOT) and frame.has(Part.WANT, Part.MAILS))
    if (frame.has(Part.PAUSE) and not (frame.has(Part.NOT) and not stops)) or (stops and frame.lengthy):
        if frame.has(Part.PAUSE) and not (
            stops or frame.has(Part.MAILS, Part.WANT) or frame.until or frame.lengthy
        ):
            return None
        return Command(Verb.PAUSE, value=frame.until)
    return None


def _resuming(frame: Frame, _setting: Setting) -> Command | None:
    asks = (
        frame.has(Part.RESUME)
        and frame.has(Part.WANT, Part.MAILS)
        and not frame.has(Part.STOP, Part.NOT, Part.WHY)
    )
    return Command(Verb.RESUME) if asks and not frame.subjects and frame.timing is None else None


def _dropping(frame: Frame, setting: Setting) -> Command | None:
    """A subject that is refused, or that comes too often."""
    refuses = frame.has(Part.STOP) or (frame.has(Part.NOT) and frame.has(Part.WANT, Part.MAILS))
    if not (refuses or frame.has(Part.EXCESS)) or frame.has(Part.WHY, Part.HOW, Part.WHICH, Part.PAUSE):
        return None
    if frame.has(Part.HAPPENED):
        return _NOTHING
    if frame.has(Part.NOT) and frame.has(Part.STOP) and not frame.has(Part.WANT):
        return _NOTHING
    if (
        frame.subjects
        and not frame.has(Part.ONLY, Part.KEEP, Part.ADD, Part.REST, Part.RATHER)
        and frame.timing is None
    ):
        return Command(Verb.REMOVE, frame.subjects) if setting.subscribed else _NOTHING
    return None


def _leaving(frame: Frame, setting: Setting) -> Command | None:
    """A refusal of all of it: nothing else may be said in the clause, and no time, no part of it, no question why."""
    if frame.has(Part.HAPPENED):
        return None
    refuses = frame.has(Part.STOP) is not (frame.has(Part.NOT) and frame.has(Part.WANT))
    other = frame.has(
        Part.ONLY, Part.KEEP, Part.REST, Part.ADD, Part.EXCESS, Part.CHANGE, Part.WHY, Part.WHICH, Part.RESUME, Part.PAUSE,
        Part.HTML, Part.TEXT, Part.ENGLISH, Part.CHINESE, Part.RATHER, Part.PAST, Part.HAVE, Part.MISS, Part.HOW, Part.DATA,
    )  # fmt: skip
    regular = frame.timing is not None and frame.timing.kind is not Kind.IMMEDIATE
    if refuses and not frame.subjects and not other and not regular and not frame.lengthy:
        return Command(Verb.LEAVE) if setting.subscribed else _NOTHING
    return None


def _timing(frame: Frame, setting: Setting) -> Command | None:
    """When, for all or for a subject that is the person's own or is told to change."""
    timing = frame.timing
    if timing is None or frame.has(
        Part.STOP, Part.NOT, Part.WHY, Part.WHICH, Part.PAUSE, Part.RESUME, Part.HAVE
    ):
        return None
    if not frame.subjects:
        asks = (
            frame.has(Part.WANT, Part.MAILS, Part.CHANGE, Part.ONLY, Part.RATHER, Part.EXCESS) or timing.kind
        )
        return Command(Verb.SCHEDULE, when=timing) if asks and not frame.has(Part.ADD) else None
    own = all(each.lower() in setting.labels for each in frame.subjects)
    if setting.subscribed and (own or frame.has(Part.CHANGE, Part.ONLY, Part.REST)) and timing.kind:
        return Command(Verb.SCHEDULE, frame.subjects, timing)
    return None


def _wanting(frame: Frame, setting: Setting) -> Command | None:
    """A subject that is wished for."""
    if frame.has(
        Part.HAPPENED,
        Part.STOP,
        Part.NOT,
        Part.WHY,
        Part.WHICH,
        Part.HOW,
        Part.EXCESS,
        Part.PAUSE,
        Part.KEEP,
        Part.RATHER,
        Part.HAVE,
        Part.DATA,
        Part.PAST,
    ):
        return None
    if frame.has(Part.ONLY) and setting.subscribed:
        return None
    if frame.subjects and frame.has(Part.ADD) and not frame.has(Part.CHANGE):
        return Command(Verb.ADD, frame.subjects, frame.timing)
    if frame.subjects and frame.has(Part.WANT) and (frame.has(Part.MAILS) or not frame.question):
        return Command(Verb.SUBSCRIBE, frame.subjects, frame.timing)
    wants_all = frame.has(Part.WANT) and frame.has(Part.MAILS) and not frame.question
    if (
        wants_all
        and not frame.subjects
        and not setting.subscribed
        and not frame.has(Part.CHANGE, Part.HTML, Part.TEXT)
    ):
        return Command(Verb.SUBSCRIBE, (), frame.timing)
    return None


_RULES: tuple[Callable[[Frame, Setting], Command | None], ...] = (
    _untouched, _asked, _about_data, _at_once, _look, _pausing, _resuming, _dropping, _leaving, _timing, _wanting,
)  # fmt: skip
"""The narrower meaning first."""
