"""Mails of readers who know no commands: at least 95 % understood as meant, none as the opposite."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from alertd.postmaster.classify import classify
from tests.unit.postmaster.making import NOW, mail

KEYWORDS = ("pensions", "urban-rural")
"""What the active subscriber of the collections has."""
FOLDER = Path(__file__).parents[2] / "data" / "free_mails"
OPPOSITES = (
    ("unsubscribe", "subscribe"),
    ("forget me", "subscribe"),
    ("subscribe", "remove"),
    ("pause", "resume"),
    ("pause", "unsubscribe"),
    ("resume", "unsubscribe"),
    ("remove", "unsubscribe"),
)


def collection() -> list[dict[str, Any]]:
    return [
        each | {"file": file.stem}
        for file in sorted(FOLDER.glob("*.toml"))
        for each in tomllib.loads(file.read_text("utf-8"))["mail"]
    ]


def meaning(commands: list[str]) -> set[tuple[Any, ...]]:
    """Commands without what does not matter: case, quotes, the order of keywords, whether one says add or subscribe."""
    meant: set[tuple[Any, ...]] = set()
    for command in commands:
        match = re.match(r"(subscribe|add|remove)\b ?(.*)", re.sub('[“”"]', "", command.lower()))
        if match:
            queries = frozenset(part.strip() for part in match[2].split(",") if part.strip() not in {"", "*"})
            meant.add(("remove" if match[1] == "remove" else "subscribe", queries))
        else:
            meant.add((command.lower(),))
    return meant


def verbs(commands: list[str]) -> set[str]:
    """The verbs of commands; to add is to subscribe to more."""
    names = ("unsubscribe", "subscribe", "add", "remove", "pause", "resume", "forget me")
    return {
        name.replace("add", "subscribe")
        for command in commands
        for name in names
        if command == name or command.startswith(name + " ")
    }


def is_opposite(meant: list[str], understood: list[str]) -> bool:
    """Whether something was understood that undoes what was meant, or ends what nobody wanted ended."""
    wanted, got = verbs(meant), verbs(understood)
    if not wanted and got & {"unsubscribe", "forget me"}:
        return True
    dropped = {query for kind, *rest in meaning(meant) if kind == "remove" for query in rest[0]}
    added = {query for kind, *rest in meaning(understood) if kind == "subscribe" for query in rest[0]}
    if "remove" in wanted and "subscribe" in got and not dropped & added:
        got -= {"subscribe"}  # who asks for one subject has not been refused the other
    return any(
        (left in wanted and right in got and right not in wanted)
        or (right in wanted and left in got and left not in wanted)
        for left, right in OPPOSITES
    )


def readings(each: dict[str, Any]) -> list[list[str]]:
    """What the writer meant, and the other readings that would serve them as well."""
    return [each["meant"], *each.get("or", [])]


def is_as_meant(each: dict[str, Any], commands: list[str]) -> bool:
    return any(meaning(commands) == meaning(meant) for meant in readings(each))


def is_opposite_of(each: dict[str, Any], commands: list[str]) -> bool:
    return all(is_opposite(meant, commands) for meant in readings(each))


def understood(each: dict[str, Any]) -> list[str]:
    kind = "text/html" if each.get("html") else "text/plain"
    raw = mail(each["body"], subject=each["subject"], kind=kind)
    who = each.get("from", "active")
    has = each.get("keywords", KEYWORDS)
    commands: list[str] = classify(raw, "alerts@example.org", who, now=NOW, keywords=has)["commands"]
    return commands


def test_free_mails_are_understood_as_meant(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 95 of 100 free mails are understood as their writers meant them, and none as the opposite."""
    mails = collection()
    assert len(mails) >= 120
    wrong = [each for each in mails if not is_as_meant(each, understood(each))]
    opposite = [each for each in mails if is_opposite_of(each, understood(each))]
    share = 1 - len(wrong) / len(mails)
    with capsys.disabled():
        print()
        for name in sorted({each["file"] for each in mails}):
            here = [each for each in mails if each["file"] == name]
            missed = sum(each["file"] == name for each in wrong)
            print(f"free mails, {name}: {len(here) - missed} of {len(here)} as meant")
        print(
            f"free mails: {len(mails) - len(wrong)} of {len(mails)} as meant ({share:.1%}), {len(opposite)} as the opposite"
        )
    assert opposite == []
    assert share >= 0.95, [(each["subject"], each["body"], understood(each)) for each in wrong]


@pytest.mark.parametrize("as_", ["new", "active", "authenticated"])
def test_who_says_it_does_not_turn_its_meaning(as_: str) -> None:
    """No free mail is understood as the opposite, whoever its sender is taken for."""
    for each in collection():
        kind = "text/html" if each.get("html") else "text/plain"
        raw = mail(each["body"], subject=each["subject"], kind=kind)
        has = each.get("keywords", KEYWORDS)
        found = classify(raw, "alerts@example.org", as_, now=NOW, keywords=has)["commands"]
        assert not is_opposite_of(each, found), (each, found)
