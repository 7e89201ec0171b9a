"""Statements on editions, digests, contents and pinned templates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DigestId, EditionId, No, ScheduleId, SubscriberId, SubscriberState
from alertd.store.tables import content, cursor, delivery, digest, edition, subscriber, template
from alertd.store.upsert import insert_or_ignore, upsert


class EditionRow(NamedTuple):
    """A stored edition. `counts` holds what its chunks counted, and what the balance found."""

    id: EditionId
    schedule_id: ScheduleId
    occasion: str
    due_at: datetime
    from_no: No
    upto_no: No
    opened_at: datetime
    last_subscriber_id: SubscriberId
    counts: dict[str, Any]
    completed_at: datetime | None


_COLUMNS = tuple(edition.c[name] for name in EditionRow._fields)


async def open_edition(
    connection: AsyncConnection,
    *,
    schedule_id: ScheduleId,
    occasion: str,
    due_at: datetime,
    from_no: No,
    upto_no: No,
    now: datetime,
) -> EditionId | None:
    """Insert an edition; None when this occasion already has one."""
    statement = (
        upsert(connection, edition)
        .values(
            schedule_id=schedule_id,
            occasion=occasion,
            due_at=due_at,
            from_no=from_no,
            upto_no=upto_no,
            opened_at=now,
            last_subscriber_id=0,
            counts={"readers": 0, "digests": 0, "reports": 0},
        )
        .on_conflict_do_nothing()
        .returning(edition.c.id)
    )
    found = (await connection.execute(statement)).scalar_one_or_none()
    return None if found is None else EditionId(found)


async def lock_edition(connection: AsyncConnection, edition_id: EditionId) -> EditionRow:
    """One edition, its row locked: an edition is worked on by one worker at a time."""
    statement = select(*_COLUMNS).where(edition.c.id == edition_id).with_for_update()
    return EditionRow(*(await connection.execute(statement)).one())


async def unfinished(connection: AsyncConnection) -> list[EditionRow]:
    """Editions that are not complete, oldest first."""
    statement = select(*_COLUMNS).where(edition.c.completed_at.is_(None)).order_by(edition.c.id)
    return [EditionRow(*row) for row in await connection.execute(statement)]


async def recent(connection: AsyncConnection, *, limit: int) -> list[EditionRow]:
    """The newest editions first."""
    statement = select(*_COLUMNS).order_by(edition.c.id.desc()).limit(limit)
    return [EditionRow(*row) for row in await connection.execute(statement)]


async def progress(
    connection: AsyncConnection, edition_id: EditionId, *, last: SubscriberId, counts: dict[str, Any]
) -> None:
    """Note how far a locked edition has come."""
    await connection.execute(
        update(edition).where(edition.c.id == edition_id).values(last_subscriber_id=last, counts=counts)
    )


async def complete(
    connection: AsyncConnection, edition_id: EditionId, *, counts: dict[str, Any], now: datetime
) -> None:
    """A locked edition's balance holds: it is complete."""
    await connection.execute(
        update(edition).where(edition.c.id == edition_id).values(completed_at=now, counts=counts)
    )


async def add_digests(
    connection: AsyncConnection, edition_id: EditionId, readers: Collection[SubscriberId]
) -> dict[SubscriberId, DigestId]:
    """One digest per reader, without its content yet."""
    if not readers:
        return {}
    statement = insert(digest).returning(digest.c.subscriber_id, digest.c.id)
    rows = [{"edition_id": edition_id, "subscriber_id": reader} for reader in sorted(readers)]
    return {SubscriberId(reader): DigestId(id_) for reader, id_ in await connection.execute(statement, rows)}


async def discard_digests(connection: AsyncConnection, digests: Collection[DigestId]) -> None:
    """Delete digests opened in this transaction for which the ledger took nothing: its key had all of it already."""
    if digests:
        await connection.execute(delete(digest).where(digest.c.id.in_(sorted(digests))))


async def pin_template(connection: AsyncConnection, hash_: str, source: dict[str, str]) -> None:
    """Keep a template set for as long as contents need it."""
    await connection.execute(insert_or_ignore(connection, template).values(hash=hash_, source=source))


async def ensure_contents(connection: AsyncConnection, rows: dict[str, dict[str, Any]]) -> dict[str, int]:
    """The ids of contents by key, inserting those that are new."""
    if not rows:
        return {}
    keys = sorted(rows)
    await connection.execute(
        insert_or_ignore(connection, content), [{"key": key, **rows[key]} for key in keys]
    )
    statement = select(content.c.key, content.c.id).where(content.c.key.in_(keys))
    return {key: id_ for key, id_ in await connection.execute(statement)}


async def set_contents(connection: AsyncConnection, contents: dict[DigestId, int]) -> None:
    """Give digests their content."""
    if contents:
        await connection.execute(
            update(digest).where(digest.c.id == bindparam("b_id")).values(content_id=bindparam("b_content")),
            [{"b_id": digest_id, "b_content": content_id} for digest_id, content_id in contents.items()],
        )


async def withdraw(
    connection: AsyncConnection, digests: Sequence[DigestId], *, reason: str, now: datetime
) -> None:
    """Note that these digests did not leave and will not."""
    await connection.execute(
        update(digest).where(digest.c.id.in_(sorted(digests))).values(withdrawn_at=now, reason=reason)
    )


def _digests_of(edition_id: EditionId, *, withdrawn: bool) -> Select[tuple[int]]:
    statement = select(digest.c.id).where(digest.c.edition_id == edition_id)
    return statement if withdrawn else statement.where(digest.c.withdrawn_at.is_(None))


def standing_digests(edition_id: EditionId) -> Select[tuple[int]]:
    """The digests of an edition that were not withdrawn."""
    return _digests_of(edition_id, withdrawn=False)


async def count_digests(connection: AsyncConnection, edition_id: EditionId) -> tuple[int, int, int]:
    """Of an edition: all its digests, those not withdrawn, and the deliveries that carry one of all."""
    every = _digests_of(edition_id, withdrawn=True).subquery()
    standing = standing_digests(edition_id).subquery()
    carried = select(func.count()).select_from(delivery).where(delivery.c.digest_id.in_(select(every.c.id)))
    statement = select(
        select(func.count()).select_from(every).scalar_subquery(),
        select(func.count()).select_from(standing).scalar_subquery(),
        carried.scalar_subquery(),
    )
    every_one, standing_one, carried_one = (await connection.execute(statement)).one()
    return every_one, standing_one, carried_one


async def cursors_below(connection: AsyncConnection, schedule_id: ScheduleId, upto: No) -> dict[str, int]:
    """Active cursors of a schedule below a number and not behind, counted by the reader's state."""
    statement = (
        select(subscriber.c.state, func.count())
        .join(cursor, cursor.c.subscriber_id == subscriber.c.id)
        .where(
            cursor.c.schedule_id == schedule_id,
            cursor.c.active.is_(True),
            cursor.c.behind.is_(False),
            cursor.c.no < upto,
        )
        .group_by(subscriber.c.state)
    )
    return {SubscriberState(state): count for state, count in await connection.execute(statement)}


async def overdue(connection: AsyncConnection, *, before: datetime) -> list[EditionRow]:
    """Editions opened before an instant and still not complete: somebody must look."""
    statement = select(*_COLUMNS).where(edition.c.completed_at.is_(None), edition.c.opened_at < before)
    return [EditionRow(*row) for row in await connection.execute(statement)]
