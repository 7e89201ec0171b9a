"""Statements on catalogues: one row each, with the state of its polls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.errors import NotFoundError
from alertd.model import CatalogueId, CatalogueState, ReportState
from alertd.store.tables import catalogue, report

_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A catalogue as the store keeps it.

    Attributes:
        feed: the configured URL; it may hold credentials: show it through `redirects.show`.
        moved_to: where a permanent redirect sent us, "" for nowhere.
        etag: validator of the last whole answer, "" for none.
        last_modified: likewise.
        failures: failed polls in a row.
        last_error: what was wrong at the last poll, "" when nothing.
        polled_at: last answer, 304 included.
        baseline_at: first successful poll.
        last_new_at: when a report was new last; the baseline counts.
        longest_gap: longest wait between new reports in the last year.
        empty_fields: empty in the last poll although nine of ten reports have them.
    """

    id: CatalogueId
    name: str
    feed: str
    moved_to: str
    etag: str
    last_modified: str
    state: CatalogueState
    failures: int
    last_error: str
    next_poll_at: datetime
    polled_at: datetime | None
    baseline_at: datetime | None
    last_new_at: datetime | None
    longest_gap: timedelta
    empty_fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CatalogueStatus:
    """A catalogue with how many of its reports stand where (`ReportState` to count)."""

    row: CatalogueRow
    counts: dict[ReportState, int]

    @property
    def held(self) -> int:
        """Reports that wait for `alertd release`."""
        return self.counts.get(ReportState.HELD, 0)


