"""Inbound mails: taken in once, claimed in order, recovered after a death, set aside, retried, purged."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from alertd.errors import NotFoundError, RefusedError, StoreUnavailableError
from alertd.store import inbound
from alertd.store.engines import Store
from alertd.store.inbound import ClaimedMail, Handled
from tests.conftest import NOW

LATER = NOW + timedelta(days=7)


async def put(store: Store, key: str, raw: bytes = b"raw", at: datetime = NOW) -> int:
    async with store.write() as connection:
        added, _ = await inbound.add(
            connection,
            dedupe_key=key,
            via="lmtp",
            sender="",
            recipient="alerts@example.org",
            raw=raw,
            received_at=at,
        )
    return added


async def take(store: Store, after: int = 0) -> ClaimedMail | None:
    async with store.write() as connection:
        return await inbound.claim(connection, after=after)


async def state(store: Store, mail_id: int) -> str:
    async with store.read() as connection:
        return (await inbound.get(connection, mail_id))[0].state


async def test_the_same_key_is_taken_in_once(store: Store) -> None:
    """A second mail of the same key gets the first one's id and adds no row."""
    first = await put(store, "k")
    async with store.write() as connection:
        again = await inbound.add(
            connection,
            dedupe_key="k",
            via="imap",
            sender=None,
            recipient="alerts+stop@example.org",
            raw=b"other",
            received_at=NOW,
        )
    assert again == (first, False)
    async with store.read() as connection:
        row, raw = await inbound.get(connection, first)
    assert (row.via, row.sender, raw) == ("lmtp", "", b"raw")


async def test_claims_go_in_order_and_each_mail_once(store: Store) -> None:
    """The oldest new mail comes first, a claimed one not again, nothing when all are claimed."""
    ids = [await put(store, key) for key in "abc"]
    claimed = [await take(store) for _ in range(4)]
    assert [mail and mail.id for mail in claimed] == [*ids, None]
    assert claimed[0] is not None
    assert (claimed[0].raw, claimed[0].tries, claimed[0].received_at) == (b"raw", 1, NOW)
    assert await take(store, after=0) is None


async def test_after_skips_older_mails(store: Store) -> None:
    """A claim looks only above the id it is given."""
    first, second = await put(store, "a"), await put(store, "b")
    mail = await take(store, after=first)
    assert mail is not None
    assert mail.id == second


async def test_a_mail_left_working_is_tried_again_and_then_set_aside(store: Store) -> None:
    """One death gives a second try, the second death a place in quarantine with the reason."""
    mail_id = await put(store, "a")
    for expected in (([mail_id], []), ([], [mail_id])):
        assert await take(store) is not None
        async with store.write() as connection:
            assert await inbound.recover(connection, now=NOW, purge_at=LATER) == expected
    async with store.read() as connection:
        row, _ = await inbound.get(connection, mail_id)
    assert (row.state, row.reason, row.purge_at) == ("quarantined", inbound.KILLED_TWICE, LATER)


async def test_a_released_mail_is_not_charged(store: Store) -> None:
    """Giving a mail back leaves it as it was before the claim."""
    mail_id = await put(store, "a")
    for _ in range(3):
        mail = await take(store)
        assert mail is not None
        async with store.write() as connection:
            await inbound.release(connection, mail)
    again = await take(store)
    assert again is not None
    assert (again.id, again.tries) == (mail_id, 1)


@pytest.mark.parametrize("ignored", [False, True])
async def test_finish_keeps_what_happened(store: Store, ignored: bool) -> None:
    """The kind, outcome and reason of the handling are kept with the row."""
    mail_id = await put(store, "a")
    mail = await take(store)
    assert mail is not None
    handled = Handled(kind="command", outcome={"did": ["订阅"]}, ignored=ignored, reason="why")
    async with store.write() as connection:
        await inbound.finish(connection, mail, handled, now=NOW, purge_at=LATER)
    async with store.read() as connection:
        row, _ = await inbound.get(connection, mail_id)
    assert row.state == ("ignored" if ignored else "done")
    assert (row.kind, row.outcome, row.reason, row.size) == ("command", {"did": ["订阅"]}, "why", 3)
    assert (row.done_at, row.purge_at) == (NOW, LATER)


