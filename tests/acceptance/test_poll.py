"""Whole polls over a real HTTP server into both databases: answers, redirects, refusals, failures."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import select
from structlog.testing import capture_logs

from alertd.catalogue.poll import Outcome
from alertd.clock import ManualClock
from alertd.errors import NotFoundError
from alertd.model import CatalogueState
from alertd.store import catalogues
from alertd.store.engines import Store
from alertd.store.tables import report
from tests.unit.catalogue.feeds import item, rss
from tests.unit.catalogue.scene import DAY, Scene, entry, playing
from tests.unit.catalogue.serving import Answer, serving


@pytest.fixture
async def scene(store: Store, clock: ManualClock) -> AsyncIterator[Scene]:
    """A catalogue that was never polled."""
    async with playing(store, clock) as made:
        yield made


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """Everything that is logged, debug events too."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    with capture_logs() as found:
        yield found
    structlog.configure(wrapper_class=before)


async def test_failures_forget_nothing(scene: Scene) -> None:
    """Errors, empty feeds, error pages and broken documents leave the reports, and what comes back is not new."""
    await scene.poll(entry(1), entry(2))
    feed = (entry(1), entry(2))
    good = await scene.row()
    for answer in (
        Answer(500),
        Answer(body=b"<html>maintenance</html>"),
        Answer(body=b""),
        Answer(body=b"<rss", length=999),
    ):
        scene.feeds.at("/feed", answer)
        failed = await scene.poll()
        assert failed.outcome is Outcome.FAILED
        assert failed.error
    row = await scene.row()
    assert (row.failures, row.state, row.polled_at) == (4, CatalogueState.ACTIVE, good.polled_at)
    assert row.next_poll_at - scene.clock.now() > scene.settings.poll_every * 4, "waits grow"
    scene.feeds.at("/feed", Answer(body=rss().encode()))
    empty = await scene.poll()
    assert (empty.outcome, empty.entries, empty.error) == (Outcome.STORED, 0, "the feed has no entries")
    back = await scene.poll(*feed)
    assert (back.announced, back.baseline, back.held, back.revised) == (0, 0, 0, 0)
    row = await scene.row()
    assert (row.failures, row.last_error) == (0, "")
    assert await scene.announced() == []


async def test_conditional_requests(scene: Scene) -> None:
    """Validators go back as they came; a 304 changes nothing; once a day the feed is fetched whole all the same."""
    scene.serve(entry(1), ETag='"v1"', **{"Last-Modified": "then"})
    await scene.poll(after=timedelta(hours=1))
    scene.feeds.at("/feed", Answer(304))
    unchanged = await scene.poll()
    assert unchanged.outcome is Outcome.UNCHANGED
    assert scene.feeds.requests[-1].headers["if-none-match"] == '"v1"'
    assert scene.feeds.requests[-1].headers["if-modified-since"] == "then"
    assert (await scene.row()).polled_at == scene.clock.now()
    scene.serve(entry(1), ETag='"v1"')
    await scene.poll(after=DAY)
    assert "if-none-match" not in scene.feeds.requests[-1].headers
    async with scene.store.read() as connection:
        seen = (await connection.execute(select(report.c.last_seen_at))).scalar_one()
    assert seen == scene.clock.now()


async def test_a_cut_document_is_fetched_again(scene: Scene) -> None:
    """The entries of a broken document are taken, but its validators are not: the rest would never come."""
    await scene.poll(entry(1))
    cut = rss(entry(2), entry(3)).encode()[:-40]
    scene.feeds.at("/feed", Answer(body=cut, headers={"ETag": '"v2"'}))
    assert (await scene.poll()).announced >= 1
    row = await scene.row()
    assert row.etag == ""
    await scene.poll(entry(2), entry(3))
    assert {identity for identity, _, _ in await scene.announced()} == {"g2", "g3"}


