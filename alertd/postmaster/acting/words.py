"""What answers say, in the languages we write mail in."""

from __future__ import annotations

from typing import Any

from alertd.mail.wording import cut, unlinked
from alertd.postmaster.acting import chinese, english

LANGUAGES: dict[str, Any] = {"en": english, "zh": chinese}
_LONGEST = 120


class _Count(int):
    """A number that chooses words: `{count:report|reports}` is "report" for 1."""

    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        if not bar:
            return super().__format__(spec)
        return one if self == 1 else many


def say(language: str, key: str, **facts: Any) -> str:
    """One sentence in a language (English where we have no words for it)."""
    if "count" in facts:
        facts["count"] = _Count(facts["count"])
    words: dict[str, str] = LANGUAGES.get(language, english).WORDS
    return words[key].format(**facts)


def shown(language: str, query: str) -> str:
    """A query as a reader sees it: `*` is every report."""
    return say(language, "every") if query.strip() == "*" else query


def echoed(text: str) -> str:
    """What somebody typed, fit to be said back: short, on one line, and without links, for the sender may be forged."""
    return cut(unlinked(text), _LONGEST)


def spelt(address: str) -> str:
    """An address to be read and not to be clicked: a confirmation takes out what a mail program would make a link of."""
    return address.replace(".", " . ").replace("@", " @ ")


def tongue(language: str, named: str) -> str:
    """The name of a language."""
    return term(language, "TONGUES", named)


def term(language: str, table: str, code: str) -> str:
    """A code of ours (of TONGUES, ORIGINS, ACTS, KINDS, STATES or BOUNCES) in words; the code itself where there are none."""
    found: dict[str, str] = getattr(LANGUAGES.get(language, english), table)
    return found.get(code, code)
