"""Bring queries into a new grammar: what folds as before keeps its row, what folds differently gets a successor.

A grammar is the version of folding and syntax (`alertd.query.GRAMMAR`). Only queries of the current one are matched, so this
is done at start, before anything is announced. What was matched already stays due by the old rows.
"""

from __future__ import annotations

import re

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.errors import QuerySyntaxError
from alertd.model import No
from alertd.query import GRAMMAR, parse
from alertd.store import announcements, queries, subscribers, subscriptions, topics
from alertd.store.engines import Store
from alertd.store.queries import OldQuery
from alertd.store.subscriptions import SubscriptionRow
from alertd.store.topics import TopicRow
from alertd.subscribers.topics import restricted, restriction

_BITE = 50
_CATALOGUE = re.compile(r'catalogue:(?:"[^"]*"|\S+?)(?=[\s)]|$)')
_log = log.get("subscribers")


async def regrammar(store: Store, *, grammar: int = GRAMMAR) -> int:
    """Bring every query that somebody asks for into this grammar; returns how many were brought.

    Each bite is a transaction; after a crash the next start goes on.
    """
    total = 0
    while True:
        async with store.write() as connection:
            no = await announcements.share_counter(connection)
            found = await queries.outdated(connection, grammar=grammar, limit=_BITE)
            for each in found:
                await _bring(connection, each, no, grammar)
        total += len(found)
        if len(found) < _BITE:
            break
    if total:
        _log.info("queries.regrammared", queries=total, grammar=grammar)
    return total


async def _bring(connection: AsyncConnection, old: OldQuery, no: No, grammar: int) -> None:
    heads = await subscriptions.heads_of_query(connection, old.id)
    await subscribers.lock(connection, {head.subscriber_id for head in heads})
    known = {row.id: row for row in (await topics.all_rows(connection)).values()}
    of_topics = [row for row in known.values() if row.query_id == old.id]
    meant = {
        head.id: _canonical(head, old, known.get(head.topic_id) if head.topic_id else None) for head in heads
    }
    texts = {*meant.values(), *(_parsed(row.typed, old) for row in of_topics)}
    if texts == {old.canonical} and await queries.keep_meaning(connection, old.id, grammar=grammar):
        return
    ids = await queries.ensure(connection, texts, grammar=grammar)
    for row in of_topics:
        await topics.set_query(connection, row.id, ids[_parsed(row.typed, old)])
    for text in sorted(texts):
        moved = [head for head in heads if meant[head.id] == text]
        await subscriptions.replace(connection, moved, query_id=ids[text], no=no)


def _canonical(head: SubscriptionRow, old: OldQuery, topic: TopicRow | None) -> str:
    """What a head means in the current grammar: its typed text (or its topic's) with its restriction to catalogues."""
    if topic is not None:
        try:
            return restricted(parse(topic.typed), restriction(head.typed)).canonical
        except QuerySyntaxError:
            return old.canonical
    typed = _parsed(head.typed, old)
    own = set(_CATALOGUE.findall(typed))
    given = [each for each in dict.fromkeys(_CATALOGUE.findall(old.canonical)) if each not in own]
    return parse(f"({typed}) ({' OR '.join(given)})").canonical if given else typed


def _parsed(typed: str, old: OldQuery) -> str:
    """The canonical text of what was typed; the old one where the new grammar cannot read it any more."""
    try:
        return parse(typed).canonical
    except QuerySyntaxError:
        return old.canonical
