"""Free prose that no pattern knows: by the parts its words play, and nothing when it says more than is understood."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.postmaster.commands.frames import read_frame
from alertd.postmaster.commands.lexicon import Part, tokens
from alertd.postmaster.commands.model import Setting
from alertd.postmaster.commands.purpose import of_another, ours_only
from alertd.postmaster.commands.telling import exchange, told_only
from tests.unit.postmaster.making import NOW, READER

SETTING = Setting(NOW, author=READER)
READ = {
    "you can stop the water ones": ("remove water",),
    "the water ones you can stop": ("remove water",),
    "水利的就不用发了": ("remove 水利",),
    "would you mind also covering Zhejiang": ("add Zhejiang",),
    "too much about land": ("remove land",),
    "周五下午五点发比较好": ("weekly on friday at 17:00",),
    "我现在都订了哪些": ("list",),
    "no more pls": ("unsubscribe",),
}
UNREAD = (
    "I have retired",
    "I had to stop working",
    "I read your report on Jiaxing",
    "the kettle boiled before the cat sang",
    "don't forget to send me the report",
    "my colleague would like to get the reports",
    "if you like reports",
    "you can keep the rest as it is",
    "I cannot find the mails",
    "没收到邮件",
)


@pytest.mark.parametrize("clause", READ)
def test_parts_of_a_clause_make_a_command(clause: str) -> None:
    """The words' parts decide, in whatever order they stand."""
    command = read_frame(clause, SETTING)
    assert command
    assert command.canonical() == READ[clause]


@pytest.mark.parametrize("clause", UNREAD)
def test_what_asks_for_nothing_is_no_command(clause: str) -> None:
    """A statement, a condition, another's wish or an unknown word makes no command."""
    assert read_frame(clause, SETTING) is None


def test_the_longest_entry_is_looked_up() -> None:
    """Several words that say one thing are one token, and 's is no part of a word."""
    assert [(token.part, token.text) for token in tokens("for the time being, friend's")] == [
        (Part.PAUSE, "for the time being"),
        (Part.JOIN, ","),
        (Part.OTHERS, "friend's"),
    ]


def test_one_subject_for_another_is_two_commands() -> None:
    """To replace is to remove and to add; a setting is no subject."""
    assert [str(each) for each in exchange("Please replace 'coal' with 'renewables'.", SETTING)] == [
        "remove coal",
        "add renewables",
    ]
    assert exchange("please replace html with plain text", SETTING) == ()


def test_an_address_that_changes_is_told_without_a_command() -> None:
    """One other address, and words of change, are a change of address; without such words they are none."""
    told = told_only("Our domain changes, reach me at ann@new.example from then on", SETTING)
    assert [str(each) for each in told] == ["change address ann@new.example"]
    assert told_only("The author is ann@new.example", SETTING) == []


def test_offers_and_appointments_ask_for_nothing() -> None:
    """What an offer's footer or a date for lunch sounds like is no command."""
    stop = read_frame("no more pls", SETTING)
    noon = read_frame("周五下午五点发比较好", SETTING)
    assert stop
    assert noon
    assert ours_only([stop], "Cheap loans with a discount of 80% off") == []
    assert ours_only([stop], "no more pls") == [stop]
    lunch, ours = replace(noon, line="Friday at five?"), replace(noon, line="周五下午五点发比较好")
    assert ours_only([lunch], "are you free for lunch? Friday at five?") == []
    assert ours_only([ours], "our lunch is early, 周五下午五点发比较好") == [ours]


def test_another_persons_wish_is_told_apart() -> None:
    """Nobody signs up or leaves in another's name."""
    assert of_another("My student Hye-jin would like to subscribe as well")
    assert not of_another("My wife wants me to stop these mails")
