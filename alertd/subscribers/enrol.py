"""Enrol readers: what a confirmed sign-up, a declared subscriber and an admin's command have in common.

The lock order is that of docs/data.md: the counter shared, then the readers; so no announcement can fall between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.mail.tokens import new_tag
from alertd.model import No, Origin, Schedule, SubscriberId, SubscriberState, TopicId
from alertd.query import GRAMMAR, Query
from alertd.store import announcements, queries, schedules, subscribers, subscriptions
from alertd.store.subscriptions import NewSubscription, SubscriptionRow


@dataclass(frozen=True, slots=True)
class Wish:
    """One query a reader asks for.

    Attributes:
        query: restricted to the catalogues it is meant for. When it is a topic's, `query.typed` holds the restriction
            alone (`catalogue:a OR catalogue:b`, or ""), so that the topic's next version can be restricted the same way.
        label: "" shows what was typed, or the topic's title.
        topic: the topic's id and version when the query is a topic's.
        title: the topic's title, for a mail that says what was asked for.
    """

    query: Query
    schedule: Schedule
    label: str = ""
    topic: tuple[TopicId, int] | None = None
    title: str = ""

    @property
    def identity(self) -> tuple[str, TopicId | None]:
        """What makes two wishes of one reader the same: the meaning, or the topic with its restriction."""
        if self.topic:
            return self.query.typed, self.topic[0]
        return self.query.canonical, None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person and what they ask for. `own_settings` names what they chose by themselves."""

    address: str
    language: str
    zone: str
    format: str
    wishes: tuple[Wish, ...]
    own_settings: tuple[str, ...] = ()


async def enrol(
    connection: AsyncConnection, people: Sequence[Enrolment], *, origin: Origin, now: datetime
) -> dict[str, SubscriberId]:
    """Make these people active readers of what they ask for, from now on; returns their ids by address key.

    Who is new is added; who had ended comes back with these wishes alone and begins at now; who is active keeps what they
    have and gets what is new. Addresses must be checked, and distinct by key.
    """
    no = await announcements.share_counter(connection)
    by_key = {address_key(person.address): person for person in people}
    known = {row.address_key: row for row in await subscribers.find_by_keys(connection, by_key, lock=True)}
    added = await subscribers.add(
        connection, [_new(key, by_key[key], origin, now) for key in sorted(by_key) if key not in known]
    )
    over = {SubscriberState.ENDED, SubscriberState.SUPPRESSED}
    back = {row.id: _return(by_key[key], origin) for key, row in known.items() if row.state in over}
    await subscribers.change_many(connection, back)
    ids = {**added, **{key: row.id for key, row in known.items()}}
    wishes = [(ids[key], wish) for key, person in by_key.items() for wish in person.wishes]
    await add_wishes(connection, wishes, origin=origin, no=no, now=now)
    return ids


def _new(key: str, person: Enrolment, origin: Origin, now: datetime) -> dict[str, Any]:
    return {
        "tag": new_tag(),
        "address": person.address,
        "address_key": key,
        "language": person.language,
        "format": person.format,
        "zone": person.zone,
        "state": SubscriberState.ACTIVE,
        "origin": origin,
        "own_settings": list(person.own_settings),
        "epoch": 1,
        "created_at": now,
    }


def _return(person: Enrolment, origin: Origin) -> dict[str, Any]:
    return {
        "address": person.address,
        "language": person.language,
        "format": person.format,
        "zone": person.zone,
        "state": SubscriberState.ACTIVE,
        "origin": origin,
        "own_settings": list(person.own_settings),
        "ended_at": None,
        "end_reason": None,
        "pause_until": None,
    }


async def add_wishes(
    connection: AsyncConnection,
    wishes: Sequence[tuple[SubscriberId, Wish]],
    *,
    origin: Origin,
    no: No,
    now: datetime,
) -> int:
    """Add what these (locked) readers do not have yet, since number `no` (the counter is shared); returns how many."""
    if not wishes:
        return 0
    schedule_ids = await schedules.ensure(connection, {wish.schedule for _, wish in wishes}, now=now)
    query_ids = await queries.ensure(
        connection, {wish.query.canonical for _, wish in wishes}, grammar=GRAMMAR
    )
    held = {
        (reader, *identity(row))
        for reader, rows in (
            await subscriptions.of_subscribers(connection, {reader for reader, _ in wishes})
        ).items()
        for row in rows
    }
    rows: list[NewSubscription] = []
    for reader, wish in wishes:
        key = (reader, *wish.identity)
        if key in held:
            continue
        held.add(key)
        rows.append(
            NewSubscription(
                subscriber_id=reader,
                schedule_id=schedule_ids[wish.schedule],
                query_id=query_ids[wish.query.canonical],
                typed=wish.query.typed,
                label=wish.label,
                origin=origin,
                since_no=no,
                topic_id=wish.topic[0] if wish.topic else None,
                topic_version=wish.topic[1] if wish.topic else None,
            )
        )
    await subscriptions.add(connection, rows)
    return len(rows)


def identity(row: SubscriptionRow) -> tuple[str, TopicId | None]:
    """The same as `Wish.identity`, of a stored subscription."""
    return (row.typed if row.topic_id else row.canonical), row.topic_id
