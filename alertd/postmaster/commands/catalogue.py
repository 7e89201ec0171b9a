"""All commands, in the order in which sentences are tried and in which the help shows them."""

from __future__ import annotations

from alertd.postmaster.commands import asking, dropping, leaving, proof, settings, subscribing, timing
from alertd.postmaster.commands.model import Entry, Verb

_ALL: dict[Verb, Entry] = {
    entry.verb: entry
    for module in (subscribing, dropping, asking, timing, settings, leaving, proof)
    for entry in module.ENTRIES
}
SHOWN: tuple[Entry, ...] = tuple(
    _ALL[verb]
    for verb in (
        Verb.SUBSCRIBE, Verb.ADD, Verb.REMOVE, Verb.LIST, Verb.TOPICS, Verb.SEARCH, Verb.PREVIEW, Verb.SCHEDULE, Verb.ZONE, Verb.LANGUAGE,
        Verb.FORMAT, Verb.PAUSE, Verb.RESUME, Verb.ADDRESS, Verb.EXPORT, Verb.WHY, Verb.SEND_NOW, Verb.HELP, Verb.LEAVE, Verb.FORGET, Verb.CONFIRM,
    )
)  # fmt: skip
"""The help's order."""
SENTENCES: tuple[Entry, ...] = tuple(
    _ALL[verb]
    for verb in (
        Verb.CONFIRM, Verb.FORGET, Verb.RESUME, Verb.PAUSE, Verb.ADDRESS, Verb.FORMAT, Verb.LANGUAGE, Verb.EXPORT, Verb.WHY, Verb.SEND_NOW,
        Verb.TOPICS, Verb.LIST, Verb.PREVIEW, Verb.LEAVE, Verb.REMOVE, Verb.HELP, Verb.ZONE, Verb.ADD, Verb.SEARCH, Verb.SUBSCRIBE, Verb.SCHEDULE,
    )
)  # fmt: skip
"""The order of trying: the narrower meaning first; what ends something before what begins it, so that a "not" is heard."""
FREE_TEXT = (Verb.SUBSCRIBE, Verb.ADD, Verb.REMOVE, Verb.SEARCH, Verb.PREVIEW, Verb.HELP, Verb.CONFIRM)
"""Commands whose name at the head of a line is believed before any sentence pattern: what follows is the person's text."""
NAMES: tuple[tuple[str, Entry], ...] = tuple(
    sorted(
        ((name.lower(), entry) for entry in _ALL.values() for name in (*entry.names, *entry.chinese)),
        key=lambda pair: -len(pair[0]),
    )
)
"""Every name, longest first."""
TYPED: tuple[str, ...] = tuple(
    sorted({name.lower() for entry in _ALL.values() for name in entry.names if " " not in name})
)


def entry(verb: Verb) -> Entry:
    """The declaration of a verb."""
    return _ALL[verb]
