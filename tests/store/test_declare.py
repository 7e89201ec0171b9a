"""Applying config/*.toml to a store: what is new, changed and taken out, chunk by chunk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from alertd.config.settings import Catalogue, Topic
from alertd.errors import RefusedError
from alertd.model import No, Origin, SubscriberState
from alertd.query import parse
from alertd.store import announcements, catalogues, consents, subscriptions
from alertd.store.engines import Store
from alertd.store.tables import cursor
from alertd.subscribers import change, declare, leave
from alertd.subscribers.enrol import Wish
from tests.store.declaring import (
    DAILY,
    IMMEDIATE,
    RURAL,
    WEEKLY,
    Applying,
    asked,
    files,
    of_topic,
    person,
)
from tests.store.world import START


@pytest.fixture
def site(store: Store) -> Applying:
    """A store on each database in turn."""
    return Applying(store)


async def test_new_readers(site: Applying) -> None:
    """Who is declared becomes an active reader, is welcomed once, and the evidence says by whom."""
    changes = await site.apply(files(person("ann", asked("alpha"), asked("beta", IMMEDIATE)), person("bob")))
    assert changes.as_json()["subscribers"]["added"] == ["ann@example.org", "bob@example.org"]
    ann = await site.reader("ann")
    assert (ann.state, ann.origin, ann.own_settings) == (SubscriberState.ACTIVE, Origin.FILE, ())
    assert await site.asks("ann") == {"alpha": DAILY, "beta": IMMEDIATE}
    assert site.welcomed == ["ann@example.org", "bob@example.org"]
    async with site.store.read() as connection:
        (act,) = await consents.of_address(connection, "hash of ann@example.org")
    assert (act.act, act.via, act.subscriber_id) == ("declared", "file", ann.id)


async def test_applying_twice_changes_nothing(site: Applying) -> None:
    """The same files again: nothing to change, not a row written, nobody welcomed again."""
    declared = files(
        person("ann", asked("alpha", label="mine"), of_topic(), catalogues=["drc"]),
        person("bob", asked("alpha", IMMEDIATE), asked("ALPHA", WEEKLY), zone="Asia/Shanghai"),
        topics=[RURAL],
    )
    await site.apply(declared)
    before = await site.everything()
    assert not await site.compare(declared)
    assert not await site.apply(declared)
    assert await site.everything() == before
    assert len(site.welcomed) == 2


async def test_what_the_file_changes(site: Applying) -> None:
    """Labels, schedules, settings, queries added and taken away: each reaches the reader, and no other."""
    await site.apply(files(person("ann", asked("alpha"), asked("beta"), asked("gamma")), person("bob")))
    changes = await site.apply(
        files(
            person(
                "ann",
                asked("alpha", label="first"),
                asked("beta", WEEKLY),
                asked("delta"),
                language="zh",
                format="text",
                zone="Asia/Shanghai",
            ),
            person("bob"),
        )
    )
    assert changes.as_json()["subscribers"] == {
        "added": [],
        "changed": ["ann@example.org"],
        "ended": [],
        "skipped": [],
    }
    assert await site.asks("ann") == {"alpha": DAILY, "beta": WEEKLY, "delta": DAILY}
    assert {row.canonical: row.label for row in await site.rows("ann")}["alpha"] == "first"
    ann = await site.reader("ann")
    assert (ann.language, ann.format, ann.zone) == ("zh", "text", "Asia/Shanghai")
    dropped = [row for row in await site.rows("ann", dropped=True) if row.dropped_at]
    assert [(row.canonical, row.drop_reason) for row in dropped] == [("gamma", leave.OUT_OF_FILE)]
    assert site.welcomed == ["ann@example.org", "bob@example.org"]


async def test_a_move_by_the_file_lowers_the_cursor(site: Applying) -> None:
    """A query moved by the file begins on the other schedule where the reader stood, and is behind."""
    await site.apply(files(person("ann", asked("alpha"), asked("beta", IMMEDIATE)), person("bob")))
    ann, bob = (await site.reader("ann")).id, (await site.reader("bob")).id
    async with site.store.write() as connection:
        await announcements.lock_counter(connection)
        ids = {row.canonical: row.schedule_id for row in await site_rows(connection, ann)}
        await connection.execute(cursor.update().values(no=7))
        await connection.execute(cursor.update().where(cursor.c.schedule_id == ids["alpha"]).values(no=3))
    await site.apply(
        files(
            person("ann", asked("alpha", IMMEDIATE), asked("beta", IMMEDIATE)),
            person("bob", asked("alpha", WEEKLY)),
        )
    )
    async with site.store.read() as connection:
        rows = (await connection.execute(select(cursor).where(cursor.c.active.is_(True)))).all()
    assert {(row.subscriber_id, row.no, row.behind) for row in rows} == {(ann, 3, True), (bob, 3, True)}


async def site_rows(connection: Any, reader: Any) -> list[Any]:
    """The rows of a reader in a given transaction."""
    return (await subscriptions.of_subscribers(connection, [reader]))[reader]


async def test_catalogues_become_part_of_the_query(site: Applying) -> None:
    """A reader of some catalogues asks for reports of these alone, and of others when the file says so."""
    await site.apply(files(person("ann", asked("alpha"), catalogues=["drc"])))
    wanted = parse("alpha AND catalogue:drc").canonical
    assert set(await site.asks("ann")) == {wanted}
    await site.apply(files(person("ann", asked("alpha"))))
    assert set(await site.asks("ann")) == {"alpha"}


async def test_a_crash_between_chunks_is_mended_by_applying_again(
    site: Applying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first chunk did stays, the second is as if it had never begun; afterwards each was welcomed once."""
    monkeypatch.setattr(declare, "_CHUNK", 2)
    declared = files(*(person(f"p{number}") for number in range(5)))
    site.fail_at = 2
    with pytest.raises(ConnectionError):
        await site.apply(declared)
    assert site.welcomed == ["p0@example.org", "p1@example.org"]
    assert len((await site.everything())["subscriber"]) == 2
    assert len((await site.everything())["subscription"]) == 2
    await site.apply(declared)
    assert sorted(site.welcomed) == [f"p{number}@example.org" for number in range(5)]
    found = await site.everything()
    assert [len(found[name]) for name in ("subscriber", "subscription", "consent")] == [5, 5, 5]
    assert len(found["config_applied"]) == 1


