"""Text is cut and wrapped politely in English and in Chinese."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from alertd.mail import wording

TEXTS = st.one_of(st.text(max_size=300), st.text("ab 字，（）。e\u0301\u3000\n", max_size=200))


HOSTILE = st.text("ab 字\u3000\t\n\r\x0b\x85\u2028\x00\x1c\xa0\u200e\u202e\ufeff\ud800<&", max_size=12)


@given(st.one_of(TEXTS, HOSTILE))
def test_short_ways_change_nothing(text: str) -> None:
    """What is plain is taken as it is; the answer is that of the whole treatment, and never safe HTML."""
    whole = wording._with_controls(text)
    assert wording.clean(text) == whole
    assert wording.one_line(text) == re.sub(r"\s+", " ", whole).strip()
    for made in (wording.clean(Markup(text)), wording.one_line(Markup(text))):
        assert type(made) is str
    assert wording.clean(Markup(text)) == whole
    line = wording.one_line(text)
    spaced = [
        (line[each.start() - 1 : each.start()] == " ", each[0]) for each in wording._UNIT.finditer(line)
    ]
    assert wording._units(line) == spaced


@given(TEXTS, st.integers(2, 120))
def test_cut_is_short_enough_and_a_beginning(text: str, limit: int) -> None:
    """What is cut fits the limit, begins as the text does, and shows that something is missing."""
    line = wording.one_line(text)
    short = wording.cut(text, limit)
    assert wording.columns(short) <= limit
    assert short == line or (short.endswith("…") and line.startswith(short[:-1]))


@given(TEXTS, st.integers(10, 80))
def test_fold_loses_nothing(text: str, width: int) -> None:
    """Wrapping changes white space only, and no line with a place to break is too long."""
    folded = wording.fold(text, "  ", "- ", width)
    assert folded.startswith("- ")
    assert "".join(folded[2:].split()) == "".join(wording.one_line(text).split())


def test_fold_breaks_chinese_between_characters_but_not_before_a_stop() -> None:
    """Chinese has no spaces: it breaks between characters, and a full stop or bracket stays with its neighbour."""
    assert wording.fold("扩大覆盖面，提高统筹层次。", width=10) == "扩大覆盖\n面，提高统\n筹层次。"
    assert wording.fold("参见（一）和（二）", width=10) == "参见（一）\n和（二）"


def test_fold_mixes_scripts_and_keeps_links_whole() -> None:
    """English words stay whole beside Chinese, and a link is never broken."""
    link = "https://example.org/" + "a" * 80
    assert wording.fold(f"see {link} now", width=40) == f"see\n{link}\nnow"
    assert wording.fold("浙江 pension 改革", width=8) == "浙江\npension\n改革"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 600, "short"),
        ("one two three four", 13, "one two…"),
        ("one two, three four", 12, "one two…"),
        ("扩大覆盖面，提高", 12, "扩大覆盖面…"),
        ("unbreakableword here", 9, "unbreaka…"),
    ],
)
def test_cut_examples(text: str, limit: int, expected: str) -> None:
    """On a word, without a dangling comma; a single long word is cut where it must be."""
    assert wording.cut(text, limit) == expected


def test_names_say_what_fits() -> None:
    """Labels in a subject: as many as fit, a star in words, the rest an ellipsis."""
    assert wording.names(["urban-rural", "*"], 60, ", ", "every report") == "urban-rural, every report"
    assert wording.names(["a" * 50, "b" * 50], 60, ", ", "") == "a" * 50 + ", …"
    assert wording.names([], 60, ", ", "") == ""


@pytest.mark.parametrize(
    "text", ["a\x00b", "a\u202eb", "a\x9fb", "a\ufeffb", "a\u2066b", "a\x1bb", "a\ud800b"]
)
def test_clean_takes_out_what_deceives(text: str) -> None:
    """Control and bidirectional characters are no part of a mail."""
    assert wording.clean(text) == "ab"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_every_line_end_is_a_line_feed(end: str) -> None:
    """Whatever some server may take for a line's end is one of ours."""
    assert wording.clean(f"a{end}b") == "a\nb"


@pytest.mark.parametrize(
    "text",
    ["https://evil.example/x", "HTTP://e", "www.evil", "evil.com/now", "buy@evil.example", "例子.公司"],
)
def test_unlinked_leaves_nothing_to_click(text: str) -> None:
    """What a mail program would make a link of is gone; the words around it stay."""
    assert wording.unlinked(f"pension {text} rural 3.5 No.178") == "pension […] rural 3.5 No.178"


def test_tidy_keeps_the_signature_line() -> None:
    """Trailing spaces go, but for the two dashes and a space that begin a signature."""
    assert wording.tidy("\n\na  \n\n\n\nb\n-- \nc\n\n") == "a\n\nb\n-- \nc\n"
