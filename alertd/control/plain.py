"""Rows of the store as values that JSON can carry."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from datetime import date
from typing import Any


def record(row: Any) -> dict[str, Any]:
    """A named tuple or dataclass by its names, as it looks behind the socket: dates in ISO form, tuples as lists."""
    values = asdict(row) if is_dataclass(row) and not isinstance(row, type) else row._asdict()
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
