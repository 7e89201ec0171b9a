"""Markup becomes clean text, in linear time."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.catalogue.text import cut, has_markup, html_to_text, one_line, tidy


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One\nand\nmore</p>", "One and more"),
        ("One<br>Two<BR/>Three", "One\nTwo\nThree"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("line one\nline two", "line one\nline two"),
        ("x<script>alert('<b>')</script>y", "xy"),
        ("x<style>p{}</style>y", "xy"),
        ("x<SCRIPT src=a>never closed", "x"),
        ("x<!-- hidden <b> -->y", "xy"),
        ("x<!-- never closed", "x never closed"),
        ("a < b and c > d", "a < b and c > d"),
        ("1 <2 and 3>2", "1 <2 and 3>2"),
        ("<a href=\"x>y\" title='a>b'>link</a>", "link"),
        ("<img src=x onerror=alert(1)>text", "text"),
        ("<?php echo ?>text<![CDATA[more", "text<![CDATA[more"),
        ("&lt;p&gt;Twice &amp;lt;escaped&amp;gt;&lt;/p&gt;", "Twice <escaped>"),
        ("caf&eacute; &#233; &#xe9; e\u0301", "café é é é"),
        ("&#99999999999999999999; &#x110000;", "\ufffd \ufffd"),
        ("a\u202eb\u2066c\u200bd\ufeffe\x07f\x9bg", "abcdefg"),
        ("a\u00a0b\u3000c\td", "a b c d"),
        ("a\r\nb\x85c\u2028d", "a\nb\nc\nd"),
        ("\U000e0041tag", "tag"),
        ("\ud800lone", "lone"),
    ],
)
def test_html_to_text(markup: str, text: str) -> None:
    """Blocks become lines, scripts vanish, entities are characters, control and bidi characters are gone."""
    assert html_to_text(markup) == text


@pytest.mark.parametrize(
    "piece",
    ["<!-- ", "<!", "<a ", "<", "</", "<a b='", '<a b="', "<script>", "<svg>", "<![CDATA[", "&", "&#", "&#1", "<p>",
     "<p ", "e\u0301", "\u0301\u0345", "\n", " \n", "&amp;", "<td/>", "\u202e"],
)  # fmt: skip
def test_hostile_markup_takes_linear_time(piece: str) -> None:
    """256 kB of the inputs that stop html.parser for minutes take well under three seconds."""
    markup = (piece * 256_000)[:256_000]
    start = time.perf_counter()
    html_to_text(markup)
    assert time.perf_counter() - start < 3


@given(st.text())
def test_tidy_law(text: str) -> None:
    """Tidy text is NFC, has no control or bidi characters, and stays as it is when tidied again."""
    clean = tidy(text)
    assert clean == tidy(clean)
    assert unicodedata.is_normalized("NFC", clean)
    assert not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in clean.replace("\n", ""))
    assert not set(clean) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text(alphabet="<>/!-?&;#'\"abp s\n", max_size=200))
def test_any_markup_is_read(markup: str) -> None:
    """Nothing made of markup's characters raises."""
    html_to_text(markup)


def test_long_runs_of_marks_are_cut() -> None:
    """A letter keeps at most eight combining marks."""
    assert len(tidy("a" + "\u0300\u0345" * 5_000)) < 12


def test_has_markup() -> None:
    """Tags and entities tell; a lone less-than sign does not."""
    assert has_markup("a <b>bold</b> word")
    assert has_markup("a<br>b")
    assert has_markup("R&amp;D")
    assert not has_markup("a < b, R&D, <not a tag>")


@given(st.text(), st.integers(1, 50))
def test_cut(text: str, size: int) -> None:
    """At most so many bytes, and always valid text that the original begins with."""
    text = tidy(text)
    assert len(cut(text, size).encode()) <= size
    assert text.startswith(cut(text, size))


def test_one_line() -> None:
    """Line breaks and runs of spaces become one space."""
    assert one_line(" a\n\n b  c ") == "a b c"
