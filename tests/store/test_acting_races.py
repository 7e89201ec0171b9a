"""Mail handled beside other transactions on PostgreSQL: the order of locks, and what is decided under them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from alertd.clock import ManualClock, real_monotonic, real_sleep
from alertd.model import SubscriberState
from alertd.store import announcements, subscribers
from alertd.store.engines import Store
from alertd.subscribers import leave
from tests.store.postbox import READER, Postbox, open_postbox, settings


@pytest.fixture
async def postbox(pg_database: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Postbox]:
    """A service on PostgreSQL with one reader."""
    store = Store(pg_database)
    async with open_postbox(store, clock, settings(tmp_path)) as opened:
        await opened.enrol(READER, "land")
        yield opened
    await store.close()


async def _blocked(postbox: Postbox) -> None:
    """Wait until some transaction waits for a lock."""
    deadline = real_monotonic() + 20
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while True:
        async with postbox.store.read() as connection:
            if (await connection.execute(waiting)).scalar_one():
                return
        assert real_monotonic() < deadline, "nothing waits"
        await real_sleep(0.02)


@pytest.mark.parametrize("mail", ["add water", "stop", "list", "confirmation", "leave token"])
async def test_the_counter_comes_first(postbox: Postbox, mail: str) -> None:
    """A mail that waits for an announcer holds no reader meanwhile, so the announcer's edition cannot wait for the mail."""
    options: dict[str, str | bool] = {"text": mail, "proven": mail != "stop"}
    if mail == "confirmation":
        (asked,) = await postbox.post("add soil")
        options = {"text": "yes", "to": asked.reply_to}
    elif mail == "leave token":
        (told,) = await postbox.post("list")
        options = {"text": "", "to": told.leave_address, "sender": "friend@example.com"}
    reader = await postbox.reader()
    async with postbox.store.write() as announcing:
        await announcements.lock_counter(announcing)
        handling = asyncio.ensure_future(postbox.post(**options))  # type: ignore[arg-type]
        await _blocked(postbox)
        async with postbox.store.write() as other:
            await other.execute(text("SET LOCAL lock_timeout = '2s'"))
            assert await subscribers.lock(other, [reader.id]) == [reader]
    assert len(await handling) == 1


async def test_what_is_decided_is_still_true_when_it_is_done(postbox: Postbox) -> None:
    """An admin ends the reader while their mail waits: it is decided about whom they are then, and gives them nothing back."""
    reader = await postbox.reader()
    async with postbox.store.write() as ending:
        await subscribers.lock(ending, [reader.id])
        handling = asyncio.ensure_future(postbox.post("add water", proven=True))
        await _blocked(postbox)
        await leave.end(ending, [reader.id], reason=leave.BY_ADMIN, now=postbox.clock.now())
    (asked,) = await handling
    assert asked.kind == "confirmation"  # a stranger who asks to be signed up
    assert (await postbox.state(), await postbox.queries()) == (SubscriberState.ENDED, [])
