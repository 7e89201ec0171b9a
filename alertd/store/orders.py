"""Statements that read what a mail is rendered from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.store.tables import content, digest, subscriber, template


class ContentRow(NamedTuple):
    """What readers share of a digest."""

    language: str
    format: str
    template_hash: str
    items: dict[str, Any]


async def tags(connection: AsyncConnection, ids: Collection[int]) -> dict[int, str]:
    """The tags of these subscribers, but for those who were forgotten: they have nothing to leave."""
    statement = select(subscriber.c.id, subscriber.c.tag).where(
        subscriber.c.id.in_(sorted(ids)), subscriber.c.address != ""
    )
    return {id_: tag for id_, tag in await connection.execute(statement)}


async def contents(connection: AsyncConnection, digests: Collection[int]) -> dict[int, ContentRow]:
    """The contents of these digests, by digest."""
    statement = (
        select(digest.c.id, content.c.language, content.c.format, content.c.template_hash, content.c["items"])
        .join(content, content.c.id == digest.c.content_id)
        .where(digest.c.id.in_(sorted(digests)))
    )
    return {id_: ContentRow(*values) for id_, *values in await connection.execute(statement)}


async def templates(connection: AsyncConnection, hashes: Collection[str]) -> dict[str, dict[str, str]]:
    """The pinned template sets of these hashes."""
    statement = select(template.c.hash, template.c.source).where(template.c.hash.in_(sorted(hashes)))
    return {hash_: source for hash_, source in await connection.execute(statement)}
