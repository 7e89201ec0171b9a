"""Topics of the file: edited, ended and revived, and how their readers follow."""

from __future__ import annotations

import pytest

from alertd.config.settings import Topic
from alertd.model import Cause, Origin
from alertd.query import parse
from alertd.store import topics as topic_rows
from alertd.store.engines import Store
from alertd.subscribers import change, topics
from alertd.subscribers.enrol import Wish
from tests.store.declaring import DAILY, RURAL, WEEKLY, Applying, asked, files, of_topic, person
from tests.store.making import content_maker
from tests.store.world import START, World

EDITED = Topic("rural", "Rural economy", "rural OR village")
STEEL = Topic("steel", "Steel", "steel")


@pytest.fixture
def site(store: Store) -> Applying:
    """A store on each database in turn."""
    return Applying(store)


def _canonical(query: str) -> str:
    return parse(query).canonical


async def test_edited_topic_reaches_its_readers(site: Applying) -> None:
    """A new query of a topic is a successor in the same chain, with label, schedule and restriction as they were."""
    people = [
        person("ann", of_topic(label="ours")),
        person("bob", of_topic(schedule=WEEKLY), catalogues=["drc", "other"]),
        person("cyd", asked(RURAL.query)),
    ]
    await site.apply(files(*people, topics=[RURAL]))
    before = {name: (await site.rows(name))[0] for name in ("ann", "bob", "cyd")}
    edited = [
        person("ann", of_topic(EDITED, label="ours")),
        person("bob", of_topic(EDITED, WEEKLY), catalogues=["drc", "other"]),
        person("cyd", asked(RURAL.query)),
    ]
    changes = await site.apply(files(*edited, topics=[EDITED]))
    assert changes.topics == {"added": (), "changed": ("rural",), "ended": ()}
    assert not changes.plan.edits
    after = {name: (await site.rows(name))[0] for name in ("ann", "bob", "cyd")}
    assert after["ann"].canonical == _canonical(EDITED.query)
    assert after["bob"].canonical == _canonical(f"({EDITED.query}) (catalogue:drc OR catalogue:other)")
    assert after["cyd"] == before["cyd"]
    for name in ("ann", "bob"):
        kept = ("root_id", "schedule_id", "label", "typed", "origin", "topic_id", "topic_name")
        assert [getattr(after[name], each) for each in kept] == [getattr(before[name], each) for each in kept]
        assert (after[name].topic_version, len(await site.rows(name))) == (2, 1)
    assert not await site.compare(files(*edited, topics=[EDITED]))


async def test_title_alone_makes_no_successor(site: Applying) -> None:
    """A topic's new title, or the same query in other words, changes no subscription; mails show the new title."""
    await site.apply(files(person("ann", of_topic()), topics=[RURAL]))
    renamed = Topic("rural", "Countryside", "farmland OR rural")
    changes = await site.apply(files(person("ann", of_topic(renamed)), topics=[renamed]))
    assert changes.topics["changed"] == ("rural",)
    (row,) = await site.rows("ann")
    assert (row.id, row.topic_version, row.shown) == (row.root_id, 1, "Countryside")
    async with site.store.read() as connection:
        assert (await topic_rows.all_rows(connection))["rural"].typed == "farmland OR rural"


async def test_ended_topic_and_its_return(site: Applying) -> None:
    """Who has an ended topic keeps its last query; when it comes back with another, they get that."""
    await site.apply(files(person("ann", asked("alpha")), topics=[RURAL]))
    ann = await site.reader("ann")
    async with site.store.write() as connection:
        row = (await topic_rows.all_rows(connection))["rural"]
        wish = Wish(
            topics.restricted(parse(row.typed), ["drc"]), DAILY, topic=(row.id, row.version), title=row.title
        )
        await change.add_queries(connection, ann.id, [wish], origin=Origin.MAIL, now=START)
    changes = await site.apply(files(person("ann", asked("alpha"))), force=True)
    assert changes.topics["ended"] == ("rural",)
    async with site.store.read() as connection:
        assert await topic_rows.all_rows(connection) == {}
    narrowed = _canonical(f"({RURAL.query}) catalogue:drc")
    assert set(await site.asks("ann")) == {"alpha", narrowed}
    changes = await site.apply(files(person("ann", asked("alpha")), topics=[EDITED]))
    assert changes.topics["added"] == ("rural",)
    assert set(await site.asks("ann")) == {"alpha", _canonical(f"({EDITED.query}) catalogue:drc")}
    changes = await site.apply(files(person("ann", asked("alpha"))), force=True)
    changes = await site.apply(files(person("ann", asked("alpha")), topics=[EDITED]))
    assert not changes.plan.edits
    assert [row.topic_version for row in await site.rows("ann") if row.topic_id] == [2]


async def test_topic_is_exchanged_for_another(site: Applying) -> None:
    """The file gives another topic in place of one: the old chain is dropped, the new one begins."""
    await site.apply(files(person("ann", of_topic()), topics=[RURAL, STEEL]))
    await site.apply(files(person("ann", of_topic(STEEL)), topics=[RURAL, STEEL]))
    assert [row.topic_name for row in await site.rows("ann")] == ["steel"]


async def test_edit_comes_in_chunks_and_ends(site: Applying) -> None:
    """The sweep brings an edit to all readers, some at a time, each once; dropped chains stay as they are."""
    await site.apply(files(*(person(f"p{n}", of_topic()) for n in range(5)), topics=[RURAL]))
    gone = await site.rows("p4")
    async with site.store.write() as connection:
        await change.drop_queries(connection, gone[0].subscriber_id, [gone[0].root_id], now=START)
        await topics.sync(connection, [EDITED], now=START)
    assert await topics.spread(site.store, limit=2) == 4
    assert await topics.spread(site.store, limit=2) == 0
    assert [len(await site.rows(f"p{n}")) for n in range(5)] == [1, 1, 1, 1, 0]
    assert (await site.rows("p4", dropped=True))[0].topic_version == 1


async def test_report_from_before_an_edit_is_still_due(store: Store) -> None:
    """What the old query found before the edit comes, under the topic's name; what only it would find later does not."""
    world = World(store, content_maker())
    await world.begin()
    await world.edit_topic("alpha")
    await world.sign_up("u0", "s0", "beta", "daily")
    await world.add("u0", "t0", "alpha", "daily", topic=True)
    await world.store_report("r1", 1, frozenset({"alpha"}))
    await world.store_report("r2", 1, frozenset({"alpha"}))
    await world.announce("r1", 1, frozenset({"alpha"}), Cause.NEW)
    await world.edit_topic("beta")
    await world.announce("r2", 1, frozenset({"alpha"}), Cause.NEW)
    ((edition_id, _),) = await world.open(until="daily")
    await world.editions.finish(edition_id, world.now)
    (sent,) = (await world.new_digests()).values()
    assert sent.shown == {"r1": (1, {"beta"})}  # the title, which world gives it, follows the query
