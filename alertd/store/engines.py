"""The store: one writing and one reading engine on SQLite or PostgreSQL.

SQLite: WAL; the writer is a pool of one connection that begins IMMEDIATE with `synchronous=FULL`, readers are `query_only`.
One process writes: it holds an exclusive lock on `<file>.lock` for as long as it may. SQLite up to 3.51.2 can corrupt a WAL
database when one process checkpoints while another writes, so the lock is not only politeness.
PostgreSQL: READ COMMITTED; in REPEATABLE READ an announcer would not see the sign-up it waited for.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from alertd.errors import StoreBusyError, StoreUnavailableError


def _async_url(url: str | URL) -> URL:
    parsed = make_url(url)
    driver = {
        "sqlite": "sqlite+aiosqlite",
        "postgresql": "postgresql+psycopg",
        "postgres": "postgresql+psycopg",
    }
    return parsed.set(drivername=driver.get(parsed.drivername, parsed.drivername))


def _read_only_url(path: Path) -> URL:
    """SQLite's own lock on writing; unlike a pragma it also keeps a connection from making a checkpoint as it closes."""
    return URL.create(
        "sqlite+aiosqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"}
    )


def sqlite_path(url: str) -> Path | None:
    """The database file of a `sqlite:///` URL, None for PostgreSQL."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.drivername.startswith("sqlite") else None


class Store:
    """Transactions on the database.

    Args:
        url: `sqlite:///absolute/path` or `postgresql://...`.
        read_only: open it so that nothing can be written, not even by a fault of ours (see `alertd.store.reading`).
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        self.url = url
        self.path = sqlite_path(url)
        self._lock: IO[str] | None = None
        if self.path is not None:
            self._reader = _sqlite_engine(_read_only_url(self.path) if read_only else url, writing=False)
            self._writer = self._reader if read_only else _sqlite_engine(url, writing=True)
        else:
            self._writer = self._reader = create_async_engine(
                _async_url(url),
                isolation_level="READ COMMITTED",
                pool_size=8,
                max_overflow=4,
                pool_pre_ping=True,
                execution_options={"postgresql_readonly": True} if read_only else {},
            )

    @property
    def is_sqlite(self) -> bool:
        """Whether one process alone may write."""
        return self.path is not None

    @property
    def writer(self) -> AsyncEngine:
        """The engine that migrations use."""
        return self._writer

    def lock(self) -> None:
        """Become the one writing process of a SQLite store; nothing to do on PostgreSQL.

        Raises:
            StoreBusyError: another process is that.
            StoreUnavailableError: the folder cannot be written.
        """
        if self.path is None or self._lock is not None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = _private(self.path.with_name(self.path.name + ".lock"))
        except OSError as error:
            raise StoreUnavailableError(f"{self.path.parent}: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise StoreBusyError(
                f"{self.path} is being written by another alertd process. Only one may: stop it, or use the commands"
                " that go through it"
            ) from error
        _private(self.path).close()  # created 0600 before SQLite would create it with the umask
        self._lock = handle

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One writing transaction; committed at the end, rolled back by any exception.

        Raises:
            StoreUnavailableError: the database is locked, full, read-only or unreachable.
        """
        with _wrapped():
            async with self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One reading transaction. Never decide from it what a writing one will do.

        Raises:
            StoreUnavailableError: the database is unreachable.
        """
        with _wrapped():
            async with self._reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def alone(self, room: int, number: int) -> AsyncIterator[bool]:
        """Whether nobody else is within this context with the same room and number; nobody is waited for.

        On PostgreSQL a session's advisory lock, on a connection that is kept as long: it is in no transaction, and it ends with
        the process or the connection. On SQLite one process has the store, and keeps its own tasks apart by itself.

        Args:
            room: what is locked, a number of 31 bits.
            number: which of them, likewise.

        Raises:
            StoreUnavailableError: the database is unreachable.
        """
        if self.is_sqlite:
            yield True
            return
        with _wrapped():
            connection = await self._writer.connect()
        key = {"room": room, "number": number}
        try:
            with _wrapped():
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                taken = bool(
                    await connection.scalar(text("SELECT pg_try_advisory_lock(:room, :number)"), key)
                )
            try:
                yield taken
            finally:
                if taken:
                    await _unlock(connection, key)
        finally:
            await connection.close()

    async def close(self) -> None:
        """Close every connection and give the lock back."""
        await self._reader.dispose()
        await self._writer.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


async def _unlock(connection: AsyncConnection, key: dict[str, int]) -> None:
    """Give an advisory lock back; where that fails the session ends, and the lock with it, and is used by nobody again."""
    try:
        await connection.execute(text("SELECT pg_advisory_unlock(:room, :number)"), key)
    except DBAPIError:
        await connection.invalidate()
    except BaseException:
        await connection.invalidate()
        raise


class _wrapped:  # noqa: N801 - used as a statement
    """Driver errors that the operator can mend become StoreUnavailableError; the others pass."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OperationalError | InterfaceError) or (
            isinstance(error, DBAPIError) and error.connection_invalidated
        ):
            raise StoreUnavailableError(f"the database cannot be used now: {error.orig}") from error


def _private(path: Path) -> IO[str]:
    """Open for appending, created 0600."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "a")


def _sqlite_engine(url: str | URL, *, writing: bool) -> AsyncEngine:
    engine = create_async_engine(
        _async_url(url),
        connect_args={"isolation_level": None, "timeout": 5.0},
        **(
            {"pool_size": 1, "max_overflow": 0, "pool_timeout": 120}
            if writing
            else {"pool_size": 4, "max_overflow": 2}
        ),
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "busy_timeout=5000",
            "foreign_keys=ON",
            # FULL: a lost last commit could mean a second mail
            "synchronous=FULL" if writing else "query_only=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
