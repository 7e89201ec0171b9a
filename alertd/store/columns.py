"""Column types: aware instants and JSON, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

from alertd.clock import from_ms, to_ms


class Instant(TypeDecorator[datetime]):
    """An aware datetime, stored as INTEGER milliseconds UTC."""

    impl = BigInteger().with_variant(Integer(), "sqlite")  # STRICT tables know no BIGINT
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To milliseconds; naive datetimes raise TypeError in the subtraction."""
        del dialect
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """To an aware UTC datetime."""
        del dialect
        return None if value is None else from_ms(value)


class Json(TypeDecorator[Any]):
    """A JSON value as text with sorted keys, so that equal values are equal bytes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To canonical JSON text."""
        del dialect
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """From JSON text."""
        del dialect
        return None if value is None else json.loads(value)


def to_json(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, non-ASCII as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
