"""Bring the database to the tables of this version, at start and under a lock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.errors import StoreError
from alertd.store.engines import Store

FOLDER = Path(__file__).with_name("migrations")
_ADVISORY_KEY = 0x616C6572_7464  # "alertd": one migrating daemon at a time on PostgreSQL


def revisions() -> tuple[str, ...]:
    """The names of all migrations, oldest first: the numbers that their files begin with."""
    return tuple(sorted(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py")))


async def migrate(store: Store) -> None:
    """Apply the migrations that the database lacks, each in a transaction of its own.

    Several daemons may call it at once: on PostgreSQL the first one migrates and the others wait, on SQLite the caller
    becomes the one writing process.

    Raises:
        StoreBusyError: another process writes this SQLite store.
        StoreUnavailableError: the database cannot be used now.
        StoreError: the file is no database, it comes from a newer alertd, or a migration failed (nothing of it is kept).
    """
    store.lock()
    if await applied(store) == revisions()[-1]:
        return
    if store.is_sqlite:
        await _upgrade(store)
        return
    async with store.write() as guard:  # its lock ends with its transaction, so also when the process dies
        await guard.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})
        if await applied(store) != revisions()[-1]:
            await _upgrade(store)


async def applied(store: Store) -> str | None:
    """The newest migration applied, None for an empty database.

    Raises:
        StoreError: the database comes from a newer alertd.
        StoreUnavailableError: it cannot be used now.
    """
    try:
        async with store.read() as connection:
            version = await _read_version(connection)
    except DBAPIError as error:
        raise StoreError(f"{store.path or 'the database'} cannot be read: {error.orig}") from error
    if version is not None and version not in revisions():
        raise StoreError(
            f"the database was written by a newer alertd: it is at migration {version}, this one knows"
            f" {revisions()[-1]}. Install the newer alertd, or restore the backup from before the upgrade"
        )
    return version


async def _read_version(connection: AsyncConnection) -> str | None:
    if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
        return None
    version: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


async def _upgrade(store: Store) -> None:
    try:
        async with store.writer.connect() as connection:
            await connection.run_sync(_upgrade_connection)
    except DBAPIError as error:
        raise StoreError(f"a migration failed and was rolled back: {error.orig}") from error


def _upgrade_connection(connection: Connection) -> None:
    from alembic import command

    command.upgrade(config(connection=connection), "head")


def config(**attributes: Any) -> Any:
    """Alembic's configuration for our folder; `attributes` reach migrations/env.py."""
    from alembic.config import Config

    made = Config(attributes=attributes)
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made
