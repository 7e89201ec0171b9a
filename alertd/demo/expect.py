"""What must have arrived when the story is told, and what is wrong with what did. Pure.

The expectations are written by hand in reports.toml; the mails are read from their bytes. Neither knows the store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from alertd.demo.mails import CaughtMail
from alertd.demo.reports import SandboxReport


@dataclass(frozen=True, slots=True)
class Promise:
    """One reader is told of one report, found by these queries."""

    reader: str
    number: int
    labels: frozenset[str]

    def __str__(self) -> str:
        return f"{self.reader} is told of No {self.number}, found by {', '.join(sorted(self.labels))}"


def promises(reports: Iterable[SandboxReport]) -> tuple[Promise, ...]:
    """What the story owes."""
    return tuple(
        Promise(reader, report.number, labels)
        for report in reports
        for reader, labels in report.found_by.items()
    )


def missing(
    owed: Sequence[Promise], mails: Collection[CaughtMail], *, letters: Collection[tuple[str, str]]
) -> list[str]:
    """What has not come, in words.

    Args:
        owed: who must be told of what.
        mails: caught so far.
        letters: reader and kind of every other mail that must come.
    """
    told = {(mail.reader, number) for mail in mails for number in mail.reports}
    got = {(mail.reader, mail.kind) for mail in mails}
    absent = [f"missing: {each}" for each in owed if (each.reader, each.number) not in told]
    return [
        f"missing: the {kind} for {reader}" for reader, kind in letters if (reader, kind) not in got
    ] + absent


def wrong(owed: Sequence[Promise], mails: Collection[CaughtMail]) -> list[str]:
    """What came and should not have, or came otherwise, in words.

    Args:
        owed: who must be told of what.
        mails: caught.
    """
    expected = {(each.reader, each.number): each.labels for each in owed}
    copies: defaultdict[tuple[str, int], list[CaughtMail]] = defaultdict(list)
    faults = []
    for mail in mails:
        for number, labels in mail.reports.items():
            pair = (mail.reader, number)
            copies[pair].append(mail)
            if pair not in expected:
                faults.append(f"unasked: {mail.reader} is told of No {number} in {mail.file.name}")
            elif labels != expected[pair]:
                said, due = (", ".join(sorted(each)) or "nothing" for each in (labels, expected[pair]))
                faults.append(f"wrong: {mail.file.name} says No {number} was found by {said}, not by {due}")
        if mail.kind == "notice":
            faults.append(f"alarm: {mail.subject} (see {mail.file.name})")
    faults += [
        f"twice: {reader} is told of No {number} in {' and '.join(mail.file.name for mail in found)}"
        for (reader, number), found in copies.items()
        if len(found) > 1
    ]
    return faults
