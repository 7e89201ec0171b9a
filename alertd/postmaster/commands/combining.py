"""How the commands found in the parts of a mail become what the mail as a whole asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from alertd.postmaster.commands.model import ASKING, Command, Setting, Verb
from alertd.postmaster.quoting import Subject


@dataclass(frozen=True, slots=True)
class Unclear:
    """A line that asks for something we do not understand.

    Attributes:
        line: as written, shortened.
        nearest: the name of the command that may be meant, or "".
    """

    line: str
    nearest: str


def spelt_out(
    titled: Sequence[Command], said: Sequence[Command], subject: Subject, *, bare: bool, setting: Setting
) -> list[Command]:
    """A subject is a title when the body says more: "Topics" above "delete tourism", "cancel" above "remove pensions".

    A command typed out in the subject ("subscribe Zhejiang") stands beside those of the body.
    """
    if not said:
        return list(titled)
    verbs = {command.verb for command in said}
    names = any(command.queries for command in said if command.verb in JOINING) or bare
    kept: list[Command] = []
    for command in titled:
        typed = command.queries and subject.text.lower().startswith(command.verb.value)
        title = (
            command.verb in ASKING
            or command.verb in verbs
            or (command.verb is Verb.LEAVE and verbs & {Verb.REMOVE, Verb.PAUSE})
        )
        if command.verb in JOINING:
            title = names or (setting.subscribed and bool(command.queries))
        if typed or not title:
            kept.append(command)
    return [*kept, *said]


def with_keywords(found: list[Command], bare: list[str]) -> list[Command]:
    """Bare lines belong to a subscribe, add or remove that names no keywords itself, else to one that names some."""
    queries = tuple(dict.fromkeys(bare))
    if not queries:
        return found
    for named in (False, True):
        for at, command in enumerate(found):
            if command.verb in {*JOINING, Verb.REMOVE} and bool(command.queries) is named:
                more = tuple(dict.fromkeys((*command.queries, *queries)))
                return [*found[:at], replace(command, queries=more), *found[at + 1 :]]
    if found and all(command.verb in NEWCOMERS for command in found):
        return [Command(Verb.SUBSCRIBE, queries), *found]
    return found


def without_interests(said: list[Command], introduced: Sequence[Command]) -> list[Command]:
    """What people work on counts as a wish when no other sentence names one."""
    asked = any(command.queries and command.verb in JOINING and command not in introduced for command in said)
    return [command for command in said if not asked or command not in introduced]


def wants_a_name(found: Sequence[Command], setting: Setting) -> bool:
    """Whether a mail asks for reports without saying about what, so that its subject line may say it."""
    if any(command.queries for command in found):
        return False
    joins = any(command.verb in JOINING for command in found)
    settles = bool(found) and all(command.verb in NEWCOMERS for command in found)
    return joins or (settles and not setting.subscribed)


def joined(found: list[Command]) -> list[Command]:
    """What several sentences want, or want no more, is one command each."""
    made: list[Command] = []
    for command in found:
        same = [
            at
            for at, other in enumerate(made)
            if other.queries and command.queries and _alike(command, other) and not other.when
        ]
        if same and not command.when:
            other = made[same[0]]
            queries = tuple(dict.fromkeys((*other.queries, *command.queries)))
            made[same[0]] = replace(other, queries=queries)
        else:
            made.append(command)
    return made


def for_what_they_have(found: list[Command], setting: Setting) -> list[Command]:
    """Of several subjects that are no longer wanted, those count that the person has; somebody new signs up for what they ask about."""
    asked = next((command.queries for command in found if command.verb is Verb.SEARCH), ())
    wanted = {query for command in found if command.verb in JOINING for query in command.queries}
    made: list[Command] = []
    for command in found:
        has = tuple(query for query in command.queries if query.lower() in setting.labels)
        if command.verb is Verb.SEARCH and set(command.queries) <= wanted:
            continue  # what they looked for is what they sign up for
        if command.verb is Verb.REMOVE and has:
            made.append(replace(command, queries=has))
        elif command.verb is Verb.SUBSCRIBE and not command.queries and asked and not setting.subscribed:
            made.append(replace(command, queries=asked))
        else:
            made.append(command)
    return made


def _alike(left: Command, right: Command) -> bool:
    return left.verb is right.verb and left.verb in {Verb.SUBSCRIBE, Verb.ADD, Verb.REMOVE, Verb.SEARCH}


def for_newcomer(found: list[Command], setting: Setting, *, in_words: bool) -> list[Command]:
    """Who is not subscribed and says in their own words when to write, or how, wants the reports."""
    asks_when = in_words and any(command.verb is Verb.SCHEDULE for command in found)
    if setting.subscribed or not asks_when or any(command.verb not in NEWCOMERS for command in found):
        return found
    return [Command(Verb.SUBSCRIBE, line=found[0].line), *found]


def for_subscriber(command: Command, setting: Setting) -> Command:
    """For someone who is subscribed, "I want weekly reports" is about when, and so is a keyword that they have."""
    asks = command.verb in {Verb.SUBSCRIBE, Verb.ADD} and command.when is not None
    if (
        asks
        and setting.subscribed
        and (not command.queries or all(query.lower() in setting.labels for query in command.queries))
    ):
        return replace(command, verb=Verb.SCHEDULE)
    return command


def once(found: list[Command]) -> list[Command]:
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


JOINING = frozenset({Verb.SUBSCRIBE, Verb.ADD})
NEWCOMERS = frozenset({Verb.SCHEDULE, Verb.ZONE, Verb.LANGUAGE, Verb.FORMAT})
"""Settings that somebody new may give along with signing up."""


def _asks_for_nothing_new(command: Command, setting: Setting) -> bool:
    """Whether a subscriber's sentence only speaks of what they get, next to what it really asks for."""
    told = len(command.line) > len(Verb.SUBSCRIBE.value) and command.when is None
    has = all(query.lower() in setting.labels for query in command.queries)
    return command.verb is Verb.SUBSCRIBE and told and has


