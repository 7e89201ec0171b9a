"""Fixtures every level shares: a store on each database, a clock that moves when told."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import structlog
from hypothesis import settings
from sqlalchemy import make_url

from alertd.clock import ManualClock
from alertd.store.engines import Store
from alertd.store.migrate import migrate
from tests import postgres

# no output; what is logged can still be captured
structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile("ci", max_examples=150, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    """A clock at 2026-11-24T00:00Z that moves only when told to."""
    return ManualClock(NOW)


def _create(url: str) -> None:
    async def create() -> None:
        store = Store(url)
        await migrate(store)
        await store.close()

    asyncio.run(create())


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """A PostgreSQL for the whole session: the URL of its maintenance database."""
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="session")
def pg_template(pg_server: str) -> str:
    """The name of a database with our tables, copied for each test."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    _create(pg_url(pg_server, name))
    return name


def pg_url(server: str, database: str) -> str:
    """The server's URL with another database."""
    return make_url(server).set(database=database).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "alertd.db"
    _create(f"sqlite:///{path}")
    return path


@pytest.fixture
def pg_database(pg_server: str, pg_template: str) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with our tables."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{pg_template}"')
    yield pg_url(pg_server, name)
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh store with our tables, on each database in turn."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("pg_database")
        return url
    path = tmp_path / "alertd.db"
    template: Path = request.getfixturevalue("sqlite_template")
    path.write_bytes(template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """A fresh, empty store on each database in turn."""
    opened = Store(store_url)
    opened.lock()
    yield opened
    await opened.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With ALERTD_REQUIRE_SYSTEM set, a test marked `system` that is skipped has failed: its services were promised."""
    report = yield
    if report.skipped and os.environ.get("ALERTD_REQUIRE_SYSTEM") and item.get_closest_marker("system"):
        report.outcome = "failed"
        report.longrepr = f"skipped although ALERTD_REQUIRE_SYSTEM is set: {report.longrepr}"
    return report
