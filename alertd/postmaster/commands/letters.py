"""A letter's sentences, as the learned reader understands them, made into commands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from alertd.postmaster.commands import lines
from alertd.postmaster.commands.asking import REPORT_NUMBER
from alertd.postmaster.commands.leaving import DENIED, keeps
from alertd.postmaster.commands.model import Command, Setting, Verb
from alertd.postmaster.commands.naming import named, theirs
from alertd.postmaster.commands.places import zone_in
from alertd.postmaster.commands.rhythm import times_of, wanted_time
from alertd.postmaster.commands.sense import SURE, VERY_SURE, sensible
from alertd.postmaster.commands.settings import beside_addresses, other_addresses
from alertd.postmaster.commands.spelling import repair
from alertd.postmaster.commands.until import is_dated, read_until
from alertd.postmaster.prose.lexicon import Part
from alertd.postmaster.prose.marks import Role, Sentence, Wish
from alertd.postmaster.prose.reader import Reading
from alertd.postmaster.prose.words import without, words

_PLAIN = {
    Wish.LEAVE: Verb.LEAVE,
    Wish.FORGET: Verb.FORGET,
    Wish.RESUME: Verb.RESUME,
    Wish.LIST: Verb.LIST,
    Wish.TOPICS: Verb.TOPICS,
    Wish.HELP: Verb.HELP,
    Wish.EXPORT: Verb.EXPORT,
    Wish.NOW: Verb.SEND_NOW,
}
_CHOICES = {
    Wish.ENGLISH: (Verb.LANGUAGE, "en"),
    Wish.CHINESE: (Verb.LANGUAGE, "zh"),
    Wish.HTML: (Verb.FORMAT, "html"),
    Wish.TEXT: (Verb.FORMAT, "text"),
}


_SELF = re.compile(
    r"^(?:as )?(?:a|an|i|i'm|i've|we|we're|we've|my|our|me|having|being|working|phd|student|researcher)\b|\bi (?:am|work|teach|study|cover)\b|^(?:我们?|本人|本单位|我单位|学生|在下)|研究方向|课题|论文|从事|负责",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:please|pls|plz|could|can|would|will you|may i|might|send|add|put|include|subscribe|sign|like|love|want|wish|grateful|interested?|interests me|receive|get|keep|let me|need|follow|hear|looking for|hope|appreciate|notif\w+|alert|inform)\b|请|想|希望|麻烦|订|发|加|推送|通知|感兴趣|关注|求|能否|可否|收到|需要|要",
    re.IGNORECASE,
)
_HEADER = re.compile(r"[\w]*-[\w-]+: |--\w|MIME")
"""What is no letter at all."""
_FORM = re.compile(
    r"(?:full |last |first |family )?(?:name|organi[sz]ation|affiliation|institut(?:e|ion)|company|employer|country|city|phone|tel|e-?mail|address|position|title|department|姓名|单位|机构|电话|职务|职称|地址|邮箱|国家)\s*:",
    re.IGNORECASE,
)
"""A line of a form that tells who writes."""
_KEPT = re.compile(
    r"(?:\b(?:only|just|leave|keep)(?: the| my)?|只要|只留|保留|留下?)\s*[\"'“‘]?$", re.IGNORECASE
)
"""What stands in front of a subject that stays, in a sentence that drops another."""
_NEVER_ASKED = re.compile(
    r"没有?订|never (?:asked|subscribed|signed)|(?:did not|didn't) (?:ask|subscribe)|not subscribed",
    re.IGNORECASE,
)
_FIELDS = re.compile(
    r"\b(?:author|title|keyword|abstract|department|catalogue|number):(?:\"[^\"]+\"|[^\s,;.?!]+)",
    re.IGNORECASE,
)
"""A piece of the query language in a sentence."""
_OF_ANOTHER = re.compile(
    r"\b(?:subscribe|add|register|enrol+|sign(?: up)?|remove|unsubscribe|put|delete)\s+(?:\w+\s+){0,3}?[^\s@]+@|\b(?:subscription|account) (?:of|for) .{0,40}?[^\s@]+@|给\s*[^\s@]+@\S+\s*(?:订|也)",
    re.IGNORECASE,
)
"""Somebody else's address is no subject and no new address of the writer's."""


_REFUSING = frozenset(
    {
        Part.STOP,
        Part.NOT,
        Part.EXCESS,
        Part.RATHER,
        Part.CHANGE,
        Part.ONLY,
        Part.REST,
        Part.ERASE,
        Part.KEEP,
        Part.MISS,
    }
)


class Letter:
    """A mail's sentences and what they say."""

    def __init__(self, mail: Sequence[Sentence], readings: Sequence[Reading], setting: Setting) -> None:
        self.mail, self.readings, self.setting = mail, readings, setting
        self._told = " ".join(each.text for each in mail)
        self._spelt = tuple(repair(each.text) for each in mail)
        self._keeps = tuple(
            reading.wishes[Wish.KEEP] >= SURE or keeps(text)
            for reading, text in zip(readings, self._spelt, strict=True)
        )
        self._asks_why = any(each.wishes[Wish.WHY] >= SURE for each in readings)
        self._unwanted = {query for at in range(len(mail)) for query in self._named(at, Role.UNWANTED)}

    def commands(self, at: int) -> list[Command]:
        """What one of its sentences asks for."""
        text = self.mail[at].text
        if self.of_another(at) or _HEADER.match(text) or self.is_form(at):
            return []
        asked = self._asked(at)
        found = [
            *self._subjects(at, asked),
            *(Command(verb) for wish, verb in _PLAIN.items() if wish in asked),
            *(Command(verb, value=value) for wish, (verb, value) in _CHOICES.items() if wish in asked),
            *self._times(at, asked),
            *self._values(at, asked),
        ]
        return [replace(command, line=text[:200]) for command in found]

    def of_another(self, at: int) -> bool:
        """Whether a sentence would subscribe or remove somebody else."""
        text = self.mail[at].text
        return bool(_OF_ANOTHER.search(text) and other_addresses(text, self.setting))

    def _asked(self, at: int) -> set[Wish]:
        """The wishes that a sentence is sure to have."""
        return sensible(
            self.readings[at],
            self.mail[at].text,
            told=self._told,
            today=self.setting.now.date(),
            keeps=self._keeps[at],
        )

    def keeps(self, at: int) -> bool:
        """Whether a sentence says that someone does not leave."""
        return self._keeps[at]

    def is_bare(self, at: int) -> bool:
        """Whether a sentence is nothing but keywords, with no word about what to do with them."""
        text, reading = self.mail[at].text, self.readings[at]
        if not reading.subjects or any(subject.role is not Role.WANTED for subject in reading.subjects):
            return False
        asked = any(sure >= SURE for wish, sure in reading.wishes.items())
        rest = without(text, tuple((subject.start, subject.end) for subject in reading.subjects))
        said = any(word.tells or word.part in {"time", "mails"} for word in words(rest))
        return not asked and not said and lines.keyword_like(text)

    def stays(self, at: int) -> bool:
        """Whether a sentence says outright that its writer does not leave, whatever else the mail says."""
        return self.readings[at].wishes[Wish.KEEP] >= VERY_SURE or bool(DENIED.search(self._spelt[at]))

    def is_form(self, at: int) -> bool:
        """Whether a line of a form tells who writes: "Organisation: FAO"."""
        return bool(_FORM.match(self.mail[at].text))

    def introduces(self, at: int) -> bool:
        """Whether a sentence tells who writes and what they work on, and asks for nothing."""
        text = self.mail[at].text
        return bool(_SELF.search(text)) and not _ASKS.search(text)

    def wanted(self, at: int) -> tuple[str, ...]:
        """The subjects that a sentence wants."""
        return self._named(at, Role.WANTED)

    def _named(self, at: int, role: Role) -> tuple[str, ...]:
        text, subjects = self.mail[at].text, self.readings[at].subjects
        if role is Role.UNWANTED:
            subjects = tuple(each for each in subjects if not _KEPT.search(text[: each.start]))
        return named(text, subjects, role, self.setting)

    def _subjects(self, at: int, asked: set[Wish]) -> list[Command]:
        found: list[Command] = []
        if only := self._named(at, Role.ONLY):
            found += self._only(only)
        unwanted = tuple(theirs(query, self.setting) for query in self._named(at, Role.UNWANTED))
        if self._asks_why or not self._refuses(at):  # it may be what a report, or its writer, is about
            unwanted = tuple(query for query in unwanted if self._has(query))
        if unwanted and not (only and self.setting.labels):
            found.append(Command(Verb.REMOVE, unwanted))
        wanted = self._wanted(at, asked)
        if wanted:
            found.append(Command(Verb.SUBSCRIBE, wanted))
        elif Wish.ALL in asked and not asked & {Wish.LEAVE, Wish.FORGET, Wish.RESUME} and not only:
            found.append(Command(Verb.SUBSCRIBE))
        looked_up = self._named(at, Role.LOOKED_UP)
        if Wish.PREVIEW in asked:
            found.append(Command(Verb.PREVIEW, looked_up[:5]))
        elif looked_up:
            found.append(Command(Verb.SEARCH, looked_up[:5]))
        return found

    def _wanted(self, at: int, asked: set[Wish]) -> tuple[str, ...]:
        """The subjects that a sentence adds to what the person has."""
        text = self.mail[at].text
        asks = bool(_ASKS.search(text))
        wanted = tuple(query for query in self._named(at, Role.WANTED) if query not in self._unwanted)
        if Wish.ALL in asked or asks:
            wanted = wanted or tuple(match[0] for match in _FIELDS.finditer(text))
        if self._asks_why and (not asks or _NEVER_ASKED.search(text)):
            wanted = ()  # what the report in question is about
        if len(wanted) > 1 and self.setting.subscribed:
            # "besides pensions, heating": what they have is no news
            wanted = tuple(query for query in wanted if query.lower() not in self.setting.labels) or wanted
        return wanted

    def _refuses(self, at: int) -> bool:
        """Whether a word of a sentence refuses something, or nothing else in the mail is wished for."""
        says = {word.part for word in words(self._spelt[at])}
        wants = any(each.role is Role.WANTED for reading in self.readings for each in reading.subjects)
        return bool(says & _REFUSING) or not wants

    def _only(self, only: tuple[str, ...]) -> list[Command]:
        """Nothing but these: what else the person has goes."""
        kept = tuple(theirs(query, self.setting) for query in only)
        others = tuple(sorted(self.setting.labels - {query.lower() for query in kept}))
        new = tuple(query for query in kept if query.lower() not in self.setting.labels)
        dropped = [Command(Verb.REMOVE, others)] if others and self.setting.subscribed else []
        return dropped + ([Command(Verb.SUBSCRIBE, new)] if new else [])

    def _times(self, at: int, asked: set[Wish]) -> list[Command]:
        text = self.mail[at].text
        found: list[Command] = []
        if Wish.WHEN in asked:
            if spoken_of := self._spoken_of(at):
                found += [
                    Command(Verb.SCHEDULE, queries, timing) for queries, timing in times_of(text, spoken_of)
                ]
            elif timing := wanted_time(self._spelt[at]):
                found.append(Command(Verb.SCHEDULE, when=timing))
        if Wish.PAUSE in asked:
            found.append(Command(Verb.PAUSE, value=self._until(self.mail[at].text)))
        return found

    def _spoken_of(self, at: int) -> list[tuple[str, int, int]]:
        """The subjects that a time is about, and where they stand: what the person has, however it is named."""
        text = self.mail[at].text
        found = [
            (theirs(query, self.setting), subject.start, subject.end)
            for subject in self.readings[at].subjects
            for query in named(text, (subject,), subject.role, self.setting)
            if subject.role is Role.SPOKEN_OF or (subject.role is Role.WANTED and self._has(query))
        ]
        for label in self.setting.labels if self.setting.subscribed else ():
            found += [
                (label, match.start(), match.end())
                for match in re.finditer(rf"(?<![\w-]){re.escape(label)}(?![\w-])", text, re.IGNORECASE)
                if not any(
                    each.start < match.end() and match.start() < each.end
                    for each in self.readings[at].subjects
                )
            ]
        return sorted(found, key=lambda each: each[1])

    def _has(self, query: str) -> bool:
        return self.setting.subscribed and theirs(query, self.setting).lower() in self.setting.labels

    def _texts(self, at: int) -> list[str]:
        """The texts of the mail, a sentence's own before all."""
        return [self.mail[at].text, *(each.text for each in self.mail)]

    def _until(self, text: str) -> str:
        """The day up to which a break goes, told in its sentence or another, "" when none is."""
        today = self.setting.now.date()
        texts = [text, *(each.text for each in self.mail)]
        texts.sort(key=lambda text: not is_dated(text))  # "skip next week ... back on 1 December"
        until = next((day for text in texts if (day := read_until(text, today))), None)
        return until.isoformat() if until else ""

    def as_break(self, said: Sequence[Command]) -> list[Command]:
        """Who wants no mails and is back some day wants a break: "stop them over Easter, I'm back on the 9th"."""
        verbs = {command.verb for command in said}
        if not {Verb.LEAVE, Verb.RESUME} <= verbs:
            return list(said)
        line = next(command.line for command in said if command.verb is Verb.LEAVE)
        kept = [command for command in said if command.verb not in {Verb.LEAVE, Verb.RESUME}]
        return [*kept, Command(Verb.PAUSE, value=self._until(line), line=line)]

    def _values(self, at: int, asked: set[Wish]) -> list[Command]:
        texts = self._texts(at)
        found: list[Command] = []
        if Wish.ZONE in asked and (zone := next((zone for text in texts if (zone := zone_in(text))), "")):
            found.append(Command(Verb.ZONE, value=zone))
        if Wish.ADDRESS in asked and len(_SAID.findall(beside_addresses(texts[0]))) > 1:
            named_last = (named[-1] for text in texts if (named := other_addresses(text, self.setting)))
            found += [Command(Verb.ADDRESS, value=address) for address in [next(named_last, "")] if address]
        if Wish.WHY in asked:
            found.append(Command(Verb.WHY, value=self.report(at)))
        return found

    def report(self, at: int) -> str:
        """The report a question is about: its number or its title, in this sentence or another; "" for the last mail."""
        for text in self._texts(at):
            if numbered := REPORT_NUMBER.search(text):
                return str(numbered["number"] or numbered["chinese"])
        for text in self._texts(at):
            if titled := _TITLE.search(text):
                return next(group for group in titled.groups() if group)
        return next(iter(self._named(at, Role.SPOKEN_OF)), "")


_SAID = re.compile(r"[A-Za-zÀ-ɏ]{2,}|[\u4e00-\u9fff]")
_TITLE = re.compile(
    r"《([^》]{2,200})》|[\"“]([^\"”]{6,200})[\"”]|(?<![A-Za-z])['‘]([^'’]{6,200})['’](?![A-Za-z])"
)
