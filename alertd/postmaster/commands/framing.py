"""What a clause of free prose says, word order aside: the parts its words play, and the one subject it names.

Every word says its part (lexicon); what is left is one run of words, the subject of interest. A second run means that the
clause says something else too, and only a subject that is told outright ("reports about X") is then believed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alertd.postmaster.commands import when
from alertd.postmaster.commands.lexicon import Part, Token, listed, tokens
from alertd.postmaster.commands.model import Setting, When
from alertd.postmaster.commands.phrases import split
from alertd.postmaster.commands.subjects import plausible
from alertd.postmaster.commands.until import read_until

LONGEST_SUBJECT = 7
MAX_LINKS = 3
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
        lone: every word is accounted for; else the clause says more than is understood.
        plain: it has everyday words.
        about: the subject is told by "reports about", "anything on", 关于.
        timing: when and how often.
        until: the ISO date that a pause would end on, "" when none is told.
        lengthy: it names a stretch of time ("for two weeks", "until May").
        question: it asks.
    """

    parts: frozenset[Part]
    subjects: tuple[str, ...]
    lone: bool
    plain: bool
    about: bool
    timing: When | None
    until: str
    lengthy: bool
    question: bool

    def has(self, *parts: Part) -> bool:
        """Whether any of these parts is played."""
        return any(part in self.parts for part in parts)


def parse(clause: str, setting: Setting) -> Frame | None:
    """The clause's frame, None when it speaks of more than one thing."""
    if "@" in clause:
        return None
    timed = when.find(clause)
    words = _sandwiched(tokens(timed.rest))
    runs = _runs(words)
    strong = [run for run in runs if _is_about(words, run)]
    if len(runs) > 1 and len(strong) != 1:
        return None
    lone = len(runs) <= 1
    runs = strong or runs
    subjects: tuple[str, ...] = ()
    if runs:
        if not strong and not _governed(words, runs[0], setting):
            return None
        text = timed.rest[runs[0][0].start : runs[0][-1].end]
        subjects = tuple(
            _PLACED.sub("", _PREPOSED.sub("", each)) for each in split(text.replace("\0", " "), sentence=True)
        )
        if not plausible(subjects) or any(
            len(each.split()) > LONGEST_SUBJECT or _SLIGHT.fullmatch(each) for each in subjects
        ):
            return None
    until = read_until(clause, setting.now.date())
    return Frame(
        parts=frozenset(word.part for word in words),
        subjects=subjects,
        lone=lone,
        plain=any(word.part is Part.PLAIN for word in words),
        about=bool(strong),
        timing=timed.when,
        until=until.isoformat() if until else "",
        lengthy=bool(_STRETCH.search(clause)),
        question=bool(re.search(r"[?？吗]", clause)),
    )


_STRETCH = re.compile(
    r"\b(?:until|till|til|(?:the )?(?:next|coming) (?:\d+|few|couple of|two|three|four|five|six) (?:days|weeks|months)|for (?:the next |about )?(?:\d+|a|one|two|three|four|five|six|a few|several) (?:days?|weeks?|months?|years?)|during|over (?:the )?(?:christmas|summer|easter|holidays?|new year))\b|期间|之前|为止|[到至].{1,10}[日号月年前]",
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
    if (
        before is None
        and after
        and after is words[-1]
        and after.text.lower() in {"no longer", "no more", "no thanks"}
    ):
        return True
    if before is None and after and after.text.lower() in {"i", "we"}:
        return any(word.part in {Part.STOP, Part.NOT} for word in words)
    return bool(
        after and (after.text.lower() in _BEHIND or (before is None and after.part in {Part.ONLY, Part.TIME}))
    )


def _is_about(words: tuple[Token, ...], run: list[Token]) -> bool:
    """Whether "reports on", "anything about", 关于 stands before the run, or 的报告 behind it."""
    at, end = words.index(run[0]), words.index(run[-1])
    before = [word.text.lower() for word in words[:at] if word.text.lower() not in _ARTICLES]
    nouns = [word for word in words[:at] if word.text.lower() not in _ARTICLES]
    if before and before[-1] in _OUTRIGHT:
        return True
    if len(before) > 1 and before[-1] in _ON and (nouns[-2].part is Part.MAILS or before[-2] in _ANYTHING):
        return True
    behind = words[end + 1 : end + 4]
    return any(word.part is Part.MAILS for word in behind) and bool(behind) and behind[0].text in _BEHIND_ZH


_OUTRIGHT = listed(
    "about|regarding|concerning|relating to|related to|covering|dealing with|关于|有关|涉及|围绕"
)
_ON = listed("on|about|for|regarding|concerning|related|relating|dealing|with|covering|of")
_ANYTHING = listed(
    "anything|something|everything|ones|all|stuff|things|new|more|interested|matters|whatever|posted|updated|informed|notified"
)
_BEHIND_ZH = listed("的|方面|相关|有关|领域")
_TAKING = frozenset({Part.STOP, Part.ADD, Part.WANT, Part.EXCESS, Part.HAVE, Part.TIME, Part.ONLY})
_HELPING = frozenset(
    {"no longer", "never", "have", "has", "too", "also", "as well", "want", "wish", "like", "need", "been"}
)
_ARTICLES = listed(
    "the|a|an|any|all|some|every|new|latest|more|your|my|those|these|一下|一些|一个|两个|三个|几个|个|所有|全部|最新|的|:|关键词 |一份"
)
_ABOUT = listed(
    "about|on|for|with|regarding|relating|related|concerning|dealing|keyword|keywords|key word|key words|topic|topics|subject|word|term|of|from|in|on the|"
    "关于|有关|涉及|关键词|关键字|词|主题|把|将|对|和|与|是|我的|issue of|topics like|query|also|as well"
)
_BEHIND = listed(
    "ones|one|reports|report|alerts|papers|mails|e-mails|emails|stuff|topic|topics|subject|keyword|things|news|updates|articles|publications|studies|的|方面|相关|有关|类|那个|这个|这两个|这几个|这些|那些|领域|主题|报告|文章|资料|一类|这类|关键词|话题|论文"
)
_PREPOSED = re.compile(r"^(?:on|about|for|of|in|the) ", re.IGNORECASE)
_PLACED = re.compile(r"\s+at (?:an?|the|my|our|your)\b.*$", re.IGNORECASE)
_SLIGHT = re.compile(r"[\u4e00-\u9fff]|[A-Za-z]{1,2}|\d+", re.IGNORECASE)
"""Too little to be a subject."""


def _runs(words: tuple[Token, ...]) -> list[list[Token]]:
    """The stretches of subject words, small linking words and everyday ones between them included.

    An everyday word right behind a subject may be its head ("steel prices"); elsewhere it says nothing.
    """
    runs: list[list[Token]] = []
    links: list[Token] = []
    for word in words:
        if word.part is Part.TOPIC:
            linked = all(link.part is Part.PLAIN or _LINK.fullmatch(link.text) for link in links)
            if runs and linked and len(links) <= MAX_LINKS:
                runs[-1].extend([*links, word])
            else:
                runs.append([word])
            links = []
        elif (
            runs
            and not links
            and word.part is Part.PLAIN
            and word.text[0].isascii()
            and not word.text.endswith("ed")
        ):
            runs[-1].append(word)
        elif runs:
            links.append(word)
    return runs
