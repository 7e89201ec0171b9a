"""One chunk of an edition: some readers are locked, told, and given their digests, in the caller's transaction.

The order is the promise (docs/data.md, rule 6): lock the readers, read what is due in the same transaction, insert the
`told` rows first, compose only what came back, write digests and deliveries, move the cursors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.digest import compose
from alertd.digest.contents import ContentMaker
from alertd.model import DigestId, EditionId, Kind, MailKind, No, Priority, ScheduleId, SubscriberId, SubscriberState
from alertd.store import deliveries, due, editions, subscribers
from alertd.store.due import Due
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
    schedule_id: ScheduleId,
    kind: Kind,
    upto: No,
    contents: ContentMaker,
    now: datetime,
) -> Chunk:
    """Give these readers what is due to them on this schedule up to a number.

    Readers who are not active are left alone: their cursors stay, and what they miss is due when they resume.
    """
    readers = {
        row.id: row for row in await subscribers.lock(connection, ids) if row.state is SubscriberState.ACTIVE
    }
    wanted = await due.due(connection, schedule_id, list(readers), upto=upto)
    digests = await editions.add_digests(connection, edition_id, {each.subscriber_id for each in wanted})
    told = await due.tell(
        connection, [(each, digests[each.subscriber_id]) for each in wanted], reason="digest"
    )
    await _write_digests(connection, told, digests, readers, kind=kind, contents=contents, now=now)
    await due.advance(connection, schedule_id, list(readers), upto=upto)
    return Chunk(readers=len(readers), digests=len(digests), reports=len(told))


async def _write_digests(
    connection: AsyncConnection,
    told: Sequence[tuple[Due, DigestId | None]],
    digests: dict[SubscriberId, DigestId],
    readers: dict[SubscriberId, SubscriberRow],
    *,
    kind: Kind,
    contents: ContentMaker,
    now: datetime,
) -> None:
    if not told:
        return
    shown = compose.newest(told)
    labels = compose.names(await due.found_by(connection, list(shown)))
    stored = await due.texts(connection, {report for reports in shown.values() for report in reports})
    texts = {(text.report_id, text.revision): text for text in stored}
    keys: list[tuple[DigestId, str]] = []
    made: dict[str, dict[str, object]] = {}
    for reader_id, digest_id in digests.items():
        reports = shown[digest_id]
        found = {report: labels.get((digest_id, report), ()) for report in reports}
        key, row = contents.make(reports, found, texts, reader=readers[reader_id])
        keys.append((digest_id, key))
        made.setdefault(key, row)
    await contents.pin(connection)
    ids = await editions.ensure_contents(connection, made)
    await editions.set_contents(connection, {digest_id: ids[key] for digest_id, key in keys})
    priority = Priority.IMMEDIATE if kind is Kind.IMMEDIATE else Priority.DIGEST
    rows = [
        contents.delivery(
            readers[reader_id], kind=MailKind.DIGEST, priority=priority, digest_id=digest_id, now=now
        )
        for reader_id, digest_id in digests.items()
    ]
    await deliveries.queue(connection, rows)
