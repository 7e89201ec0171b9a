"""Statements on reports and their revisions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, insert, or_, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import (
    CatalogueId,
    Report,
    ReportFields,
    ReportId,
    ReportState,
    fields_from_json,
    fields_to_json,
)
from alertd.store.columns import to_json
from alertd.store.tables import announcement, catalogue, report, revision

_CHUNK = 1_000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A report as a poll needs it: without its text."""

    id: ReportId
    identity: str
    revision: int
    state: ReportState
    content_hash: str


@dataclass(frozen=True, slots=True)
class NewRow:
    """A report to store, at revision 1."""

    identity: str
    state: ReportState
    reason: str
    content_hash: str
    fields: ReportFields


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A changed text to store."""

    report_id: ReportId
    revision: int
    content_hash: str
    fields: ReportFields


async def known(
    connection: AsyncConnection, catalogue_id: CatalogueId, identities: Collection[str]
) -> dict[str, KnownRow]:
    """Those of these identities that the catalogue has, by identity."""
    found: dict[str, KnownRow] = {}
    for chunk in _chunks(sorted(set(identities))):
        statement = _known().where(report.c.catalogue_id == catalogue_id, report.c.identity.in_(chunk))
        found |= {row.identity: row for row in await _known_rows(connection, statement)}
    return found


async def lately(
    connection: AsyncConnection, catalogue_id: CatalogueId, *, since: datetime
) -> list[KnownRow]:
    """What the feed had at or after an instant, oldest first."""
    statement = (
        _known()
        .where(report.c.catalogue_id == catalogue_id, report.c.last_seen_at >= since)
        .order_by(report.c.id)
    )
    return await _known_rows(connection, statement)


async def add(
    connection: AsyncConnection, catalogue_id: CatalogueId, rows: Sequence[NewRow], now: datetime
) -> dict[str, ReportId]:
    """Store new reports with their first revision; returns their ids by identity."""
    ids: dict[str, ReportId] = {}
    statement = insert(report).returning(report.c.identity, report.c.id)
    for chunk in _chunks(rows):
        values = [
            {
                "catalogue_id": catalogue_id,
                "identity": row.identity,
                "revision": 1,
                "state": row.state,
                "reason": row.reason or None,
                "seen_at": now,
                "last_seen_at": now,
            }
            for row in chunk
        ]
        ids |= {identity: ReportId(id_) for identity, id_ in await connection.execute(statement, values)}
    first = [RevisionRow(ids[row.identity], 1, row.content_hash, row.fields) for row in rows]
    await _add_revisions(connection, first, now)
    return ids


async def revise(connection: AsyncConnection, rows: Sequence[RevisionRow], now: datetime) -> None:
    """Store changed texts; each becomes its report's newest."""
    if not rows:
        return
    await _add_revisions(connection, rows, now)
    statement = (
        update(report).where(report.c.id == bindparam("report")).values(revision=bindparam("to_revision"))
    )
    await connection.execute(
        statement, [{"report": row.report_id, "to_revision": row.revision} for row in rows]
    )


async def touch(
    connection: AsyncConnection, ids: Collection[ReportId], now: datetime, *, before: datetime
) -> None:
    """Note that the feed still has these; those seen since `before` are left alone, to spare writing."""
    for chunk in _chunks(sorted(set(ids))):
        await connection.execute(
            update(report)
            .where(report.c.id.in_(chunk), report.c.last_seen_at < before)
            .values(last_seen_at=now)
        )


async def set_state(
    connection: AsyncConnection, ids: Collection[ReportId], state: ReportState, *, reason: str = ""
) -> None:
    """Move reports to a state."""
    for chunk in _chunks(sorted(set(ids))):
        await connection.execute(
            update(report).where(report.c.id.in_(chunk)).values(state=state, reason=reason or None)
        )


async def held(connection: AsyncConnection, catalogue_id: CatalogueId) -> list[Report]:
    """The catalogue's held reports at their newest text, in the order they came."""
    return await _reports(
        connection, and_(report.c.catalogue_id == catalogue_id, report.c.state == ReportState.HELD)
    )


async def is_holding(connection: AsyncConnection, catalogue_id: CatalogueId) -> bool:
    """Whether anything of the catalogue is held."""
    statement = (
        select(report.c.id)
        .where(report.c.catalogue_id == catalogue_id, report.c.state == ReportState.HELD)
        .limit(1)
    )
    return (await connection.execute(statement)).first() is not None


async def announced(connection: AsyncConnection, ids: Collection[ReportId]) -> set[ReportId]:
    """Those of these reports that were announced at any revision."""
    found: set[ReportId] = set()
    for chunk in _chunks(sorted(set(ids))):
        statement = select(announcement.c.report_id).where(announcement.c.report_id.in_(chunk)).distinct()
        found |= {ReportId(id_) for id_ in (await connection.execute(statement)).scalars()}
    return found


async def recent(
    connection: AsyncConnection, *, since: datetime, catalogues: Collection[str] = (), limit: int = 100_000
) -> list[Report]:
    """Reports first seen since an instant, newest text, oldest first; discarded and retracted ones are left out.

    Args:
        connection: any.
        since: aware.
        catalogues: names; empty means all.
        limit: of the newest so many.
    """
    where = and_(
        report.c.seen_at >= since, report.c.state.not_in([ReportState.DISCARDED, ReportState.RETRACTED])
    )
    if catalogues:
        where = and_(where, catalogue.c.name.in_(sorted(catalogues)))
    return list(reversed(await _reports(connection, where, newest_first=True, limit=limit)))


