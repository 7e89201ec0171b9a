"""INSERT ... ON CONFLICT, which SQLAlchemy spells per dialect."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection


def upsert(connection: AsyncConnection, table: Table) -> PostgresInsert | SqliteInsert:
    """An INSERT of this dialect that has `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if connection.dialect.name == "sqlite":
        return sqlite_insert(table)
    return postgres_insert(table)


def insert_or_ignore(connection: AsyncConnection, table: Table) -> Any:
    """An INSERT that leaves rows alone whose unique key is already there."""
    return upsert(connection, table).on_conflict_do_nothing()
