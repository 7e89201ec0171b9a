"""Catalogue rows: kept in step with the configuration, due, and what polls leave in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alertd.errors import NotFoundError
from alertd.model import CatalogueState, ReportFields, ReportState
from alertd.store import catalogues, reports
from alertd.store.catalogues import Success, Synced
from alertd.store.engines import Store

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FEEDS = {"drc": "https://r.example/feed", "other": "https://o.example/feed"}


async def _get(store: Store, name: str = "drc") -> catalogues.CatalogueRow:
    async with store.read() as connection:
        return await catalogues.get(connection, name)


async def _sync(store: Store, feeds: dict[str, str], now: datetime = NOW) -> Synced:
    async with store.write() as connection:
        return await catalogues.sync(connection, feeds, now)


def _success(**more: object) -> Success:
    values = {"etag": '"a"', "last_modified": "yesterday", "moved_to": None, "next_poll_at": LATER}
    return Success(**(values | more))  # type: ignore[arg-type]


async def test_sync(store: Store) -> None:
    """Rows are added, pointed elsewhere, ended and brought back; a second time nothing happens."""
    assert await _sync(store, FEEDS) == Synced(added=("drc", "other"))
    assert await _sync(store, FEEDS) == Synced()
    async with store.write() as connection:
        row = await catalogues.get(connection, "drc", lock=True)
        await catalogues.record_success(connection, row, _success(moved_to="https://new.example/"), NOW)
    moved = await _get(store)
    assert (moved.etag, moved.last_modified, moved.moved_to) == ('"a"', "yesterday", "https://new.example/")
    assert await _sync(store, {"drc": "https://third.example/"}, LATER) == Synced(
        changed=("drc",), ended=("other",)
    )
    changed = await _get(store)
    assert (changed.etag, changed.last_modified, changed.moved_to) == ("", "", "")
    assert (changed.next_poll_at, changed.baseline_at) == (LATER, NOW)
    assert (await _get(store, "other")).state is CatalogueState.ENDED
    assert await _sync(store, FEEDS | {"drc": "https://third.example/"}, LATER) == Synced(returned=("other",))
    assert (await _get(store, "other")).state is CatalogueState.ACTIVE


async def test_due(store: Store) -> None:
    """Active catalogues whose time has come, the longest due first; those that are gone or ended never."""
    await _sync(store, {"late": "https://l.example/"}, NOW - timedelta(hours=1))
    await _sync(store, {"late": "https://l.example/", **FEEDS}, NOW)
    async with store.write() as connection:
        assert await catalogues.due(connection, NOW - timedelta(seconds=1)) == ["late"]
        assert await catalogues.due(connection, NOW) == ["late", "drc", "other"]
        drc = await catalogues.get(connection, "drc")
        await catalogues.record_success(connection, drc, _success(), NOW)
        other = await catalogues.get(connection, "other")
        await catalogues.record_failure(connection, other, "410", failures=1, next_poll_at=NOW, gone=True)
        assert await catalogues.due(connection, NOW) == ["late"]
        assert await catalogues.due(connection, LATER) == ["late", "drc"]
        assert await catalogues.next_poll_at(connection) == NOW - timedelta(hours=1)
    await _sync(store, FEEDS | {"other": "https://o2.example/"})
    assert (await _get(store, "other")).state is CatalogueState.ACTIVE, "a new feed is polled again"


async def test_success_and_failure(store: Store) -> None:
    """A failure keeps what is known and counts; a success clears it; the first one is the baseline for ever."""
    await _sync(store, FEEDS)
    done = _success(empty_fields=("department",), last_new_at=NOW, longest_gap=timedelta(days=3), note="odd")
    async with store.write() as connection:
        await catalogues.record_success(connection, await catalogues.get(connection, "drc"), done, NOW)
    async with store.write() as connection:
        row = await catalogues.get(connection, "drc")
        assert (row.polled_at, row.baseline_at, row.last_new_at) == (NOW, NOW, NOW)
        assert (row.longest_gap, row.empty_fields, row.last_error) == (
            timedelta(days=3),
            ("department",),
            "odd",
        )
        await catalogues.record_failure(connection, row, "no answer", failures=3, next_poll_at=LATER)
    failed = await _get(store)
    assert (failed.failures, failed.last_error, failed.etag) == (3, "no answer", '"a"')
    assert (failed.polled_at, failed.empty_fields) == (NOW, ("department",))
    async with store.write() as connection:
        await catalogues.record_success(connection, failed, _success(etag=""), LATER)
    again = await _get(store)
    assert (again.failures, again.last_error, again.etag, again.baseline_at) == (0, "", "", NOW)


async def test_a_redirect_that_broke_is_forgotten(store: Store) -> None:
    """With it go the validators that were its target's."""
    await _sync(store, FEEDS)
    async with store.write() as connection:
        row = await catalogues.get(connection, "drc")
        await catalogues.record_success(connection, row, _success(moved_to="https://new.example/"), NOW)
        row = await catalogues.get(connection, "drc")
        await catalogues.record_failure(
            connection, row, "404", failures=1, next_poll_at=LATER, forget_move=True
        )
    row = await _get(store)
    assert (row.moved_to, row.etag, row.last_modified) == ("", "", "")


async def test_statuses(store: Store) -> None:
    """Configured catalogues with their reports counted by state."""
    await _sync(store, FEEDS)
    async with store.write() as connection:
        drc = await catalogues.get(connection, "drc")
        rows = [
            reports.NewRow(f"g{number}", state, "", f"h{number}", ReportFields(title="T"))
            for number, state in enumerate([ReportState.HELD, ReportState.HELD, ReportState.OLD])
        ]
        await reports.add(connection, drc.id, rows, NOW)
    await _sync(store, {"drc": FEEDS["drc"]})
    async with store.read() as connection:
        (status,) = await catalogues.statuses(connection)
    assert (status.row.name, status.held, status.counts) == (
        "drc",
        2,
        {ReportState.HELD: 2, ReportState.OLD: 1},
    )


async def test_unknown(store: Store) -> None:
    """A name that is not there raises."""
    with pytest.raises(NotFoundError, match="'nope'"):
        await _get(store, "nope")
