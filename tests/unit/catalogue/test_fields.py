"""Entries become reports' fields: the feed's elements, and labelled text in both languages."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.catalogue.entry import Entry
from alertd.catalogue.fields import feed_date, guess_language
from alertd.catalogue.printed import read_by_line, read_date, read_number, read_number_line, split_list
from alertd.catalogue.text import html_to_text
from alertd.config.settings import Labels
from alertd.model import ReportFields
from tests.unit.catalogue.feeds import fields_of, stored

ENGLISH = ReportFields(
    title="A title",
    abstract=(
        "Jiaxing narrows the gap between town and country. Three things are done: incomes are raised, insurance covers"
        " all, and roads reach the villages. The conclusion: pilots first, then guidelines."
    ),
    authors=("Xiao Junyan",),
    department="Research Department of Rural Economy",
    number="178",
    year=2015,
    total_number="4863",
    keywords=("integrate urban and rural development", "experience and inspirations", "Zhejiang", "Jiaxing"),
    dated=date(2015, 11, 23),
    language="en",
)
CHINESE = ReportFields(
    title="A title",
    abstract="嘉兴缩小了城乡差距。主要做法：提高收入，保险全覆盖，道路通村。",
    authors=("肖俊彦",),
    department="农村经济研究部",
    number="178",
    year=2015,
    total_number="4863",
    keywords=("城乡一体化", "经验与启示", "浙江", "嘉兴"),
    dated=date(2015, 11, 23),
    language="zh",
)


def _paragraphs(page: str) -> str:
    return "".join(f"<p>{part}</p>" for part in page.split("\n\n"))


def _lines(page: str) -> str:
    return "<div>" + page.replace("\n", "<br/>\n") + "</div>"


def _collapsed(page: str) -> str:
    return " ".join(page.split())


def _windows(page: str) -> str:
    return page.replace("\n", "\r\n")


@pytest.mark.parametrize("form", [str, _paragraphs, _lines, _collapsed, _windows])
@pytest.mark.parametrize(("page", "expected"), [("page_en.txt", ENGLISH), ("page_zh.txt", CHINESE)])
def test_pages(page: str, expected: ReportFields, form: object) -> None:
    """A page's text gives the same fields however the feed breaks its lines."""
    text = html_to_text(form(stored(page).decode()))
    assert fields_of(text) == expected


def test_number_and_total_are_the_only_digits_needed() -> None:
    """Without the abstract's label the free text is the abstract, without the lines that were understood."""
    fields = fields_of("By Li Wei, DRC\n\nResearch Report No 3, 2016\n\nRivers and lakes.\nKey words: water")
    assert (fields.abstract, fields.authors, fields.number, fields.year) == (
        "Rivers and lakes.",
        ("Li Wei",),
        "3",
        2016,
    )


def test_what_the_text_prints_beats_the_feed() -> None:
    """A label in the text goes before the element of the same meaning; without one the element stands."""
    elements = {"authors": ("admin",), "categories": ("Reports",), "number": "9", "published": "2026-11-23"}
    printed = fields_of("Author: Li Wei\nKey words: a, b\nNo: 7\nDate: 2015-11-23", **elements)
    assert (printed.authors, printed.keywords, printed.number) == (("Li Wei",), ("a", "b"), "7")
    assert printed.dated == date(2015, 11, 23)
    plain = fields_of("Just text.", **elements)
    assert (plain.authors, plain.keywords, plain.number) == (("admin",), ("Reports",), "9")
    assert plain.dated == date(2026, 11, 23)


def test_summary_and_content() -> None:
    """With two texts the short one is the abstract, and labels are found in either."""
    fields = fields_of("The short text.", content="The long text.\nKey words: a; b, c")
    assert (fields.abstract, fields.keywords) == ("The short text.", ("a", "b, c"))
    assert fields_of("Short.", content="Abstract: The labelled one.").abstract == "The labelled one."


def test_own_labels() -> None:
    """A catalogue's own labels are understood beside the built-in ones, whatever their case, width and colon."""
    own = Labels(abstract=("Zusammenfassung",), keywords=("Schlagworte:",), department=("Abteilung",))
    text = "ZUSAMMENFASSUNG：Kurz.\nSchlagworte: Wasser; Land\nAbteilung: Statistik\nAuthor: Li Wei"
    fields = fields_of(text, labels=own)
    assert (fields.abstract, fields.keywords, fields.department) == ("Kurz.", ("Wasser", "Land"), "Statistik")
    assert fields.authors == ("Li Wei",)


@pytest.mark.parametrize(
    "text",
    [
        "By expanding coverage, the fund grew.",
        "By 2030, all villages have roads.",
        "No 178 people were asked twice.",
        "We asked for the release date: May was the answer.",
        "In total 4863 firms were asked.",
        "一项研究：时间：三年，地点不限。",
    ],
)
def test_prose_is_not_a_label(text: str) -> None:
    """Sentences that begin like a by-line, a number line or a label stay in the abstract."""
    fields = fields_of(text)
    assert fields.abstract == text
    assert (fields.authors, fields.number, fields.total_number, fields.keywords) == ((), "", "", ())


def test_abstract_goes_on_over_paragraphs_until_the_next_label_or_number_line() -> None:
    """An abstract of several paragraphs is kept whole; a page's foot is not part of it."""
    text = "Abstract:\nOne.\n\nTwo: a, b.\nResearch Report No 5, 2016 (Total NO 88) 2016-02-01\nCopyright\nKey words: x"
    fields = fields_of(text)
    assert (fields.abstract, fields.number, fields.total_number, fields.keywords) == (
        "One.\n\nTwo: a, b.",
        "5",
        "88",
        ("x",),
    )


