"""The engines: what is written is read, and only one process writes a SQLite store."""

import pytest

from alertd.errors import StoreBusyError
from alertd.store.engines import Store
from alertd.store.tables import counter


async def test_what_is_written_is_read(store: Store) -> None:
    """A committed row is visible through the reading engine."""
    async with store.write() as connection:
        await connection.execute(counter.insert().values(name="x", no=2**40))
    async with store.read() as connection:
        rows = (await connection.execute(counter.select().order_by(counter.c.name))).all()
    assert rows == [("announcement", 0), ("x", 2**40)]


async def test_second_writer_is_refused(store: Store) -> None:
    """On SQLite a second process may not take the lock; on PostgreSQL there is none."""
    other = Store(store.url)
    try:
        if store.is_sqlite:
            with pytest.raises(StoreBusyError, match="another alertd process"):
                other.lock()
        else:
            other.lock()
    finally:
        await other.close()
