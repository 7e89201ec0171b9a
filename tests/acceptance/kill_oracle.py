"""What must arrive, from the feed, the TOML and the caught mails alone. Imports nothing of alertd but the naive evaluator."""

from __future__ import annotations

import email
import email.policy
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field

from alertd.matching.naive import matches


@dataclass(frozen=True)
class FeedReport:
    """One entry of the feed. Those there from the beginning are the baseline and are never told."""

    number: int
    words: str
    baseline: bool = False

    @property
    def url(self) -> str:
        """Its link, which is also its guid."""
        return f"http://example.org/report/{self.number}"

    @property
    def title(self) -> str:
        """Its title."""
        return f"Report {self.number} on {self.words}"


@dataclass
class CaughtMail:
    """One mail as the relay got it."""

    recipient: str
    data: bytes


@dataclass
class Verdict:
    """What is wrong; all empty when nothing is."""

    missing: set[tuple[str, str]] = field(default_factory=set)
    unasked: set[tuple[str, str]] = field(default_factory=set)
    wrong_queries: list[tuple[str, str, frozenset[str], frozenset[str]]] = field(default_factory=list)
    told_twice: set[tuple[str, str]] = field(default_factory=set)
    changed_bytes: set[str] = field(default_factory=set)
    copies: int = 0


def expected(config: str, reports: list[FeedReport]) -> dict[tuple[str, str], frozenset[str]]:
    """(reader, report) -> the labels of the reader's queries that find it."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for reader in tomllib.loads(config)["subscriber"]:
        for query in reader["queries"]:
            for report in reports:
                fields = {"title": report.title, "abstract": f"About {report.words}."}
                if not report.baseline and matches(query["query"], fields, catalogue="drc"):
                    found[reader["address"], report.url].add(query["label"])
    return {key: frozenset(labels) for key, labels in found.items()}


def told(mail: CaughtMail) -> dict[str, frozenset[str]]:
    """Report -> labels, read from a digest's text part."""
    message = email.message_from_bytes(mail.data, policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n").split("\n-- \n")[0]
    found = {}
    for block in re.split(r"^\d+\. +", text, flags=re.MULTILINE)[1:]:
        url = re.search(r"http://example\.org/report/\d+", block)
        labels = re.search(r"Found by: (.*)", block, re.DOTALL)
        assert url, block
        assert labels, block
        found[url.group()] = frozenset(re.findall(r"label\d+", labels.group(1)))
    return found


def judge(config: str, reports: list[FeedReport], mails: list[CaughtMail]) -> Verdict:
    """Compare what arrived with what had to."""
    verdict = Verdict()
    wanted = expected(config, reports)
    by_id: dict[str, bytes] = {}
    arrived: dict[tuple[str, str], frozenset[str]] = {}
    for mail in mails:
        message = email.message_from_bytes(mail.data, policy=email.policy.default)
        message_id = str(message["Message-ID"])
        if message_id in by_id:
            verdict.copies += 1
            if by_id[message_id] != mail.data:
                verdict.changed_bytes.add(message_id)
            continue
        by_id[message_id] = mail.data
        if message["Precedence"] != "list":
            continue  # a welcome
        for url, labels in told(mail).items():
            key = (mail.recipient, url)
            if key in arrived:
                verdict.told_twice.add(key)
            arrived[key] = labels
    verdict.missing = wanted.keys() - arrived.keys()
    verdict.unasked = arrived.keys() - wanted.keys()
    verdict.wrong_queries = [
        (*key, labels, wanted[key])
        for key, labels in arrived.items()
        if key in wanted and wanted[key] != labels
    ]
    return verdict