@dataclass(frozen=True, slots=True)
class Synced:
    """Names of catalogues that a configuration added, pointed to another feed, brought back, or ended."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Success:
    """What a poll that was answered leaves in its catalogue's row.

    Attributes:
        moved_to: a new permanent redirect's target, None to leave what is known.
        note: what is odd about an answer that was good, "" for nothing.
    """

    etag: str
    last_modified: str
    moved_to: str | None
    next_poll_at: datetime
    empty_fields: tuple[str, ...] = ()
    last_new_at: datetime | None = None
    longest_gap: timedelta = timedelta(0)
    note: str = ""


async def sync(connection: AsyncConnection, feeds: Mapping[str, str], now: datetime) -> Synced:
    """Make the rows agree with the configuration: names to feed URLs.

    A new or changed feed is polled at once. A changed one starts without validators and remembered redirect, and is
    polled again if it was gone; what is known of its reports stays, so the same reports are not new under the new URL.
    """
    difference = compare(await all_rows(connection), feeds)
    added, changed, returned, ended = (
        difference.added,
        difference.changed,
        difference.returned,
        difference.ended,
    )
    if added:
        await connection.execute(insert(catalogue), [_fresh(name, feeds[name], now) for name in added])
    if changed:
        statement = (
            update(catalogue)
            .where(catalogue.c.name == bindparam("at"))
            .values(feed=bindparam("to"), etag=None, last_modified=None, moved_to=None)
        )
        await connection.execute(statement, [{"at": name, "to": feeds[name]} for name in changed])
    if restarted := sorted({*changed, *returned}):
        await connection.execute(
            update(catalogue)
            .where(catalogue.c.name.in_(restarted))
            .values(state=CatalogueState.ACTIVE, failures=0, last_error=None, next_poll_at=now)
        )
    if ended:
        await connection.execute(
            update(catalogue).where(catalogue.c.name.in_(ended)).values(state=CatalogueState.ENDED)
        )
    return difference


def compare(stored: Sequence[CatalogueRow], feeds: Mapping[str, str]) -> Synced:
    """How a configuration (names to feed URLs) differs from the stored catalogues. Pure."""
    rows = {row.name: row for row in stored}
    return Synced(
        added=tuple(name for name in feeds if name not in rows),
        changed=tuple(name for name, feed in feeds.items() if name in rows and rows[name].feed != feed),
        returned=tuple(name for name in feeds if name in rows and rows[name].state is CatalogueState.ENDED),
        ended=tuple(
            name for name, row in rows.items() if name not in feeds and row.state is not CatalogueState.ENDED
        ),
    )


async def all_rows(connection: AsyncConnection) -> list[CatalogueRow]:
    """Every catalogue, ended ones too, by name."""
    return [_row(row) for row in await connection.execute(select(catalogue).order_by(catalogue.c.name))]


async def get(connection: AsyncConnection, name: str, *, lock: bool = False) -> CatalogueRow:
    """One catalogue; with `lock` its row is held until the transaction ends.

    Raises:
        NotFoundError: there is none of this name.
    """
    statement = select(catalogue).where(catalogue.c.name == name)
    found = (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no catalogue {name!r}; alertd status lists them")
    return _row(found)


async def due(connection: AsyncConnection, now: datetime) -> list[str]:
    """Names of the active catalogues whose next poll has come, longest due first."""
    statement = (
        select(catalogue.c.name)
        .where(catalogue.c.state == CatalogueState.ACTIVE, catalogue.c.next_poll_at <= now)
        .order_by(catalogue.c.next_poll_at, catalogue.c.id)
    )
    return list((await connection.execute(statement)).scalars())


async def next_poll_at(connection: AsyncConnection) -> datetime | None:
    """When the next poll of an active catalogue is due, None without any."""
    statement = select(func.min(catalogue.c.next_poll_at)).where(catalogue.c.state == CatalogueState.ACTIVE)
    found: datetime | None = (await connection.execute(statement)).scalar_one()
    return found


async def statuses(connection: AsyncConnection) -> list[CatalogueStatus]:
    """Every catalogue that is configured, with the counts of its reports."""
    rows = [row for row in await all_rows(connection) if row.state is not CatalogueState.ENDED]
    statement = select(report.c.catalogue_id, report.c.state, func.count()).group_by(
        report.c.catalogue_id, report.c.state
    )
    counts: dict[int, dict[ReportState, int]] = {}
    for catalogue_id, state, count in await connection.execute(statement):
        counts.setdefault(catalogue_id, {})[ReportState(state)] = count
    return [CatalogueStatus(row, counts.get(row.id, {})) for row in rows]


async def record_success(
    connection: AsyncConnection, row: CatalogueRow, done: Success, now: datetime
) -> None:
    """Note an answered poll; the first one is the baseline. A catalogue that was gone is back."""
    await connection.execute(
        update(catalogue)
        .where(catalogue.c.id == row.id)
        .values(
            state=CatalogueState.ENDED if row.state is CatalogueState.ENDED else CatalogueState.ACTIVE,
            failures=0,
            last_error=done.note or None,
            etag=done.etag or None,
            last_modified=done.last_modified or None,
            moved_to=(row.moved_to if done.moved_to is None else done.moved_to) or None,
            next_poll_at=done.next_poll_at,
            polled_at=now,
            baseline_at=row.baseline_at or now,
            last_new_at=done.last_new_at,
            longest_gap_ms=done.longest_gap // _MS,
            empty_fields=list(done.empty_fields) or None,
        )
    )


async def record_failure(
    connection: AsyncConnection,
    row: CatalogueRow,
    error: str,
    *,
    failures: int,
    next_poll_at: datetime,
    gone: bool = False,
    forget_move: bool = False,
) -> None:
    """Note a failed poll; what is known stays.

    Args:
        connection: of a writing transaction.
        row: as read in it.
        error: one sentence, without credentials.
        failures: in a row, this one included.
        next_poll_at: the next attempt.
        gone: stop polling.
        forget_move: the remembered redirect leads nowhere; begin at the configured feed again.
    """
    forgotten = {"moved_to": None, "etag": None, "last_modified": None} if forget_move else {}
    state = CatalogueState.GONE if gone and row.state is CatalogueState.ACTIVE else row.state
    await connection.execute(
        update(catalogue)
        .where(catalogue.c.id == row.id)
        .values(state=state, failures=failures, last_error=error, next_poll_at=next_poll_at, **forgotten)
    )


def _fresh(name: str, feed: str, now: datetime) -> dict[str, object]:
    return {
        "name": name,
        "feed": feed,
        "state": CatalogueState.ACTIVE,
        "failures": 0,
        "next_poll_at": now,
        "longest_gap_ms": 0,
    }


def _row(row: Row[tuple[object, ...]]) -> CatalogueRow:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public mapping
    gap = values.pop("longest_gap_ms") * _MS
    for name in ("moved_to", "etag", "last_modified", "last_error"):
        values[name] = values[name] or ""
    values["state"] = CatalogueState(values["state"])
    values["empty_fields"] = tuple(values["empty_fields"] or ())
    return CatalogueRow(**values, longest_gap=gap)
