"""Editions: from what matched to digests and deliveries in the outbox, all committed.

A daily edition for N readers with two queries each and 100 new reports, each of which 1.4 % of the subscriptions match; then
the immediate edition of one report, from the match side. The floor is what SQLite alone needs to write the very same rows of
the ledger: one INSERT ... SELECT on a copy of the store. Each store is filled in one process and measured in another, so
that the memory is the edition's own.

    python -m tests.bench.bench_editions [--readers 20000 100000] [--profile]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import multiprocessing
import pstats
import shutil
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from alertd.model import EditionId, Kind
from alertd.schedule import next_due
from alertd.store.engines import Store
from tests.bench import making

REPORTS = 100
FLOOR = """
    INSERT INTO told (subscriber_id, report_id, revision, digest_id, reason)
    SELECT DISTINCT c.subscriber_id, a.report_id, a.revision, 1, 'digest'
    FROM cursor c
    JOIN subscription s ON s.subscriber_id = c.subscriber_id AND s.schedule_id = c.schedule_id
    JOIN match m ON m.query_id = s.query_id AND m.no > c.no
    JOIN announcement a ON a.no = m.no AND s.since_no < a.first_no
"""


def in_process(work: Any, *args: Any) -> Any:
    """Run this in a process of its own and return what it returns."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args).result()


def fill(path: Path, readers: int, kind: Kind) -> float:
    """Make a store; returns the seconds it took."""

    async def run() -> float:
        begun = time.perf_counter()
        async with making.opened(path) as store:
            schedule = making.DAILY if kind is Kind.DAILY else making.IMMEDIATE
            await making.fill(store, readers, schedule=schedule)
            await making.announce(
                store, making.report_fields(REPORTS if kind is Kind.DAILY else 1), making.announcer()
            )
        return time.perf_counter() - begun

    return asyncio.run(run())


def floor(path: Path, copy: Path) -> tuple[float, int]:
    """Seconds and rows of the one statement on a copy of the store."""
    shutil.copy(path, copy)
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    begun = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    rows = connection.execute(FLOOR).rowcount
    connection.execute("COMMIT")
    took = time.perf_counter() - begun
    connection.close()
    copy.unlink()
    return took, rows


def measure(path: Path, *, profile: bool) -> dict[str, Any]:
    """Run the edition that is due."""

    async def run() -> dict[str, Any]:
        async with making.opened(path) as store:
            return await _measured(store, profile=profile)

    return asyncio.run(run())


async def _measured(store: Store, *, profile: bool) -> dict[str, Any]:
    editions = making.editions(store)
    before = making.peak_mb()
    (edition,) = await editions.open_due(making.DUE)
    profiler = cProfile.Profile() if profile else None
    if profiler:
        profiler.enable()
    chunks, digests, more = [], 0, True
    begun, cpu = time.perf_counter(), time.process_time()
    while more:
        one = time.perf_counter()
        more, count = await editions.step(edition, making.DUE)
        chunks.append(time.perf_counter() - one)
        digests += count
    one = time.perf_counter()
    if not await editions.complete(edition, making.DUE):
        raise SystemExit("the edition's balance does not hold")
    ended = time.perf_counter()
    if profiler:
        profiler.disable()
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("cumulative").print_stats(60)
        pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(40)
    ordered = sorted(chunks)
    return {
        "seconds": ended - begun,
        "cpu": time.process_time() - cpu,
        "chunks": len(chunks),
        "p50": ordered[len(ordered) // 2],
        "max": ordered[-1],
        "balance": ended - one,
        "digests": digests,
        "told": await _told(store, edition),
        "before": before,
        "peak": making.peak_mb(),
    }


async def _told(store: Store, edition: EditionId) -> int:
    async with store.read() as connection:
        counts = await connection.exec_driver_sql("SELECT counts FROM edition WHERE id = ?", (edition,))
        return int(json.loads(counts.scalar_one())["reports"])


def daily(folder: Path, readers: int, *, profile: bool) -> tuple[float, float]:
    """Measure one size and print it; returns the seconds of the edition, and of its CPU."""
    path = folder / f"daily{readers}.db"
    filling = in_process(fill, path, readers, Kind.DAILY)
    alone, rows = floor(path, folder / "floor.db")
    found = (measure if profile else _apart)(path, profile=profile)
    if rows != found["told"]:
        raise SystemExit(f"{found['told']} reports were told, and the floor tells {rows}")
    print(
        f"daily, {readers:>9,} readers: {found['seconds']:7.2f} s"
        f" ({found['seconds'] / alone:.1f} times the floor of {alone:.2f} s),"
        f" {found['digests']:,} digests, {found['told']:,} reports told,"
        f" {found['digests'] / found['seconds']:,.0f} digests/s, CPU {found['cpu']:.2f} s\n"
        f"    {found['chunks']} chunks: p50 {found['p50'] * 1000:.0f} ms, max {found['max'] * 1000:.0f} ms,"
        f" CPU {found['cpu'] / found['chunks'] * 1000:.0f} ms;"
        f" balance {found['balance'] * 1000:.0f} ms;"
        f" memory {found['peak']:.0f} MB at most ({found['before']:.0f} before); filling took {filling:.0f} s",
        flush=True,
    )
    path.unlink()
    return float(found["seconds"]), float(found["cpu"])


def _apart(path: Path, *, profile: bool) -> dict[str, Any]:
    found: dict[str, Any] = in_process(_quietly, path)
    return found


def _quietly(path: Path) -> dict[str, Any]:
    return measure(path, profile=False)


def immediate(folder: Path, readers: int) -> None:
    """Measure the immediate edition of one report and print it."""
    path = folder / f"immediate{readers}.db"
    in_process(fill, path, readers, Kind.IMMEDIATE)
    found = _apart(path, profile=False)
    print(
        f"immediate, {readers:>5,} readers, one report: {found['seconds']:.3f} s for {found['digests']:,} digests"
        f" in {found['chunks']} chunks (max {found['max'] * 1000:.0f} ms; balance {found['balance'] * 1000:.0f} ms)",
        flush=True,
    )
    path.unlink()


def main() -> None:
    """Measure all sizes."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--readers", type=int, nargs="+", default=[20_000, 100_000])
    arguments.add_argument(
        "--profile", action="store_true", help="where the time of the edition goes, on stderr"
    )
    given = arguments.parse_args()
    print(making.machine())
    assert next_due(making.DAILY, making.START) <= making.DUE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = [daily(folder, readers, profile=given.profile) for readers in given.readers]
        if len(seconds) > 1:
            readers = given.readers[-1] / given.readers[0]
            time_, cpu = (last / first for first, last in zip(seconds[0], seconds[-1], strict=True))
            print(
                f"{readers:.1f} times the readers: {time_:.1f} times the time, {cpu:.1f} times the CPU"
                f" (aim: {readers * 1.1:.1f})"
            )
        immediate(folder, given.readers[0])
        if len(given.readers) > 1:
            immediate(folder, given.readers[-1])


if __name__ == "__main__":
    main()
