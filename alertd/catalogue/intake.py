"""One poll's result into the store, in the transaction its caller opened: the deciding is decide.py's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.catalogue.decide import Known, NewReport, NewRevision, Past, PollDecision, decide
from alertd.catalogue.health import YEAR, empty_fields, longest_gap
from alertd.catalogue.identity import Candidate
from alertd.config.settings import Catalogue
from alertd.model import Announce, Cause, ReportState
from alertd.store import reports
from alertd.store.catalogues import CatalogueRow

_HISTORY = 100
_TOUCH_EVERY = timedelta(hours=1)
_LATELY = timedelta(days=2)


class Announcer(Protocol):
    """Makes reports effective: numbers them and matches them.

    `lock` is the first statement of a transaction that announces; calling it announces these reports, in their order,
    each under a number of its own, and moves them to the state ANNOUNCED.
    """

    async def lock(self, connection: AsyncConnection) -> object:
        """Take the counter exclusively."""

    async def __call__(self, connection: AsyncConnection, found: Sequence[Announce], now: datetime) -> object:
        """Announce."""


class Alarms(Protocol):
    """Tells the owner."""

    async def hold(
        self, connection: AsyncConnection, catalogue: str, titles: Sequence[str], now: datetime, *, why: str
    ) -> None:
        """Queue a mail, in this transaction, that these reports are held; `why` is what the poll did."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an intake did, and what its catalogue's row has to remember of it."""

    decision: PollDecision
    empty_fields: tuple[str, ...]
    last_new_at: datetime | None
    longest_gap: timedelta


async def take_in(
    connection: AsyncConnection,
    row: CatalogueRow,
    found: Sequence[Candidate],
    settings: Catalogue,
    now: datetime,
    *,
    announcer: Announcer,
    alarms: Alarms,
) -> Taken:
    """Store what is new or revised, announce it, hold it. The counter is locked already.

    Args:
        connection: of a writing transaction that holds the announcement counter.
        row: the catalogue's, read in this transaction.
        found: the poll's candidates.
        settings: of the catalogue.
        now: aware.
        announcer: makes reports effective.
        alarms: tells the owner of a hold.
    """
    past = await _past(connection, row, found, now)
    history = await reports.first_texts(connection, row.id, limit=_HISTORY) if found else []
    decision = decide(past, found, settings, now)
    announced = await _store(connection, row, decision, now)
    if announced:
        await announcer(connection, announced, now)
    if decision.alarm:
        await alarms.hold(connection, row.name, decision.alarm, now, why=decision.why)
    fresh = bool(decision.new) or row.baseline_at is None
    return Taken(
        decision=decision,
        empty_fields=empty_fields([each.fields for each in found], history, row.empty_fields),
        last_new_at=now if fresh else row.last_new_at,
        longest_gap=await _longest_gap(connection, row, found, now) if fresh else row.longest_gap,
    )


async def _past(
    connection: AsyncConnection, row: CatalogueRow, found: Sequence[Candidate], now: datetime
) -> Past:
    identities = {name for each in found for name in (each.identity, *each.apart)}
    known = await reports.known(connection, row.id, identities)
    lately: dict[str, list[Known]] = {}
    if row.baseline_at is not None and any(each.identity not in known for each in found):
        for each in await reports.lately(connection, row.id, since=(row.polled_at or now) - _LATELY):
            lately.setdefault(each.content_hash, []).append(_known(each))
    return Past(
        baseline=row.baseline_at is not None,
        holding=await reports.is_holding(connection, row.id),
        known={name: _known(each) for name, each in known.items()},
        lately=lately,
    )


def _known(row: reports.KnownRow) -> Known:
    return Known(row.id, row.identity, row.revision, row.state, row.content_hash)


async def _store(
    connection: AsyncConnection, row: CatalogueRow, decision: PollDecision, now: datetime
) -> list[Announce]:
    """Write reports and revisions; returns what is to be announced, in its order."""
    ids = await reports.add(connection, row.id, [_new_row(each) for each in decision.new], now)
    await reports.revise(connection, [_revision_row(each) for each in decision.revised], now)
    held = [each.report_id for each in decision.revised if each.hold]
    await reports.set_state(
        connection, held, ReportState.HELD, reason="more revised reports in one poll than flood_limit"
    )
    await reports.touch(connection, decision.seen, now, before=now - _TOUCH_EVERY)
    new = [
        Announce(ids[each.identity], 1, row.name, each.fields, Cause.NEW)
        for each in decision.new
        if each.state is ReportState.NEW
    ]
    revised = [
        Announce(each.report_id, each.revision, row.name, each.fields, Cause.REVISED)
        for each in decision.revised
        if each.announce
    ]
    return new + revised


def _new_row(each: NewReport) -> reports.NewRow:
    return reports.NewRow(each.identity, each.state, each.reason, each.content_hash, each.fields)


def _revision_row(each: NewRevision) -> reports.RevisionRow:
    return reports.RevisionRow(each.report_id, each.revision, each.content_hash, each.fields)


async def _longest_gap(
    connection: AsyncConnection, row: CatalogueRow, found: Sequence[Candidate], now: datetime
) -> timedelta:
    """The longest wait of the last year; in the first year the dates of the baseline's entries count too."""
    since = now - YEAR
    if row.baseline_at is None:
        dated = {datetime.combine(day, time(), UTC) for each in found for day in each.days}
        return longest_gap([*(instant for instant in dated if since <= instant <= now), now])
    measured = longest_gap(await reports.arrivals(connection, row.id, since=since))
    return max(measured, row.longest_gap) if row.baseline_at >= since else measured
