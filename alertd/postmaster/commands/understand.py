"""All of a mail's instructions: the subject first, then the lines, until `-- ` or `end`."""

# ruff: noqa: PLR2004 - lengths at which a heuristic turns, each said in the docstring beside it

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import opencc

from alertd.postmaster.commands import catalogue, lines, when
from alertd.postmaster.commands.asking import REPORT_NUMBER
from alertd.postmaster.commands.clause import ENDING, keeps, pieces, read_clause
from alertd.postmaster.commands.combining import (
    Unclear,
    for_subscriber,
    once,
    spelt_out,
    with_keywords,
    without_contradictions,
    without_interests,
    without_vague_leaving,
)
from alertd.postmaster.commands.frames import read_frame, read_plain
from alertd.postmaster.commands.generic import is_generic, strip_polite
from alertd.postmaster.commands.leaving import DENIED
from alertd.postmaster.commands.lexicon import speaks
from alertd.postmaster.commands.model import Command, Setting, Verb
from alertd.postmaster.commands.phrases import split, topic
from alertd.postmaster.commands.purpose import FOR_ONESELF, of_another, ours_only
from alertd.postmaster.commands.spelling import distance, repair
from alertd.postmaster.commands.subjects import plausible
from alertd.postmaster.commands.subscribing import GUESS
from alertd.postmaster.commands.telling import exchange, told_only
from alertd.postmaster.commands.until import read_until
from alertd.postmaster.quoting import Subject

