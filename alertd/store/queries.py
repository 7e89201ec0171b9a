"""Statements on queries: one row per (grammar, canonical text), shared by all who mean the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import QueryId
from alertd.store.tables import query, subscription, topic
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


class OldQuery(NamedTuple):
    """A query in an older grammar that somebody still asks for."""

    id: QueryId
    canonical: str


async def outdated(connection: AsyncConnection, *, grammar: int, limit: int) -> list[OldQuery]:
    """Queries in an older grammar that a head of a subscription or a topic still has, in id order."""
    asked = exists().where(
        subscription.c.query_id == query.c.id,
        subscription.c.until_no.is_(None),
        subscription.c.dropped_at.is_(None),
    )
    of_topic = exists().where(and_(topic.c.query_id == query.c.id, topic.c.ended_at.is_(None)))
    statement = (
        select(query.c.id, query.c.canonical)
        .where(query.c.grammar < grammar, or_(asked, of_topic))
        .order_by(query.c.id)
        .limit(limit)
    )
    return [OldQuery._make(row) for row in await connection.execute(statement)]


async def keep_meaning(connection: AsyncConnection, query_id: QueryId, *, grammar: int) -> bool:
    """Carry a query over into a grammar in which its text is the same; False when that has a row of its own there."""
    text = select(query.c.canonical).where(query.c.id == query_id).scalar_subquery()
    taken = select(query.c.id).where(query.c.grammar == grammar, query.c.canonical == text)
    if (await connection.execute(taken)).first() is not None:
        return False
    await connection.execute(update(query).where(query.c.id == query_id).values(grammar=grammar))
    return True
