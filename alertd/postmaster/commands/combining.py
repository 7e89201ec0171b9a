"""How the commands found in the parts of a mail become what the mail as a whole asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from alertd.postmaster.commands.lexicon import Part, tokens
from alertd.postmaster.commands.model import ASKING, Command, Setting, Verb
from alertd.postmaster.commands.subscribing import GUESS, INTEREST
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


def spelt_out(titled: tuple[Command, ...], said: list[Command], subject: Subject) -> list[Command]:
    """A subject is a title when the body says more: "Topics" above "delete tourism", "cancel" above "remove pensions".

    A command typed out in the subject ("subscribe Zhejiang") stands beside those of the body.
    """
    verbs = {command.verb for command in said}
    kept: list[Command] = []
    for command in titled:
        typed = command.queries and subject.text.lower().startswith(command.verb.value)
        title = (
            command.verb in ASKING
            or command.verb in verbs
            or (command.verb is Verb.LEAVE and verbs & {Verb.REMOVE, Verb.PAUSE})
        )
        if command.verb in {Verb.SUBSCRIBE, Verb.ADD}:
            title = any(other.verb in {Verb.SUBSCRIBE, Verb.ADD} and other.queries for other in said) and (
                bool(command.queries) or command.when is None
            )
        if not said or typed or not title:
            kept.append(command)
    return [*kept, *said]


def with_keywords(found: list[Command], bare: list[str]) -> list[Command]:
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


def without_interests(found: list[Command]) -> list[Command]:
    """An interest that was only told counts when no sentence asks for a subject outright, and none to leave."""
    leaves = any(command.verb in {Verb.LEAVE, Verb.FORGET} for command in found)
    asked = leaves or any(
        command.queries and command.value != INTEREST
        for command in found
        if command.verb in {Verb.SUBSCRIBE, Verb.ADD}
    )
    given_way = {INTEREST if asked else "", GUESS if leaves else ""} - {""}
    kept = [
        command for command in found if command.value not in given_way or command.verb is not Verb.SUBSCRIBE
    ]
    return [
        replace(command, value="")
        if command.verb is Verb.SUBSCRIBE and command.value in {INTEREST, GUESS}
        else command
        for command in kept
    ]


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


_SETTINGS = frozenset(
    {
        Verb.ADDRESS,
        Verb.SCHEDULE,
        Verb.FORMAT,
        Verb.LANGUAGE,
        Verb.ZONE,
        Verb.ADD,
        Verb.REMOVE,
        Verb.PAUSE,
        Verb.RESUME,
    }
)


def _asks_for_nothing_new(command: Command) -> bool:
    """Whether a subscriber's sentence only speaks of getting the reports, next to what it really asks for."""
    bare = command.verb is Verb.SUBSCRIBE and not command.queries and command.when is None
    return bare and len(command.line) > len(Verb.SUBSCRIBE.value)


def without_contradictions(found: list[Command], setting: Setting) -> tuple[list[Command], list[Unclear]]:
    """Nobody leaves by a mail that also asks for more; a pause or a topic dropped is less than leaving."""
    verbs = {command.verb for command in found}
    if verbs - ASKING:
        found = [
            command for command in found if command.verb is not Verb.HELP or len(command.line.split()) == 1
        ]
    if any(command.verb is Verb.PAUSE and command.value for command in found):
        found = [command for command in found if command.verb is not Verb.RESUME]
    if Verb.REMOVE in verbs:  # "send everything else on Mondays": the rest is not a sign-up but about when
        found = [
            replace(command, verb=Verb.SCHEDULE)
            if command.verb is Verb.SUBSCRIBE and not command.queries and command.when
            else command
            for command in found
        ]
    if (setting.subscribed and verbs & _SETTINGS) or Verb.REMOVE in verbs:
        found = [command for command in found if not _asks_for_nothing_new(command)]
    if verbs & {Verb.LEAVE, Verb.FORGET}:
        found = [command for command in found if command.verb not in {Verb.WHY, Verb.SEND_NOW}]
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
    if {Verb.LEAVE, Verb.REMOVE} <= verbs:
        told = any(command.verb is Verb.LEAVE and _OUTRIGHT.search(command.line) for command in found)
        return [command for command in found if command.verb is not (Verb.REMOVE if told else Verb.LEAVE)], []
    return found, []


def without_vague_leaving(found: list[Command], told: str) -> tuple[list[Command], list[Unclear]]:
    """Who speaks of a subject does not leave by "cut it"."""
    vague = [
        command
        for command in found
        if command.verb is Verb.LEAVE and _PRONOUN.search(command.line) and not _OUTRIGHT.search(command.line)
    ]
    if not vague or not any(token.part is Part.TOPIC for token in tokens(told)):
        return found, []
    return [command for command in found if command not in vague], [
        Unclear(command.line, Verb.LEAVE.value) for command in vague
    ]


_PRONOUN = re.compile(r"\b(?:it|them|those|that)\b|[它那]", re.IGNORECASE)
_OUTRIGHT = re.compile(
    r"unsubscri|subscription|\b(?:list|me|name|address|mails?|e-?mails?|reports?|alerts?|notifications?|messages?|newsletters?|digests?|updates?|sending)\b|退订|取消订阅|退阅|停止发|停发|别再?发|不要再?发|不用再?发|勿再?发",
    re.IGNORECASE,
)
"""Beside a subject that is no longer wanted, "stop it" is about that subject, and "unsubscribe me" about everything."""
