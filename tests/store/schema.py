"""What a database's schema is, as a value to compare: the same for tables made in one go and by migrations."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, text


def describe(connection: Connection) -> dict[str, Any]:
    """Every table of ours by name: columns, keys, indexes (partial ones with their condition), table options."""
    read = _sqlite if connection.dialect.name == "sqlite" else _postgresql
    return {name: value for name, value in read(connection).items() if name != "alembic_version"}


def _rows(connection: Connection, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(statement), values)]


def _sqlite(connection: Connection) -> dict[str, Any]:
    made = {}
    listed = _rows(
        connection, "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    )
    for name, without_rowid, strict in listed:
        if name.startswith("sqlite_"):
            continue
        (sql,) = _rows(
            connection, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name", name=name
        )
        made[name] = {
            "options": {
                "strict": bool(strict),
                "without_rowid": bool(without_rowid),
                "autoincrement": "AUTOINCREMENT" in sql[0],
                "checks": sorted(re.findall(r"CHECK *\(.*", sql[0])),
            },
            "columns": sorted(
                _rows(
                    connection,
                    'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(:name)',
                    name=name,
                )
            ),
            "foreign": sorted(
                _rows(
                    connection,
                    'SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list(:name)',
                    name=name,
                )
            ),
            "indexes": _sqlite_indexes(connection, name),
        }
    return made


def _sqlite_indexes(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    found = []
    for name, unique, origin in _rows(
        connection, 'SELECT name, "unique", origin FROM pragma_index_list(:name)', name=table
    ):
        columns = _rows(
            connection, "SELECT name, desc FROM pragma_index_xinfo(:name) WHERE key ORDER BY seqno", name=name
        )
        sql = _rows(
            connection, "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = :name", name=name
        )
        condition = (sql[0][0] or "").partition(" WHERE ")[2] if sql else ""  # none: the key of WITHOUT ROWID
        # the names of the indexes behind UNIQUE and PRIMARY KEY are SQLite's own, numbered in the order of the text
        found.append((name if origin == "c" else origin, unique, tuple(columns), condition))
    return sorted(found)


_PG_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = CAST(:name AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
"""
_PG_CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = CAST(:name AS regclass) AND contype <> 'n'
"""
_PG_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = :table"


def _postgresql(connection: Connection) -> dict[str, Any]:
    tables = _rows(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {
        name: {
            "columns": sorted(_rows(connection, _PG_COLUMNS, name=f'"{name}"'), key=repr),
            "constraints": sorted(_rows(connection, _PG_CONSTRAINTS, name=f'"{name}"')),
            "indexes": sorted(_rows(connection, _PG_INDEXES, table=name)),
        }
        for (name,) in tables
    }
