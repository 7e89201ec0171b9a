"""An entry: what a feed says of one report, cleaned but not yet understood. Crosses the worker's pipe as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

MAX_ENTRIES = 5_000
"""Entries read of one feed; the rest is reported, not read."""
MAX_FIELD = 64 * 1024
"""Bytes of UTF-8 of one field; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed. Texts are clean (text.py), "" where the feed has none.

    Attributes:
        guid: as the feed gives it, trimmed.
        link: absolute http(s) URL, or "".
        summary: the short text, or "" when the feed has only one text.
        content: the long text.
        authors: names, without addresses.
        categories: tags, in their order.
        number: prism:number.
        volume: prism:volume.
        published: the feed's date as written; its day is the day where it was published.
        published_utc: the same as ISO 8601 in UTC, "" when unreadable.
        updated: the feed's date of change as written.
        updated_utc: the same as ISO 8601 in UTC, "" when unreadable.
        language: BCP 47 tag of the entry or its feed.
    """

    guid: str = ""
    link: str = ""
    title: str = ""
    summary: str = ""
    content: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    number: str = ""
    volume: str = ""
    published: str = ""
    published_utc: str = ""
    updated: str = ""
    updated_utc: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a feed's bytes hold.

    Attributes:
        version: the dialect, for example "rss20"; "" when unknown.
        whole: the document was well-formed to its end; a broken or cut one may have had more entries.
        entries: in the feed's order, at most `MAX_ENTRIES`.
        left_out: how many entries beyond that were not read.
    """

    version: str
    whole: bool
    entries: tuple[Entry, ...]
    left_out: int = 0


def parsed_to_json(parsed: Parsed) -> dict[str, Any]:
    """As plain values."""
    return asdict(parsed)


def parsed_from_json(values: dict[str, Any]) -> Parsed:
    """The `Parsed` that `parsed_to_json` gave."""
    entries = tuple(
        Entry(**{**each, "authors": tuple(each["authors"]), "categories": tuple(each["categories"])})
        for each in values["entries"]
    )
    return Parsed(**{**{field.name: values[field.name] for field in fields(Parsed)}, "entries": entries})
