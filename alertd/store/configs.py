"""Statements on applied configurations: which files' hash was applied on which host."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.store.tables import config_applied
from alertd.store.upsert import upsert


async def note(connection: AsyncConnection, *, hash_: str, host: str, now: datetime) -> None:
    """Note that these files were applied."""
    statement = upsert(connection, config_applied).values(hash=hash_, host=host, at=now)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["hash", "host"], set_={"at": statement.excluded.at})
    )


async def last(connection: AsyncConnection, *, host: str) -> str | None:
    """The hash of the files applied last on this host."""
    statement = (
        select(config_applied.c.hash)
        .where(config_applied.c.host == host)
        .order_by(config_applied.c.at.desc(), config_applied.c.hash)
        .limit(1)
    )
    return (await connection.execute(statement)).scalar_one_or_none()
