"""Sending: from the outbox through claim, composing and SMTP to "sent" in the store, for a real edition.

The peers hand mails of the same size to the same sink in the same run: Postfix's smtp-source with as many sessions, where it
is installed, and smtplib over one connection, which composes nothing and records nothing. The floor of the disk is what our
rule costs where mails share nothing: two commits for each, one before DATA and one after the 250.

    python -m tests.bench.bench_sending [--mails 2000] [--connections 10] [--profile]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import resource
import shutil
import smtplib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event

from alertd.clock import ManualClock, real_wait
from alertd.config.settings import Relay, Settings
from alertd.delivery.sender import Sender
from alertd.digest.composer import DeliveryComposer
from alertd.digest.withdraw import withdraw
from alertd.mail.hashing import address_hash
from alertd.model import OutgoingMail
from alertd.store import claims, workers
from alertd.store.engines import Store
from tests.bench import making

_SBIN = "/usr/sbin:/usr/local/sbin:/usr/bin"
_HOST = "127.0.0.1"


@contextmanager
def sink() -> Iterator[tuple[int, str]]:
    """A server in a process of its own that takes every mail and keeps none: its port and its name."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
    program = shutil.which("smtp-sink", path=_SBIN)
    command = (
        [program, *(["-u", "nobody"] if _is_root() else []), f"{_HOST}:{port}", "200"]
        if program
        else [sys.executable, "-m", "tests.bench.sink", str(port)]
    )
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection((_HOST, port), 1).close()
                break
            except OSError:
                real_wait(0.05)
        else:
            raise SystemExit("the sink does not answer")
        yield port, "smtp-sink" if program else "tests.bench.sink"
    finally:
        process.terminate()
        process.wait()


def _is_root() -> bool:
    return Path("/proc/self").stat().st_uid == 0


class Timed:
    """A composer that is watched, and so is the store beside it."""

    def __init__(self, composer: DeliveryComposer) -> None:
        self._composer = composer
        self.seconds = 0.0
        self.size = 0
        self.commits = 0

    async def compose(self, batch: Any) -> Any:
        """Compose, and note the CPU time and the sizes."""
        begun = time.process_time()
        mails = await self._composer.compose(batch)
        self.seconds += time.process_time() - begun
        self.size += sum(len(mail.data) for mail in mails.values() if isinstance(mail, OutgoingMail))
        return mails

    def committed(self, _connection: object) -> None:
        """One more commit."""
        self.commits += 1


async def ours(
    path: Path, port: int, *, mails: int, connections: int, profile: bool
) -> tuple[float, float, Timed]:
    """Send an edition; returns seconds, CPU seconds, and what composing took."""
    async with making.opened(path) as store:
        await _queue(store, mails)
        clock = ManualClock(making.DUE)
        async with store.write() as connection:
            me = await workers.register(connection, host="h", pid=1, roles=["send"], now=making.DUE)
        composer = Timed(DeliveryComposer(store, making.KEYS))
        relay = Relay(host=_HOST, port=port, connections=connections)
        sender = Sender(
            store=store,
            settings=replace(Settings(file=path), service=making.SERVICE, relay=relay),
            clock=clock,
            composer=composer,
            worker_id=me,
            withdraw=withdraw,
            hash_address=lambda address: address_hash(making.KEYS, address),
            alarm=_alarm,
        )
        event.listen(store.writer.sync_engine, "commit", composer.committed)
        profiler = cProfile.Profile() if profile else None
        if profiler:
            profiler.enable()
        begun, cpu = time.perf_counter(), time.process_time()
        summary = await sender.run_due(making.DUE)
        took, cpu = time.perf_counter() - begun, time.process_time() - cpu
        if profiler:
            profiler.disable()
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(45)
        if summary.sent != mails:
            raise SystemExit(f"{summary.sent} of {mails} mails were sent: {summary}")
        return took, cpu, composer


async def _alarm(name: str, text: str) -> None:
    raise SystemExit(f"{name}: {text}")


