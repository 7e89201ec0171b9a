"""Fixtures of the store's tests: a whole service on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alertd.clock import ManualClock
from alertd.config.settings import Topic
from alertd.store.engines import Store
from tests.store.postbox import Postbox, open_postbox, settings

TOPICS = (
    Topic("urban", "Urban-rural integration", "urban-rural OR 城乡"),
    Topic("health", "Health", "health"),
)


@pytest.fixture
async def postbox(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Postbox]:
    """A service at alerts@example.org with two topics, and nobody signed up."""
    async with open_postbox(store, clock, settings(tmp_path), topics=TOPICS) as opened:
        yield opened
