"""What makes two entries one report, and what makes a revision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from alertd.catalogue.entry import Entry
from alertd.catalogue.identity import MAX_IDENTITY, candidates, canonical_link, content_hash
from alertd.config.settings import Catalogue
from alertd.model import ReportFields
from tests.unit.catalogue.feeds import made


def test_guid_else_link_else_hash() -> None:
    """The guid is the identity, without one the canonical link, without that a hash of title and date."""
    entry = Entry(guid="g1", link="https://r.example/1", title="T", published="2026-11-23")
    assert made(entry).identity == "g1"
    assert made(replace(entry, guid="")).identity == "//r.example/1"
    bare = replace(entry, guid="", link="")
    assert made(bare).identity.startswith("sha256:")
    assert made(bare).identity == made(replace(bare, title=" T\u3000", summary="other text")).identity
    assert made(bare).identity != made(replace(bare, published="2026-11-24")).identity


def test_untitled_entries_without_guid_and_link_are_told_apart_by_their_text() -> None:
    """Two nameless entries of one day are two reports."""
    one, two = (made(Entry(summary=text, published="2026-11-23")) for text in ("One.", "Two."))
    assert one.identity != two.identity


@pytest.mark.parametrize(
    "link",
    [
        "https://r.example/a/1?id=1&b=2",
        "http://r.example/a/1?id=1&b=2",
        "HTTPS://R.Example:443/a/1?id=1&b=2",
        "https://r.example/a/1/?id=1&b=2#part",
        "https://r.example/a/1?utm_source=rss&id=1&fbclid=x&b=2",
    ],
)
def test_links_that_are_the_same(link: str) -> None:
    """Scheme, case of the host, default port, fragment, tracking and the last slash make no difference."""
    assert canonical_link(link) == "//r.example/a/1?id=1&b=2"


@pytest.mark.parametrize(
    "link", ["https://r.example/a/2", "https://r.example:8443/a/1", "https://r.example/A/1", "http://["]
)
def test_links_that_differ(link: str) -> None:
    """Path, its case, and another port make a difference; what is no URL is itself."""
    assert canonical_link(link) != "//r.example/a/1"


FIELDS = ReportFields(
    title="A  title", url="https://r.example/1", abstract="Ａbstract：text", keywords=("a", "b")
)


@pytest.mark.parametrize(
    "other",
    [
        replace(FIELDS, title="A title"),
        replace(FIELDS, abstract="Abstract:\n text"),
        replace(FIELDS, url="http://r.example/1/?utm_source=x"),
        replace(FIELDS, dated=date(2026, 11, 23)),
        replace(FIELDS, language="zh"),
    ],
)
def test_cosmetic_changes(other: ReportFields) -> None:
    """White space, width, the link's dress, a rewritten date are no revision."""
    assert content_hash(other) == content_hash(FIELDS)


@pytest.mark.parametrize(
    "other",
    [
        replace(FIELDS, title="A Title"),
        replace(FIELDS, abstract="Abstract: texts"),
        replace(FIELDS, keywords=("a", "c")),
        replace(FIELDS, keywords=("ab",)),
        replace(FIELDS, number="1"),
        replace(FIELDS, authors=("Li Wei",)),
        replace(FIELDS, url="https://r.example/2"),
    ],
)
def test_real_changes(other: ReportFields) -> None:
    """Every other change of the text is a revision."""
    assert content_hash(other) != content_hash(FIELDS)


def test_long_guids_are_shortened_apart() -> None:
    """Identities fit an index, and long guids that differ at their end stay different."""
    one, two = (made(Entry(guid="x" * 3_000 + end, title="T")) for end in "ab")
    assert one.identity != two.identity
    assert max(map(len, (one.identity, *one.apart))) <= MAX_IDENTITY + 40


def test_entries_that_say_nothing_are_left_out() -> None:
    """An entry without guid, link, title and text is no report."""
    found = candidates([Entry(), Entry(published="2026-11-23"), Entry(title="T")], Catalogue(name="drc"))
    assert [each.fields.title for each in found] == ["T"]
