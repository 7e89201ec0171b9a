"""Which words of a report made a query match, in the report's own letters."""

from __future__ import annotations

import pytest

from alertd.model import ReportFields
from alertd.query import explain, parse

ENGLISH = ReportFields(
    title="Jiaxing’s Efforts to Break the Urban–Rural Dual Structure",
    abstract=(
        "Jiaxing city in Zhejiang province has made efforts to break the urban-rural dual structure."
        " Multi-level PENSIONS were put in practice, and the Straße of cafés was rebuilt for pensionado."
    ),
    authors=("Hu Hong", "Xiao Junyan"),
    department="Research Department of Rural Economy",
    number="178",
    year=2015,
    total_number="4863",
    keywords=("integrate urban and rural development", "Zhejiang", "Jiaxing"),
)
CHINESE = ReportFields(
    title="嘉兴市破除城乡二元结构的做法与启示",
    abstract="浙江省嘉興市建立多層次養老保險，2015年ＧＤＰ增长6%。",
    keywords=("养老", "农 村"),
    language="zh",
)


@pytest.mark.parametrize(
    ("typed", "report", "found"),
    [
        ("pension", ENGLISH, [("abstract", 0, "PENSIONS")]),
        ("pension*", ENGLISH, [("abstract", 0, "PENSIONS"), ("abstract", 0, "pensionado")]),
        ("urban-rural", ENGLISH, [("title", 0, "Urban–Rural"), ("abstract", 0, "urban-rural")]),
        ("strasse cafe", ENGLISH, [("abstract", 0, "Straße"), ("abstract", 0, "cafés")]),
        ("keyword:jiaxing", ENGLISH, [("keyword", 2, "Jiaxing")]),
        ("author:xiao", ENGLISH, [("author", 1, "Xiao")]),
        ('"no 178"', ENGLISH, []),
        ('number:"no 178"', ENGLISH, [("number", 0, "178")]),
        ("number:178/2015", ENGLISH, [("number", 2, "178/2015")]),
        ("number:17*", ENGLISH, [("number", 0, "178"), ("number", 2, "178")]),
        ("catalogue:drc", ENGLISH, [("catalogue", 0, "drc")]),
        ("zhejiang -pension", ENGLISH, []),
        ("pension -tax", ENGLISH, [("abstract", 0, "PENSIONS")]),
        ("*", ENGLISH, []),
        ("(dual tax) OR pension", ENGLISH, [("abstract", 0, "PENSIONS")]),
        ("养老保险", CHINESE, [("abstract", 0, "養老保險")]),
        ("嘉兴", CHINESE, [("title", 0, "嘉兴"), ("abstract", 0, "嘉興")]),
        ("GDP增长", CHINESE, [("abstract", 0, "ＧＤＰ增长")]),
        ("gdp", CHINESE, [("abstract", 0, "ＧＤＰ")]),
        ("农村", CHINESE, [("keyword", 1, "农 村")]),
        ("保险2015", CHINESE, []),
        ('"保险，2015"', CHINESE, [("abstract", 0, "保險，2015")]),
    ],
)
def test_explain(typed: str, report: ReportFields, found: list[tuple[str, int, str]]) -> None:
    """Stems, folds, phrases, prefixes and Chinese are all shown as they are printed, in reading order."""
    hits = explain(parse(typed), report, catalogue="drc")
    assert [(hit.field, hit.value, hit.text) for hit in hits] == found


def test_where_it_stood() -> None:
    """A hit knows its term, its place in the original text, and some words around it on one line."""
    hit, *_ = explain(parse("pensions"), ENGLISH, catalogue="drc")
    assert hit.term == "pension"
    assert ENGLISH.abstract[hit.start : hit.end] == "PENSIONS"
    assert hit.snippet == "…dual structure. Multi-level PENSIONS were put in practice, and the Straße…"


def test_snippet_of_chinese() -> None:
    """Where no spaces are, a snippet is cut between any two characters."""
    report = ReportFields(title="报告", abstract="前" * 60 + "养老" + "后" * 60)
    (hit,) = explain(parse("养老"), report, catalogue="drc")
    assert hit.snippet == "…" + "前" * 40 + "养老" + "后" * 40 + "…"
