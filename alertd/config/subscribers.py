"""From config/subscribers.toml to declared subscribers, resolved: defaults filled in, topics as queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from alertd.addresses import address_key, bare_key
from alertd.config.declared_keys import SUBSCRIBER, SUBSCRIBERS_FILE
from alertd.config.documents import Document, Spot, shown
from alertd.config.schema import did_you_mean, note_unknown, read_table
from alertd.config.settings import DEFAULT_SCHEDULE, DeclaredQuery, DeclaredSubscriber, Settings
from alertd.schedule import parse_schedule

EVERYTHING = "*"

# A file holds the same few schedules thousands of times.
_parse_schedule = lru_cache(maxsize=1000)(parse_schedule)


@dataclass(frozen=True, slots=True)
class Names:
    """What subscribers may name.

    Attributes:
        catalogues: names in catalogues.toml; None when that file cannot be read.
        topics: names in topics.toml, the faulty ones too; None when that file cannot be read.
        topic_queries: the query of each good topic.
    """

    catalogues: frozenset[str] | None
    topics: frozenset[str] | None
    topic_queries: Mapping[str, str]


def read_subscribers(document: Document, settings: Settings, names: Names) -> tuple[DeclaredSubscriber, ...]:
    """The good ones of the file's subscribers; what is wrong is noted in the document."""
    note_unknown(
        document.table, ["subscriber"], document.top, within=f"{SUBSCRIBERS_FILE}, outside of [[subscriber]]"
    )
    blocks = document.table.get("subscriber", [])
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        document.top.at("subscriber").wrong(
            "each subscriber is an element", "begin it with [[subscriber]], two brackets"
        )
        return ()
    found: list[DeclaredSubscriber] = []
    seen: dict[str, int] = {}
    for index, block in enumerate(blocks):
        subscriber = _subscriber(block, document.top.at("subscriber", index), settings, names)
        if subscriber is not None:
            _note_twice(subscriber, document.top.at("subscriber", index, "address"), seen)
            _note_ourselves(subscriber, document.top.at("subscriber", index, "address"), settings)
            found.append(subscriber)
    return tuple(found)


def _subscriber(
    block: dict[str, Any], spot: Spot, settings: Settings, names: Names
) -> DeclaredSubscriber | None:
    values = read_table(SUBSCRIBER, block, spot, settings.file.parent)
    topics = values.get("topics", ())
    _note_unknown_names(topics, names.topics, spot.at("topics"), "topic")
    _note_unknown_names(values["catalogues"], names.catalogues, spot.at("catalogues"), "catalogue")
    if "address" not in values:
        return None
    zone = values.get("time_zone", settings.service.time_zone)
    usual = values.get("schedule", DEFAULT_SCHEDULE)
    queries = [
        *values.get("queries", ()),
        *({"topic": name} for name in topics if name in names.topic_queries),
    ]
    return DeclaredSubscriber(
        address=values["address"],
        queries=tuple(
            DeclaredQuery(
                query=query.get("query") or names.topic_queries[query["topic"]],
                topic=query.get("topic", ""),
                label=query.get("label", ""),
                schedule=_parse_schedule(query.get("schedule", usual), zone=zone),
            )
            for query in queries or [{"query": EVERYTHING}]
        ),
        catalogues=values["catalogues"],
        schedule=_parse_schedule(usual, zone=zone),
        time_zone=zone,
        language=values.get("language", settings.service.language),
        format=values["format"],
        line=spot.line,
    )


def _note_unknown_names(given: tuple[str, ...], known: frozenset[str] | None, spot: Spot, noun: str) -> None:
    for index, name in enumerate(given):
        if known is not None and name not in known:
            spot.at(index).wrong(
                f"there is no {noun} {shown(name)!r} in {noun}s.toml", did_you_mean(name, known)
            )


def _note_twice(subscriber: DeclaredSubscriber, spot: Spot, seen: dict[str, int]) -> None:
    key = address_key(subscriber.address)
    if key in seen:
        what = f"{shown(subscriber.address)} stands here twice: line {seen[key]} means the same address"
        spot.wrong(what, "merge the two blocks into one")
    seen.setdefault(key, spot.line)


def _note_ourselves(subscriber: DeclaredSubscriber, spot: Spot, settings: Settings) -> None:
    service = settings.service.address
    if service and bare_key(service) == bare_key(subscriber.address):
        spot.wrong(
            "this is the address of the service itself", "remove the block: mail would go round in circles"
        )