async def test_people_who_changed_something_meanwhile_are_decided_again(
    pg_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who leaves between the plan and their chunk gets nothing more from the file, and is not brought back."""
    store = Store(pg_database)
    site = Applying(store)
    await site.apply(files(person("ann"), person("bob")))
    bob = await site.reader("bob")
    original = declare._apply_chunk

    async def chunk(*args: Any, **more: Any) -> None:
        async with store.write() as other:
            assert await leave.end(other, [bob.id], reason=leave.BY_THEMSELVES, now=START)
        await original(*args, **more)

    monkeypatch.setattr(declare, "_apply_chunk", chunk)
    changes = await site.apply(files(person("ann"), person("bob", asked("alpha"), asked("beta"))))
    assert [edit.address for edit in changes.plan.edits] == ["bob@example.org"]
    assert (await site.reader("bob")).state is SubscriberState.ENDED
    assert await site.asks("bob") == {}
    await store.close()


async def test_twelve_hundred_readers(site: Applying) -> None:
    """Statements grow with the chunks and not with the readers: 1,200 are enrolled, changed and ended."""
    count = 0

    @event.listens_for(site.store.writer.sync_engine, "before_cursor_execute")
    def _count(*_args: Any) -> None:
        nonlocal count
        count += 1

    async def steps(declared: Any, *, force: bool = False) -> int:
        before = count
        await site.apply(declared, force=force)
        return count - before

    people = range(1200)
    first = await steps(files(*(person(f"p{n}", asked("alpha"), asked(f"w{n % 40}")) for n in people)))
    assert len(site.welcomed) == 1200
    second = await steps(
        files(
            *(
                person(f"p{n}", asked("alpha", WEEKLY), asked(f"w{n % 7}"), zone="Asia/Shanghai")
                for n in people
            )
        )
    )
    assert set(await site.asks("p8")) == {"alpha", parse("w1").canonical}
    third = await steps(files(person("p0")), force=True)
    assert (await site.reader("p1199")).state is SubscriberState.ENDED
    assert first < 150
    assert second < 150
    assert third < 150


async def test_schedule_of_their_own_outlives_an_edit(site: Applying) -> None:
    """A query that a person moved stays on their schedule, whatever the file says of its own."""
    await site.apply(files(person("ann", asked("alpha"), asked("beta"))))
    ann = await site.reader("ann")
    async with site.store.write() as connection:
        await change.move_queries(connection, ann.id, WEEKLY, now=START)
    assert not await site.compare(files(person("ann", asked("alpha"), asked("beta"))))
    await site.apply(files(person("ann", asked("alpha", IMMEDIATE), asked("beta"))))
    assert await site.asks("ann") == {"alpha": WEEKLY, "beta": WEEKLY}


async def test_reader_of_both_hands_keeps_what_is_theirs(site: Applying) -> None:
    """Taken out of the file, a reader with a query of their own stays, and only the file's are dropped."""
    await site.apply(files(person("ann"), person("bob")))
    ann = await site.reader("ann")
    async with site.store.write() as connection:
        await change.add_queries(
            connection, ann.id, [Wish(parse("beta"), DAILY)], origin=Origin.MAIL, now=START
        )
    changes = await site.apply(files(person("bob")))
    assert changes.as_json()["subscribers"] == {
        "added": [],
        "changed": ["ann@example.org"],
        "ended": [],
        "skipped": [],
    }
    assert await site.asks("ann") == {"beta": DAILY}
    assert (await site.reader("ann")).state is SubscriberState.ACTIVE
    assert not await site.compare(files(person("bob")))
    changes = await site.apply(files(person("ann"), person("bob")), now=START + timedelta(hours=1))
    assert await site.asks("ann") == {"beta": DAILY, "alpha": DAILY}
    assert changes.plan.end == ()
    assert No(0) == (await site.rows("ann"))[0].since_no


async def test_who_is_taken_out_ends_and_comes_back_with_the_file(site: Applying) -> None:
    """Nothing else open: ended. In the file again: active again, with what it gives, from now on."""
    await site.apply(files(person("ann"), person("bob")))
    await site.apply(files(person("bob")))
    ann = await site.reader("ann")
    assert (ann.state, ann.end_reason, ann.ended_at) == (SubscriberState.ENDED, leave.OUT_OF_FILE, START)
    assert await site.rows("ann") == []
    async with site.store.read() as connection:
        assert await subscriptions.active_schedules(connection, ann.id) == []
    await site.apply(files(person("ann", asked("beta")), person("bob")))
    assert await site.asks("ann") == {"beta": DAILY}
    again = await site.reader("ann")
    assert (again.state, again.ended_at, again.id) == (SubscriberState.ACTIVE, None, ann.id)


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (30, 18, True),
        (20, 10, False),
        (200, 189, False),
        (110, 99, False),
        (109, 98, True),
        (12, 0, True),
        (10, 0, False),
    ],
)
async def test_guard_against_ending_many(site: Applying, before: int, after: int, refused: bool) -> None:
    """More than ten and more than a tenth are ended only with force; refused, nothing is changed."""
    await site.apply(files(*(person(f"p{number}") for number in range(before))))
    declared = files(*(person(f"p{number}") for number in range(after)))
    if refused:
        stored = await site.everything()
        with pytest.raises(RefusedError, match=rf"end {before - after} of {before} .*--force"):
            await site.apply(declared)
        assert await site.everything() == stored
    await site.apply(declared, force=refused)
    found = (await site.everything())["subscriber"]
    assert sum(SubscriberState.ENDED in row for row in found) == before - after


