"""Editions: opened when their schedule is due, worked through in chunks, complete when their balance holds.

Each step is one transaction that commits its result and its place; after a crash the next run goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.digest import balance, chunk
from alertd.digest.contents import ContentMaker
from alertd.model import EditionId, Kind, No, ScheduleId, SubscriberId
from alertd.schedule import latest_due, next_due, occasion
from alertd.store import announcements, due, editions, schedules
from alertd.store.editions import EditionRow
from alertd.store.engines import Store
from alertd.store.schedules import ScheduleRow

_OF_ONE = (LookupError, ValueError)
"""What is wrong with one schedule or reader alone: this machine does not know their zone, say."""

_log = log.get("digest")


class BalanceAlarm(Protocol):
    """Who is told when an edition's balance does not hold."""

    async def unbalanced(
        self, connection: AsyncConnection, edition: EditionRow, mismatches: tuple[str, ...], now: datetime
    ) -> None:
        """Queue a mail to the operators in this transaction."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    Attributes:
        failed: editions whose balance does not hold, or that could not be opened or worked through.
    """

    opened: int = 0
    completed: int = 0
    digests: int = 0
    failed: int = 0


class Editions:
    """Opens and runs editions.

    Args:
        contents: makes contents and delivery rows.
        alarm: is told of a balance that does not hold.
        chunk_size: readers in one transaction (about 50 ms).
    """

    def __init__(
        self, store: Store, contents: ContentMaker, alarm: BalanceAlarm, *, chunk_size: int = 500
    ) -> None:
        self._store = store
        self._contents = contents
        self._alarm = alarm
        self._chunk_size = chunk_size

    async def run_due(self, now: datetime) -> Summary:
        """Open every edition that is due, then bring all that are open as far as they go; one that fails stops no other."""
        opened, failed = await self._open_all(now)
        completed = digests = 0
        async with self._store.read() as connection:
            waiting = await editions.unfinished(connection)
        for row in waiting:
            try:
                done, count = await self.finish(row.id, now)
            except _OF_ONE:
                _log.exception("edition.failed", edition=row.id, occasion=row.occasion)
                done, count = False, 0
            completed += done
            failed += not done
            digests += count
        return Summary(len(opened), completed, digests, failed)

    async def open_due(self, now: datetime) -> list[EditionId]:
        """Open the editions of all schedules whose time has come; a missed time is coalesced into one."""
        return (await self._open_all(now))[0]

    async def _open_all(self, now: datetime) -> tuple[list[EditionId], int]:
        """The editions opened, and how many schedules failed to open one."""
        async with self._store.read() as connection:
            waiting = await schedules.due(connection, now=now)
        found: list[EditionId] = []
        failed = 0
        for schedule_id in waiting:
            try:
                async with self._store.write() as connection:
                    edition_id = await self._open(connection, schedule_id, now)
            except _OF_ONE:
                _log.exception("edition.not_opened", schedule=schedule_id)
                failed += 1
                continue
            if edition_id is not None:
                found.append(edition_id)
                _log.debug("edition.opened", edition=edition_id, schedule=schedule_id)
        return found, failed

    async def _open(
        self, connection: AsyncConnection, schedule_id: ScheduleId, now: datetime
    ) -> EditionId | None:
        row = await schedules.get(connection, schedule_id, lock=True)
        if row.value.kind is Kind.IMMEDIATE:
            return await self._open_immediate(connection, row, now)
        if row.next_due_at is None or row.next_due_at > now:
            return None  # another worker was here first
        due_at = latest_due(row.value, now) or row.next_due_at
        upto = await announcements.last_no(connection)
        await schedules.set_next_due(connection, row.id, next_due(row.value, max(due_at, now)))
        return await editions.open_edition(
            connection,
            schedule_id=row.id,
            occasion=occasion(row.value, due_at),
            due_at=due_at,
            from_no=No(0),
            upto_no=upto,
            now=now,
        )

    async def _open_immediate(
        self, connection: AsyncConnection, row: ScheduleRow, now: datetime
    ) -> EditionId | None:
        upto = await announcements.last_no(connection)
        # with nothing new it is opened for readers who are behind, several times for the same number perhaps
        name = str(upto) if upto > row.mark else f"{upto}/behind/{now.isoformat()}"
        await schedules.set_mark(connection, row.id, upto)
        return await editions.open_edition(
            connection,
            schedule_id=row.id,
            occasion=name,
            due_at=now,
            from_no=row.mark,
            upto_no=upto,
            now=now,
        )

    async def finish(self, edition_id: EditionId, now: datetime) -> tuple[bool, int]:
        """Work through an edition to its end: whether it is complete, and how many digests it wrote now."""
        digests = 0
        while True:
            more, count = await self.step(edition_id, now)
            digests += count
            if not more:
                break
        return await self.complete(edition_id, now), digests

    async def step(self, edition_id: EditionId, now: datetime) -> tuple[bool, int]:
        """Do one chunk of an edition: whether there may be more, and how many digests it wrote."""
        async with self._store.write() as connection:
            return await self._step(connection, edition_id, now)

    async def complete(self, edition_id: EditionId, now: datetime) -> bool:
        """Complete an edition whose chunks are done, if its balance holds; whether it is complete."""
        async with self._store.write() as connection:
            return await self._complete(connection, edition_id, now)

    async def _step(
        self, connection: AsyncConnection, edition_id: EditionId, now: datetime
    ) -> tuple[bool, int]:
        row = await editions.lock_edition(connection, edition_id)
        if row.completed_at is not None:
            return False, 0
        schedule = await schedules.get(connection, row.schedule_id)
        ids = await due.readers_of_chunk(
            connection,
            schedule_id=row.schedule_id,
            kind=schedule.value.kind,
            from_no=row.from_no,
            upto=row.upto_no,
            after=row.last_subscriber_id,
            limit=self._chunk_size,
        )
        if not ids:
            return False, 0
        _log.debug("edition.chunk", edition=edition_id, readers=len(ids))
        done = await self._serve(connection, row, schedule, ids, now)
        _log.debug("edition.chunk_done", edition=edition_id, digests=done.digests)
        counts = {
            "readers": row.counts["readers"] + done.readers,
            "digests": row.counts["digests"] + done.digests,
            "reports": row.counts["reports"] + done.reports,
        }
        await editions.progress(connection, edition_id, last=ids[-1], counts={**row.counts, **counts})
        return len(ids) == self._chunk_size, done.digests

    async def _serve(
        self,
        connection: AsyncConnection,
        row: EditionRow,
        schedule: ScheduleRow,
        ids: list[SubscriberId],
        now: datetime,
    ) -> chunk.Chunk:
        return await chunk.serve(
            connection,
            ids,
            edition_id=row.id,
            schedule=schedule,
            upto=row.upto_no,
            due_at=row.due_at,
            contents=self._contents,
            now=now,
        )

    async def _complete(self, connection: AsyncConnection, edition_id: EditionId, now: datetime) -> bool:
        row = await editions.lock_edition(connection, edition_id)
        if row.completed_at is not None:
            return True
        counts = await self._count(connection, row)
        wrong = balance.mismatches(counts)
        if not wrong:
            await editions.complete(
                connection, edition_id, counts={**row.counts, "excluded": balance.excluded(counts)}, now=now
            )
            _log.info("edition.complete", edition=edition_id, occasion=row.occasion, **row.counts)
            return True
        if "unbalanced" not in row.counts:  # one alarm for each edition
            _log.error("edition.unbalanced", edition=edition_id, mismatches=wrong)
            await self._alarm.unbalanced(connection, row, wrong, now)
        await editions.progress(
            connection,
            edition_id,
            last=row.last_subscriber_id,
            counts={**row.counts, "unbalanced": list(wrong)},
        )
        return False

    async def _count(self, connection: AsyncConnection, row: EditionRow) -> balance.Counts:
        kind = (await schedules.get(connection, row.schedule_id)).value.kind
        every, standing, carried = await editions.count_digests(connection, row.id)
        alone = "/now/" in row.occasion  # "send now" looks at one reader only
        below = (
            {}
            if alone or kind is Kind.IMMEDIATE
            else await editions.cursors_below(connection, row.schedule_id, row.upto_no)
        )
        left = (
            await due.count_due(connection, row.schedule_id, upto=row.upto_no, above=row.from_no)
            if kind is Kind.IMMEDIATE and not alone
            else 0
        )
        return balance.Counts(
            promised=row.counts["digests"],
            digests=every,
            standing=standing,
            deliveries=carried,
            told=await due.told_digests(connection, editions.standing_digests(row.id)),
            below=below,
            due=left,
        )
