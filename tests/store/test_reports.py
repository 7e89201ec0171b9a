"""Reports and revisions: stored in sets, found again, touched, held, listed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from alertd.model import CatalogueId, ReportFields, ReportId, ReportState
from alertd.store import catalogues, reports
from alertd.store.engines import Store
from alertd.store.reports import NewRow, RevisionRow
from alertd.store.tables import announcement, report

NOW = datetime(2026, 11, 24, tzinfo=UTC)
HOUR = timedelta(hours=1)
FULL = ReportFields(
    title="A “title”, 嘉兴",
    url="https://r.example/1?a=1&b=%20_%25",
    abstract="Text.",
    authors=("Li Wei", "Wang Fang"),
    department="D",
    number="178",
    year=2015,
    total_number="4863",
    keywords=("a", "b"),
    dated=date(2015, 11, 23),
    language="zh",
)


@pytest.fixture
async def drc(store: Store) -> CatalogueId:
    """A catalogue."""
    async with store.write() as connection:
        await catalogues.sync(connection, {"drc": "https://r.example/", "other": "https://o.example/"}, NOW)
        return (await catalogues.get(connection, "drc")).id


def row(name: str, state: ReportState = ReportState.ANNOUNCED, fields: ReportFields | None = None) -> NewRow:
    """A report to store."""
    return NewRow(name, state, "", f"hash of {name}", fields or ReportFields(title=f"Title {name}"))


async def test_add_and_know(store: Store, drc: CatalogueId) -> None:
    """Thousands of reports are stored and known again; each id belongs to its identity; other catalogues know nothing."""
    rows = [row(f"g{number}") for number in range(2_500)]
    async with store.write() as connection:
        ids = await reports.add(connection, drc, rows, NOW)
        assert len(set(ids.values())) == 2_500
        found = await reports.known(connection, drc, [*ids, "unknown"])
        assert {name: each.id for name, each in found.items()} == ids
        assert {each.content_hash for each in found.values()} == {each.content_hash for each in rows}
        texts = await reports.get_many(connection, ids.values())
        assert all(each.fields.title == f"Title {each.identity}" for each in texts.values())
        other = await catalogues.get(connection, "other")
        assert await reports.known(connection, other.id, list(ids)) == {}
        assert await reports.add(connection, drc, [], NOW) == {}
        assert await reports.known(connection, drc, []) == {}


async def test_fields_survive(store: Store, drc: CatalogueId) -> None:
    """Every field comes back as it went in, from the newest revision."""
    async with store.write() as connection:
        (id_,) = (await reports.add(connection, drc, [row("g", fields=FULL)], NOW)).values()
        assert (await reports.get_many(connection, [id_]))[id_].fields == FULL
        changed = replace(FULL, title="Changed", dated=None, authors=())
        await reports.revise(connection, [RevisionRow(id_, 2, "other hash", changed)], NOW + HOUR)
        stored = (await reports.get_many(connection, [id_]))[id_]
        assert (stored.fields, stored.revision, stored.seen_at, stored.catalogue) == (changed, 2, NOW, "drc")
        known = await reports.known(connection, drc, ["g"])
        assert (known["g"].revision, known["g"].content_hash) == (2, "other hash")
        assert await reports.first_texts(connection, drc, limit=5) == [FULL]
        await reports.revise(connection, [], NOW)


async def test_touch(store: Store, drc: CatalogueId) -> None:
    """What was seen a while ago is touched, what was just seen is left alone."""
    async with store.write() as connection:
        first = await reports.add(connection, drc, [row("a")], NOW)
        second = await reports.add(connection, drc, [row("b")], NOW + HOUR)
        both = [*first.values(), *second.values()]
        await reports.touch(connection, both, NOW + 3 * HOUR, before=NOW + HOUR)
        seen = (await connection.execute(select(report.c.last_seen_at).order_by(report.c.id))).scalars().all()
    assert seen == [NOW + 3 * HOUR, NOW + HOUR]


async def test_lately(store: Store, drc: CatalogueId) -> None:
    """What the feed had since an instant, at its newest text."""
    async with store.write() as connection:
        await reports.add(connection, drc, [row("old")], NOW - timedelta(days=9))
        ids = await reports.add(connection, drc, [row("a", ReportState.HELD), row("b")], NOW)
        await reports.revise(connection, [RevisionRow(ids["b"], 2, "changed", FULL)], NOW)
        found = await reports.lately(connection, drc, since=NOW)
        assert [(each.identity, each.state, each.content_hash) for each in found] == [
            ("a", ReportState.HELD, "hash of a"),
            ("b", ReportState.ANNOUNCED, "changed"),
        ]


async def test_held_and_states(store: Store, drc: CatalogueId) -> None:
    """Held reports in the order they came; states move in sets; which were ever announced is known."""
    async with store.write() as connection:
        assert not await reports.is_holding(connection, drc)
        ids = await reports.add(
            connection, drc, [row("b", ReportState.HELD), row("c"), row("a", ReportState.HELD)], NOW
        )
        assert await reports.is_holding(connection, drc)
        assert [each.identity for each in await reports.held(connection, drc)] == ["b", "a"]
        values = {"no": 1, "first_no": 1, "report_id": ids["c"], "revision": 1, "cause": "new", "at": NOW}
        await connection.execute(insert(announcement).values(values))
        assert await reports.announced(connection, ids.values()) == {ids["c"]}
        await reports.set_state(connection, [ids["a"], ids["b"]], ReportState.DISCARDED, reason="by hand")
        assert not await reports.is_holding(connection, drc)
        await reports.set_state(connection, [], ReportState.OLD)
        reasons = (await connection.execute(select(report.c.reason).order_by(report.c.id))).scalars().all()
        assert reasons == ["by hand", None, "by hand"]


async def test_recent(store: Store, drc: CatalogueId) -> None:
    """For previews: oldest first, of the wanted catalogues, without the discarded; a limit keeps the newest."""
    async with store.write() as connection:
        other = (await catalogues.get(connection, "other")).id
        await reports.add(connection, drc, [row("a")], NOW - 9 * HOUR)
        await reports.add(connection, drc, [row("b"), row("x", ReportState.DISCARDED), row("c")], NOW)
        await reports.add(connection, other, [row("d", ReportState.BASELINE)], NOW)

        async def names(**more: object) -> list[str]:
            return [each.identity for each in await reports.recent(connection, since=NOW, **more)]  # type: ignore[arg-type]

        assert await names() == ["b", "c", "d"]
        assert await names(catalogues=["drc"]) == ["b", "c"]
        assert await names(limit=2) == ["c", "d"]


async def test_arrivals(store: Store, drc: CatalogueId) -> None:
    """The instants at which something was new, once each."""
    async with store.write() as connection:
        await reports.add(connection, drc, [row("a")], NOW - 9 * HOUR)
        await reports.add(connection, drc, [row("b"), row("c")], NOW)
        await reports.add(connection, drc, [row("d")], NOW + HOUR)
        assert await reports.arrivals(connection, drc, since=NOW) == [NOW, NOW + HOUR]


@pytest.mark.parametrize(
    "text",
    [
        "guid-1",
        "https://r.example/1?a=1&b=%20_%25",
        "178",
        "No 178",
        "no. 178, 2015",
        "178/2015",
        "4863",
        " 178 ",
    ],
)
async def test_find(store: Store, drc: CatalogueId, text: str) -> None:
    """A person finds a report by identity, URL, number, number and year, or total number."""
    async with store.write() as connection:
        ids = await reports.add(connection, drc, [row("guid-1", fields=FULL), row("guid-2")], NOW)
        assert [each.id for each in await reports.find(connection, text)] == [ids["guid-1"]]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "guid",
        "17",
        "178/2016",
        "1780",
        "%",
        "_",
        'x","number":"178',
        "Title",
        "99999999999999999999",
        "9" * 18,
    ],
)
async def test_find_nothing(store: Store, drc: CatalogueId, text: str) -> None:
    """Parts, wildcards, quotes and numbers beyond any id find nothing and raise nothing."""
    async with store.write() as connection:
        await reports.add(connection, drc, [row("guid-1", fields=FULL), row("guid-2")], NOW)
        assert await reports.find(connection, text) == []


async def test_find_by_id(store: Store, drc: CatalogueId) -> None:
    """An id is found too, newest first where a number means several."""
    async with store.write() as connection:
        ids = await reports.add(connection, drc, [row("a"), row("b")], NOW)
        number = replace(FULL, number=str(ids["a"]), total_number="")
        newer = await reports.add(connection, drc, [row("c", fields=number)], NOW)
        found = await reports.find(connection, str(ids["a"]))
        assert [each.id for each in found] == [newer["c"], ids["a"]]
        assert await reports.get_many(connection, [ReportId(10**6)]) == {}