async def recent_ids(
    connection: AsyncConnection, *, since: datetime, limit: int
) -> list[tuple[ReportId, int]]:
    """Of the reports that `recent` finds the newest so many: their ids and revisions, newest first."""
    statement = (
        select(report.c.id, report.c.revision)
        .where(
            report.c.seen_at >= since, report.c.state.not_in([ReportState.DISCARDED, ReportState.RETRACTED])
        )
        .order_by(report.c.id.desc())
        .limit(limit)
    )
    return [(ReportId(id_), number) for id_, number in await connection.execute(statement)]


async def first_texts(
    connection: AsyncConnection, catalogue_id: CatalogueId, *, limit: int
) -> list[ReportFields]:
    """The first texts of the catalogue's newest reports: what its entries look like when all is well."""
    newest = (
        select(report.c.id)
        .where(report.c.catalogue_id == catalogue_id)
        .order_by(report.c.id.desc())
        .limit(limit)
        .scalar_subquery()
    )
    statement = select(revision.c.fields).where(revision.c.report_id.in_(newest), revision.c.revision == 1)
    return [fields_from_json(values) for values in (await connection.execute(statement)).scalars()]


async def arrivals(
    connection: AsyncConnection, catalogue_id: CatalogueId, *, since: datetime
) -> list[datetime]:
    """The instants since then at which reports of the catalogue were new, in order."""
    statement = (
        select(report.c.seen_at)
        .where(report.c.catalogue_id == catalogue_id, report.c.seen_at >= since)
        .distinct()
        .order_by(report.c.seen_at)
    )
    return list((await connection.execute(statement)).scalars())


async def find(connection: AsyncConnection, text: str, *, limit: int = 20) -> list[Report]:
    """The reports a person may mean, newest first: by id, identity, URL, number ("178", "178/2015") or total number.

    "#178" is the id 178 and nothing else.
    """
    text = text.strip()
    if exact := re.fullmatch(r"#(\d{1,18})", text):
        return await _reports(connection, report.c.id == int(exact[1]))
    if not text:
        return []
    wanted: list[ColumnElement[bool]] = [report.c.identity == text, _field_is("url", text)]
    number = re.fullmatch(r"(?:no\.?\s*)?(\d{1,18})(?:\s*[,/]\s*(\d{4}))?", text, re.IGNORECASE)
    if number and number[2]:
        wanted.append(and_(_field_is("number", number[1]), _field_is("year", int(number[2]))))
    elif number:
        wanted += [report.c.id == int(number[1]), _field_is("number", number[1])]
        wanted.append(_field_is("total_number", number[1]))
    else:
        wanted.append(_field_is("number", text))
    return await _reports(connection, or_(*wanted), newest_first=True, limit=limit)


async def get_many(connection: AsyncConnection, ids: Collection[ReportId]) -> dict[ReportId, Report]:
    """These reports at their newest text; those that do not exist are left out."""
    found: dict[ReportId, Report] = {}
    for chunk in _chunks(sorted(set(ids))):
        found |= {each.id: each for each in await _reports(connection, report.c.id.in_(chunk))}
    return found


def _field_is(name: str, value: object) -> ColumnElement[bool]:
    """The newest text has this value: its JSON is canonical, and a quote inside a string is escaped."""
    return type_coerce(revision.c.fields, Text).contains(f"{to_json(name)}:{to_json(value)}", autoescape=True)


def _known() -> Select[int, str, int, str, str]:
    return select(
        report.c.id, report.c.identity, report.c.revision, report.c.state, revision.c.content_hash
    ).join(revision, and_(revision.c.report_id == report.c.id, revision.c.revision == report.c.revision))


async def _known_rows(
    connection: AsyncConnection, statement: Select[int, str, int, str, str]
) -> list[KnownRow]:
    return [
        KnownRow(ReportId(id_), identity, number, ReportState(state), content_hash)
        for id_, identity, number, state, content_hash in await connection.execute(statement)
    ]


async def _reports(
    connection: AsyncConnection,
    where: ColumnElement[bool],
    *,
    newest_first: bool = False,
    limit: int | None = None,
) -> list[Report]:
    statement = (
        select(
            report.c.id,
            catalogue.c.name,
            report.c.identity,
            report.c.revision,
            report.c.state,
            revision.c.fields,
            report.c.seen_at,
            report.c.reason,
        )
        .join(revision, and_(revision.c.report_id == report.c.id, revision.c.revision == report.c.revision))
        .join(catalogue, catalogue.c.id == report.c.catalogue_id)
        .where(where)
        .order_by(report.c.id.desc() if newest_first else report.c.id)
        .limit(limit)
    )
    return [
        Report(
            ReportId(id_),
            name,
            identity,
            number,
            ReportState(state),
            fields_from_json(fields),
            seen_at,
            reason or "",
        )
        for id_, name, identity, number, state, fields, seen_at, reason in await connection.execute(statement)
    ]


async def _add_revisions(connection: AsyncConnection, rows: Sequence[RevisionRow], now: datetime) -> None:
    for chunk in _chunks(rows):
        await connection.execute(
            insert(revision),
            [
                {
                    "report_id": row.report_id,
                    "revision": row.revision,
                    "content_hash": row.content_hash,
                    "fields": fields_to_json(row.fields),
                    "seen_at": now,
                }
                for row in chunk
            ],
        )


def _chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """SQLite binds at most 32,766 values in a statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
