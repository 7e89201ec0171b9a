"""The naive matcher: plain answers, and a set of queries that can change."""

from __future__ import annotations

import pytest

from alertd.errors import QuerySyntaxError
from alertd.matching.naive import NaiveMatcher, evaluate, matches, parse, read_report
from alertd.model import QueryId, ReportFields

SEED = {
    "title": "Jiaxing’s Efforts to Break the Urban-Rural Dual Structure and Enlightenments",
    "abstract": "Jiaxing city in Zhejiang province has made efforts, with multi-level pension insurance.",
    "authors": ["Xiao Junyan"],
    "department": "Research Department of Rural Economy",
    "number": "178",
    "year": 2015,
    "total_number": "4863",
    "keywords": [
        "integrate urban and rural development",
        "experience and inspirations",
        "Zhejiang",
        "Jiaxing",
    ],
}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Zhejiang pension", True),
        ("Zhejiang tax", False),
        ("Xiao pension", True),
        ('"Xiao pension"', False),
        ('"development experience"', False),
        ('"Enlightenments Jiaxing"', False),
        ("keyword:development", True),
        ("keyword:pension", False),
        ("author:Junyan", True),
        ("author:(Xiao -Hong)", True),
        ("author:Junyans", False),
        ('department:"Rural Economies"', True),
        ("dep", False),
        ("number:178", True),
        ("number:17", False),
        ("number:2015", False),
        ("number:4863", True),
        ('number:"Total NO 4863"', True),
        ('number:"No 178, 2015"', True),
        ("number:178-2015", True),
        ("number:178/2014", False),
        ("number:2015年第178号", True),
        ("number:486*", True),
        ("178", False),
        ("catalogue:drc", True),
        ("catalogue:dr", False),
        ("catalogue:dr*", True),
        ("drc", False),
        ("zhejiang -catalogue:drc", False),
        ("* -tax", True),
        ("tax OR (urban -toll)", True),
        ("enlighten*", True),
        ("light*", False),
        ('"multi level pens*"', True),
    ],
)
def test_matches(typed: str, found: bool) -> None:
    """Words anywhere, phrases within one value, fields, whole numbers and catalogues."""
    assert matches(typed, SEED, catalogue="drc") is found


def test_matches_takes_no_strange_field() -> None:
    """A misspelt field of a report is an error, not an empty field."""
    with pytest.raises(TypeError):
        matches("rural", {"titel": "Rural roads"}, catalogue="drc")


def test_empty_report() -> None:
    """A report of which nothing is known is still every report."""
    document = read_report(ReportFields(title=""), catalogue="")
    assert evaluate(parse("*").tree, document)
    assert not evaluate(parse("rural").tree, document)


def test_matcher() -> None:
    """Queries come, are replaced and go."""
    matcher = NaiveMatcher()
    document = read_report(ReportFields(title="Rural roads"), catalogue="drc")
    matcher.add(QueryId(1), parse("roads").canonical)
    matcher.add(QueryId(2), parse("* -tax").canonical)
    matcher.add(QueryId(3), parse("tax").canonical)
    assert matcher.match(document) == {1, 2}
    matcher.add(QueryId(1), parse("tax").canonical)
    matcher.add(QueryId(3), parse("rural").canonical)
    matcher.discard(QueryId(2))
    matcher.discard(QueryId(9))
    assert matcher.match(document) == {3}


def test_matcher_refuses_nonsense() -> None:
    """What is no query is not held."""
    matcher = NaiveMatcher()
    with pytest.raises(QuerySyntaxError):
        matcher.add(QueryId(1), "(rural")
    assert matcher.match(read_report(ReportFields(title="Rural"), catalogue="drc")) == set()
