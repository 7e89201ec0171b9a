"""What the story calls a fault."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from alertd.demo.expect import Promise, missing, promises, wrong
from alertd.demo.mails import CaughtMail
from alertd.demo.reports import load_reports
from alertd.demo.story import START

OWED = (
    Promise("anna", 214, frozenset({"pension"})),
    Promise("li", 214, frozenset({"养老"})),
)


def mail(reader: str, reports: dict[int, frozenset[str]], *, kind: str = "digest") -> CaughtMail:
    return CaughtMail(
        to=f"{reader}@a.example", subject="s", kind=kind, at=START, reply_to="", message_id="<1@a.example>",
        text="", file=Path(f"{reader}.eml"), reports=reports,
    )  # fmt: skip


GOOD = [mail(each.reader, {each.number: each.labels}) for each in OWED]


def test_all_is_well() -> None:
    """Everything that is owed came, once, with the right queries: no fault."""
    assert missing(OWED, GOOD, letters=[("anna", "digest")]) == []
    assert wrong(OWED, GOOD) == []


def test_what_is_missing_is_named() -> None:
    """A report that did not come, and a letter that did not come."""
    faults = missing(OWED, GOOD[:1], letters=[("anna", "digest"), ("sven", "welcome")])
    assert faults == ["missing: the welcome for sven", "missing: li is told of No 214, found by 养老"]


def test_what_is_too_much_is_named() -> None:
    """A copy, a report for one who did not ask, a wrong query, and an alarm to the owner."""
    copy = replace(GOOD[0], file=Path("copy.eml"))
    assert wrong(OWED, [*GOOD, copy]) == ["twice: anna is told of No 214 in anna.eml and copy.eml"]
    assert wrong(OWED, [*GOOD, mail("sven", {214: frozenset({"*"})})]) == [
        "unasked: sven is told of No 214 in sven.eml"
    ]
    other = mail("li", {214: frozenset({"农村"})})
    assert wrong(OWED, [GOOD[0], other]) == ["wrong: li.eml says No 214 was found by 农村, not by 养老"]
    assert wrong(OWED, [*GOOD, mail("office", {}, kind="notice")]) == ["alarm: s (see office.eml)"]


def test_the_story_owes_something_to_many() -> None:
    """The expectations are not empty: most readers get several reports."""
    owed = promises(load_reports())
    assert len(owed) > 35
    assert len({each.reader for each in owed}) >= 7
