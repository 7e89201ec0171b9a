"""What verbs print: tables on a terminal, tab-separated lines in a pipe, JSON on request.

Titles, addresses and replies come from strangers, so whatever could move a terminal's cursor is made visible.
"""

from __future__ import annotations

import json as jsonlib
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""The option that every verb that lists or shows has."""

Row = Mapping[str, Any]


def plain(text: str, *, lines: bool = False) -> str:
    """The text with control, bidirectional and other invisible format characters made visible as escapes.

    Args:
        text: from anywhere.
        lines: leave line breaks and tabs.
    """
    return "".join(
        char
        if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or (lines and char in "\n\t")
        else char.encode("unicode_escape").decode()
        for char in text
    )


def emit(rows: Sequence[Row], *, json: bool, empty: str = "nothing to list") -> None:
    """Print a listing.

    Args:
        rows: all with the same keys, in the order of the columns.
        json: as a JSON list of objects.
        empty: what to say instead of an empty table.
    """
    if json:
        print_json(list(rows))
    elif not rows:
        click.echo(empty)
    elif sys.stdout.isatty():
        _table(rows)
    else:
        _lines(rows, header=True)


def tell_cut(found: int, limit: int) -> None:
    """Say on stderr that a listing was cut: `found` is how many there were when one more than `limit` was asked for."""
    if found > limit:
        click.echo(f"these are the newest {limit}; there are more: --limit shows them", err=True)


class Stream:
    """Prints a long listing page by page, so that nobody waits for its end and nothing has to fit into memory.

    Args:
        json: as one JSON list of objects.
    """

    def __init__(self, *, json: bool) -> None:
        self._json = json
        self._count = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Print a page; all rows of all pages have the same keys."""
        if self._json:
            for row in rows:
                text = jsonlib.dumps(dict(row), ensure_ascii=False, default=_iso)
                click.echo(f"{',' if self._count else '['}\n  {text}", nl=False)
                self._count += 1
            return
        if rows and sys.stdout.isatty():
            _table(rows)
        elif rows:
            _lines(rows, header=not self._count)
        self._count += len(rows)

    def end(self, *, empty: str) -> None:
        """Close the list; say `empty` when nothing was printed."""
        if self._json:
            click.echo("\n]" if self._count else "[]")
        elif not self._count:
            click.echo(empty)


def show(record: Row, *, json: bool) -> None:
    """Print one thing: `key: value` lines, nested lists as indented lines below their key."""
    if json:
        print_json(dict(record))
        return
    width = max((len(key) for key in record), default=0)
    for key, value in record.items():
        if isinstance(value, list | tuple) and value:
            click.echo(f"{key}:")
            for item in value:
                click.echo(f"  {_cell(item)}")
        else:
            click.echo(f"{key + ':':{width + 1}} {_cell(value)}".rstrip())


def print_json(value: Any) -> None:
    """Print a value as indented JSON; dates and instants in ISO form."""
    click.echo(jsonlib.dumps(value, ensure_ascii=False, indent=2, default=_iso))


def _iso(value: Any) -> str:
    if isinstance(value, date):  # datetime is one too
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat(*([" ", "minutes"] if hasattr(value, "hour") else []))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_cell(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_cell(item) for item in value)
    return plain(str(value))


def _lines(rows: Sequence[Row], *, header: bool) -> None:
    if header:
        click.echo("\t".join(rows[0]))
    for row in rows:
        click.echo("\t".join(_cell(value) for value in row.values()))


def _table(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*rows[0], box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(
            *(Text(_cell(value)) for value in row.values())
        )  # Text: brackets in a title are no mark-up
    Console().print(table)
