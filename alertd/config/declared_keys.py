"""Every key of config/catalogues.toml, topics.toml and subscribers.toml."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache
from typing import Any

from alertd import query
from alertd.config.documents import shown
from alertd.config.kinds import (
    ADDRESS,
    FLAG,
    LANGUAGE,
    NAME,
    TEXT,
    ZONE,
    Kind,
    Part,
    WrongError,
    distinct,
    duration,
    list_of,
    number,
    one_of,
    text_like,
    wrong,
)
from alertd.config.schema import Key, Table, did_you_mean
from alertd.config.settings import (
    DEFAULT_SCHEDULE,
    Catalogue,
    DeclaredQuery,
    DeclaredSubscriber,
    Labels,
    Topic,
)
from alertd.config.urls import URL
from alertd.errors import QuerySyntaxError
from alertd.schedule import EXPECTED, parse_schedule

CATALOGUES_FILE = "catalogues.toml"
TOPICS_FILE = "topics.toml"
SUBSCRIBERS_FILE = "subscribers.toml"

SOONEST_POLL = timedelta(minutes=1)
"""A feed on a public address is not polled more often."""

_TAG = re.compile(r"[a-z]{2,3}")
_MILLION = 1_000_000
_OF_SERVICE = "that of `[service]`"


# Files hold the same few schedules, and many of the same queries, thousands of times.
@lru_cache(maxsize=10_000)
def _check_query(text: str) -> str:
    try:
        query.parse(text)
    except QuerySyntaxError as error:
        hint = f"expected {error.expected}" + (
            f", for example: {error.suggestion}" if error.suggestion else ""
        )
        raise wrong(f"{error.message.rstrip('.')} (column {error.column})", hint.rstrip(".")) from error
    return text


@lru_cache(maxsize=1000)
def _check_schedule(text: str) -> str:
    try:
        parse_schedule(text, zone="UTC")
    except ValueError as error:
        what, _, hint = str(error).rpartition("; ")
        if EXPECTED not in hint:
            raise wrong(str(error), f"write {EXPECTED}") from error
        raise wrong(what, hint.replace("expected", "write", 1)) from error  # said once
    return text


def _check_tag(text: str) -> str:
    if not _TAG.fullmatch(text):
        raise ValueError(f"{shown(text)!r} is not a language; write its two-letter code, such as en or zh")
    return text


QUERY = text_like(_check_query, words="query", example="Zhejiang pension")
SCHEDULE = text_like(_check_schedule, words="schedule", example="daily at 08:00")
NAMES = distinct(list_of(text_like(lambda text: text, words="name", example="drc"), example='["drc"]'))

_LABELS = list_of(NAME, example='["Key words", "关键词"]')

QUERY_KEYS = (
    Key("query", QUERY, "The keywords", required=True),
    Key("label", TEXT, "What the mails call it", default="the query itself"),
    Key("schedule", SCHEDULE, "When its reports are sent", default="the subscriber's"),
)
_KEYS_OF_QUERY = {key.name: key for key in QUERY_KEYS}


def _read_query(value: object) -> dict[str, Any]:
    """A query in either form, as the table form; raises `WrongError` with all that is wrong in it."""
    if not isinstance(value, dict):
        return {"query": QUERY.read(value)}
    parts: list[Part] = []
    good: dict[str, Any] = {}
    for name, raw in value.items():
        if name not in _KEYS_OF_QUERY:
            parts.append(
                ((name,), f"there is no key {shown(name)!r} in a query", did_you_mean(name, _KEYS_OF_QUERY))
            )
            continue
        try:
            good[name] = _KEYS_OF_QUERY[name].kind.read(raw)
        except WrongError as error:
            parts += [((name, *path), what, remedy) for path, what, remedy in error.parts]
    if "query" not in value:
        parts.append(((), "query is missing", 'write { query = "...", label = "..." }'))
    if parts:
        raise WrongError(*parts)
    return good


CATALOGUE = Table(
    CATALOGUES_FILE,
    "[catalogue.NAME]",
    Catalogue,
    "A catalogue to poll. NAME is of a-z, 0-9 and hyphens, and stays: it is what the store knows the catalogue by.",
    (
        Key("title", NAME, "What readers see", default="NAME"),
        Key("feed", URL, "URL of its RSS or Atom feed", default="none, must be given", required=True),
        Key(
            "poll_every",
            duration(timedelta(seconds=1)),
            "How often it is polled: at least every 1m, unless `allow_private`",
        ),
        Key(
            "language", text_like(_check_tag, words="language code", example="en"), "Language of its reports"
        ),
        Key(
            "announce_last",
            number(0, _MILLION, 0),
            "The first poll is a baseline: how many of its newest reports are announced all the same",
        ),
        Key("on_revision", one_of("ignore", "announce"), "What happens when a known report's text changes"),
        Key(
            "flood_limit",
            number(1, _MILLION, 50),
            "More new reports than this in one poll are held for an admin",
        ),
        Key(
            "max_age",
            duration(timedelta(days=1)),
            "New to us but dated longer ago than this: stored and reported to admins, not mailed",
        ),
        Key("allow_private", FLAG, "Whether the feed may be on a private or loopback address"),
    ),
)

LABELS = Table(
    CATALOGUES_FILE,
    "[catalogue.NAME.fields]",
    Labels,
    "Labels found in an entry's text, added to the built-in English and Chinese ones.",
    (
        Key("abstract", _LABELS, "Stand before the abstract"),
        Key("keywords", _LABELS, "Stand before the key words"),
        Key("author", _LABELS, "Stand before the author"),
        Key("department", _LABELS, "Stand before the department"),
        Key("number", _LABELS, "Stand before the report's number within its year"),
        Key("total_number", _LABELS, "Stand before the running number over all years"),
        Key("date", _LABELS, "Stand before the date"),
    ),
)

TOPIC = Table(
    TOPICS_FILE,
    "[topic.NAME]",
    Topic,
    "A query that many share. NAME is of a-z, 0-9 and hyphens.",
    (
        Key("title", NAME, "What readers see", default="NAME"),
        Key("query", QUERY, "The keywords", default="none, must be given", required=True),
    ),
)

SUBSCRIBER = Table(
    SUBSCRIBERS_FILE,
    "[[subscriber]]",
    DeclaredSubscriber,
    "A subscriber whom an admin declares. With neither queries nor topics they get every report (`*`).",
    (
        Key("address", ADDRESS, "Where mail goes", default="none, must be given", required=True),
        Key(
            "queries",
            list_of(Kind("query or table", _read_query), example='["pension"]'),
            "Queries of their own: text, or a table with `query`, `label` and `schedule`",
            default="`[]`",
        ),
        Key("topics", NAMES, "Names of topics", default="`[]`"),
        Key("catalogues", NAMES, "Names of catalogues; empty: all"),
        Key("schedule", SCHEDULE, f"When digests go: {EXPECTED}", default=f'`"{DEFAULT_SCHEDULE}"`'),
        Key("time_zone", ZONE, "Where the schedule's time is read (IANA name)", default=_OF_SERVICE),
        Key("language", LANGUAGE, "Language of the mails", default=_OF_SERVICE),
        Key("format", one_of("html", "text"), "`html` mails have a text part too"),
    ),
)

QUERY_TABLE = Table(
    SUBSCRIBERS_FILE,
    "queries = [{ ... }]",
    DeclaredQuery,
    "One of a subscriber's queries, as a table.",
    QUERY_KEYS,
)

TABLES = (CATALOGUE, LABELS, TOPIC, SUBSCRIBER, QUERY_TABLE)
