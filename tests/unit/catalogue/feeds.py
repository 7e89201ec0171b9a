"""The feeds that tests read, and small ones made on the spot."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from alertd.catalogue.entry import Entry
from alertd.catalogue.fields import read_fields
from alertd.catalogue.identity import Candidate, candidate
from alertd.catalogue.labels import LabelSet
from alertd.config.settings import Catalogue, Labels

FOLDER = Path(__file__).parents[2] / "data" / "feeds"
URL = "https://reports.example/feeds/all.xml"


def stored(name: str) -> bytes:
    """A feed or page of tests/data/feeds."""
    return (FOLDER / name).read_bytes()


def item(  # noqa: PLR0917 - short calls read best
    guid: str = "", title: str = "", link: str = "", description: str = "", date: str = "", more: str = ""
) -> str:
    """An RSS item; empty parts are left out."""
    parts = {"guid": guid, "title": title, "link": link, "description": description, "pubDate": date}
    inner = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in parts.items() if text)
    return f"<item>{inner}{more}</item>"


def rss(*items: str, declaration: str = '<?xml version="1.0"?>') -> str:
    """An RSS 2.0 document."""
    return f'{declaration}<rss version="2.0"><channel><title>Reports</title>{"".join(items)}</channel></rss>'


def made(entry: Entry, catalogue: Catalogue | None = None) -> Candidate:
    """An entry as a candidate."""
    settings = catalogue or Catalogue(name="drc")
    return candidate(entry, read_fields(entry, LabelSet(settings.fields), language=settings.language))


def fields_of(text: str, *, labels: Labels | None = None, **entry: object) -> object:
    """The fields of an entry whose description is this text."""
    made_entry = Entry(**{"title": "A title", "summary": text, **entry})  # type: ignore[arg-type]
    return read_fields(made_entry, LabelSet(labels or Labels()), language="en")
