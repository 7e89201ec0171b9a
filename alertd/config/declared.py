"""From config/*.toml to `Declared`: catalogues and topics; subscribers have a module of their own."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alertd.config.declared_keys import (
    CATALOGUE,
    CATALOGUES_FILE,
    LABELS,
    SOONEST_POLL,
    SUBSCRIBERS_FILE,
    TOPIC,
    TOPICS_FILE,
)
from alertd.config.documents import Document, Spot, fault, read_document, shown, shown_path
from alertd.config.schema import note_unknown, read_table
from alertd.config.settings import Catalogue, Declared, Labels, Settings, Topic
from alertd.config.subscribers import Names, read_subscribers
from alertd.errors import Fault

FILES = (CATALOGUES_FILE, TOPICS_FILE, SUBSCRIBERS_FILE)

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_T = TypeVar("_T")


def read_declared(settings: Settings) -> tuple[Declared, list[Fault]]:
    """Read the folder; what is faulty is left out of the value."""
    folder = settings.paths.config
    faults = _misnamed(folder)
    documents: dict[str, Document] = {}
    missing: list[str] = []
    for name in FILES:
        read = read_document(folder / name)
        if read is None:
            missing.append(name)
        elif isinstance(read, Fault):
            faults.append(read)
        else:
            documents[name] = read
    declared = _declared(settings, documents, tuple(missing))
    for document in documents.values():
        faults += document.faults
    return declared, faults


def _declared(settings: Settings, documents: dict[str, Document], missing: tuple[str, ...]) -> Declared:
    folder = settings.file.parent
    empty = Document("", {}, {})
    catalogues = documents.get(CATALOGUES_FILE, empty)
    topics = documents.get(TOPICS_FILE, empty)
    found_topics = _named("topic", topics, lambda name, raw, spot: _topic(name, raw, spot, folder))
    # The names of a file that cannot be read are unknown, not wrong.
    unreadable = set(FILES) - set(documents) - set(missing)
    names = Names(
        catalogues=None if CATALOGUES_FILE in unreadable else _names("catalogue", catalogues),
        topics=None if TOPICS_FILE in unreadable else _names("topic", topics),
        topic_queries={topic.name: topic.query for topic in found_topics},
    )
    return Declared(
        catalogues=_named(
            "catalogue", catalogues, lambda name, raw, spot: _catalogue(name, raw, spot, folder)
        ),
        topics=found_topics,
        subscribers=read_subscribers(documents.get(SUBSCRIBERS_FILE, empty), settings, names),
        files_hash=_hash(settings, documents),
        missing=missing,
    )


def _hash(settings: Settings, documents: dict[str, Document]) -> str:
    """Changes with the files' bytes, and with what `[service]` gives to those who name no zone or language."""
    digest = hashlib.sha256(f"{settings.service.time_zone}\n{settings.service.language}\n".encode())
    for name in FILES:
        data = documents[name].data if name in documents else b""
        digest.update(f"{name} {len(data) if name in documents else 'absent'}\n".encode() + data)
    return digest.hexdigest()


def _misnamed(folder: Path) -> list[Fault]:
    """A file whose name is nearly one of ours would be passed over in silence."""
    faults = []
    try:
        found = sorted(folder.glob("*.toml"))
    except OSError:
        return []  # each of our files will say so
    for path in found:
        near = difflib.get_close_matches(path.name, FILES, n=1, cutoff=0.8)
        if path.name not in FILES and near:
            what = f"no file of this name is read; did you mean {near[0]}?"
            faults.append(fault(shown_path(path), 0, "", what, "rename it, or move it out of the folder"))
    return faults


def _names(noun: str, document: Document) -> frozenset[str]:
    table = document.table.get(noun)
    return frozenset(table) if isinstance(table, dict) else frozenset()


def _named(noun: str, document: Document, read: Callable[[str, Any, Spot], _T | None]) -> tuple[_T, ...]:
    """The tables `[noun.NAME]` of a file."""
    note_unknown(document.table, [noun], document.top, within="this file")
    tables = document.table.get(noun, {})
    if not isinstance(tables, dict):
        document.top.at(noun).wrong(f"a {noun} needs a name", f"begin it with a line [{noun}.NAME]")
        return ()
    found = []
    for name, raw in tables.items():
        spot = document.top.at(noun, name)
        if not isinstance(raw, dict):
            spot.wrong(
                f"the key {shown(name)!r} stands outside of any {noun}",
                f"begin one with a line [{noun}.NAME]",
            )
            continue
        value = read(name, raw, spot)  # also below a faulty name, so that all its faults are told at once
        if not _NAME.fullmatch(name):
            what = f"{shown(name)!r} cannot be the name of a {noun}"
            spot.wrong(what, "use a-z, 0-9 and inner hyphens, at most 64")
        elif value is not None:
            found.append(value)
    return tuple(found)


def _catalogue(name: str, raw: dict[str, Any], spot: Spot, folder: Path) -> Catalogue | None:
    values = read_table(CATALOGUE, raw, spot, folder, inside=("fields",))
    labels = read_table(LABELS, raw.get("fields", {}), spot.at("fields"), folder)
    values["title"] = values["title"] or name
    if values["poll_every"] < SOONEST_POLL and not values["allow_private"]:
        what = f"{shown(raw['poll_every'])!r} is too often for somebody else's server"
        remedy = "write at least 1m (a feed of your own network, with allow_private = true, may be polled more often)"
        spot.at("poll_every").wrong(what, remedy)
    return Catalogue(name=name, fields=Labels(**labels), **values)


def _topic(name: str, raw: dict[str, Any], spot: Spot, folder: Path) -> Topic | None:
    values = read_table(TOPIC, raw, spot, folder)
    if "query" not in values:
        return None
    return Topic(name=name, title=values.get("title", name), query=values["query"])
