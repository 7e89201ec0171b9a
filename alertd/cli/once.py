"""`alertd run --once`: all that is due at one instant, in a row; for cron, for tests, and as a rehearsal."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from alertd import work
from alertd.clock import Clock, ManualClock
from alertd.config import load, unset
from alertd.config.settings import Declared, Relay, Settings
from alertd.control.services import Services, open_services
from alertd.demo.relay import Relay as SandboxRelay
from alertd.errors import ConfigError, RefusedError
from alertd.mail.wording import many
from alertd.postmaster.envelope import OurAddress
from alertd.postmaster.intake import Intake
from alertd.postmaster.spool import Spool
from alertd.store import workers
from alertd.store.engines import sqlite_path
from alertd.work import Work

Tell = Callable[[str], None]


async def run_once(file: Path, *, clock: Clock, now: datetime | None, sandbox: bool, tell: Tell) -> list[str]:
    """Do all that is due at an instant; returns what failed, in words.

    Args:
        file: alertd.toml.
        clock: the machine's.
        now: the instant, None for the clock's.
        sandbox: work on a copy of the store, keep the mails in a folder and send none. Feeds are polled.
        tell: gets a line for each thing done.

    Raises:
        ConfigError: the configuration is faulty, or not set up yet.
        RefusedError: `now` is before the store's last instant, or in the future without `sandbox`.
    """
    settings, declared = load(file)
    if missing := unset(settings, declared):
        raise ConfigError(missing)
    if now is not None and now > clock.now() and not sandbox:
        raise RefusedError(
            f"--now {now.isoformat()} is in the future: what would be sent then must not be sent today."
            " Add --sandbox to rehearse it"
        )
    at = ManualClock(now if now is not None else clock.now())
    if not sandbox:
        return await _work_through(settings, declared, at, tell)
    with tempfile.TemporaryDirectory(prefix="alertd-rehearsal-") as folder:
        copy = Path(folder) / "alertd.db"
        _copy_store(settings, copy)
        mails = Path(tempfile.mkdtemp(prefix="alertd-mails-"))
        relay = SandboxRelay(mails)
        port = await relay.start()
        try:
            rehearsed = replace(
                settings,
                store=replace(settings.store, url=f"sqlite:///{copy}"),
                relay=Relay(host="127.0.0.1", port=port, connections=settings.relay.connections),
            )
            failures = await _work_through(rehearsed, declared, at, tell)
        finally:
            await relay.stop()
        tell(f"rehearsal: {many(len(relay.caught), 'mail')} kept in {mails}; none was sent")
        return failures


def _copy_store(settings: Settings, copy: Path) -> None:
    source = sqlite_path(settings.store.url)
    if source is None:
        raise RefusedError(
            "--sandbox copies SQLite stores only; copy the PostgreSQL database and point [store] url at it"
        )
    if source.exists():
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(copy)) as made,
        ):
            live.backup(made)


async def _work_through(settings: Settings, declared: Declared, clock: ManualClock, tell: Tell) -> list[str]:
    async with open_services(settings, clock, declared=declared) as services:
        await _refuse_the_past(services)
        worker_id = await work.register(services)
        try:
            return await _do_all(services, Work(services, worker_id), tell)
        finally:
            await work.end(services, worker_id)


async def _refuse_the_past(services: Services) -> None:
    async with services.store.read() as connection:
        last = await workers.last_instant(connection)
    now = services.clock.now()
    if last is not None and now < last:
        raise RefusedError(
            f"{now.isoformat()} is before {last.isoformat()}, to which this store has lived already."
            " Choose a later --now, or leave it out"
        )


async def _take_in(services: Services) -> None:
    """Take in what lies in the spool; LMTP and a mailbox are the daemon's."""
    ours = OurAddress(services.settings.service)
    intake = Intake(services.store, services.clock, ours=ours, max_size=services.settings.intake.max_size)
    await Spool(services.settings.intake.spool, intake).sweep()


async def _do_all(services: Services, doing: Work, tell: Tell) -> list[str]:
    await doing.begin()
    await doing.sweep()
    await _take_in(services)
    received = await doing.receive()
    failures = await doing.poll()
    editions = await doing.run_editions()
    if editions.failed:
        failures.append(f"editions that do not balance: {editions.failed}; see alertd status")
    sent = await doing.sender.run_due(services.clock.now())
    await doing.purge()
    tell(
        f"mails in: {received} handled; editions: {editions.opened} opened, {many(editions.digests, 'digest')};"
        f" mails: {sent.sent} sent, {sent.deferred} deferred, {sent.failed} failed, {sent.held} held"
    )
    for name in ("failed", "deferred", "in_doubt", "held"):
        if count := getattr(sent, name):
            failures.append(f"{many(count, 'mail')} {name.replace('_', ' ')}: see alertd outbox list")
    if sent.trouble:
        failures.append(sent.trouble)
    for line in failures:
        tell(f"failed: {line}")
    return failures
