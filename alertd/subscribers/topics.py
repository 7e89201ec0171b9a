"""Topics: what the file declares, and how an edited topic reaches its readers, in chunks and without a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.config.settings import Topic
from alertd.model import TopicId
from alertd.query import GRAMMAR, Query, parse, restrict
from alertd.store import announcements, queries, subscribers, subscriptions, topics
from alertd.store.engines import Store
from alertd.store.topics import TopicRow

_PREFIX = "catalogue:"


def restricted(query: Query, catalogues: Sequence[str]) -> Query:
    """A topic's query for these catalogues; its `typed` is the restriction alone (see `Wish`)."""
    return replace(restrict(query, catalogues), typed=" OR ".join(_PREFIX + name for name in catalogues))


def restriction(typed: str) -> tuple[str, ...]:
    """The catalogues that a topic subscription's `typed` names."""
    return tuple(part.removeprefix(_PREFIX) for part in typed.split(" OR ") if part)


def changed(declared: Sequence[Topic], stored: dict[str, TopicRow]) -> dict[str, tuple[str, ...]]:
    """Names of topics by what an edit does to them: added, changed, ended."""
    names = {each.name for each in declared}
    standing = {name: row for name, row in stored.items() if row.ended_at is None}
    added = [each.name for each in declared if each.name not in standing]
    edited = [each.name for each in declared if each.name in standing and _differs(each, standing[each.name])]
    return {
        "added": tuple(added),
        "changed": tuple(edited),
        "ended": tuple(name for name in standing if name not in names),
    }


def _differs(each: Topic, row: TopicRow) -> bool:
    return (each.title, parse(each.query).canonical) != (row.title, row.canonical)


async def sync(connection: AsyncConnection, declared: Sequence[Topic], *, now: datetime) -> None:
    """Make the stored topics those of the file."""
    await announcements.share_counter(connection)
    stored = await topics.all_rows(connection, ended=True)
    parsed = {each.name: parse(each.query) for each in declared}
    ids = await queries.ensure(connection, {query.canonical for query in parsed.values()}, grammar=GRAMMAR)
    for each in declared:
        query_id = ids[parsed[each.name].canonical]
        row = stored.get(each.name)
        if row is None:
            await topics.add(
                connection, name=each.name, title=each.title, query_id=query_id, typed=each.query
            )
        elif row.ended_at is not None or (row.title, row.query_id, row.typed) != (
            each.title,
            query_id,
            each.query,
        ):
            await topics.change(connection, row, title=each.title, query_id=query_id, typed=each.query)
    for name, row in stored.items():
        if name not in parsed and row.ended_at is None:
            await topics.end(connection, row.id, now=now)


async def spread(store: Store, *, limit: int = 500) -> int:
    """Bring edited topics to readers who have an older version; returns how many subscriptions got a successor."""
    total = 0
    async with store.read() as connection:
        rows = await topics.all_rows(connection)
    for row in rows.values():
        while True:
            async with store.write() as connection:
                count = await _spread_chunk(connection, row.id, row.name, limit=limit)
            total += count
            if not count:
                break
    return total


async def _spread_chunk(connection: AsyncConnection, topic_id: TopicId, name: str, *, limit: int) -> int:
    no = await announcements.share_counter(connection)
    row = (await topics.all_rows(connection)).get(name)
    if row is None:  # taken out of the file meanwhile
        return 0
    readers = await subscriptions.topic_heads_behind(connection, topic_id, row.version, limit=limit)
    if not readers:
        return 0
    await subscribers.lock(connection, readers)
    heads = [
        head
        for rows in (await subscriptions.of_subscribers(connection, readers)).values()
        for head in rows
        if head.topic_id == topic_id and (head.topic_version or 0) < row.version
    ]
    query = parse(row.typed)
    for typed in sorted({head.typed for head in heads}):
        narrowed = restricted(query, restriction(typed))
        ids = await queries.ensure(connection, [narrowed.canonical], grammar=GRAMMAR)
        await subscriptions.replace(
            connection,
            [head for head in heads if head.typed == typed],
            query_id=ids[narrowed.canonical],
            topic_version=row.version,
            no=no,
        )
    return len(heads)
