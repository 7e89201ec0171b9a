"""All of a mail's instructions: the subject first, then the lines, until `-- ` or `end`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import accumulate

from alertd.postmaster.charsets import simplify
from alertd.postmaster.commands import lines
from alertd.postmaster.commands.combining import (
    Unclear,
    for_newcomer,
    for_subscriber,
    for_what_they_have,
    joined,
    once,
    spelt_out,
    wants_a_name,
    with_keywords,
    without_contradictions,
    without_interests,
)
from alertd.postmaster.commands.hearing import hear
from alertd.postmaster.commands.model import Command, Setting, Verb
from alertd.postmaster.commands.typed import read_typed
from alertd.postmaster.prose.marks import Sentence
from alertd.postmaster.quoting import Subject

_NOT_ALL = re.compile(
    r"\bnot (?:from )?(?:everything|all)\b|\b(?:just|only) (?:from|for|the)\b|不是全部|只是|仅", re.IGNORECASE
)
"""What makes "unsubscribe" in the subject line less than that."""
_SEE_TITLE = re.compile(
    r"\b(?:see|as (?:in|per)|like) (?:the |my )?(?:subject|title|above)\b|如题|见(?:标题|主题)|同标题",
    re.IGNORECASE,
)
"""A body that leaves it to the subject line."""
_HOW = re.compile(
    r"\bhow (?:do|does|can|could|should|would|to)\b|\bwhat (?:do|should|can|must) i\b|\bdo i (?:have|need) to\b|\bcan you explain\b|\bis (?:it|this|the service|your service) free\b|怎么|如何|怎样|收费|免费|要钱",
    re.IGNORECASE,
)
_ABOUT_US = re.compile(
    r"subscri|sign(?:ed)? up|\b(?:alerts?|digests?|keywords?|mailing list|frequency|settings?|service)\b|订|关键词|推送|提醒",
    re.IGNORECASE,
)
"""Who asks how our service works is helped, when nothing else is understood."""
MAX_COMMANDS = 30
MAX_SENTENCES, MAX_SENTENCE, MAX_LETTER = 100, 600, 4000
"""Of a letter so many sentences are read, of so many characters each and together: what is wished stands in front."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a mail asks for.

    Attributes:
        commands: in their order, none twice.
        unclear: what looks like an instruction and is none of ours.
        keywords: bare lines that can only be keywords, when the mail has no command.
        empty: the person wrote nothing at all.
    """

    commands: tuple[Command, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    keywords: tuple[str, ...] = ()
    empty: bool = False


def understand(subject: Subject, body: tuple[str, ...], setting: Setting) -> Understanding:
    """Read a mail's subject and unquoted lines.

    A subject behind a reply prefix is ours more often than theirs: only a plain command in it is obeyed.
    """
    written = "\n".join((subject.text, *body))
    subject = replace(subject, text=simplify(subject.text))
    understood = _understand(subject, tuple(simplify(line) for line in body), setting)
    return _as_written(understood, simplify(written), written)


def _as_written(understood: Understanding, text: str, written: str) -> Understanding:
    """Keywords in the characters the person used."""
    if text == written or len(text) != len(written):
        return understood

    def original(query: str) -> str:
        at = text.find(query)
        return written[at : at + len(query)] if at >= 0 else query

    commands = tuple(
        replace(command, queries=tuple(original(query) for query in command.queries))
        for command in understood.commands
    )
    return replace(
        understood, commands=commands, keywords=tuple(original(query) for query in understood.keywords)
    )


def sentences_of(subject: Subject, body: tuple[str, ...]) -> tuple[Sentence, ...]:
    """What the person wrote: the subject where it is theirs, then the body's sentences."""
    title = "" if subject.replied or subject.forwarded else re.sub(r"\s+", " ", subject.text)
    made = [Sentence(text, title=True) for text in lines.sentences(title)]
    made += [Sentence(text) for group in lines.groups(body) for text in lines.clauses(group.text)]
    made = [each for each in made if len(each.text) <= MAX_SENTENCE][:MAX_SENTENCES]
    ends = accumulate(len(each.text) for each in made)
    return tuple(each for each, end in zip(made, ends, strict=True) if end <= MAX_LETTER)


def _understand(subject: Subject, body: tuple[str, ...], setting: Setting) -> Understanding:
    mail = sentences_of(subject, body)
    heard = hear(mail, setting)
    typed = [*_of_reply(subject, setting), *heard.typed_title]
    if any(_NOT_ALL.search(sentence.text) for sentence in mail if not sentence.title):
        typed = [command for command in typed if command.verb is not Verb.LEAVE]
    said = without_interests(heard.said, heard.introduced)
    # What a subject line only announces counts when the body leaves it unsaid.
    told = " ".join(sentence.text for sentence in mail if not sentence.title)
    announced = (each for each in heard.title if not told or all(query in told for query in each.queries))
    if _SEE_TITLE.search(told):
        titled = [*typed, *heard.title]
    else:
        titled = typed if said or heard.bare else [*typed, *announced]
    found = spelt_out(titled, said, subject, bare=bool(heard.bare), setting=setting)
    bare = heard.bare or (heard.headline if not told or wants_a_name(found, setting) else [])
    found = for_what_they_have(joined(with_keywords(found, bare)), setting)
    in_words = len(heard.said) > len(heard.typed) or bool(heard.title)
    found = for_newcomer(found, setting, in_words=in_words)
    found = [for_subscriber(command, setting) for command in found]
    found, doubts = without_contradictions(once(found), setting)
    if not found and not bare and _HOW.search(told) and _ABOUT_US.search(told):
        found = [Command(Verb.HELP, line=told[:200])]
    return Understanding(
        commands=tuple(found[:MAX_COMMANDS]),
        unclear=(*heard.unclear, *doubts)[:MAX_COMMANDS],
        keywords=() if found else tuple(dict.fromkeys(bare))[:100],
        empty=not told and not (subject.text and not subject.replied),
    )


def _of_reply(subject: Subject, setting: Setting) -> list[Command]:
    """A plain command in a subject behind a reply prefix."""
    text = re.sub(r"\s+", " ", subject.text)
    if not subject.replied or subject.forwarded or not text:
        return []
    command = read_typed(text, setting)
    plain = command and (
        command.verb is Verb.CONFIRM or (len(text.split()) <= 4 and not re.search(r"\[|\d", text))  # noqa: PLR2004
    )
    return [replace(command, line=text[:200])] if command and plain else []