async def test_absent_file(site: Applying) -> None:
    """Without subscribers.toml nobody is ended and nothing is dropped unless it is forced."""
    await site.apply(files(person("ann"), person("bob")))
    bob = await site.reader("bob")
    async with site.store.write() as connection:
        await change.add_queries(
            connection, bob.id, [Wish(parse("beta"), DAILY)], origin=Origin.MAIL, now=START
        )
    absent = files(missing=["subscribers.toml"])
    with pytest.raises(RefusedError, match=r"subscribers\.toml is absent"):
        await site.apply(absent)
    await site.apply(
        files(person("bob"))
    )  # ann out: then only an edit of bob is left, and that is refused as well
    with pytest.raises(RefusedError, match=r"subscribers\.toml is absent"):
        await site.apply(absent)
    assert await site.asks("bob") == {"alpha": DAILY, "beta": DAILY}
    await site.apply(absent, force=True)
    assert await site.asks("bob") == {"beta": DAILY}


async def test_absent_topics_and_catalogues(site: Applying) -> None:
    """Without topics.toml or catalogues.toml, or with an empty one, none ends unless it is forced; each lost file is named."""
    drc = Catalogue("drc", feed="https://example.org/feed")
    many = [Topic(f"t{number}", "", "alpha") for number in range(7)]
    await site.apply(files(topics=many, catalogues=[drc]))
    async with site.store.write() as connection:
        await catalogues.sync(connection, {"drc": drc.feed}, START)  # what the poller does
    stored = await site.everything()
    for absent, match in (
        (
            files(catalogues=[drc], missing=["topics.toml"]),
            r"^topics\.toml is absent: put it back, .* 7 topics",
        ),
        (
            files(topics=many, missing=["catalogues.toml"]),
            r"^catalogues\.toml is absent.* 1 catalogue \(drc\)",
        ),
        (files(catalogues=[drc]), r"^topics\.toml declares nothing any more: put back .* 7 topics \(t0, "),
        (files(topics=many), r"^catalogues\.toml declares nothing any more.* 1 catalogue \(drc\)"),
        (files(topics=many, missing=["subscribers.toml"]), r"^catalogues\.toml declares nothing"),
        (
            files(missing=["catalogues.toml", "topics.toml", "subscribers.toml"]),
            r"catalogues\.toml is absent.*; topics\.toml .*\(t0, t1, t2, t3, t4 and 2 more\).*--force",
        ),
    ):
        with pytest.raises(RefusedError, match=match):
            await site.apply(absent)
        async with site.store.read() as connection:
            assert await declare.refusal(connection, absent) == (await site.compare(absent)).refusal
    assert await site.everything() == stored
    await site.apply(files(topics=many[:1], catalogues=[drc]))  # taken out by an edit: that is meant
    changes = await site.apply(files(catalogues=[drc], missing=["topics.toml"]), force=True)
    assert changes.topics["ended"] == ("t0",)
    assert not await site.compare(files(catalogues=[drc], missing=["topics.toml", "subscribers.toml"]))
    assert (await site.compare(files(catalogues=[drc]))).refusal == ""  # empty, and it had given nothing
