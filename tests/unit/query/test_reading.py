"""Canonical forms, errors with their mends, limits, and the restriction to catalogues."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from alertd.errors import QuerySyntaxError
from alertd.query import parse, read_canonical, restrict

MENDS = tomllib.loads((Path(__file__).parents[2] / "data" / "queries" / "mends.toml").read_text("utf-8"))[
    "mend"
]


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("Zhejiang pensions", "pension zhejiang"),
        ("pension, ZHEJIANG; Pensions", "pension zhejiang"),
        ("pension AND zhejiang", "pension zhejiang"),
        ("pension & zhejiang", "pension zhejiang"),
        ("b | a", "a OR b"),
        ("b ＯＲ a", "a OR b"),
        ("乙 或 甲", "乙 OR 甲"),
        ("a b OR c", "a b OR c"),
        ("a (b OR c)", "a (b OR c)"),
        ("(a OR (b OR c)) (d)", "(a OR b OR c) d"),
        ("urban-rural", '"urban rural"'),
        ('"Urban  RURAL"', '"urban rural"'),
        ("“urban—rural”", '"urban rural"'),
        ('"rural"', "rural"),
        ("farmers'", "farmer"),
        ("Jiaxing’s", "jiax"),
        ("rural -tax", "rural -tax"),
        ("rural －tax", "rural -tax"),
        ("rural NOT NOT tax", "rural tax"),
        ("rural - tax", "rural tax"),
        ("rural 非 税", "rural -税"),
        ("a -(b OR c)", "a -b -c"),
        ("a -(b -c)", "a (c OR -b)"),
        ("-(a OR -b)", "b -a"),
        ("rural -title:-tax", "rural title:tax"),
        ("title:(NOT tax) rural", "rural -title:tax"),
        ('"urban"-"rural"', "rural urban"),
        ("(urban)-rural", "rural urban"),
        ("rural,-tax", "rural -tax"),
        ("rural --tax", "rural tax"),
        ("* rural", "rural"),
        ("* OR rural", "*"),
        ("* -rural", "* -rural"),
        ("a OR (* -b)", "* (a OR -b)"),
        ("a (b OR (* -c))", "a (b OR -c)"),
        ("pension*", "pension*"),
        ("Pensions＊", "pensions*"),
        ('"rural econ"*', '"rural econ*"'),
        ('"rural econ*"', '"rural econ*"'),
        ("养老*", "养老"),
        ("養老", "养老"),
        ("title:(b a)", "title:a title:b"),
        ("title: -tax rural", "rural -title:tax"),
        ("-title:tax rural", "rural -title:tax"),
        ("标题：（农村 或 土地）", "title:农村 OR title:土地"),
        ("標題:農村", "title:农村"),
        ("Authors:Hughes", "author:hughes"),
        ('number:"No. 178, 2015"', 'number:"178 2015"'),
        ("number:2015年第178号", 'number:"2015 178"'),
        ("catalogue:DRC-en", 'catalogue:"drc-en"'),
        ('"或"', '"或"'),
        ("or and not", "and not or"),
        ("China: a study", "a china studi"),
        ("at 8:30", '"8 30" at'),
        ("1,000 men", '"1 000" men'),
        ("ease", "~eas"),
        ('"ease tax"', '"~eas tax"'),
        ("《乡村振兴》", "乡村振兴"),
        ("urban(rural)", "rural urban"),
    ],
)
def test_canonical(typed: str, canonical: str) -> None:
    """What means the same has one text, and that text means the same."""
    query = parse(typed)
    assert query.typed == typed
    assert query.canonical == canonical
    assert parse(canonical).tree == query.tree


@pytest.mark.parametrize("case", MENDS, ids=lambda case: case["typed"])
def test_mends(case: dict[str, Any]) -> None:
    """A query that cannot be read is answered with the column, the trouble and a corrected query that can be."""
    with pytest.raises(QuerySyntaxError) as caught:
        parse(case["typed"])
    error = caught.value
    assert (error.column, error.suggestion) == (case["column"], case["mended"])
    assert case["says"] in error.message
    assert error.expected
    if error.suggestion:
        parse(error.suggestion)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("x" * 4097, "longer than 4096 bytes"),
        ("农" * 1366, "longer than 4096 bytes"),
        ("a " * 101, "more than 100 words"),
        ("(" * 21 + "a" + ")" * 21, "more than 20 deep"),
        (
            "department:(" + " ".join(f"{'q' * 31}{chr(97 + n % 26)}{n}*" for n in range(99)) + ")",
            "written out",
        ),
        ("* -b OR a" + "(c OR d" * 20 + ")" * 20, "written out"),
    ],
)
def test_over_a_limit(typed: str, says: str) -> None:
    """Size, number of terms and depth are limited, as typed and as written out."""
    with pytest.raises(QuerySyntaxError, match=says):
        parse(typed)


def test_within_the_limits() -> None:
    """The limits themselves are still read, and long chains need no depth."""
    assert (
        len(parse(" OR ".join(f"w{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(100))).canonical) > 600
    )
    assert parse("(" * 20 + "a" + ")" * 20).canonical == "a"
    assert parse("NOT " * 800 + "a").canonical == "a"
    assert parse("x" * 4096).canonical == "x" * 4096


@pytest.mark.parametrize(
    ("typed", "catalogues", "canonical"),
    [
        ("rural", [], "rural"),
        ("rural", ["drc"], "catalogue:drc rural"),
        ("a OR b", ["drc-en", "DRC"], '(a OR b) (catalogue:"drc-en" OR catalogue:drc)'),
        ("*", ["drc"], "catalogue:drc"),
        ("* -tax", ["drc"], "catalogue:drc -tax"),
        ("-catalogue:drc *", ["drc"], "catalogue:drc -catalogue:drc"),
    ],
)
def test_restrict(typed: str, catalogues: list[str], canonical: str) -> None:
    """The catalogues become part of the query, and the store's text reads as the same query."""
    restricted = restrict(parse(typed), catalogues)
    assert (restricted.typed, restricted.canonical) == (typed, canonical)
    assert read_canonical(canonical).tree == restricted.tree


def test_restrict_to_many() -> None:
    """A query of the greatest size may still be restricted to many catalogues, and read back."""
    full = parse(" ".join(f"{'q' * 30}{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(100)))
    restricted = restrict(full, [f"catalogue-{n}" for n in range(200)])
    assert read_canonical(restricted.canonical).tree == restricted.tree


def test_read_canonical_refuses() -> None:
    """A text that is no query is an error of ours with its column, whoever stored it."""
    with pytest.raises(QuerySyntaxError) as caught:
        read_canonical("rural OR")
    assert caught.value.column == 7
