"""Letters: the marked-up examples, what is learned from them, and what is made of a sentence that was understood."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from alertd.postmaster.charsets import fold_width
from alertd.postmaster.commands.model import Setting
from alertd.postmaster.commands.naming import theirs
from alertd.postmaster.commands.places import zone_in
from alertd.postmaster.commands.rhythm import times_of, wanted_time
from alertd.postmaster.commands.understand import (
    MAX_LETTER,
    MAX_SENTENCE,
    MAX_SENTENCES,
    sentences_of,
    understand,
)
from alertd.postmaster.prose import training
from alertd.postmaster.prose.lexicon import Part, tokens
from alertd.postmaster.prose.marks import EXAMPLES, MarkError, Role, Wish, read_examples, read_line
from alertd.postmaster.prose.reader import MODEL, Reader, reader
from alertd.postmaster.prose.training import MADE_OF, made_of, train
from alertd.postmaster.prose.words import without, words
from alertd.postmaster.quoting import Subject
from tests.unit.postmaster.making import NOW, READER

SETTING = Setting(NOW, author=READER, labels=frozenset({"pensions", "urban-rural"}))
COLLECTIONS = Path(__file__).parents[2] / "data" / "free_mails"
READ = {
    "you can stop the water ones": ("remove water",),
    "the water ones you can stop": ("remove water",),
    "水利的就不用发了": ("remove 水利",),
    "would you mind also covering Zhejiang": ("subscribe Zhejiang",),
    "周五下午五点发比较好": ("weekly on friday at 17:00",),
    "Please replace 'coal' with 'renewables'.": ("remove coal", "subscribe renewables"),
    "Our domain changes, please write to ann@new.example from then on": ("change address ann@new.example",),
    "Only pensions from now on please.": ("remove urban-rural",),
    "I'd like urban-rural weekly, but pensions once a month.": (
        "weekly for urban-rural",
        "monthly for pensions",
    ),
    "Could you stop the alerts over Easter? I'm back on 9 April.": ("pause until 2027-04-09",),
}
UNREAD = (
    "They stopped the project last year",
    "I read your report on Jiaxing",
    "the kettle boiled before the cat sang",
    "my colleague would like to get the reports",
    "Please do not unsubscribe me.",
    "Please subscribe ann@example.com to everything",
    "Are you free for lunch on Thursday at noon?",
    "The author is ann@new.example",
    "我不想退订",
)


def said(line: str, setting: Setting = SETTING) -> tuple[str, ...]:
    """The commands that a body of one line is understood as."""
    found = understand(Subject("", replied=False, forwarded=False), (line,), setting).commands
    return tuple(text for command in found for text in command.canonical())


@pytest.mark.parametrize("line", READ)
def test_a_letter_makes_commands(line: str) -> None:
    """What people write in their own words is the command it means."""
    assert said(line) == READ[line]


@pytest.mark.parametrize("line", UNREAD)
def test_what_asks_for_nothing_is_no_command(line: str) -> None:
    """A statement, another's wish, an appointment or a wish to stay makes no command."""
    assert said(line) == ()


def test_a_mark_says_what_a_sentence_asks() -> None:
    """Braces hold subjects, the arrow what else is asked; widths and characters are made plain."""
    marked = read_line("Subject: Swap -{coal} for +{renewables}，please => when, text")
    assert marked.sentence.title
    assert marked.sentence.text == "Swap coal for renewables,please"
    assert [(each.role, marked.sentence.text[each.start : each.end]) for each in marked.subjects] == [
        (Role.UNWANTED, "coal"),
        (Role.WANTED, "renewables"),
    ]
    assert marked.wishes == {Wish.WHEN, Wish.TEXT}


@pytest.mark.parametrize("line", ["stop {coal}", "stop => halt", "+{coal"])
def test_a_faulty_mark_is_told_with_file_and_line(line: str, tmp_path: Path) -> None:
    """An example that cannot be read names its file and line."""
    file = tmp_path / "examples.txt"
    file.write_text(f"fine\n\n{line}\n", "utf-8")
    with pytest.raises(MarkError, match=re.escape(f"{file}:3: ")):
        list(read_examples([file]))


