"""Reading what the relay caught, as its reader would: from the mail's own bytes, whatever the store says. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

_LINK = re.compile(r"^\s*http://\S+(/reports/\d{4}-(\d+))\s*$")
_FOUND_BY = re.compile(r"^\s*(?:Found by: |符合您的订阅：)(.+)$")
_LABELS = re.compile(r", |、")
EVERY = ("every report", "全部报告")
"""How a mail names the query `*`."""


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """A mail as its reader sees it.

    Attributes:
        to: the envelope's recipient.
        kind: digest, confirmation, answer, welcome or notice.
        at: its Date.
        reply_to: where an answer goes, "" when no header says so.
        reports: number of each report in it, and the labels of the queries that found it.
        text: the text part.
        file: where it can be opened.
    """

    to: str
    subject: str
    kind: str
    at: datetime
    reply_to: str
    message_id: str
    text: str
    file: Path
    reports: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @property
    def reader(self) -> str:
        """The local part of the recipient's address."""
        return self.to.partition("@")[0]


def read_mail(data: bytes, *, to: str, file: Path) -> CaughtMail:
    """Read a mail of ours.

    Args:
        data: its bytes.
        to: the envelope's recipient.
        file: where it is kept.

    Raises:
        ValueError: it has no text part, or no Date.
    """
    mail = message_from_bytes(data, policy=default)
    part = mail.get_body(("plain",))
    if part is None or mail["Date"] is None:
        raise ValueError(f"{file} has no text part or no Date")
    text = str(part.get_content()).replace("\r\n", "\n")
    reports = _reports(text)
    return CaughtMail(
        to=to,
        subject=str(mail["Subject"]),
        kind=_kind(mail, reports),
        at=mail["Date"].datetime,
        reply_to=str(mail["Reply-To"] or ""),
        message_id=str(mail["Message-ID"]),
        text=text,
        file=file,
        reports=reports,
    )


def _kind(mail: EmailMessage, reports: Mapping[int, object]) -> str:
    if reports:
        return "digest"
    if "+confirm-" in str(mail["Reply-To"] or ""):
        return "confirmation"
    if str(mail["Auto-Submitted"]) == "auto-replied":
        return "answer"
    return "welcome" if mail["List-Id"] else "notice"


def _reports(text: str) -> dict[int, frozenset[str]]:
    """Each report's link, and below it the line that names the queries: the last that looks so, and it may be folded."""
    found: dict[int, frozenset[str]] = {}
    number = 0
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if link := _LINK.match(line):
            number = int(link[2])
            found[number] = frozenset()
        elif number and (begin := _FOUND_BY.match(line)):
            folded = [begin[1]]
            for more in lines[index + 1 :]:
                if not more.strip():
                    break
                folded.append(more.strip())
            labels = _LABELS.split(" ".join(folded))
            found[number] = frozenset("*" if label in EVERY else label for label in labels)
    return found
