"""All of a mail's instructions: the subject first, then the lines, until `-- ` or `end`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import opencc

from alertd.postmaster.commands import catalogue, lines
from alertd.postmaster.commands.clause import ENDING, keeps, pieces, read_clause
from alertd.postmaster.commands.model import Command, Setting, Verb
from alertd.postmaster.commands.phrases import is_generic, split, strip_polite, topic
from alertd.postmaster.commands.subscribing import INTEREST
from alertd.postmaster.commands.spelling import distance, repair
from alertd.postmaster.commands.until import read_until
from alertd.postmaster.quoting import Subject

MAX_COMMANDS = 30
_SIMPLIFIED = opencc.OpenCC("t2s")
_AWAY = re.compile(r"期间|这段时间|在此之前|出差|休假|度假|旅行|\b(?:while|during|until|till|away|holidays?|vacation|leave)\b", re.IGNORECASE)
_LISTED = re.compile(r"\s*(?:请)?(?:订阅|添加|增加|删除|移除|搜索|预览|subscribe|add|remove)\s*[:\s\"“]?\s*[^,]{1,20},[^,]{1,20}(?:,|$)(?!.*(?:每|请|改))", re.IGNORECASE)
"""`订阅 甲，乙`: a typed list, not clauses."""
_WEEKDAY = re.compile(r"\W*(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\W*", re.IGNORECASE)
"""Between commas this is a date's beginning, not a wish."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A line that asks for something we do not understand.

    Attributes:
        line: as written, shortened.
        nearest: the name of the command that may be meant, or "".
    """

    line: str
    nearest: str


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

    commands = tuple(replace(command, queries=tuple(original(query) for query in command.queries)) for command in understood.commands)
    return replace(understood, commands=commands, keywords=tuple(original(query) for query in understood.keywords))


def _understand(subject: Subject, body: tuple[str, ...], setting: Setting) -> Understanding:
    found: list[Command] = []
    unclear: list[Unclear] = []
    bare: list[str] = []
    titled = _read_subject(subject, setting)
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
            opens = read[-1].verb in {Verb.SUBSCRIBE, Verb.ADD} and group.single and _opens_with_name(group.text) and not group.text.endswith((".", "!"))
            last_block = group.block if opens and read[-1].queries else -1
        elif doubts:
            unclear.extend(doubts)
        elif group.single and lines.keyword_like(group.text) and not lines.is_name(group.text, setting):
            queries = split(group.text)
            if group.block == last_block:
                found[-1] = replace(found[-1], queries=(*found[-1].queries, *queries))
            else:
                bare.extend(queries)
    if any(command.verb is Verb.LEAVE for command in titled_commands) and found[len(titled_commands) :]:
        found = _spelt_out(found, len(titled_commands))
    return _put_together(subject, found, unclear, bare, empty=not grouped, setting=setting)


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
    if re.search(r"[\u4e00-\u9fff]", sentence) and "," in sentence and not _LISTED.match(sentence):
        read = _piecewise(sentence, setting, barred)
        if read:
            return [_dated(command, sentence, setting) for command in read]
    read = [command for clause in pieces(sentence) if (command := read_clause(clause, setting, barred=barred))]
    if not read:
        read = [
            command
            for clause in re.split(r"\s*[,;:]\s*|\s+-+\s+|\s+(?:because|since|as i|so that)\s+", sentence)[:20]
            if not _WEEKDAY.fullmatch(clause) and (command := read_clause(clause, setting, barred=barred))
        ]
    return [_dated(command, sentence, setting) for command in read]


def _piecewise(sentence: str, setting: Setting, barred: frozenset[Verb]) -> list[Command]:
    """A Chinese sentence, whose commas part clauses: each by itself; a bare noun behind a subject is one more subject."""
    read: list[Command] = []
    for clause in re.split(r"\s*[,;]\s*", sentence)[:20]:
        command = read_clause(clause, setting, barred=barred)
        if command:
            read.append(command)
        elif read and read[-1].queries and lines.keyword_like(clause) and len(clause) <= 12 and (more := topic(clause)):
            read[-1] = replace(read[-1], queries=(*read[-1].queries, *split(more, sentence=True)))
    return read


def _dated(command: Command, sentence: str, setting: Setting) -> Command:
    """A pause whose end is told elsewhere in the sentence ("I am away until Friday, please send nothing")."""
    stops = command.verb is Verb.LEAVE and _AWAY.search(sentence)
    if (stops or (command.verb is Verb.PAUSE and not command.value)) and (until := read_until(sentence, setting.now.date())):
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
    empty: bool,
    setting: Setting,
) -> Understanding:
    bare = [query for query in bare if not is_generic(query, setting)]
    found = _with_keywords(_without_interests(found), bare)
    found = [_for_subscriber(command, setting) for command in found]
    found, doubts = _without_contradictions(_once(found))
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


def _spelt_out(found: list[Command], titled: int) -> list[Command]:
    """A subject "cancel" above "remove pensions" means what the body says."""
    said = {command.verb for command in found[titled:]}
    if Verb.LEAVE not in said and said & {Verb.REMOVE, Verb.PAUSE}:
        return [command for command in found if command.verb is not Verb.LEAVE]
    return found


def _with_keywords(found: list[Command], bare: list[str]) -> list[Command]:
    """Bare lines belong to a subscribe, add or remove that names no keywords itself."""
    if not bare:
        return found
    for at, command in enumerate(found):
        if command.verb in {Verb.SUBSCRIBE, Verb.ADD} and not command.queries:
            return [*found[:at], replace(command, queries=tuple(dict.fromkeys(bare))), *found[at + 1 :]]
    if found and all(
        command.verb in {Verb.SCHEDULE, Verb.ZONE, Verb.LANGUAGE, Verb.FORMAT} for command in found
    ):
        return [Command(Verb.SUBSCRIBE, tuple(dict.fromkeys(bare))), *found]
    return found


def _without_interests(found: list[Command]) -> list[Command]:
    """An interest that was only told counts when no sentence asks for a subject outright."""
    asked = any(command.queries and command.value != INTEREST for command in found if command.verb in {Verb.SUBSCRIBE, Verb.ADD})
    kept = [command for command in found if command.value != INTEREST or not asked]
    return [replace(command, value="") if command.value == INTEREST else command for command in kept]


def _for_subscriber(command: Command, setting: Setting) -> Command:
    """For someone who is subscribed, "I want weekly reports" is about when, and so is a keyword that they have."""
    asks = command.verb in {Verb.SUBSCRIBE, Verb.ADD} and command.when is not None
    if (
        asks
        and setting.subscribed
        and (not command.queries or all(query.lower() in setting.labels for query in command.queries))
    ):
        return replace(command, verb=Verb.SCHEDULE)
    return command


def _once(found: list[Command]) -> list[Command]:
    """Each command once; what a subject announces and the body spells out is one command."""
    merged: list[Command] = []
    for command in found:
        same = [other for other in merged if other.verb is command.verb]
        if command in merged:
            continue
        if (
            same
            and command.verb in {Verb.SUBSCRIBE, Verb.ADD}
            and (not command.queries or not same[0].queries)
        ):
            chosen = command if command.queries else same[0]
            joined = replace(chosen, when=command.when or same[0].when)
            merged[merged.index(same[0])] = joined
        elif same and command.verb in {
            Verb.LEAVE,
            Verb.PAUSE,
            Verb.FORGET,
            Verb.HELP,
            Verb.WHY,
            Verb.LANGUAGE,
            Verb.FORMAT,
            Verb.ZONE,
            Verb.ADDRESS,
        }:
            merged[merged.index(same[0])] = command if command.value or not same[0].value else same[0]
        elif same and command.verb is Verb.SCHEDULE and command.queries == same[0].queries:
            merged[merged.index(same[0])] = command
        else:
            merged.append(command)
    return merged


def _without_contradictions(found: list[Command]) -> tuple[list[Command], list[Unclear]]:
    """Nobody leaves by a mail that also asks for more; a pause or a topic dropped is less than leaving."""
    verbs = {command.verb for command in found}
    if Verb.FORGET in verbs:
        return [command for command in found if command.verb not in {Verb.LEAVE, Verb.REMOVE}], []
    if Verb.LEAVE in verbs and verbs & {
        Verb.SUBSCRIBE,
        Verb.ADD,
        Verb.PAUSE,
        Verb.RESUME,
        Verb.SCHEDULE,
        Verb.ADDRESS,
    }:
        doubts = [Unclear(command.line, Verb.LEAVE.value) for command in found if command.verb is Verb.LEAVE]
        return [command for command in found if command.verb is not Verb.LEAVE], doubts
    return found, []
