"""The tables of docs/configuration.md, from the keys themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from alertd.config import declared_keys, keys
from alertd.config.schema import Table
from alertd.schedule import format_duration


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key as the documentation tells it.

    Attributes:
        file: "alertd.toml".
        table: "[service]".
        name: "time_zone".
        kind: what it holds.
        default: as TOML in backticks, or in words.
        meaning: one line.
    """

    file: str
    table: str
    name: str
    kind: str
    default: str
    meaning: str


def describe_keys() -> tuple[KeyLine, ...]:
    """Every key of every file, in the order of the documentation."""
    return tuple(line for table in (*keys.TABLES, *declared_keys.TABLES) for line in _lines(table))


def markdown_tables() -> str:
    """The same as Markdown: a heading, a sentence and a table for each table of the files."""
    parts = []
    file = ""
    for table in (*keys.TABLES, *declared_keys.TABLES):
        if table.file != file:
            file = table.file
            parts.append(f"## {file if file == keys.FILE else f'config/{file}'}")
        rows = [
            f"| `{line.name}` | {line.kind} | {line.default} | {line.meaning} |" for line in _lines(table)
        ]
        head = "| key | type | default | meaning |\n|---|---|---|---|"
        parts.append(f"### `{table.header}`\n\n{table.purpose}\n\n{head}\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _lines(table: Table) -> list[KeyLine]:
    defaults = table.defaults
    return [
        KeyLine(
            table.file,
            table.header,
            key.name,
            key.kind.words,
            key.default
            or (f"`{_toml(defaults[key.name])}`" if key.name in defaults else "none, must be given"),
            key.meaning,
        )
        for key in table.keys
    ]


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, timedelta):
        return f'"{format_duration(value)}"'
    if isinstance(value, Path) or value is None:
        return json.dumps(str(value or ""))
    return json.dumps(value, ensure_ascii=False)
