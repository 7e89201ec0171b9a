"""A clause of free prose, when no pattern knows it: the command that its words amount to, in whatever order they stand."""

from __future__ import annotations

import re
from collections.abc import Callable

from alertd.model import Kind
from alertd.postmaster.commands.asking import REPORT_NUMBER
from alertd.postmaster.commands.framing import Frame, parse
from alertd.postmaster.commands.lexicon import Part
from alertd.postmaster.commands.model import Command, Setting, Verb
from alertd.postmaster.commands.subjects import NOT_JOINING

_WHY = re.compile(r"\b(?:why|how come|what made)\b|为什么|为何|为啥|怎么会", re.IGNORECASE)


def read_plain(clause: str, setting: Setting) -> Command | None:
    """What no pattern knows better: a digest at once, and one's own data."""
    numbered = REPORT_NUMBER.search(clause)
    if numbered and _WHY.search(clause):
        return Command(Verb.WHY, value=numbered["number"] or numbered["chinese"])
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
    r".*\bused to\b|(?:\W*(?:hi|hello|thanks?|thank you|yes|but|and|so|well)\b)*\W*(?:i|we)(?:'ve| have)? (?:just |already |always |still |even |now |only |also )*(?:read|saw|received|got|get|see|enjoyed?|liked?|loved?|noticed|found|heard|have|had|write|wrote|am getting)\b(?! to\b)|(?:do|did|are|is|have|has|was|were|does) (?:you|it|the|this|that|your|they)\b(?! (?:mind|have|got|ever|publish|possible|an option|a way|any))|(?:你们|您们?)(?!.*(?:能|可)).*[吗?？]$",
    re.IGNORECASE,
)
"""What somebody did, or gets, is no wish."""


_NOTHING = Command(Verb.DECLINE)
"""A rule's word that the clause is understood, and asks for nothing."""


def _untouched(frame: Frame, _setting: Setting) -> Command | None:
    """That the rest may stay, or is not to be missed: nothing changes."""
    if frame.has(Part.MISS) or (frame.has(Part.REST) and not frame.subjects and frame.timing is None):
        return _NOTHING
    return None


def _asked(frame: Frame, setting: Setting) -> Command | None:
    """Questions about oneself, the topics and past reports."""
    if frame.has(Part.WHY) and not frame.has(Part.STOP):
        return Command(Verb.WHY, value=", ".join(frame.subjects))
    if (
        frame.has(Part.WHICH)
        and not frame.subjects
        and not frame.has(Part.STOP, Part.ADD, Part.KEEP, Part.CHANGE)
    ):
        if frame.has(Part.CHOICE):
            return Command(Verb.TOPICS)
        if frame.has(Part.MINE) or (frame.has(Part.WANT) and setting.subscribed and not frame.has(Part.NOT)):
            return Command(Verb.LIST)
    if (
        frame.subjects
        and (frame.about or frame.lone)
        and (frame.has(Part.HAVE) or (frame.has(Part.PAST) and frame.has(Part.WANT)))
    ):
        denied = frame.has(Part.STOP, Part.NOT, Part.WHY, Part.HOW)
        return _NOTHING if denied else Command(Verb.SEARCH, frame.subjects[:5])
    if frame.has(Part.HOW) and not frame.subjects and not frame.has(Part.STOP):
        return Command(Verb.HELP)
    return None


def _about_data(frame: Frame, _setting: Setting) -> Command | None:
    if not frame.has(Part.DATA) or frame.subjects or not frame.lone or frame.has(Part.NOT):
        return None
    if frame.has(Part.ERASE) or frame.has(Part.STOP):
        return Command(Verb.FORGET)
    return Command(Verb.EXPORT) if frame.has(Part.COPY, Part.WHICH) else None


def _look(frame: Frame, _setting: Setting) -> Command | None:
    """Language and format; the one that is refused says nothing."""
    if frame.subjects or not frame.lone or frame.has(Part.STOP, Part.WHICH, Part.WHY):
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
    asks = (
        frame.has(Part.NOW)
        and frame.has(Part.WANT, Part.MAILS, Part.MINE)
        and not frame.has(Part.STOP, Part.NOT)
    )
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


def _dropping(frame: Frame, _setting: Setting) -> Command | None:
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
        return Command(Verb.REMOVE, frame.subjects)
    return None


def _leaving(frame: Frame, setting: Setting) -> Command | None:
    """A refusal of all of it: nothing else may be said in the clause, and no time, no part of it, no question why."""
    if frame.has(Part.HAPPENED) or not frame.lone:
        return None
    refuses = frame.has(Part.STOP) is not (frame.has(Part.NOT) and frame.has(Part.WANT))
    other = frame.has(
        Part.ONLY, Part.KEEP, Part.REST, Part.ADD, Part.EXCESS, Part.CHANGE, Part.WHY, Part.WHICH, Part.RESUME, Part.PAUSE,
        Part.HTML, Part.TEXT, Part.ENGLISH, Part.CHINESE, Part.RATHER, Part.PAST, Part.HAVE, Part.MISS, Part.HOW, Part.DATA,
    )  # fmt: skip
    regular = frame.timing is not None and frame.timing.kind is not Kind.IMMEDIATE
    unclear = frame.question and not frame.has(Part.MAILS)
    if frame.plain and not frame.has(Part.MAILS):
        return None
    if refuses and not frame.subjects and not other and not regular and not frame.lengthy and not unclear:
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
        Part.EXCESS,
        Part.PAUSE,
        Part.KEEP,
        Part.RATHER,
        Part.HAVE,
        Part.DATA,
        Part.PAST,
    ):
        return None
    if (frame.has(Part.ONLY) and setting.subscribed) or (frame.has(Part.HOW) and not frame.about):
        return None
    if frame.subjects and frame.has(Part.ADD):
        return Command(Verb.ADD, frame.subjects, frame.timing)
    if (
        frame.subjects
        and (frame.has(Part.WANT) or (frame.about and not frame.plain and not frame.has(Part.HOW)))
        and (frame.has(Part.MAILS) or frame.about or not frame.question)
    ):
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
