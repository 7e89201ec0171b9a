"""One chunk of an edition: some readers are locked, told, and given their digests, in the caller's transaction.

The order is the promise (docs/data.md, rule 6): lock the readers, read what is due in the same transaction, insert the
`told` rows first, compose only what came back, write digests and deliveries, move the cursors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.digest import compose
from alertd.digest.contents import ContentMaker
from alertd.model import DigestId, EditionId, No, ReportId, Schedule, SubscriberId, SubscriberState
from alertd.store import deliveries, due, editions, subscribers
from alertd.store.schedules import ScheduleRow
from alertd.store.subscribers import SubscriberRow


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a chunk did: readers looked at, digests written, reports told."""

    readers: int
    digests: int
    reports: int


async def serve(
    connection: AsyncConnection,
    ids: Sequence[SubscriberId],
    *,
    edition_id: EditionId,
    schedule: ScheduleRow,
    upto: No,
    due_at: datetime,
    contents: ContentMaker,
    now: datetime,
) -> Chunk:
    """Give these readers what is due to them on this schedule up to a number.

    Readers who are not active are left alone: their cursors stay, and what they miss is due when they resume.
    """
    readers = {
        row.id: row for row in await subscribers.lock(connection, ids) if row.state is SubscriberState.ACTIVE
    }
    wanted = await due.due(connection, schedule.id, list(readers), upto=upto)
    opened = await editions.add_digests(connection, edition_id, {each.subscriber_id for each in wanted})
    told = await due.tell(
        connection, [(each, opened[each.subscriber_id]) for each in wanted], reason="digest"
    )
    shown = compose.newest(told)
    digests = {reader: digest_id for reader, digest_id in opened.items() if digest_id in shown}
    await editions.discard_digests(connection, set(opened.values()) - shown.keys())
    if digests:
        keys = await _write_contents(
            connection, shown, digests, readers, schedule=schedule.value, due_at=due_at, contents=contents
        )
        await editions.set_contents(connection, keys)
        await deliveries.queue_many(
            connection,
            [
                contents.delivery(readers[id_], kind=schedule.value.kind, digest_id=digest_id, now=now)
                for id_, digest_id in digests.items()
            ],
        )
    await due.advance(connection, schedule.id, list(readers), upto=upto)
    return Chunk(readers=len(readers), digests=len(digests), reports=len(told))


async def _write_contents(
    connection: AsyncConnection,
    shown: Mapping[DigestId, Mapping[ReportId, int]],
    digests: Mapping[SubscriberId, DigestId],
    readers: Mapping[SubscriberId, SubscriberRow],
    *,
    schedule: Schedule,
    due_at: datetime,
    contents: ContentMaker,
) -> dict[DigestId, int]:
    """Write the contents that these digests need, those that are equal once; returns each digest's."""
    labels = compose.names(await due.found_by(connection, list(shown)))
    stored = await due.texts(connection, {report for reports in shown.values() for report in reports})
    texts = {(text.report_id, text.revision): text for text in stored}
    keys: dict[DigestId, str] = {}
    made: dict[str, dict[str, Any]] = {}
    for reader_id, digest_id in digests.items():
        reports = shown[digest_id]
        found = {report: labels.get((digest_id, report), ()) for report in reports}
        key, row = contents.make(
            reports, found, texts, reader=readers[reader_id], schedule=schedule, due_at=due_at
        )
        keys[digest_id] = key
        made.setdefault(key, row)
    await contents.pin(connection)
    ids = await editions.ensure_contents(connection, made)
    return {digest_id: ids[key] for digest_id, key in keys.items()}