MAX_COMMANDS = 30
MAX_TOLD = 4000
"""Characters of a mail's text that are looked at as a whole."""
_SIMPLIFIED = opencc.OpenCC("t2s")
_AWAY = re.compile(
    r"期间|这段时间|在此之前|出差|休假|度假|旅行|\b(?:while|during|until|till|away|holidays?|vacation|leave)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"\s*(?:请)?(?:订阅|添加|增加|删除|移除|搜索|预览|subscribe|add|remove)\s*[:\s\"“]?\s*[^,]{1,20},[^,]{1,20}(?:,|$)(?!.*(?:每|请|改))",
    re.IGNORECASE,
)
"""`订阅 甲，乙`: a typed list, not clauses."""
_WEEKDAY = re.compile(r"\W*(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\W*", re.IGNORECASE)
"""Between commas this is a date's beginning, not a wish."""


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
    subject = replace(subject, text=_simplify(subject.text))
    understood = _understand(subject, tuple(_simplify(line) for line in body), setting)
    return _as_written(understood, _simplify(written), written)


def _simplify(text: str) -> str:
    """Traditional characters as simplified ones: the patterns are written in these."""
    return _SIMPLIFIED.convert(text) if re.search(r"[\u4e00-\u9fff]", text) else text


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


def _understand(subject: Subject, body: tuple[str, ...], setting: Setting) -> Understanding:
    found: list[Command] = []
    unclear: list[Unclear] = []
    bare: list[str] = []
    worded = re.search(r"\w", subject.text) or not any(body)
    titled = _read_subject(subject, setting) if worded else ()
    titled_commands = () if isinstance(titled, Unclear) else titled
    found.extend(titled_commands)
    if isinstance(titled, Unclear):
        unclear.append(titled)
    grouped, _ = lines.groups(body)
    last_block = -1
    for group in grouped:
        read, doubts = _read_group(group, setting)
        if read:
            found.extend(read)
            opens = (
                read[-1].verb in {Verb.SUBSCRIBE, Verb.ADD}
                and group.single
                and _opens_with_name(group.text)
                and not group.text.endswith((".", "!"))
            )
            last_block = group.block if opens and read[-1].queries else -1
        elif doubts:
            unclear.extend(doubts)
        elif group.single and lines.keyword_like(group.text) and not lines.is_name(group.text, setting):
            queries = split(group.text)
            if group.block == last_block:
                found[-1] = replace(found[-1], queries=(*found[-1].queries, *queries))
            else:
                bare.extend(queries)
    found = spelt_out(titled_commands, found[len(titled_commands) :], subject)
    found = [_until_then(command, body, setting) for command in found]
    found = [_which_report(command, " ".join(body)) for command in found]
    if not found:
        found = told_only(" ".join((subject.text if not subject.replied else "", *body))[:MAX_TOLD], setting)
    told = " ".join(group.text for group in grouped)[:MAX_TOLD]
    found, vague = without_vague_leaving(found, told)
    unclear.extend(vague)
    found = ours_only(found, f"{subject.text if not subject.replied else ''} {' '.join(body)[:MAX_TOLD]}")
    if any(doubt.nearest == "" and DENIED.search(repair(doubt.line)) for doubt in unclear):
        found = [command for command in found if command.verb is not Verb.LEAVE]
    return _put_together(
        subject, found, unclear, bare, told=" ".join(group.text for group in grouped), setting=setting
    )


def _read_subject(subject: Subject, setting: Setting) -> tuple[Command, ...] | Unclear:
    text = re.sub(r"\s+", " ", subject.text)
    if not text or subject.forwarded:
        return ()
    if subject.replied:
        command = read_clause(text, setting)
        plain = command and (
            command.verb is Verb.CONFIRM or (len(text.split()) <= 4 and not re.search(r"\[|\d", text))
        )
        return (command,) if command and plain and _opens_with_name(text) and not keeps(text) else ()
    read, doubts = _read_group(lines.Group(text, single=True, block=-2), setting)
    if doubts and not read and any(word in text.lower() for word in ("unsubscri", "退订")):
        return doubts[0]
    return tuple(read)


def _opens_with_name(text: str) -> bool:
    low = repair(re.sub(r"^(?:please|pls|请)\s*", "", text.lower()))
    return any(low.startswith(name) for name, _ in catalogue.NAMES if len(name) > 1)


def _read_group(group: lines.Group, setting: Setting) -> tuple[list[Command], list[Unclear]]:
    found: list[Command] = []
    unclear: list[Unclear] = []
    for sentence in lines.sentences(group.text):
        kept = keeps(repair(sentence))
        barred = ENDING if kept else frozenset()
        barred |= FOR_ONESELF if of_another(sentence) else frozenset()
        read = _read_sentence(sentence, setting, barred)
        if kept:
            read = [command for command in read if command.verb is not Verb.SUBSCRIBE or command.queries]
        found.extend(read)
        if not read and (kept or _command_like(sentence)):
            unclear.append(Unclear(sentence[:200], "" if kept else _nearest(sentence)))
    return found, unclear


def _read_sentence(sentence: str, setting: Setting, barred: frozenset[Verb]) -> list[Command]:
    if len(sentence) > 1500:
        return []
    if exchanged := exchange(sentence, setting):
        return list(exchanged)
    if re.search(r"[\u4e00-\u9fff]", sentence) and "," in sentence and not _LISTED.match(sentence):
        read = _piecewise(sentence, setting, barred)
        if read:
            return [_dated(command, sentence, setting) for command in read]
    read = [command for clause in pieces(sentence) if (command := _read_piece(clause, setting, barred))]
    if not read:
        read = [
            command
            for clause in re.split(r"\s*[,;:]\s*|\s+-+\s+|\s+(?:because|since|as i|so that)\s+", sentence)[
                :20
            ]
            if not _WEEKDAY.fullmatch(clause) and (command := _read_piece(clause, setting, barred))
        ]
    read = _with_its_keywords(read, sentence, setting)
    return [_dated(command, sentence, setting) for command in read]


def _with_its_keywords(read: list[Command], sentence: str, setting: Setting) -> list[Command]:
    """What somebody new who writes "carbon market, daily" signs up for: the part beside the timing."""
    if setting.subscribed or len(read) != 1 or read[0].verb is not Verb.SCHEDULE or read[0].queries:
        return read
    parts = [part for part in re.split(r"\s*[,;]\s*", sentence.strip(" .!")) if not when.find(part).when]
    kept = tuple(part for part in parts if lines.keyword_like(part) and plausible((part,), prose=True))
    named = tuple(part for part in kept if not is_generic(part, setting))
    return [Command(Verb.SUBSCRIBE, named, read[0].when)] if named and len(kept) == len(parts) else read


def _read_piece(clause: str, setting: Setting, barred: frozenset[Verb]) -> Command | None:
    """By the patterns, else by the words' parts."""
    command = read_plain(repair(clause), setting) or read_clause(clause, setting, barred=barred)
    if command is None and not lines.keyword_like(clause):
        command = read_frame(repair(clause), setting)
        if command and command.verb is Verb.SUBSCRIBE:
            command = replace(command, value=GUESS)
    elif (
        command is None
        and (framed := read_frame(repair(clause), setting))
        and framed.verb is not Verb.SUBSCRIBE
    ):
        command = framed
    if command and command.verb is Verb.SCHEDULE and not command.queries:
        framed = read_frame(repair(clause), setting)
        command = framed if framed and framed.verb is Verb.SCHEDULE and framed.queries else command
    return replace(command, line=clause[:200]) if command and command.verb not in barred else None


def _piecewise(sentence: str, setting: Setting, barred: frozenset[Verb]) -> list[Command]:
    """A Chinese sentence, whose commas part clauses: each by itself; a bare noun behind a subject is one more subject."""
    read: list[Command] = []
    for clause in re.split(r"\s*[,;]\s*", sentence)[:20]:
        command = _read_piece(clause, setting, barred)
        if command:
            read.append(command)
        elif (
            read
            and read[-1].queries
            and lines.keyword_like(clause)
            and plausible((clause,))
            and not speaks(clause)
            and len(clause) <= 12
            and (more := topic(clause))
        ):
            read[-1] = replace(read[-1], queries=(*read[-1].queries, *split(more, sentence=True)))
    return read


def _dated(command: Command, sentence: str, setting: Setting) -> Command:
    """A pause whose end is told elsewhere in the sentence ("I am away until Friday, please send nothing")."""
    stops = command.verb is Verb.LEAVE and _AWAY.search(sentence)
    if (stops or (command.verb is Verb.PAUSE and not command.value)) and (
        until := read_until(sentence, setting.now.date())
    ):
        return replace(command, verb=Verb.PAUSE, value=until.isoformat())
    return command


def _command_like(sentence: str) -> bool:
    """Whether a sentence begins as a command does, or speaks of subscribing, and yet is none."""
    text = repair(strip_polite(sentence)).lower()
    first = re.match(r"[a-z-]+", text)
    short = len(text.split()) <= 8
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
        (distance(word, name), name) for word in words[:1] for name in catalogue.TYPED if len(name) > 3
    )
    return scored[0][1] if scored and scored[0][0] <= 2 else ""