async def _queue(store: Store, mails: int) -> None:
    """An edition of at least this many digests; what is more is taken out of the outbox."""
    await making.fill(store, mails * 2, schedule=making.DAILY)
    await making.announce(store, making.report_fields(100), making.announcer())
    editions = making.editions(store)
    await editions.run_due(making.DUE)
    async with store.write() as connection:
        await connection.exec_driver_sql(
            "DELETE FROM delivery WHERE id NOT IN (SELECT id FROM delivery ORDER BY id LIMIT ?)", (mails,)
        )


async def some_mails(path: Path, count: int) -> list[OutgoingMail]:
    """Mails of this store, composed by the product."""
    async with making.opened(path) as store:
        async with store.write() as connection:
            await connection.exec_driver_sql(
                "UPDATE delivery SET state = 'pending', claimed_by = NULL, data_at = NULL"
            )
            claimed = await claims.claim(
                connection, worker_id=1, now=making.DUE, limit=count, withdraw=withdraw, hash_address=str
            )
        made = await DeliveryComposer(store, making.KEYS).compose(claimed.claims)
        return [mail for mail in made.values() if isinstance(mail, OutgoingMail)]


def one_connection(mails: list[OutgoingMail], port: int) -> tuple[float, float]:
    """smtplib, one connection, mails ready made: seconds and CPU seconds."""
    begun, cpu = time.perf_counter(), time.process_time()
    with smtplib.SMTP(_HOST, port) as client:
        client.ehlo()
        for mail in mails:
            client.sendmail(mail.return_path, [mail.recipient], mail.data)
    return time.perf_counter() - begun, time.process_time() - cpu


def smtp_source(port: int, *, mails: int, size: int, sessions: int) -> tuple[float, float] | None:
    """Postfix's generator: seconds and CPU seconds, None where it is not installed."""
    program = shutil.which("smtp-source", path=_SBIN)
    if program is None:
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(
        [program, "-s", str(sessions), "-m", str(mails), "-l", str(size), "-d", "-f", "a@example.org",
         "-t", "b@example.org", f"{_HOST}:{port}"],
        check=True,
    )  # fmt: skip
    took, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commits(folder: Path, count: int) -> float:
    """Seconds of so many commits of one row, as safe as the store's."""
    connection = sqlite3.connect(folder / "commits.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, state TEXT)")
    begun = time.perf_counter()
    for number in range(count):
        connection.execute("INSERT INTO one VALUES (?, 'sent')", (number,))
    took = time.perf_counter() - begun
    connection.close()
    return took


def _line(name: str, mails: int, seconds: float, cpu: float | None, best: float) -> str:
    rate = mails / seconds
    spent = f"{cpu / mails * 1e6:7,.0f} us CPU a mail" if cpu is not None else ""
    return f"{name:46} {rate:8,.0f} mails/s  {rate / best:6.3f}  {spent}"


def main() -> None:
    """Measure, and print each with its share of the fastest."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--mails", type=int, default=2_000)
    arguments.add_argument("--connections", type=int, default=10)
    arguments.add_argument("--profile", action="store_true", help="where the time goes, on stderr")
    given = arguments.parse_args()
    print(making.machine())
    with tempfile.TemporaryDirectory() as name, sink() as (port, server):
        folder, mails = Path(name), given.mails
        took, cpu, composer = asyncio.run(
            ours(folder / "store.db", port, mails=mails, connections=given.connections, profile=given.profile)
        )
        size = composer.size // mails
        ready = asyncio.run(some_mails(folder / "store.db", mails))
        plain = one_connection(ready, port)
        source = smtp_source(port, mails=mails, size=size, sessions=given.connections)
        disk = commits(folder, 2 * mails)
        best = mails / (source or plain)[0]
        print(
            f"{mails:,} digests of {size:,} bytes to {server}; the second figure is the share of the first peer"
        )
        if source:
            print(_line(f"smtp-source, {given.connections} sessions", mails, *source, best))
        print(_line("smtplib, 1 connection, mails ready made", mails, *plain, best))
        print(_line("floor of the disk: two commits a mail", mails, disk, None, best))
        print(_line(f"alertd, {given.connections} connections, all of it", mails, took, cpu, best))
        print(
            f"    of that CPU, composing: {composer.seconds / mails * 1e6:,.0f} us a mail;"
            f" commits: {composer.commits / mails:.2f} a mail"
        )


if __name__ == "__main__":
    main()
