"""What makes an entry the same report as one seen before, and when its text has changed. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from alertd.catalogue.entry import Entry
from alertd.catalogue.fields import feed_date, read_fields
from alertd.catalogue.labels import LabelSet
from alertd.config.settings import Catalogue
from alertd.model import ReportFields

MAX_IDENTITY = 500
_TRACKING = re.compile(r"^(?:utm_[a-z]+|fbclid|gclid|mc_[ce]id)=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry as a report that may be new.

    Attributes:
        identity: guid, else canonical link, else a hash of title and date.
        apart: identities for when another entry of the same poll has the same `identity` and other content: by link,
            title and date, and by the content itself.
        guid: as the feed gives it, "" when it gives none.
        content_hash: equal for texts that differ in white space, character width or case of the link alone.
        days: the dates known of it: printed, and the feed's.
    """

    identity: str
    apart: tuple[str, str]
    guid: str
    fields: ReportFields
    content_hash: str
    days: tuple[date, ...] = ()


def candidates(entries: Iterable[Entry], catalogue: Catalogue) -> tuple[Candidate, ...]:
    """The entries as candidates, in their order; those that say nothing at all are left out."""
    labels = LabelSet(catalogue.fields)
    return tuple(
        candidate(entry, read_fields(entry, labels, language=catalogue.language))
        for entry in entries
        if entry.guid or entry.link or entry.title or entry.summary or entry.content
    )


def candidate(entry: Entry, fields: ReportFields) -> Candidate:
    """One entry with its fields as a candidate."""
    link = canonical_link(entry.link)
    printed = _digest(
        entry.title, *(() if entry.title else (fields.abstract,)), entry.published or entry.updated
    )
    identity = entry.guid or link or f"sha256:{printed}"
    content = content_hash(fields)
    return Candidate(
        identity=_short(identity),
        apart=(f"{_short(identity)} {_digest(link, printed)[:32]}", f"{_short(identity)} {content[:32]}"),
        guid=entry.guid,
        fields=fields,
        content_hash=content,
        days=tuple(dict.fromkeys(day for day in (fields.dated, feed_date(entry)) if day)),
    )


def content_hash(fields: ReportFields) -> str:
    """The hash whose change makes a revision.

    Dates are not in it (feeds rewrite them at every export), nor is the language (we guess it).
    """
    return _digest(
        fields.title,
        canonical_link(fields.url),
        fields.abstract,
        "\1".join(fields.authors),
        fields.department,
        fields.number,
        str(fields.year or ""),
        fields.total_number,
        "\1".join(fields.keywords),
    )


def canonical_link(url: str) -> str:
    """A URL for comparing only: without scheme, default port, fragment, tracking parameters and slash at the end."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url.strip()
    if not parts.hostname:
        return ""
    host = parts.hostname.lower().rstrip(".") + (f":{port}" if port not in {None, 80, 443} else "")
    query = "&".join(part for part in parts.query.split("&") if part and not _TRACKING.match(part))
    path = re.sub("%[0-9a-f]{2}", lambda found: found[0].upper(), parts.path).rstrip("/")
    return f"//{host}{path}" + (f"?{query}" if query else "")


def _digest(*texts: str) -> str:
    # no white space at all: a line broken anew within Chinese text is no change
    normal = ("".join(unicodedata.normalize("NFKC", text).split()) for text in texts)
    return hashlib.sha256("\0".join(normal).encode("utf-8", "replace")).hexdigest()


def _short(identity: str) -> str:
    """Identities are in a unique index: long ones keep their beginning and a hash."""
    if len(identity) <= MAX_IDENTITY:
        return identity
    return f"{identity[: MAX_IDENTITY - 80]} sha256:{hashlib.sha256(identity.encode()).hexdigest()}"