async def test_a_lost_claim_cannot_finish(store: Store) -> None:
    """Once another process has taken a mail over, the first one's transaction is refused."""
    await put(store, "a")
    mine = await take(store)
    assert mine is not None
    async with store.write() as connection:
        await inbound.recover(connection, now=NOW, purge_at=LATER)
    theirs = await take(store)
    assert theirs is not None
    with pytest.raises(StoreUnavailableError, match="taken over"):
        async with store.write() as connection:
            await inbound.finish(connection, mine, Handled("command"), now=NOW, purge_at=LATER)
    async with store.write() as connection:
        await inbound.finish(connection, theirs, Handled("command"), now=NOW, purge_at=LATER)
    assert await state(store, mine.id) == "done"


async def test_only_one_process_handles_mails(store: Store) -> None:
    """On PostgreSQL a second worker is told to keep away while the first one works, and may come after it."""
    if store.is_sqlite:
        async with inbound.sole_worker(store) as free:
            assert free
        return
    other = Store(store.url)
    async with inbound.sole_worker(store) as first, inbound.sole_worker(other) as second:
        assert (first, second) == (True, False)
    async with inbound.sole_worker(other) as third:
        assert third
    await other.close()


async def test_retry_starts_over(store: Store) -> None:
    """A quarantined mail can be tried again as if it were new; a done or unknown one cannot."""
    mail_id = await put(store, "a")
    mail = await take(store)
    assert mail is not None
    async with store.write() as connection:
        with pytest.raises(RefusedError, match="is working"):
            await inbound.retry(connection, mail_id)
        await inbound.quarantine(connection, mail, reason="odd", now=NOW, purge_at=LATER)
        await inbound.retry(connection, mail_id)
        with pytest.raises(NotFoundError, match="no inbound mail has the id 999"):
            await inbound.retry(connection, 999)
    again = await take(store)
    assert again is not None
    assert again.tries == 1


async def test_lists_show_the_newest_of_a_state(store: Store) -> None:
    """Pages run from the newest to the oldest, filtered by state; counts tell all states."""
    ids = [await put(store, key) for key in "abcd"]
    await take(store)
    async with store.read() as connection:
        page = await inbound.fetch_page(connection, states=["new"], limit=2)
        rest = await inbound.fetch_page(connection, before=page[-1].id)
        counts = await inbound.count_by_state(connection)
    assert [row.id for row in page] == [ids[3], ids[2]]
    assert [row.id for row in rest] == [ids[1], ids[0]]
    assert counts == {"new": 3, "working": 1}


async def test_purge_drops_raw_mails_and_later_the_rows(store: Store) -> None:
    """At its time the mail is dropped but still recognised; long after, the row goes too. Open mails stay."""
    done = await put(store, "a")
    open_ = await put(store, "b")
    mail = await take(store)
    assert mail is not None
    async with store.write() as connection:
        await inbound.finish(connection, mail, Handled("command"), now=NOW, purge_at=LATER)
    for at, dropped in ((NOW, 0), (LATER, 1), (LATER, 0)):
        async with store.write() as connection:
            assert await inbound.purge(connection, now=at, forget_before=NOW) == dropped
    async with store.write() as connection:
        assert (await inbound.get(connection, done))[1] is None
        with pytest.raises(RefusedError, match="was purged at"):
            await inbound.retry(connection, done)
    assert await put(store, "a") == done
    async with store.write() as connection:
        await inbound.purge(connection, now=LATER, forget_before=LATER)
        with pytest.raises(NotFoundError):
            await inbound.get(connection, done)
    assert await state(store, open_) == "new"


async def test_quarantined_mails_keep_their_beginning(store: Store) -> None:
    """A mail too large to handle is kept by its beginning, with the reason, and is not claimed."""
    async with store.write() as connection:
        mail_id, first = await inbound.add_quarantined(
            connection,
            dedupe_key="big",
            via="imap",
            sender=None,
            recipient="alerts@example.org",
            raw=b"x" * 10,
            reason="too large",
            received_at=NOW,
            purge_at=LATER,
        )
    assert first
    assert await take(store) is None
    assert await state(store, mail_id) == "quarantined"