async def test_permanent_redirect_is_remembered_and_forgotten(scene: Scene, logs: list[Any]) -> None:
    """A moved feed is polled at its new place, its relative guids and links stay the same reports; a dead one is left."""
    relative = item("1", "Report 1", "/r/1", "Text.")
    await scene.poll(relative)
    async with serving() as elsewhere:
        new_place = elsewhere.at("/new", Answer(body=rss(relative).encode(), headers={"ETag": '"e"'}))
        scene.feeds.at("/feed", Answer(301, headers={"Location": new_place}))
        moved = await scene.poll()
        assert (moved.announced, moved.held) == (0, 0)
        assert [each["moved_to"] for each in logs if each["event"] == "poll.moved"] == [new_place]
        assert (await scene.row()).moved_to == new_place
        asked = len(scene.feeds.requests)
        await scene.poll()
        assert (len(scene.feeds.requests), elsewhere.requests[-1].target) == (asked, "/new")
        elsewhere.at("/new", Answer(410))
        assert (await scene.poll()).outcome is Outcome.FAILED
    row = await scene.row()
    assert (row.moved_to, row.state, row.etag) == ("", CatalogueState.ACTIVE, "")
    assert (await scene.poll(relative)).outcome is Outcome.STORED


async def test_gone(scene: Scene) -> None:
    """410 stops polling with a clear status; a poll by hand that succeeds brings the catalogue back."""
    await scene.poll(entry(1))
    scene.feeds.at("/feed", Answer(410))
    gone = await scene.poll()
    assert gone.outcome is Outcome.GONE
    row = await scene.row()
    assert row.state is CatalogueState.GONE
    assert "answers 410" in row.last_error
    assert "not polled again until its feed is changed" in row.last_error
    scene.clock.advance(9 * DAY)
    assert await scene.poller.poll_due() == []
    assert (await scene.poll(entry(1), entry(2))).announced == 1
    assert (await scene.row()).state is CatalogueState.ACTIVE


async def test_retry_after(scene: Scene) -> None:
    """A server that is busy is left alone for as long as it asks."""
    scene.feeds.at("/feed", Answer(429, headers={"Retry-After": "86400"}))
    result = await scene.poll()
    assert result.next_poll_at == scene.clock.now() + DAY
    assert await scene.poller.poll_due() == []
    scene.clock.advance(DAY)
    assert [each.outcome for each in await scene.poller.poll_due()] == [Outcome.FAILED]


async def test_loopback_is_refused_unless_allowed(scene: Scene) -> None:
    """Without allow_private a catalogue on this host fails with the remedy, and nothing is asked."""
    scene.use(allow_private=False)
    refused = await scene.poll(entry(1))
    assert refused.outcome is Outcome.FAILED
    assert "allow_private = true" in refused.error
    assert not scene.feeds.requests


async def test_poll_due_goes_on_past_a_failure(scene: Scene) -> None:
    """Every due catalogue is polled once, whatever becomes of the others."""
    other = replace(
        scene.settings, name="other", feed=scene.feeds.at("/other", Answer(body=rss(entry(1)).encode()))
    )
    scene.poller.use((scene.settings, other))
    await scene.poller.sync()
    ended = {each.catalogue: each.outcome for each in await scene.poller.poll_due()}
    assert ended == {"drc": Outcome.FAILED, "other": Outcome.STORED}
    assert await scene.poller.poll_due() == []
    with pytest.raises(NotFoundError, match="drc, other"):
        await scene.poller.poll("nope")


async def test_events_and_secrets(scene: Scene, logs: list[Any]) -> None:
    """The stages are logged for who watches, without the credentials and keys of the feed's URL."""
    scene.use(feed=scene.feeds.url.replace("//", "//user:password@") + "/feed?key=secret")
    await scene.poller.sync()
    await scene.poll(entry(1))
    scene.feeds.at("/feed", Answer(500))
    await scene.poll()
    events = [each["event"] for each in logs]
    assert events[:5] == ["poll.start", "poll.fetched", "poll.storing", "poll.stored", "poll.done"]
    assert events[-1] == "poll.failed"
    told = f"{logs} {(await scene.row()).last_error}"
    assert "password" not in told
    assert "secret" not in told


async def test_a_catalogue_that_is_removed_during_its_poll(scene: Scene) -> None:
    """What was fetched for a feed that the configuration no longer has is not stored."""

    async def remove(_: object) -> None:
        async with scene.store.write() as connection:
            await catalogues.sync(connection, {}, scene.clock.now())

    scene.feeds.at("/feed", Answer(body=rss(entry(1)).encode(), more=remove))
    result = await scene.poll()
    assert result.outcome is Outcome.FAILED
    assert "configuration changed" in result.error
    assert await scene.states() == {}
