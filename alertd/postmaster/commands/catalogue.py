"""All commands, and the order in which the help shows them."""

from __future__ import annotations

import re

from alertd.postmaster.commands import asking, dropping, leaving, proof, settings, subscribing, timing
from alertd.postmaster.commands.model import Entry, Reader, Verb

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
NAMES: tuple[tuple[str, Entry], ...] = tuple(
    sorted(
        ((name.lower(), entry) for entry in _ALL.values() for name in (*entry.names, *entry.chinese)),
        key=lambda pair: -len(pair[0]),
    )
)
"""Every name, longest first."""
FORMS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    form for entry in _ALL.values() for form in entry.forms
)
"""The typed forms that begin with no name."""
TYPED: tuple[str, ...] = tuple(
    sorted({name.lower() for entry in _ALL.values() for name in entry.names if " " not in name})
)


def entry(verb: Verb) -> Entry:
    """The declaration of a verb."""
    return _ALL[verb]