def without_asides(found: list[Command], setting: Setting) -> list[Command]:
    """What only accompanies a mail's wishes: thanks for the reports, a word of help, "I'm back on Monday"."""
    verbs = {command.verb for command in found}
    aside: set[Verb] = set()
    if not setting.subscribed and verbs - _OF_SUBSCRIBERS:  # somebody new has nothing to drop or to ask about
        aside |= _OF_SUBSCRIBERS
    if verbs & {Verb.LEAVE, Verb.FORGET}:
        aside |= {Verb.WHY, Verb.SEND_NOW}
    if Verb.PAUSE in verbs:
        aside.add(Verb.RESUME)
    if Verb.REMOVE in verbs:
        found = [_the_rest(command) for command in found]
    told = (setting.subscribed and len(found) > 1) or Verb.REMOVE in verbs
    leaves = bool(verbs & {Verb.LEAVE, Verb.FORGET})
    helped = bool(verbs - ASKING)
    return [
        command
        for command in found
        if command.verb not in aside
        and not (told and _asks_for_nothing_new(command, setting))
        and not (leaves and command.verb is Verb.SUBSCRIBE and not command.queries)
        and not (helped and command.verb is Verb.HELP and len(command.line.split()) > 1)
    ]


_OF_SUBSCRIBERS = frozenset({Verb.REMOVE, Verb.LIST, Verb.WHY})


def _the_rest(command: Command) -> Command:
    """Beside a subject that goes, "send everything else on Mondays" is no sign-up but about when."""
    if command.verb is Verb.SUBSCRIBE and not command.queries and command.when:
        return replace(command, verb=Verb.SCHEDULE)
    return command


def without_contradictions(found: list[Command], setting: Setting) -> tuple[list[Command], list[Unclear]]:
    """Nobody leaves by a mail that also asks for more; a pause or a topic dropped is less than leaving."""
    found = without_asides(found, setting)
    verbs = {command.verb for command in found}
    if Verb.FORGET in verbs:
        return [command for command in found if command.verb not in {Verb.LEAVE, Verb.REMOVE}], []
    if Verb.LEAVE in verbs and verbs & _MORE:
        doubts = [Unclear(command.line, Verb.LEAVE.value) for command in found if command.verb is Verb.LEAVE]
        return [command for command in found if command.verb is not Verb.LEAVE], doubts
    if {Verb.LEAVE, Verb.REMOVE} <= verbs:
        told = any(command.verb is Verb.LEAVE and _OUTRIGHT.search(command.line) for command in found)
        return [command for command in found if command.verb is not (Verb.REMOVE if told else Verb.LEAVE)], []
    return found, []


_MORE = JOINING | {Verb.PAUSE, Verb.RESUME, Verb.SCHEDULE, Verb.ADDRESS}
_OUTRIGHT = re.compile(
    r"unsubscri|subscription|\b(?:list|me|name|address|mails?|e-?mails?|reports?|alerts?|notifications?|messages?|newsletters?|digests?|updates?|sending)\b|退订|取消订阅|退阅|停止发|停发|别再?发|不要再?发|不用再?发|勿再?发",
    re.IGNORECASE,
)
"""Beside a subject that is no longer wanted, "stop it" is about that subject, and "unsubscribe me" about everything."""
