"""The sandbox catalogue over real HTTP: conditional requests, and reports that appear in their time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from alertd.clock import ManualClock
from alertd.demo.catalogue import FEED_LENGTH, SandboxCatalogue
from alertd.demo.reports import load_reports
from alertd.demo.story import START


@pytest.fixture
async def served() -> AsyncIterator[tuple[SandboxCatalogue, ManualClock, httpx2.AsyncClient]]:
    """A running catalogue, its clock and a client."""
    clock = ManualClock(START)
    catalogue = SandboxCatalogue(load_reports(), clock, START)
    async with httpx2.AsyncClient(base_url=await catalogue.start()) as client:
        yield catalogue, clock, client
    await catalogue.stop()


async def test_reports_appear_in_their_time(served) -> None:
    """The feed has at least 25 at first; a later one is in it, and has its page, from its instant on and not before."""
    _catalogue, clock, client = served
    first = await client.get("/feed.xml")
    assert first.headers["content-type"].startswith("application/rss+xml")
    assert 25 <= first.text.count("<item>") <= FEED_LENGTH
    assert "Portable Pensions" not in first.text
    assert (await client.get("/reports/2026-214")).status_code == 404
    clock.advance(timedelta(hours=2))
    second = await client.get("/feed.xml")
    assert "Portable Pensions" in second.text
    assert second.text.count("<item>") == first.text.count("<item>") + 1
    page = await client.get("/reports/2026-214")
    assert page.status_code == 200
    assert "Research Report No 214, 2026 (Total NO 5301) 2026-11-23" in page.text
    assert "Portable Pensions" in (await client.get("/")).text


async def test_the_feed_is_not_sent_twice(served) -> None:
    """Either validator is answered with 304 until something new appears; an ETag decides over a date."""
    _catalogue, clock, client = served
    first = await client.get("/feed.xml")
    by_tag = {"If-None-Match": first.headers["etag"]}
    by_date = {"If-Modified-Since": first.headers["last-modified"]}
    for known in (by_tag, by_date, {"If-None-Match": f'"other", W/{first.headers["etag"]}'}):
        answer = await client.get("/feed.xml", headers=known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == first.headers["etag"]
    for unknown in ({"If-None-Match": '"other"', **by_date}, {"If-Modified-Since": "yesterday"}):
        assert (await client.get("/feed.xml", headers=unknown)).status_code == 200
    clock.advance(timedelta(hours=2))
    for stale in (by_tag, by_date):
        assert (await client.get("/feed.xml", headers=stale)).status_code == 200
