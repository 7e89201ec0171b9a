"""The words of explanations."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertd.digest import explain
from alertd.digest.explain import Step
from alertd.digest.explain_words import TO_THEM, WORDS, say
from alertd.model import DeliveryState

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def _codes() -> set[str]:
    """Every code that the decision can give."""
    text = Path(explain.__file__).read_text("utf-8")
    literal = set(re.findall(r'Step\(\s*"(\w+)"', text)) | set(re.findall(r'ReportState\.\w+: "(\w+)"', text))
    return literal | {"not_announced"} | {f"delivery_{state}" for state in DeliveryState}


def _names(text: str) -> set[str]:
    """The facts that a sentence names."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_code_has_words(language: str) -> None:
    """Both languages have words for every step, and for nothing else."""
    assert set(WORDS[language]) == _codes()


def test_both_languages_say_the_same_facts() -> None:
    """A translation names the same facts as the original."""
    for code, text in WORDS["en"].items():
        assert _names(WORDS["zh"][code]) == _names(text), code


@pytest.mark.parametrize(("language", "third", "second"), [("en", "reader", "you"), ("zh", "读者", "您")])
def test_who_asks_is_spoken_to(language: str, third: str, second: str) -> None:
    """In a mail no sentence speaks of the reader as of somebody else; it names the same facts, and the rest is the same."""
    theirs = WORDS[language] | TO_THEM[language]
    assert [code for code, text in theirs.items() if third in text] == []
    assert set(TO_THEM[language]) == {code for code, text in WORDS[language].items() if third in text}
    for code, text in TO_THEM[language].items():
        assert second in text
        assert _names(text) == _names(WORDS[language][code]), code


def test_lines() -> None:
    """One line a step, its time first and in the reader's zone; what is not known is a dash."""
    steps = [
        Step("seen", AT, {"catalogue": "drc"}),
        Step("matched", facts={"queries": ["a", "b"]}),
        Step("paused", facts={"until": None}, stops=True),
        Step("waits", facts={"next": AT}, stops=True),
    ]
    assert say(steps, language="en", zone="Asia/Shanghai") == [
        "2026-11-24 16:00:00 CST  found in the catalogue drc",
        "found by: a, b",
        "the reader paused; it comes when they resume (-)",
        "waits for the next digest (2026-11-24 16:00:00 CST)",
    ]


def test_other_languages_are_said_in_english() -> None:
    """A language we have no words in gets English ones."""
    (line,) = say([Step("skipped")], language="de", zone="UTC")
    assert line == WORDS["en"]["skipped"]


def test_braces_of_a_query_are_text() -> None:
    """What people typed is never read as a pattern."""
    (line,) = say([Step("matched", facts={"queries": ["{0.__class__}"]})], language="en", zone="UTC")
    assert line == "found by: {0.__class__}"
