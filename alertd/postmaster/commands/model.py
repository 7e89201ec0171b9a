"""A command as a value, and how a command declares itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from alertd.model import Kind, Schedule


class Verb(StrEnum):
    """What is asked for; the value is the canonical English name."""

    SUBSCRIBE = "subscribe"
    ADD = "add"
    REMOVE = "remove"
    LIST = "list"
    TOPICS = "topics"
    SEARCH = "search"
    PREVIEW = "preview"
    SCHEDULE = "schedule"
    ZONE = "time zone"
    LANGUAGE = "language"
    FORMAT = "format"
    PAUSE = "pause"
    RESUME = "resume"
    ADDRESS = "change address"
    EXPORT = "export"
    WHY = "why"
    SEND_NOW = "send now"
    HELP = "help"
    LEAVE = "unsubscribe"
    FORGET = "forget me"
    CONFIRM = "confirm"
    DECLINE = "decline"


ASKING = frozenset({Verb.LIST, Verb.TOPICS, Verb.SEARCH, Verb.PREVIEW, Verb.WHY, Verb.HELP})
"""Verbs that change nothing."""


@dataclass(frozen=True, slots=True)
class When:
    """The timing a person asked for; None where they said nothing.

    Attributes:
        kind: how often.
        days: weekday 1-7 for weekly, day of the month 1-31 for monthly.
        minute: minute of the local day.
    """

    kind: Kind | None = None
    days: int | None = None
    minute: int | None = None

    def resolve(self, current: Schedule, *, zone: str) -> Schedule:
        """The schedule meant, what was not said taken from `current` where it fits, else Monday, the 1st, 08:00."""
        kind = self.kind or current.kind
        if kind is Kind.IMMEDIATE and self.kind is None and self.minute is not None:
            kind = Kind.DAILY
        if kind is Kind.IMMEDIATE:
            return Schedule(kind=kind)
        minute = self.minute if self.minute is not None else None
        if minute is None:
            minute = current.minute if current.kind is not Kind.IMMEDIATE else 8 * 60
        days = 0
        if kind in {Kind.WEEKLY, Kind.MONTHLY}:
            days = self.days or (current.days if current.kind is kind else 1)
        return Schedule(kind=kind, days=days, minute=minute, zone=zone)

    def __str__(self) -> str:
        days = ""
        if self.days is not None:
            days = f" on {_WEEKDAYS[self.days - 1] if self.kind is Kind.WEEKLY else self.days}"
        time = f" at {self.minute // 60:02}:{self.minute % 60:02}" if self.minute is not None else ""
        return f"{self.kind.value if self.kind else ''}{days}{time}".strip()


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Command:
    """One instruction found in a mail.

    Attributes:
        verb: what is asked for.
        queries: keyword expressions as typed; empty means all (or, for subscribe, every report).
        when: the timing asked for with it.
        value: the verb's other argument: a zone, "en" or "zh", "html" or "text", an ISO date (pause until), an address,
            a report, a token, the name of a command (help).
        line: the words it was found in.
    """

    verb: Verb
    queries: tuple[str, ...] = ()
    when: When | None = None
    value: str = ""
    line: str = field(default="", compare=False)

    def __str__(self) -> str:
        return "; ".join(self.canonical())

    def canonical(self) -> tuple[str, ...]:
        """The commands a person would type for it, one per element: `("add Zhejiang", "weekly for Zhejiang")`."""
        queries = ", ".join(self.queries)
        if self.verb is Verb.SCHEDULE:
            return (f"{self.when}{' for ' + queries if queries else ''}",)
        until = "until " if self.verb is Verb.PAUSE and self.value else ""
        head = " ".join(word for word in (self.verb.value, until + self.value, queries) if word)
        return (head, str(self.when)) if self.when else (head,)

    def as_json(self) -> dict[str, Any]:
        """JSON values from which `from_json` makes the same command (without its line)."""
        made: dict[str, Any] = {"verb": self.verb.value}
        if self.queries:
            made["queries"] = list(self.queries)
        if self.when:
            made["when"] = [
                self.when.kind.value if self.when.kind else None,
                self.when.days,
                self.when.minute,
            ]
        if self.value:
            made["value"] = self.value
        return made

    @classmethod
    def from_json(cls, made: dict[str, Any]) -> Command:
        """The command that `as_json` was made of."""
        when = None
        if "when" in made:
            kind, days, minute = made["when"]
            when = When(Kind(kind) if kind else None, days, minute)
        return cls(Verb(made["verb"]), tuple(made.get("queries", ())), when, made.get("value", ""))


@dataclass(frozen=True, slots=True)
class Setting:
    """What reading a command depends on beside its words.

    Attributes:
        now: aware UTC, for "two weeks" and "until Friday".
        author: the sender's address, which may be named in a command.
        name: the sender's display name: a line that is just that is a signature.
        subscribed: whether the sender is a subscriber already.
        own_words: words that name this service (its local part, its name), folded to lower case.
        labels: the person's own queries and labels as they would type them, lower case.
    """

    now: datetime
    author: str = ""
    name: str = ""
    subscribed: bool = True
    own_words: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Typed:
    """A line as a command is typed.

    Attributes:
        name: as written; "" in a form that begins with none.
        rest: what follows it, without the marks around it.
        whole: the line.
    """

    name: str
    rest: str
    whole: str


Reader = Callable[[Typed, Setting], Command | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """A command's declaration.

    Attributes:
        verb: what it stands for.
        names: the English names; the first is the one the help shows. Small typos of the longer ones are understood.
        chinese: the Chinese names.
        usage: how it is typed, (English, Chinese).
        help: what it does, one line, (English, Chinese).
        read: makes the command of what is typed; None when that is no such command.
        forms: other ways to type it that no name begins (`set LIST nomail`), each with its reader; a group "rest" is what it reads.
    """

    verb: Verb
    names: tuple[str, ...]
    chinese: tuple[str, ...]
    usage: tuple[str, str]
    help: tuple[str, str]
    read: Reader
    forms: tuple[tuple[re.Pattern[str], Reader], ...] = ()


def pattern(expression: str) -> re.Pattern[str]:
    """A pattern that is blind to case; the lines it meets have single blanks."""
    return re.compile(expression, re.IGNORECASE)
