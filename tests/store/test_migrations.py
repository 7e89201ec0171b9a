"""Migrations: they make the tables of this version, under a lock, and leave nothing when they fail."""

from __future__ import annotations

import ast
import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError

from alertd.errors import StoreBusyError, StoreError
from alertd.store.engines import Store
from alertd.store.migrate import FOLDER, config, migrate, revisions
from alertd.store.tables import counter, metadata
from tests.conftest import pg_url
from tests.store.schema import describe


@pytest.fixture
def empty_pg(pg_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with nothing in it."""
    name = f"empty_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield pg_url(pg_server, name)
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty' / 'alertd.db'}"
    url: str = request.getfixturevalue("empty_pg")
    return url


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Store]:
    """A store whose database is empty."""
    store = Store(empty_url)
    store.lock()
    yield store
    await store.close()


async def _described(store: Store) -> dict[str, Any]:
    async with store.read() as connection:
        return await connection.run_sync(describe)


async def test_migrations_and_tables_agree(empty: Store) -> None:
    """The migrations build what tables.py says: columns, types, keys, uniques, indexes and table options."""
    await migrate(empty)
    migrated = await _described(empty)

    def rebuild(connection: Connection) -> None:
        metadata.drop_all(connection)
        metadata.create_all(connection)

    async with empty.write() as connection:
        await connection.run_sync(rebuild)
    assert await _described(empty) == migrated
    assert set(migrated) == set(metadata.tables)


async def test_a_second_start_changes_nothing(empty: Store) -> None:
    """Migrating is idempotent, and the counter that announcements are numbered by stands at 0 from the start."""
    await migrate(empty)
    await migrate(empty)
    async with empty.read() as connection:
        assert [tuple(row) for row in await connection.execute(select(counter))] == [("announcement", 0)]


async def test_daemons_that_start_together_migrate_once(empty_pg: str) -> None:
    """Four hosts that begin on an empty PostgreSQL database wait for the one that migrates."""
    stores = [Store(empty_pg) for _ in range(4)]
    await asyncio.gather(*(migrate(store) for store in stores))
    async with stores[0].read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    for store in stores:
        await store.close()


async def test_another_writing_process_is_respected(tmp_path: Path) -> None:
    """A SQLite store that another process writes is not migrated under its feet."""
    first, second = (Store(f"sqlite:///{tmp_path / 'alertd.db'}") for _ in range(2))
    first.lock()
    with pytest.raises(StoreBusyError, match="another alertd process"):
        await migrate(second)
    await first.close()
    await second.close()


async def test_a_newer_database_is_refused(store: Store) -> None:
    """An old alertd does not touch the tables of a newer one, and says what to do."""
    async with store.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"newer alertd.*9999.*Install the newer"):
        await migrate(store)


_FAILING = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9000", {head!r}, None, None
def upgrade() -> None:
    op.execute("UPDATE counter SET no = 77")
    with op.batch_alter_table("counter", recreate="auto") as batch:
        batch.alter_column("no", nullable=True)
    {last}
"""


async def test_a_failed_migration_leaves_nothing(store: Store, tmp_path: Path) -> None:
    """A batch migration that fails midway rolls back whole; the mended one then passes, and STRICT survives."""
    folder = tmp_path / "versions"
    folder.mkdir()

    def upgrade(connection: Connection) -> None:
        settings = config(connection=connection)
        settings.set_main_option("version_locations", f"{FOLDER / 'versions'}:{folder}")
        command.upgrade(settings, "head")

    before = await _described(store)
    failing = folder / "9000_failing.py"
    failing.write_text(_FAILING.format(head=revisions()[-1], last='op.execute("SELECT no_such_function()")'))
    with pytest.raises(DBAPIError):
        async with store.writer.connect() as connection:
            await connection.run_sync(upgrade)
    assert await _described(store) == before
    async with store.read() as connection:
        assert await connection.scalar(select(counter.c.no)) == 0
    failing.write_text(_FAILING.format(head=revisions()[-1], last=""))
    async with store.writer.connect() as connection:
        await connection.run_sync(upgrade)
    after = (await _described(store))["counter"]
    assert after != before["counter"]
    if store.is_sqlite:
        assert after["options"]["strict"]


async def test_a_driver_error_is_told_in_our_words(store: Store) -> None:
    """A migration that the database refuses ends in a StoreError, not in a driver's traceback."""
    async with store.write() as connection:
        await connection.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(StoreError, match="a migration failed and was rolled back"):
        await migrate(store)
    async with store.read() as connection:
        assert "alembic_version" not in await connection.run_sync(
            lambda sync: inspect(sync).get_table_names()
        )


def test_migrations_import_no_live_code() -> None:
    """A migration must do tomorrow what it did when it was written, so it imports nothing of alertd."""
    for path in (FOLDER / "versions").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "alertd"], path.name


def test_migrations_are_numbered_without_gap() -> None:
    """The numbers that order the files run from 0001 without a gap."""
    assert list(revisions()) == [f"{number:04}" for number in range(1, len(revisions()) + 1)]
