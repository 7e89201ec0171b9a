"""A command typed as the help shows it: `NAME REST`, and nothing else."""

from __future__ import annotations

import re

from alertd.postmaster.commands import catalogue, when
from alertd.postmaster.commands.generic import strip_polite
from alertd.postmaster.commands.model import Command, Entry, Setting, Typed, Verb
from alertd.postmaster.commands.spelling import nearest, repair
from alertd.postmaster.prose.lexicon import Part, tokens
from alertd.postmaster.prose.words import TELLING

_PLEASE = re.compile(r"^(?:(?:please|pls|plz|kindly|请|麻烦)[\s,]*)+", re.IGNORECASE)
_PROSE = re.compile(
    r"(?:me|my|myself|us|our|the|a|an|all|any|every|everything|this|that|these|those|it|them|to|for|from|in|on|of|with|your|you|i|i'm|we|is|are|was|were|"
    r"did|do|does|have|has|had|am|can|could|would|should|please|and|or|up|out|off|no|not|don't|sending|receiving|getting|one|more|some|as|at|by|if|when|too|also|just|only|here)\b|[我你您给从到把将的了]|一下",
    re.IGNORECASE,
)
"""What goes on like this is a sentence, whatever it begins with."""
_SPEAKER = re.compile(r"\b(?:i|my|me|you|your|we|our|us|please|it|them)\b|[我你您]", re.IGNORECASE)
_QUESTION = re.compile(
    r"(?:did|do|does|have|has|had|am|are|is|was|were|would|will|can|could|should|not|i|you|me|we|so|this|these|those|that|it|don't|didn't|haven't|isn't|wasn't|the (?:report|mail|digest)s?)\b|[我你您这那会没收给发]",
    re.IGNORECASE,
)
"""A report's title may begin with any word but these."""
_KEYWORDS = frozenset({Verb.SUBSCRIBE, Verb.ADD, Verb.REMOVE, Verb.SEARCH, Verb.PREVIEW})
_SAYS = TELLING - {Part.HAVE, Part.PAST, Part.NOW} | {Part.ERASE, Part.DATA, Part.MAILS}
"""A list of keywords does not say such things."""
LONGEST = 400


def read_typed(line: str, setting: Setting) -> Command | None:
    """The command that a line is, None when it is a sentence or keywords."""
    if len(line) > LONGEST:
        return None
    for expression, reader in catalogue.FORMS:
        match = expression.fullmatch(line.strip(" .!"))
        if match and (command := reader(Typed("", match.groupdict().get("rest", ""), line), setting)):
            return command
    core = strip_polite(_PLEASE.sub("", repair(line)))
    command = _exact(core or repair(line).strip(), setting) or _named(core, setting)
    if command is None and (timing := when.read(core)):
        command = Command(Verb.SCHEDULE, when=timing)  # 每周五, "Mondays at 8"
    if command is None:
        first, _, rest = core.partition(" ")
        name = nearest(first.strip(":,.!"), catalogue.TYPED)
        command = _exact(core, setting) if not name else _named(f"{name} {rest}".strip(), setting)
        command = command or (_exact(name, setting) if name and not rest else None)
    return command


def _exact(text: str, setting: Setting) -> Command | None:
    """A name and nothing else but punctuation."""
    low = re.sub(r"\s+", " ", text.lower()).strip(" .!,;:。！")
    low = low.rstrip("?？") or low
    named = next((entry for name, entry in catalogue.NAMES if name == low), None)
    return _read(named, low, "", setting) if named else None


def _named(core: str, setting: Setting) -> Command | None:
    """`NAME REST`, the name as declared."""
    low = core.lower()
    for name, entry in catalogue.NAMES:
        if len(name) == 1 or not low.startswith(name):
            continue
        rest = core[len(name) :]
        apart = rest[:1] in {" ", ":", "="} if name.isascii() else rest[:1] in {" ", ":", "：", "“", '"'}
        if not apart or not _is_argument(rest.strip(" :=："), entry.verb):
            continue
        if command := _read(entry, core[: len(name)], rest, setting):
            return command
    return None


def _is_argument(rest: str, verb: Verb) -> bool:
    if not rest or (_QUESTION if verb is Verb.WHY else _PROSE).match(rest):
        return False
    if verb not in _KEYWORDS:
        return True
    return not _SPEAKER.search(rest) and not any(token.part in _SAYS for token in tokens(rest))


def _read(entry: Entry, name: str, rest: str, setting: Setting) -> Command | None:
    return entry.read(Typed(name, rest.strip(" :=-,"), f"{name}{rest}".strip()), setting)
