"""A new grammar: what folds as before keeps its row, what folds differently gets a successor, and no report is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from alertd.model import Cause, Origin
from alertd.query import GRAMMAR, parse, restrict
from alertd.store import subscriptions
from alertd.store.engines import Store
from alertd.store.tables import query, subscription
from alertd.subscribers import change
from alertd.subscribers.enrol import Wish
from alertd.subscribers.regrammar import regrammar
from tests.store.making import content_maker
from tests.store.world import SCHEDULES, World

ALPHA = frozenset({"alpha"})


@pytest.fixture
async def world(store: Store) -> World:
    """A daily reader of `alpha` and of `beta` within one catalogue, whose query rows are of an older grammar."""
    made = World(store, content_maker())
    await made.begin()
    await made.sign_up("u0", "s0", "alpha", "daily")
    wish = Wish(restrict(parse("beta"), ["drc"]), SCHEDULES["daily"])
    async with store.write() as connection:
        await change.add_queries(connection, made.readers["u0"], [wish], origin=Origin.FILE, now=made.now)
    return made


async def _age(world: World, canonical: str, *, text: str | None = None) -> None:
    """Make a query row one of the grammar before, perhaps with the text it had there."""
    values = {"grammar": GRAMMAR - 1, **({"canonical": text} if text else {})}
    async with world.store.write() as connection:
        await connection.execute(update(query).where(query.c.canonical == canonical).values(**values))


async def test_same_meaning_keeps_its_row(world: World) -> None:
    """A query whose text is the same in both grammars keeps its id, and no subscription changes."""
    await _age(world, parse("alpha").canonical)
    assert await regrammar(world.store) == 1
    async with world.store.read() as connection:
        rows = (await connection.execute(select(query.c.id, query.c.grammar).order_by(query.c.id))).all()
        heads = (await subscriptions.of_subscribers(connection, [world.readers["u0"]]))[world.readers["u0"]]
    assert rows == [(1, GRAMMAR), (2, GRAMMAR)]
    assert [head.query_id for head in heads] == [1, 2]
    assert await regrammar(world.store) == 0


async def test_another_folding_gets_a_successor_and_loses_nothing(world: World) -> None:
    """A query that folds differently now has a successor; what the old one matched is still told, and the new matches."""
    await world.store_report("r1", 1, ALPHA)
    await world.announce("r1", 1, ALPHA, Cause.NEW)
    await _age(world, parse("alpha").canonical, text="alph")
    assert await regrammar(world.store) == 1
    await world.store_report("r2", 1, ALPHA)
    world.announcer = type(world.announcer)(world.matcher)  # as after a restart
    world.matcher.discard(1)  # type: ignore[arg-type]
    await world.announce("r2", 1, ALPHA, Cause.NEW)
    ((edition_id, _),) = await world.open(until="daily")
    await world.editions.finish(edition_id, world.now)
    (sent,) = (await world.new_digests()).values()
    assert sent.told == {("r1", 1), ("r2", 1)}
    assert world.alarm.rung == []


async def test_restriction_to_catalogues_is_kept(world: World) -> None:
    """The catalogue filter that the file gave is no part of what was typed, and survives."""
    before = restrict(parse("beta"), ["drc"]).canonical
    await _age(world, before, text=before.replace("beta", "bet"))
    await regrammar(world.store)
    async with world.store.read() as connection:
        rows = (
            await connection.execute(
                select(query.c.canonical)
                .join(subscription, subscription.c.query_id == query.c.id)
                .where(subscription.c.until_no.is_(None), subscription.c.typed == "beta")
            )
        ).all()
    assert rows == [(before,)]


async def test_topic_moves_with_its_readers(world: World) -> None:
    """A topic's row and its readers' heads come to the new grammar together, at the same version."""
    await world.edit_topic("alpha OR beta")
    await world.add("u0", "s1", "t", "daily", topic=True)
    await _age(world, parse("alpha OR beta").canonical, text="(alph OR bet)")
    assert await regrammar(world.store) == 1
    async with world.store.read() as connection:
        heads = (await subscriptions.of_subscribers(connection, [world.readers["u0"]]))[world.readers["u0"]]
    (head,) = [head for head in heads if head.topic_id]
    assert (head.canonical, head.topic_version) == (parse("alpha OR beta").canonical, 1)
