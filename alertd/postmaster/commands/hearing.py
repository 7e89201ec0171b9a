"""What each sentence of a mail says, typed or told, before it is put together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from alertd.postmaster.commands import catalogue, lines
from alertd.postmaster.commands.combining import JOINING, Unclear
from alertd.postmaster.commands.generic import strip_polite
from alertd.postmaster.commands.letters import Letter
from alertd.postmaster.commands.model import Command, Setting, Verb
from alertd.postmaster.commands.phrases import split
from alertd.postmaster.commands.spelling import distance, repair
from alertd.postmaster.commands.typed import read_typed
from alertd.postmaster.prose.marks import Sentence
from alertd.postmaster.prose.reader import reader


@dataclass(slots=True)
class Heard:
    """What the sentences of a mail say.

    Attributes:
        typed_title: commands typed in the subject line.
        title: what the subject line says otherwise.
        headline: keywords that the subject line is made of.
        typed: which sentences of the body are typed commands.
        said: what the body asks for.
        introduced: those of it that only tell what the writer works on.
        bare: keywords that stand in the body without a word about what to do with them.
        unclear: what looks like an instruction and is none of ours.
    """

    typed_title: list[Command] = field(default_factory=list)
    title: list[Command] = field(default_factory=list)
    headline: list[str] = field(default_factory=list)
    typed: set[int] = field(default_factory=set)
    said: list[Command] = field(default_factory=list)
    introduced: list[Command] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)


def hear(mail: Sequence[Sentence], setting: Setting) -> Heard:
    """Read each sentence: a typed command as such, anything else as a letter's."""
    letter = Letter(mail, reader().read(mail), setting)
    heard = Heard()
    for at, sentence in enumerate(mail):
        if typed := read_typed(sentence.text, setting):
            value = typed.value or (letter.report(at) if typed.verb is Verb.WHY else "")
            command = replace(typed, value=value, line=sentence.text[:200])
            (heard.typed_title if sentence.title else heard.said).append(command)
            heard.typed.update(() if sentence.title else (at,))
        elif letter.is_bare(at):
            if not lines.is_name(sentence.text, setting):
                (heard.headline if sentence.title else heard.bare).extend(letter.wanted(at))
        else:
            _tell(heard, letter, at)
    heard.said = letter.as_break(heard.said)
    if any(letter.of_another(at) for at in range(len(mail))):
        heard.typed_title, heard.title = [], []
    if any(letter.stays(at) for at in range(len(mail))):
        for commands in (heard.said, heard.title, heard.typed_title):
            commands[:] = [command for command in commands if command.verb not in {Verb.LEAVE, Verb.FORGET}]
    _list_keywords(heard, letter)
    return heard


def _tell(heard: Heard, letter: Letter, at: int) -> None:
    """What a letter's sentence asks for, and whether it is one that we do not understand."""
    sentence = letter.mail[at]
    commands = letter.commands(at)
    if letter.introduces(at):
        heard.introduced += [each for each in commands if each.verb is Verb.SUBSCRIBE and each.queries]
    (heard.title if sentence.title else heard.said).extend(commands)
    if letter.keeps(at) or (not commands and _command_like(sentence.text)):
        nearest = "" if letter.keeps(at) else _nearest(sentence.text)
        heard.unclear.append(Unclear(sentence.text[:200], nearest))


def _list_keywords(heard: Heard, letter: Letter) -> None:
    """In a mail of lines that could all be keywords they are, when one is known to be or a command waits for some."""
    if len(heard.typed) != len(heard.said):
        return
    commands = (*heard.said, *heard.typed_title)
    waits = any(command.verb in JOINING and not command.queries for command in commands)
    listed = [
        at
        for at, each in enumerate(letter.mail)
        if not each.title
        and at not in heard.typed
        and not letter.is_form(at)
        and not lines.is_name(each.text, letter.setting)
    ]
    if (heard.bare or (waits and not letter.setting.subscribed)) and all(
        lines.keyword_like(letter.mail[at].text) for at in listed
    ):
        heard.bare = [query for at in listed for query in letter.wanted(at) or split(letter.mail[at].text)]


def _command_like(sentence: str) -> bool:
    """Whether a sentence begins as a command does, or speaks of subscribing, and yet is none."""
    text = repair(strip_polite(sentence)).lower()
    first = re.match(r"[a-z-]+", text)
    short = len(text.split()) <= 8  # noqa: PLR2004
    if (
        first
        and short
        and first[0] in catalogue.TYPED
        and first[0]
        not in {"on", "at", "off", "t", "n", "now", "every", "each", "also", "plus", "man", "info"}
    ):
        return True
    return bool(re.search(r"\b(?:un)?subscri|退订|订阅", text))


def _nearest(sentence: str) -> str:
    words = re.findall(r"[a-z]+", repair(sentence).lower())[:12]
    if "退订" in sentence or "取消" in sentence or "unsubscribe" in words:
        return Verb.LEAVE.value
    if "订阅" in sentence or any(word.startswith("subscri") for word in words):
        return Verb.SUBSCRIBE.value
    exact = next((name for word in words for name, _ in catalogue.NAMES if name == word), "")
    if exact:
        return next(entry.names[0] for name, entry in catalogue.NAMES if name == exact)
    scored = sorted(
        (distance(word, name), name)
        for word in words[:1]
        for name in catalogue.TYPED
        if len(name) > 3  # noqa: PLR2004
    )
    return scored[0][1] if scored and scored[0][0] <= 2 else ""  # noqa: PLR2004
