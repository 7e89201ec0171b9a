"""docs/query-language.md tells the truth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from alertd.matching.naive import matches
from alertd.query import parse
from alertd.query.trouble import TYPED

PAGE = (Path(__file__).parents[3] / "docs" / "query-language.md").read_text("utf-8")
ROWS = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (?:`(.+?)` )?\|$", PAGE, re.MULTILINE)
ROWS += [("rural | farmland", "Farmland", "City")]  # a bar cannot stand in the table
LISTS = {"keywords", "authors"}


def report(text: str) -> tuple[dict[str, Any], str]:
    """The fields of a report as the page shows it, and its catalogue."""
    if not re.match(r"[a-z_]+: ", text):
        return {"title": text}, "drc"
    fields: dict[str, Any] = dict(part.split(": ", 1) for part in text.split("; "))
    for name in LISTS & fields.keys():
        fields[name] = fields[name].split(", ")
    if "year" in fields:
        fields["year"] = int(fields["year"])
    return fields, fields.pop("catalogue", "drc")


def test_every_row_is_read() -> None:
    """The pattern above takes every row of the table."""
    table = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(ROWS) == len(table) + 1 > 30


@pytest.mark.parametrize(("query", "found", "passed_over"), ROWS)
def test_examples(query: str, found: str, passed_over: str) -> None:
    """Each example finds what the page says and passes over what the page says."""
    fields, catalogue = report(found)
    assert matches(query, fields, catalogue=catalogue)
    if passed_over:
        fields, catalogue = report(passed_over)
        assert not matches(query, fields, catalogue=catalogue)


def test_canonical_examples() -> None:
    """The canonical forms that the page shows are the real ones."""
    assert parse("Farmland OR (rural RURAL)").canonical == "farmland OR rural"
    assert parse("ease").canonical == "~eas"


def test_limits() -> None:
    """The limits that the page names are the real ones."""
    assert f"{TYPED.depth} deep" in PAGE
    assert f"{TYPED.size} bytes and {TYPED.terms} words" in PAGE
