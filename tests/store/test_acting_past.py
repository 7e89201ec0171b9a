"""What queries would have brought: right, fresh, and at nobody's expense."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from alertd.matching.naive import evaluate
from alertd.model import ReportFields, fields_to_json
from alertd.postmaster.acting import past as module
from alertd.postmaster.acting.past import DAYS, Past
from alertd.query import parse, read_report
from alertd.store import reports
from alertd.store.tables import catalogue, quota, report, revision
from tests.conftest import NOW
from tests.store.postbox import READER, Postbox

QUERIES = [
    parse(text)
    for text in ("land", "water -soil", "浙江", "title:report AND (land OR water)", "*", "nothing")
]


async def _fill(postbox: Postbox, count: int) -> None:
    """So many reports, a day apart every ten of them."""
    abstract = (
        "This report studies urban-rural integration and land use in the period from 2003 to 2014. " * 6
    )
    async with postbox.store.write() as connection:
        row = insert(catalogue).values(
            name="drc", feed="http://localhost/", state="active", failures=0, next_poll_at=NOW, longest_gap_ms=0
        )  # fmt: skip
        id_ = (await connection.execute(row.returning(catalogue.c.id))).scalar_one()
        values = [
            {
                "catalogue_id": id_, "identity": str(number), "revision": 1, "state": "announced",
                "seen_at": NOW - timedelta(days=number // 10), "last_seen_at": NOW,
            }
            for number in reversed(range(count))
        ]  # fmt: skip
        await connection.execute(insert(report), values)
        found = (await connection.execute(select(report.c.id, report.c.identity))).all()
        texts = [
            {
                "report_id": report_id, "revision": 1, "content_hash": name, "seen_at": NOW,
                "fields": fields_to_json(
                    ReportFields(title=f"Report {name} on {('land', 'water', 'soil water', '浙江的土地')[int(name) % 4]}", abstract=abstract)
                ),
            }
            for report_id, name in found
        ]  # fmt: skip
        await connection.execute(insert(revision), texts)


async def test_it_agrees_with_a_plain_scan(postbox: Postbox) -> None:
    """For each query the same reports, newest first, as reading and asking each of the last 90 days."""
    await _fill(postbox, 60)
    past = Past()
    async with postbox.store.read() as connection:
        stored = await reports.recent(connection, since=NOW - timedelta(days=DAYS))
        expected = [
            [
                each.id
                for each in reversed(stored)
                if evaluate(query.tree, read_report(each.fields, catalogue=each.catalogue))
            ]
            for query in QUERIES
        ]
        cold = await past.find(connection, QUERIES, now=NOW)
    await past.refresh(postbox.store, now=NOW)
    async with postbox.store.read() as connection:
        warm = await past.find(connection, QUERIES, now=NOW)
    assert [[each.id for each in found] for found in cold] == expected
    assert warm == cold
    assert [len(found) for found in expected][-2:] == [60, 0]


async def test_it_is_as_fresh_as_the_last_refresh(postbox: Postbox) -> None:
    """What is new is there, what was retracted or is too old is gone, and what was edited has its new text."""
    await _fill(postbox, 20)
    past = Past()
    await past.refresh(postbox.store, now=NOW)
    async with postbox.store.write() as connection:
        await connection.execute(update(report).where(report.c.identity == "0").values(state="retracted"))
        await connection.execute(update(report).where(report.c.identity == "1").values(revision=2))
        (id_,) = (await connection.execute(select(report.c.id).where(report.c.identity == "1"))).one()
        fields = fields_to_json(ReportFields(title="Beekeeping"))
        await connection.execute(
            insert(revision).values(report_id=id_, revision=2, content_hash="b", seen_at=NOW, fields=fields)
        )
    await past.refresh(postbox.store, now=NOW)
    async with postbox.store.read() as connection:
        everything, bees = await past.find(connection, [parse("*"), parse("beekeeping")], now=NOW)
        (later,) = await past.find(connection, [parse("*")], now=NOW + timedelta(days=DAYS, hours=1))
    assert (len(everything), [each.revision for each in bees]) == (19, [2])
    assert len(later) == 0 or max(each.seen_at for each in later) >= NOW + timedelta(hours=1)
    assert [each.fields.title for each in past.titled("bEEkeep")] == ["Beekeeping"]


async def test_nobody_waits_while_the_past_is_read(postbox: Postbox) -> None:
    """Folding goes on beside the loop and holds no transaction: a confirmation is written long before it is done."""
    await _fill(postbox, 400)
    past = Past()
    async with postbox.store.write() as connection:
        await connection.execute(insert(quota).values(bucket="first", window_at=NOW, n=1))
    refreshing = asyncio.ensure_future(past.refresh(postbox.store, now=NOW))
    written = 0
    while not refreshing.done():
        async with postbox.store.write() as connection:
            await connection.execute(insert(quota).values(bucket=str(written), window_at=NOW, n=1))
        written += 1
    await refreshing
    assert written >= 2  # with a transaction held, or the loop blocked, there would be one at most


async def test_a_mail_folds_nothing_in_its_transaction(
    postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a reader's mail asks of the past was read before its transaction began."""
    await _fill(postbox, 30)
    await postbox.enrol(READER, "land", "water", "*")
    real, folded = module.read_report, []

    def counting(*arguments: object, **options: object) -> object:
        folded.append(arguments)
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "read_report", counting)
    handle = postbox.work.inbox._handler.handle
    before: list[int] = []

    async def handled(*arguments: object) -> object:
        before.append(len(folded))
        return await handle(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(postbox.work.inbox._handler, "handle", handled)
    (told,) = await postbox.post("list")
    assert (before, len(folded)) == ([30], 30)
    assert "every report: 30 reports" in told.text
    await postbox.post("list")
    assert len(folded) == 30


async def test_hints(postbox: Postbox) -> None:
    """Nothing at all and far too much are said with what to do about it; all is all, and no hint is needed."""
    await _fill(postbox, 200)
    await postbox.enrol(READER, "integration", "qwertz", "*")
    (told,) = await postbox.post("list")
    assert "integration: 200 reports, which is a lot." in told.text
    assert "qwertz: nothing. Fewer or other words may find more" in told.text
    assert "every report: 200 reports -" in told.text
