"""The story as lines of text: what happens while it does, and at the end what was sent to whom and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from alertd.demo.events import Announced, Event, Published, Sent, Setting, Wrote
from alertd.demo.mails import CaughtMail

Say = Callable[[str], None]


class PlainAudience:
    """Prints each event on a line; a context manager like the live view.

    Args:
        say: prints a line.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self.setting: Setting | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lines need no clearing up."""

    def begin(self, setting: Setting) -> None:
        """Say where everything is."""
        self.setting = setting
        self._say(f"catalogue  {setting.catalogue}")
        self._say(f"folder     {setting.folder}")
        self._say(f"clock      one second here is {setting.speed / 60:.0f} minutes there; times are UTC\n")

    def hear(self, event: Event) -> None:
        """Print it."""
        self._say(line(event))

    def look(self, now: datetime, *, faults: Sequence[str] | None) -> None:
        """Time passes in silence."""


def line(event: Event) -> str:
    """An event in one line."""
    when = f"{event.at:%a %d %b %H:%M}"
    match event:
        case Published(report=report):
            return f"{when}  published  No {report.number}  {report.title}"
        case Announced(report=report, queries=queries):
            return f"{when}  matched    No {report.number}  by {queries} {'query' if queries == 1 else 'queries'}"
        case Wrote(sender=sender, to=to):
            return f"{when}  mail in    {sender} writes to {to}"
        case Sent(mail=mail):
            return f"{when}  mail out   {mail.kind} to {mail.to}: {mail.subject}"


def summary(setting: Setting, mails: Sequence[CaughtMail]) -> list[str]:
    """What was sent to whom, and why: report by report, with the queries that found each."""
    by_reader: defaultdict[str, list[CaughtMail]] = defaultdict(list)
    for mail in mails:
        by_reader[mail.to].append(mail)
    lines = ["What was sent to whom, and why", ""]
    for address, got in sorted(by_reader.items()):
        about = setting.readers.get(address, "signed up by mail")
        lines.append(f"{address} ({about})")
        for mail in got:
            lines.append(f"  {mail.at:%a %d %b %H:%M}  {mail.kind}: {mail.subject}")
            lines.append(f"    {mail.file}")
            lines += [
                f"    No {number} {setting.titles.get(number, '')} <- {_queries(labels)}"
                for number, labels in sorted(mail.reports.items())
            ]
        lines.append("")
    return lines


def sample(mails: Sequence[CaughtMail]) -> list[str]:
    """One digest's text part: an English one with a few reports, if there is one."""
    digests = [mail for mail in mails if mail.kind == "digest"]
    if not digests:
        return []
    chosen = next((mail for mail in digests if len(mail.reports) > 1 and mail.subject.isascii()), digests[0])
    rule = "-" * 78
    return [f"One of the digests, as text ({chosen.file.name}):", rule, chosen.text.rstrip(), rule, ""]


def _queries(labels: frozenset[str]) -> str:
    return ", ".join("every report" if label == "*" else label for label in sorted(labels))
