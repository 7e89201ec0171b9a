"""Open a store to look at it: no lock, no migration, no way to write; beside a daemon, or after it stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alertd.errors import NotFoundError, StoreError
from alertd.store.engines import Store
from alertd.store.migrate import applied, revisions


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[Store]:
    """A store that can only be read, while the context lasts.

    Args:
        url: `[store] url`.

    Raises:
        NotFoundError: there is no database of ours yet.
        StoreError: it was written by a newer alertd, or waits to be migrated by this one.
        StoreUnavailableError: it cannot be used now.
    """
    store = Store(url, read_only=True)
    try:
        if store.path is not None and not store.path.exists():
            raise NotFoundError(f"there is no database yet ({store.path}): `alertd run` makes it")
        version = await applied(store)
        if version is None:
            where = store.path or "the PostgreSQL database"
            raise NotFoundError(f"{where} has none of our tables yet: `alertd run` makes them")
        if version != revisions()[-1]:
            raise StoreError(
                f"the database is still at migration {version}, this alertd needs {revisions()[-1]}:"
                " restart the daemon, which migrates it"
            )
        yield store
    finally:
        await store.close()
