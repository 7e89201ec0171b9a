"""Releasing or discarding what a poll held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.catalogue.intake import Announcer
from alertd.model import Announce, Cause, ReportState
from alertd.store import catalogues, reports


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a hold: the titles, oldest first."""

    catalogue: str
    titles: tuple[str, ...]
    discarded: bool


async def release(
    connection: AsyncConnection, announcer: Announcer, catalogue: str, now: datetime, *, discard: bool = False
) -> Released:
    """Announce a catalogue's held reports in the order of their dates, or discard them.

    What is discarded stays known, so that it is not new at the next poll; a report that was held for its revision alone
    stays announced with its earlier text.

    Args:
        connection: of a writing transaction; nothing else of it may have run yet (the counter comes first).
        announcer: makes reports effective.
        catalogue: name.
        now: aware.
        discard: nobody is told.

    Raises:
        NotFoundError: there is no such catalogue.
    """
    await announcer.lock(connection)
    row = await catalogues.get(connection, catalogue)
    held = await reports.held(connection, row.id)
    held.sort(key=lambda each: (each.fields.dated or each.seen_at.date(), each.id))
    if discard:
        told = await reports.announced(connection, [each.id for each in held])
        never = [each.id for each in held if each.id not in told]
        await reports.set_state(connection, never, ReportState.DISCARDED, reason="discarded by an admin")
        await reports.set_state(connection, told, ReportState.ANNOUNCED)
    elif held:
        found = [Announce(each.id, each.revision, catalogue, each.fields, Cause.RELEASED) for each in held]
        await announcer(connection, found, now)
    return Released(catalogue, tuple(each.fields.title for each in held), discard)
