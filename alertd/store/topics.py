"""Statements on topics: a query with a name and a title, and a version that counts its edits."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import QueryId, TopicId
from alertd.store.tables import query, topic


class TopicRow(NamedTuple):
    """A stored topic."""

    id: TopicId
    name: str
    title: str
    query_id: QueryId
    typed: str
    version: int
    ended_at: datetime | None
    canonical: str


async def all_rows(connection: AsyncConnection, *, ended: bool = False) -> dict[str, TopicRow]:
    """The topics by name; with `ended` also those taken out of the file."""
    columns = [topic.c[name] for name in TopicRow._fields[:7]]
    statement = (
        select(*columns, query.c.canonical).join(query, query.c.id == topic.c.query_id).order_by(topic.c.name)
    )
    if not ended:
        statement = statement.where(topic.c.ended_at.is_(None))
    return {
        row.name: row for row in (TopicRow._make(values) for values in await connection.execute(statement))
    }


async def add(connection: AsyncConnection, *, name: str, title: str, query_id: QueryId, typed: str) -> None:
    """Insert a topic at version 1."""
    await connection.execute(
        insert(topic).values(name=name, title=title, query_id=query_id, typed=typed, version=1)
    )


async def change(
    connection: AsyncConnection, row: TopicRow, *, title: str, query_id: QueryId, typed: str
) -> None:
    """Edit a topic; a new query is a new version, which a sweep brings to its readers in chunks. Revives an ended one."""
    version = row.version + (query_id != row.query_id)
    await connection.execute(
        update(topic)
        .where(topic.c.id == row.id)
        .values(title=title, query_id=query_id, typed=typed, version=version, ended_at=None)
    )


async def end(connection: AsyncConnection, topic_id: TopicId, *, now: datetime) -> None:
    """End a topic; readers who have it keep its last query until they or the file drop it."""
    await connection.execute(update(topic).where(topic.c.id == topic_id).values(ended_at=now))


async def set_query(connection: AsyncConnection, topic_id: TopicId, query_id: QueryId) -> None:
    """Give a topic the row of the same meaning in another grammar; its version stays."""
    await connection.execute(update(topic).where(topic.c.id == topic_id).values(query_id=query_id))
