"""What the measurements are made of: readers, queries and reports from a seed, put in by the product's own steps."""

from __future__ import annotations

import os
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

from sqlalchemy import insert

from alertd import log
from alertd.config.settings import Service
from alertd.digest.contents import ContentMaker
from alertd.digest.edition import Editions
from alertd.mail.keys import KeyRing
from alertd.mail.templates import TemplateSet, load_templates
from alertd.matching.announce import Announcer
from alertd.matching.naive import NaiveMatcher
from alertd.model import Announce, CatalogueId, Cause, Kind, Origin, ReportFields, ReportState, Schedule
from alertd.query import Query, parse
from alertd.store import reports
from alertd.store.engines import Store
from alertd.store.migrate import migrate
from alertd.store.reports import NewRow
from alertd.store.tables import catalogue
from alertd.subscribers.enrol import Enrolment, Wish, enrol
from tests.store.world import NoAlarm

START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
DUE = START + timedelta(hours=9)
DAILY = Schedule(Kind.DAILY, minute=480)
IMMEDIATE = Schedule(Kind.IMMEDIATE)
WORDS = 20_000
SHARE = 0.014
"""Of all subscriptions, those that each report matches (measured on a million of them)."""

KEYS = KeyRing({"k1": b"k" * 32})
SERVICE = Service(name="Report alerts", address="alerts@example.org", owner="owner@example.org")
_FILLER = "rural land reform and the growth of small towns in the upper river basin, a survey of households"


def word(number: int) -> str:
    """A word that no stemmer touches and that is in no other."""
    return f"q{''.join(chr(97 + int(digit)) for digit in f'{number:05}')}x"


def _weights() -> list[float]:
    return [1 / (rank + 9) for rank in range(WORDS)]


def pairs_of_queries(readers: int, seed: int = 1) -> list[tuple[Query, Query]]:
    """Two different queries for each reader; few are asked for by many (Zipf)."""
    random, queries = Random(seed), [parse(word(number)) for number in range(WORDS)]
    cumulative = list(accumulate(_weights()))
    found: list[tuple[Query, Query]] = []
    while len(found) < readers:
        one, other = random.choices(queries, cum_weights=cumulative, k=2)
        if one is not other:
            found.append((one, other))
    return found


def report_fields(count: int, seed: int = 2) -> list[ReportFields]:
    """Reports whose words are together asked for by `SHARE` of the subscriptions; what many ask for comes often."""
    random, weights = Random(seed), _weights()
    total = sum(weights)
    found = []
    for number in range(count):
        share, words = 0.0, []
        for each in dict.fromkeys(random.choices(range(WORDS), weights, k=400)):
            if share + weights[each] / total <= SHARE:
                share += weights[each] / total
                words.append(word(each))
        found.append(
            ReportFields(
                title=f"Report {number} on {words[0]}",
                url=f"https://example.org/reports/{number}",
                abstract=f"{_FILLER}: {' '.join(words[1:])}.",
                authors=("A. Author", "B. Writer"),
                department="Department of Studies",
                number=str(number),
                year=2026,
                keywords=("land", "towns"),
                dated=date(2026, 11, 23),
            )
        )
    return found


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Store]:
    """A store with our tables, locked for writing."""
    log.set_up(quiet=True)
    store = Store(f"sqlite:///{path}")
    store.lock()
    try:
        await migrate(store)
        yield store
    finally:
        await store.close()


async def fill(store: Store, readers: int, *, schedule: Schedule, batch: int = 1_000) -> None:
    """Enrol this many readers with two queries each."""
    wished = pairs_of_queries(readers)
    for start in range(0, readers, batch):
        people = [
            Enrolment(
                f"reader{start + place}@example.org", "en", "UTC", "html",
                tuple(Wish(query, schedule) for query in two),
            )
            for place, two in enumerate(wished[start : start + batch])
        ]  # fmt: skip
        async with store.write() as connection:
            await enrol(connection, people, origin=Origin.FILE, now=START)


async def announce(store: Store, fields: Sequence[ReportFields], announcer: Announcer) -> int:
    """Store these reports and announce them, each in a transaction of its own; returns how many matches were written."""
    async with store.write() as connection:
        statement = insert(catalogue).values(
            name=f"drc{os.urandom(4).hex()}", feed="http://localhost/", state="active", failures=0,
            next_poll_at=START, longest_gap_ms=0,
        )  # fmt: skip
        catalogue_id = CatalogueId((await connection.execute(statement)).inserted_primary_key[0])
    matches = 0
    for number, each in enumerate(fields):
        async with store.write() as connection:
            await announcer.lock(connection)
            row = NewRow(str(number), ReportState.NEW, "", f"hash{number}", each)
            (id_,) = (await reports.add(connection, catalogue_id, [row], START)).values()
            matches += await announcer(connection, [Announce(id_, 1, "drc", each, Cause.NEW)], START)
    return matches


def announcer() -> Announcer:
    """With the matcher that the daemon has."""
    return Announcer(NaiveMatcher())


def editions(store: Store, templates: TemplateSet | None = None) -> Editions:
    """As the daemon makes them."""
    contents = ContentMaker(
        SERVICE,
        templates or load_templates(None),
        titles={"drc": "Reports"},
        key_id=KEYS.newest,
        give_up=timedelta(days=4),
    )
    return Editions(store, contents, NoAlarm())


def peak_mb() -> float:
    """The largest this process has been, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def machine() -> str:
    """The machine, as far as it matters."""
    return f"{os.cpu_count()} cores, shared; only ratios within one run count"
