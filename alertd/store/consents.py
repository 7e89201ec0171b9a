"""Statements on consents (who asked, when, how), suppressions, and the audit trail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import SubscriberId
from alertd.store.tables import audit, consent, suppression
from alertd.store.upsert import upsert

LEFT = "left"
"""The act of a person who ended their subscription by themselves."""

LIFTED = "suppression lifted"
"""The act of an admin who lets an address be mailed again. It says nothing of what the person wants."""


class Consent(NamedTuple):
    """One act of a person (or of an admin for them) with its evidence."""

    subscriber_id: SubscriberId | None
    address_hash: str
    act: str
    via: str
    at: datetime
    inbound_id: int | None = None
    network: str | None = None
    wording: str | None = None


class Suppression(NamedTuple):
    """Why an address must not be mailed."""

    reason: str
    evidence: str | None
    since: datetime


def is_unproven(act: str) -> bool:
    """Whether an act does not tell what the person wants: anybody may have asked it, or an admin did it."""
    return act.startswith("asked ") or act == LIFTED


async def note(connection: AsyncConnection, rows: Sequence[Consent]) -> None:
    """Keep evidence."""
    if rows:
        await connection.execute(insert(consent), [row._asdict() for row in rows])


async def of_address(connection: AsyncConnection, address_hash: str) -> list[Consent]:
    """All acts of an address, oldest first."""
    columns = [consent.c[name] for name in Consent._fields]
    statement = (
        select(*columns).where(consent.c.address_hash == address_hash).order_by(consent.c.at, consent.c.id)
    )
    return [Consent._make(row) for row in await connection.execute(statement)]


async def of_subscriber(connection: AsyncConnection, subscriber_id: SubscriberId) -> list[Consent]:
    """All acts of a reader, oldest first."""
    columns = [consent.c[name] for name in Consent._fields]
    statement = (
        select(*columns).where(consent.c.subscriber_id == subscriber_id).order_by(consent.c.at, consent.c.id)
    )
    return [Consent._make(row) for row in await connection.execute(statement)]


async def last_confirmed(connection: AsyncConnection, subscriber_id: SubscriberId) -> datetime | None:
    """When a reader last confirmed something: a proof that mail reached them. None when they never did.

    An admin who lifts their suppression vouches for as much.
    """
    statement = select(func.max(consent.c.at)).where(
        consent.c.subscriber_id == subscriber_id,
        or_(consent.c.act.like("confirmed %"), consent.c.act == LIFTED),
    )
    instant: datetime | None = (await connection.execute(statement)).scalar_one()
    return instant


async def last_acts(connection: AsyncConnection, hashes: Collection[str]) -> dict[str, str]:
    """The newest act of each of these addresses that has any, but for those that are unproven (`is_unproven`)."""
    statement = (
        select(consent.c.address_hash, consent.c.act)
        .where(
            consent.c.address_hash.in_(sorted(hashes)),
            consent.c.act.not_like("asked %"),
            consent.c.act != LIFTED,
        )
        .order_by(consent.c.at, consent.c.id)
    )
    return {hash_: act for hash_, act in await connection.execute(statement)}


async def suppress(
    connection: AsyncConnection,
    address_hash: str,
    *,
    reason: str,
    evidence: str | None,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Never mail this address (until an instant, when one is given); a second reason replaces the first."""
    statement = upsert(connection, suppression).values(
        address_hash=address_hash, reason=reason, evidence=evidence, since_at=now, until_at=until
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["address_hash"],
            set_={name: statement.excluded[name] for name in ("reason", "evidence", "since_at", "until_at")},
        )
    )


async def suppressed(
    connection: AsyncConnection, hashes: Collection[str], *, now: datetime
) -> dict[str, tuple[str, datetime]]:
    """Those of these addresses that must not be mailed now: reason and since when."""
    statement = select(suppression.c.address_hash, suppression.c.reason, suppression.c.since_at).where(
        suppression.c.address_hash.in_(sorted(hashes)),
        or_(suppression.c.until_at.is_(None), suppression.c.until_at > now),
    )
    return {hash_: (reason, since) for hash_, reason, since in await connection.execute(statement)}


async def suppression_of(
    connection: AsyncConnection, address_hash: str, *, now: datetime
) -> Suppression | None:
    """Why an address must not be mailed now, None when it may."""
    statement = select(suppression.c.reason, suppression.c.evidence, suppression.c.since_at).where(
        suppression.c.address_hash == address_hash,
        or_(suppression.c.until_at.is_(None), suppression.c.until_at > now),
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Suppression._make(row)


async def lift(connection: AsyncConnection, address_hash: str) -> None:
    """Mail this address again."""
    await connection.execute(delete(suppression).where(suppression.c.address_hash == address_hash))


async def write_audit(
    connection: AsyncConnection,
    *,
    actor: str,
    verb: str,
    subject: str,
    now: datetime,
    before: Any = None,
    after: Any = None,
) -> None:
    """Note what an admin did."""
    await connection.execute(
        insert(audit).values(at=now, actor=actor, verb=verb, subject=subject, before=before, after=after)
    )