def _put_together(
    subject: Subject,
    found: list[Command],
    unclear: list[Unclear],
    bare: list[str],
    *,
    told: str,
    setting: Setting,
) -> Understanding:
    empty = not told.strip()
    bare = [query for query in bare if not is_generic(query, setting)]
    found = with_keywords(without_interests(found), bare)
    if not setting.subscribed and found and all(command.verb in NEWCOMERS for command in found):
        found = [*_first_wish(subject, told, setting), *found]
    found = [for_subscriber(command, setting) for command in found]
    found, doubts = without_contradictions(once(found), setting)
    if (
        not found
        and not unclear
        and not bare
        and subject.text
        and not subject.replied
        and not subject.forwarded
    ):
        whole = subject.text
        if lines.keyword_like(whole) and not is_generic(whole, setting) and empty:
            bare = list(split(whole))
    written = not empty or (subject.text and not subject.replied)
    return Understanding(
        commands=tuple(found[:MAX_COMMANDS]),
        unclear=(*unclear, *doubts)[:MAX_COMMANDS],
        keywords=() if found else tuple(dict.fromkeys(bare))[:100],
        empty=not written,
    )


def _first_wish(subject: Subject, told: str, setting: Setting) -> list[Command]:
    """What somebody new signs up for who only says when: the subject's keywords, or every report when they say so."""
    titled = not subject.replied and not subject.forwarded and lines.keyword_like(subject.text)
    if titled and plausible((subject.text,), prose=True) and not is_generic(subject.text, setting):
        return [Command(Verb.SUBSCRIBE, split(subject.text), line=subject.text[:200])]
    return [Command(Verb.SUBSCRIBE, line=told[:200])] if _EVERYTHING.search(told) else []


_EVERYTHING = re.compile(
    r"\b(?:everything|all (?:of )?(?:it|them|your|the|reports|papers|topics|subjects))\b|全部|所有",
    re.IGNORECASE,
)


NEWCOMERS = frozenset({Verb.SCHEDULE, Verb.ZONE, Verb.LANGUAGE, Verb.FORMAT})
"""What means a sign-up when somebody new says it."""


def _which_report(command: Command, text: str) -> Command:
    """The report that a bare "why?" is about, when the mail names one by its number or its title."""
    if command.verb is not Verb.WHY or command.value:
        return command
    if numbered := REPORT_NUMBER.search(text):
        return replace(command, value=numbered["number"] or numbered["chinese"])
    titled = re.search(
        r"[\"“「《](?P<title>[^\"”」》]{3,200})[\"”」》]|(?<!\w)['‘](?P<single>[^'’]{8,200})['’](?!\w)", text
    )
    return replace(command, value=titled["title"] or titled["single"]) if titled else command


def _until_then(command: Command, body: tuple[str, ...], setting: Setting) -> Command:
    """A pause whose end another sentence tells ("I am away until 1 June. Please pause my mail.")."""
    if command.verb is not Verb.PAUSE or command.value:
        return command
    told = re.search(
        r"(?:\b(?:until|till|back on|return(?:ing)? on|through)\b|[到至]).{1,40}", " ".join(body)
    )
    until = read_until(told[0], setting.now.date()) if told else None
    return replace(command, value=until.isoformat()) if until else command
