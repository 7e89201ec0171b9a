"""What answers say: in both languages alike, and well-formed."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from alertd.postmaster.acting import chinese, english, words
from alertd.postmaster.acting.wording_of import MOST_ACTIONS
from alertd.postmaster.acting.words import echoed, say, shown, term, tongue

ACTING = Path(words.__file__).parent
TABLES = ("TONGUES", "ORIGINS", "ACTS", "KINDS", "STATES")


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_is_there_in_every_language() -> None:
    """The same keys, and in each sentence the same facts."""
    assert chinese.WORDS.keys() == english.WORDS.keys()
    for key, sentence in english.WORDS.items():
        assert _places(chinese.WORDS[key]) == _places(sentence), key
    for table in TABLES:
        assert getattr(chinese, table).keys() == getattr(english, table).keys(), table


def test_no_sentence_is_left_over_or_missing() -> None:
    """Each key is said somewhere in the code, and what is said has a key."""
    code = "\n".join(
        path.read_text("utf-8") for path in ACTING.glob("*.py") if path.stem not in {"english", "chinese"}
    )
    said = set(re.findall(r'"([a-z_]+)"', code)) | {"format_html", "format_text"}
    assert english.WORDS.keys() - said == set()
    called = re.findall(r'\b(?:say|did|could_not|note)\(\s*(?:language, )?"([a-z_]+)"', code)
    assert len(called) > 40
    assert set(called) - english.WORDS.keys() == set()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sentences_are_well_formed(language: str) -> None:
    """Quotation marks in pairs, no blanks at an end or in a row, and a Chinese sentence with Chinese marks."""
    for key, sentence in words.LANGUAGES[language].WORDS.items():
        assert sentence == " ".join(sentence.split()), key
        assert sentence.count("“") == sentence.count("”"), key
        assert '"' not in sentence, key
        if language == "zh":
            plain = re.sub(r"\{[^}]*\}", "", sentence)
            assert not re.search(r"[,;?!()]|\.(?!\.)", plain), key


def test_one_and_many() -> None:
    """One and many are told apart: never "1 reports"."""
    assert say("en", "volume_line", label="land", count=1) == "land: 1 report"
    assert say("en", "volume_line", label="land", count=2) == "land: 2 reports"
    assert say("en", "volume_line", label="land", count=0) == "land: 0 reports"
    assert say("zh", "volume_line", label="土地", count=1) == "土地：1 篇"
    assert say("en", "export_older", count=1).removeprefix("and ") == "1 older mail"
    for key, sentence in english.WORDS.items():
        if "{count" in sentence and key != "search_more":
            assert "{count:" in sentence, key


def test_a_language_we_do_not_speak_is_english() -> None:
    """Words, tables and names fall back."""
    assert say("de", "done") == "Done"
    assert term("de", "KINDS", "digest") == "a digest"
    assert term("en", "ACTS", "invented") == "invented"
    assert tongue("zh", "en") == "英文"
    assert tongue("en", "de") == "de"


def test_every_report() -> None:
    """`*` is nothing that a person would say."""
    assert (shown("en", "*"), shown("zh", " * "), shown("en", "land")) == ("every report", "全部报告", "land")


def test_what_is_said_back_is_short_and_carries_no_link() -> None:
    """What a stranger wrote in another's name must not become an advertisement."""
    text = (
        "Buy now at https://evil.example/x and www.evil.example or evil.example\r\nBcc: x@y.example"
        + "z" * 500
    )
    back = echoed(text)
    assert "evil" not in back
    assert "\n" not in back
    assert len(back) <= 120


def test_a_confirmation_shows_what_it_says() -> None:
    """The template shows as many lines as we write, and not one less."""
    root = ACTING.parents[2] / "templates" / "mail"
    for name in ("confirmation.txt", "confirmation.html"):
        assert f"actions[:{MOST_ACTIONS}]" in (root / name).read_text("utf-8")
