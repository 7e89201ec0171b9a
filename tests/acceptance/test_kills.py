"""The whole service in real processes, killed again and again at every stage: nothing is lost, seldom something twice."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from alertd.clock import real_sleep
from tests.acceptance.kill_oracle import FeedReport, expected, judge, told
from tests.acceptance.kill_world import STAGES, WORDS, Feed, Relay, Service

CONNECTIONS = 4


async def _feed_grows(feed: Feed, rng: random.Random, stop: asyncio.Event) -> None:
    """A new report now and then."""
    while not stop.is_set():
        number = len(feed.reports)
        feed.reports.append(FeedReport(number, " ".join(rng.sample(WORDS, rng.choice([1, 2, 3])))))
        await real_sleep(rng.uniform(0.3, 0.9))


async def _kill_often(folder: Path, *, kills: int) -> None:
    rng = random.Random(20261124)
    feed = Feed([FeedReport(number, "alpha beta", baseline=True) for number in range(3)])
    relay = Relay(folder / "caught")
    await feed.start()
    await relay.start()
    try:
        await _kill(Service(folder, feed, relay), feed, relay, rng, kills=kills)
    finally:
        await feed.stop()
        await relay.stop()


async def _kill(service: Service, feed: Feed, relay: Relay, rng: random.Random, *, kills: int) -> None:
    # a first life, so that the baseline is taken and everybody is enrolled before anything new appears
    await service.start()
    await service.run_until(lambda: len(relay.mails) >= 40, seconds=40)
    assert len(relay.mails) >= 40, service.tail()
    stop = asyncio.Event()
    growing = asyncio.create_task(_feed_grows(feed, rng, stop))
    while sum(service.kills.values()) < kills or min(service.kills[stage] for stage in STAGES) < 1:
        stage = min(STAGES, key=lambda name: (service.kills[name], rng.random()))
        await service.start()
        await service.kill_at(stage, skip=rng.choice([0, 0, 1, 2]), patience=30)
        assert service.missed < 6 * kills, f"stages are missed too often: {dict(service.kills)}"
    stop.set()
    await growing
    wanted = expected(service.config, feed.reports)

    def arrived() -> bool:
        digests = [mail for mail in relay.mails if b"\r\nPrecedence: list\r\n" in mail.data]
        return {(mail.recipient, url) for mail in digests for url in told(mail)} >= wanted.keys()

    await service.start()
    await service.run_until(arrived, seconds=75)
    verdict = judge(service.config, feed.reports, relay.mails)
    lines = [f"{stage}: {service.kills[stage]}" for stage in STAGES]
    print(  # what issue and operator want to see: kills by stage
        f"\n{sum(service.kills.values())} kills ({', '.join(lines)}), {service.missed} fell outside their stage;"
        f" {len(feed.reports)} reports, {len(wanted)} (reader, report) due, {len(relay.mails)} mails,"
        f" {verdict.copies} second copies"
    )
    assert verdict.missing == set(), service.tail()
    assert verdict.unasked == set()
    assert verdict.wrong_queries == []
    assert verdict.told_twice == set()
    assert verdict.changed_bytes == set()
    assert verdict.copies <= service.kills_with_mail * CONNECTIONS
    assert all(service.kills[stage] for stage in STAGES)


@pytest.mark.timeout(400)
async def test_nothing_is_lost_when_the_daemon_is_killed(tmp_path: Path) -> None:
    """Twenty kills spread over every stage; every (reader, report, queries) arrives, and once."""
    await _kill_often(tmp_path / "service", kills=20)


@pytest.mark.torture
@pytest.mark.timeout(3600)
async def test_nothing_is_lost_in_a_hundred_kills(tmp_path: Path) -> None:
    """The same for a long time (`make torture`)."""
    await _kill_often(tmp_path / "service", kills=int(os.environ.get("ALERTD_TEST_KILLS", "100")))