def test_untitled() -> None:
    """A report without a title gets its number, its URL, or the beginning of its text; never an empty title."""
    assert fields_of("Research Report No 3, 2016", title="").title == "No 3, 2016"
    assert fields_of("Text.", title="", link="https://r.example/1").title == "https://r.example/1"
    assert fields_of("Some text.", title="").title == "Some text."
    assert fields_of("", title="", guid="g1").title == "g1"


@pytest.mark.parametrize(
    ("title", "number", "year"),
    [
        ("Way Out (No 178, 2015)", "178", 2015),
        ("嘉兴（2015年第178号）", "178", 2015),
        ("No 178 reasons", "", None),
    ],
)
def test_number_at_the_titles_end(title: str, number: str, year: int | None) -> None:
    """A number in brackets at the title's end counts when nothing else gives one."""
    fields = fields_of("Text.", title=title)
    assert (fields.number, fields.year, fields.title) == (number, year, title)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2015-11-23", date(2015, 11, 23)),
        ("2015/1/3", date(2015, 1, 3)),
        ("2015.11.23", date(2015, 11, 23)),
        ("２０１５年１１月２３日", date(2015, 11, 23)),
        ("23 November 2015", date(2015, 11, 23)),
        ("Nov. 23rd, 2015", date(2015, 11, 23)),
        ("23.11.2015", date(2015, 11, 23)),
        ("2015-13-45", None),
        ("1970-01-01", None),
        ("No 178, 2015", None),
    ],
)
def test_dates(text: str, day: date | None) -> None:
    """Printed dates in many forms; impossible ones and software's zero are none."""
    assert read_date(text) == day


@pytest.mark.parametrize(
    ("published", "utc", "day"),
    [
        ("Mon, 23 Nov 2026 00:30:00 +0800", "2026-11-22T16:30:00+00:00", date(2026, 11, 23)),
        ("2026-11-22T23:30:00-05:00", "2026-11-23T04:30:00+00:00", date(2026, 11, 22)),
        ("never", "", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00+00:00", None),
        ("", "", None),
        ("99999999", "", None),
        ("Mon, 31 Feb 2026 00:00:00 GMT", "", None),
    ],
)
def test_feed_dates(published: str, utc: str, day: date | None) -> None:
    """The feed's day is the day at the publisher's, not in UTC; nonsense is none."""
    assert feed_date(Entry(published=published, published_utc=utc)) == day


def test_number_lines() -> None:
    """Forms of number lines and of what stands behind the number's label."""
    line = read_number_line("调查研究报告 2015年第178号（总第4863号） 2015-11-23")
    assert line is not None
    assert (line.number, line.year, line.total_number, line.dated) == (
        "178",
        2015,
        "4863",
        date(2015, 11, 23),
    )
    assert read_number("2015-178").number == "178"
    assert read_number("〔2015〕178号").year == 2015
    assert read_number("WP-2015/3").number == "WP-2015/3"
    assert read_number("178").number == "178"


def test_by_lines() -> None:
    """Several people, their units, and institutions that are nobody's name."""
    by = read_by_line(
        "By Li Wei & Wang Fang, Institute of Finance, and Zhao Lei, Department of Industry, DRC"
    )
    assert by is not None
    assert by.authors == ("Li Wei", "Wang Fang", "Zhao Lei")
    assert by.department == "Institute of Finance; Department of Industry"
    alone = read_by_line("by Xiao Junyan, DRC")
    assert alone is not None
    assert (alone.authors, alone.department) == (("Xiao Junyan",), "")
    assert fields_of("作 者：张 三 李四 部门：农村部\n摘要：好。").authors == ("张三", "李四")


def test_lists() -> None:
    """Semicolons, commas or, in Chinese, spaces part key words; a full stop at the end is none of them."""
    assert split_list("a, b，c、d.") == ("a", "b", "c", "d")
    assert split_list("a, b; c") == ("a, b", "c")
    assert split_list("城乡 浙江　嘉兴") == ("城乡", "浙江", "嘉兴")
    assert split_list("one word two") == ("one word two",)


@pytest.mark.parametrize(
    ("text", "declared", "default", "language"),
    [
        ("Rural economy", "", "en", "en"),
        ("Rural economy", "zh-cn", "zh", "en"),
        ("Économie rurale", "fr-FR", "en", "fr"),
        ("嘉兴破除城乡二元结构 (Jiaxing)", "en-us", "en", "zh"),
        ("農村経済のレポート", "", "en", "ja"),
        ("2015", "", "zh", "zh"),
        ("GDP and 内需", "", "en", "zh"),
    ],
)
def test_language(text: str, declared: str, default: str, language: str) -> None:
    """The script decides between Chinese and others, the declaration among the others."""
    assert guess_language(text, declared=declared, default=default) == language


@given(
    st.text(
        alphabet="ByNo Total:,()-.;/\n0123456789AbstractKywords摘要关键词作者总号第年月日：（）【】",
        max_size=300,
    )
)
def test_any_text_is_read(text: str) -> None:
    """Nothing made of labels' characters raises, and a title is always there."""
    assert fields_of(text or "x", title="").title


@pytest.mark.parametrize(
    "piece", ["By A, ", "No 1, ", "Abstract: ", "摘 ", "[", "Report No 1, 2015 ", "a,", "2015-", "By "]
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """64 kB of label-like text is read in under a second."""
    start = time.perf_counter()
    fields_of((piece * 64_000)[:64_000], title=(piece * 500)[:1000])
    assert time.perf_counter() - start < 1
