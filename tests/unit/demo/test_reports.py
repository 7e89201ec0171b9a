"""The sandbox's reports: enough of them, read back by the real parser, and expected by hand as the queries find them."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from alertd.catalogue.identity import candidates
from alertd.catalogue.parse import parse
from alertd.clock import ManualClock
from alertd.config import load
from alertd.config.settings import Catalogue, Declared
from alertd.demo.catalogue import SandboxCatalogue
from alertd.demo.folder import DemoFolder
from alertd.demo.pages import feed
from alertd.demo.reports import BEFORE, SandboxReport, load_reports
from alertd.demo.story import LENGTH, START
from alertd.matching.naive import evaluate
from alertd.model import Kind, ReportFields
from alertd.query import parse as parse_query
from alertd.query import read_report
from alertd.schedule import latest_due, next_due

REPORTS = load_reports()
BASE = "http://127.0.0.1:8000"


@pytest.fixture
def declared(tmp_path: Path) -> Declared:
    """The readers and topics of the demo, as the daemon reads them."""
    folder = DemoFolder(tmp_path)
    folder.fill(feed=f"{BASE}/feed.xml", relay_port=2525)
    return load(folder.settings)[1]


def expected_fields(report: SandboxReport) -> ReportFields:
    return ReportFields(
        title=report.title,
        url=BASE + report.path,
        abstract=report.abstract,
        authors=tuple(re.split(", |、", report.author)),
        department=report.department,
        number=str(report.number),
        year=report.day.year,
        total_number=str(report.number + BEFORE),
        keywords=report.keywords,
        dated=report.day,
        language=report.language,
    )


def test_there_are_enough_in_both_languages() -> None:
    """At least 40, at least 25 of them from the beginning, a good part in each language, none twice."""
    assert len(REPORTS) >= 40
    assert sum(each.appears is None for each in REPORTS) >= 25
    for language in ("en", "zh"):
        assert sum(each.language == language for each in REPORTS) >= 12
    assert len({each.title for each in REPORTS}) == len(REPORTS)
    assert [each.number for each in REPORTS] == list(range(REPORTS[0].number, REPORTS[-1].number + 1))


async def test_the_parser_reads_back_what_is_printed() -> None:
    """Every field of every report comes out of the feed as it went in, through the labels of either language."""
    catalogue = SandboxCatalogue(REPORTS, ManualClock(START + LENGTH), START)
    parsed = await parse(feed(catalogue.published(), base=BASE), url=f"{BASE}/feed.xml")
    assert parsed.whole
    read = candidates(parsed.entries, Catalogue(name="lakeside"))
    assert [each.fields for each in read] == [expected_fields(each) for each in reversed(REPORTS)]
    assert {each.guid for each in read} == {f"lakeside-2026-{each.number}" for each in REPORTS}


def test_what_is_expected_is_what_the_queries_find(declared: Declared) -> None:
    """The expectations, written by hand, agree with the oracle; so the story promises neither too much nor too little."""
    titles = {each.name: each.title for each in declared.topics}
    for report in REPORTS:
        if report.appears is None:
            assert not report.found_by
            continue
        document = read_report(expected_fields(report), catalogue="lakeside")
        found: dict[str, set[str]] = {}
        for reader in declared.subscribers:
            for query in reader.queries:
                if evaluate(parse_query(query.query).tree, document):
                    name = reader.address.partition("@")[0]
                    found.setdefault(name, set()).add(query.label or titles.get(query.topic) or query.query)
        if evaluate(parse_query("health").tree, document):
            found["maria"] = {"health"}
        assert {name: set(labels) for name, labels in report.found_by.items()} == found, report.title


def test_no_report_races_its_digest(declared: Declared) -> None:
    """Each report appears some hours before a digest that must bring it, and that digest is due within the story."""
    margin = timedelta(hours=3)
    for report in (each for each in REPORTS if each.appears is not None):
        seen = START + report.appears
        for reader in declared.subscribers:
            if reader.address.partition("@")[0] not in report.found_by:
                continue
            for query in reader.queries:
                if query.schedule.kind is Kind.IMMEDIATE:
                    continue
                before = latest_due(query.schedule, seen)
                due = next_due(query.schedule, seen)
                assert before is not None
                assert due - seen >= margin, f"{report.title} races {reader.address}"
                assert due < START + LENGTH


def test_somebody_gets_nothing() -> None:
    """One reader's query finds no report: the story shows that silence is kept."""
    assert not [each for each in REPORTS if "sven" in each.found_by]
