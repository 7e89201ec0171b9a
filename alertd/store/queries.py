"""Statements on queries: one row per (grammar, canonical text), shared by all who mean the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import QueryId
from alertd.store.tables import query
from alertd.store.upsert import insert_or_ignore


async def ensure(
    connection: AsyncConnection, canonicals: Collection[str], *, grammar: int
) -> dict[str, QueryId]:
    """The ids of these canonical texts, inserting those that are new. The counter must be held shared."""
    wanted = sorted(set(canonicals))
    if not wanted:
        return {}
    await connection.execute(
        insert_or_ignore(connection, query), [{"canonical": text, "grammar": grammar} for text in wanted]
    )
    statement = select(query.c.canonical, query.c.id).where(
        query.c.grammar == grammar, query.c.canonical.in_(wanted)
    )
    return {text: QueryId(id_) for text, id_ in await connection.execute(statement)}


async def later_than(
    connection: AsyncConnection, last: QueryId, *, grammar: int
) -> Sequence[tuple[QueryId, str]]:
    """Queries with a greater id. Only under the exclusive counter: unlocked, a late-committing row is missed for ever."""
    statement = (
        select(query.c.id, query.c.canonical)
        .where(query.c.id > last, query.c.grammar == grammar)
        .order_by(query.c.id)
    )
    return [(QueryId(id_), text) for id_, text in await connection.execute(statement)]