def test_a_faulty_example_ends_the_training_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes a mark wrong is told where and how to mend it; no model is touched."""
    (tmp_path / "few.txt").write_text("Stop. => halt\n")
    monkeypatch.setattr(training, "EXAMPLES", tmp_path)
    with pytest.raises(SystemExit, match=r"few\.txt:1: halt: behind => stand some of leave, forget"):
        training.main(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_model_was_made_of_the_examples() -> None:
    """Whoever changes an example, or what is looked at, learns the model anew (`make model`)."""
    assert (MODEL / MADE_OF).read_text().strip() == made_of()


def test_the_examples_are_apart_from_the_collections() -> None:
    """No sentence of a collection of free mails is an example, but those so short that everybody writes them."""
    examples = {
        _plain(marked.sentence.text)
        for mail in read_examples(sorted(EXAMPLES.glob("*.txt")))
        for marked in mail
    }
    mails = [
        each for file in COLLECTIONS.glob("*.toml") for each in tomllib.loads(file.read_text("utf-8"))["mail"]
    ]
    sentences = {
        _plain(part)
        for each in mails
        for part in re.split(r"(?<=[.!?。！？])\s*|\n", re.sub(r"<[^>]+>", " ", each["body"]))
    }
    long = {
        each for each in sentences if len(each.split()) >= 5 or len(re.findall(r"[\u4e00-\u9fff]", each)) >= 8
    }
    assert len(long) > 1000
    assert long & examples == set()


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", fold_width(text).lower()).strip()


def test_learning_is_repeatable(tmp_path: Path) -> None:
    """The same examples give the same models, byte for byte, and a reader that reads them."""
    lines = [
        "Please send me +{coal}.",
        "No more -{coal} please.",
        "Stop the mails. => leave",
        "Weekly please. => when",
    ]
    (tmp_path / "few.txt").write_text("\n\n".join(lines * 6) + "\n")
    for name in ("one", "two"):
        train(read_examples([tmp_path / "few.txt"]), tmp_path / name)
    made = {
        name: {file.name: file.read_bytes() for file in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    }
    assert made["one"] == made["two"]
    assert len(made["one"]) == 3
    sentence = read_line("Stop the mails.").sentence
    (read,) = Reader(tmp_path / "one").read([sentence])
    assert read.wishes[Wish.LEAVE] > 0.5 > read.wishes[Wish.WHEN]


def test_words_are_known_by_their_form() -> None:
    """Chinese characters stand alone beside Latin words, slips are mended, numbers and addresses are kinds."""
    row = words("pensions每周 to x@example.org, don't unsubcribe 2027!")
    assert [word.form for word in row] == [
        "pensions", "每", "周", "to", "<addr>", ",", "don't", "unsubscribe", "<n4>",
    ]  # fmt: skip
    assert without("send coal weekly", ((5, 9),)) == "send \x01 \x03"


def test_the_longest_entry_is_looked_up() -> None:
    """Several words that say one thing are one token, and 's is no part of a word."""
    assert [(token.part, token.text) for token in tokens("for the time being, friend's")] == [
        (Part.PAUSE, "for the time being"),
        (Part.JOIN, ","),
        (Part.OTHERS, "friend's"),
    ]


def test_a_keyword_is_known_by_its_stem() -> None:
    """What can only be one of the person's keywords is that keyword."""
    assert theirs("pension", SETTING) == "pensions"
    assert theirs("the Urban-rural", SETTING) == "urban-rural"
    assert theirs("coal", SETTING) == "coal"


def test_times_belong_to_the_subjects_of_their_clause() -> None:
    """Each timing goes to the subjects beside it; of two for all, the last is wanted."""
    text = "coal daily, but gas every Friday"
    found = times_of(text, [("coal", 0, 4), ("gas", 16, 19)])
    assert [(queries, str(timing)) for queries, timing in found] == [
        (("coal",), "daily"),
        (("gas",), "weekly on friday"),
    ]
    assert str(wanted_time("daily is nice, but weekly would be better")) == "weekly"
    assert str(wanted_time("weekly instead of daily")) == "weekly"


def test_a_zone_is_found_by_its_place() -> None:
    """The first place of a known zone counts, whatever its accents."""
    assert zone_in("I'm in São Paulo these days") == "America/Sao_Paulo"
    assert zone_in("我现在在伦敦访学") == "Europe/London"
    assert zone_in("UTC+8 please") == "Etc/GMT-8"
    assert zone_in("I live by the sea") == ""


def test_what_is_read_is_bounded() -> None:
    """Of a mail of any length so many sentences are read, none longer than people write."""
    lines = ("please add coal and unsubscribe weekly 退订养老金 " * 40, *["add coal. drop gas."] * 200)
    read = sentences_of(Subject("", replied=False, forwarded=False), lines)
    assert len(read) == MAX_SENTENCES
    long = sentences_of(Subject("", replied=False, forwarded=False), tuple(["add coal " * 50 + "."] * 30))
    assert all(len(sentence.text) <= MAX_SENTENCE for sentence in (*read, *long))
    assert sum(len(sentence.text) for sentence in long) <= MAX_LETTER


def test_the_reader_is_loaded_once() -> None:
    """All mails are read by the same models."""
    assert reader() is reader()
