"""Statements on inbound mails: taken in once, claimed one at a time, done or set aside.

A mail's life: `new` -> `working` (committed before it is handled) -> `done` or `ignored` (committed together with what the
handling caused) or `quarantined` (with a reason). Who finds a `working` mail while no other process may be handling one
knows that a process ended over it: it gets a second try, and is set aside after that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.errors import NotFoundError, RefusedError, StoreUnavailableError
from alertd.store.engines import Store
from alertd.store.tables import inbound
from alertd.store.upsert import insert_or_ignore

KILLED_TWICE = "the process ended twice while it handled this mail"
_WORKER_LOCK = 0x616C_6572_7464_0001  # one number in the database's space of advisory locks
_MAX_TRIES = 2


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail in our hands.

    Attributes:
        via: lmtp, spool or imap.
        sender: envelope sender; "" is the null path, None when the way in does not tell.
        recipient: the address of ours that it came to, extension included.
        raw: the mail as it came.
        tries: how often it was claimed, this time included; the fence of `finish`.
    """

    id: int
    via: str
    sender: str | None
    recipient: str
    raw: bytes
    tries: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a mail.

    Attributes:
        kind: command, confirmation, bounce-hard, ...: the word that lists show.
        outcome: a JSON value that tells what was done.
        ignored: it was rightly left unanswered and undone; `reason` says why.
    """

    kind: str
    outcome: Any = None
    ignored: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InboundRow:
    """A mail as lists show it. `size` is None once the raw mail was purged."""

    id: int
    via: str
    sender: str | None
    recipient: str
    state: str
    tries: int
    kind: str | None
    outcome: Any
    reason: str | None
    size: int | None
    received_at: datetime
    done_at: datetime | None
    purge_at: datetime | None


async def add(
    connection: AsyncConnection,
    *,
    dedupe_key: str,
    via: str,
    sender: str | None,
    recipient: str,
    raw: bytes,
    received_at: datetime,
) -> tuple[int, bool]:
    """Take a mail in as `new`: its id, and whether it is the first of its key."""
    return await _insert(
        connection,
        dedupe_key=dedupe_key,
        via=via,
        sender=sender,
        recipient=recipient,
        raw=raw,
        received_at=received_at,
        state="new",
    )


async def add_quarantined(
    connection: AsyncConnection,
    *,
    dedupe_key: str,
    via: str,
    sender: str | None,
    recipient: str,
    raw: bytes,
    reason: str,
    received_at: datetime,
    purge_at: datetime,
) -> tuple[int, bool]:
    """Take a mail in that nobody will handle before an operator says so; `raw` may be its beginning only."""
    return await _insert(
        connection,
        dedupe_key=dedupe_key,
        via=via,
        sender=sender,
        recipient=recipient,
        raw=raw,
        received_at=received_at,
        state="quarantined",
        reason=reason,
        done_at=received_at,
        purge_at=purge_at,
    )


async def _insert(connection: AsyncConnection, **values: Any) -> tuple[int, bool]:
    statement = insert_or_ignore(connection, inbound).values(tries=0, **values).returning(inbound.c.id)
    added: int | None = (await connection.execute(statement)).scalar_one_or_none()
    if added is not None:
        return added, True
    known = select(inbound.c.id).where(inbound.c.dedupe_key == values["dedupe_key"])
    return (await connection.execute(known)).scalar_one(), False


@asynccontextmanager
async def sole_worker(store: Store) -> AsyncIterator[bool]:
    """True for the one process that may handle mails meanwhile, False for the others.

    On SQLite the one writing process is that. On PostgreSQL it is an advisory lock, which a process that ends gives back.
    """
    if store.is_sqlite:
        yield True
        return
    async with store.write() as connection:
        lock = select(func.pg_try_advisory_xact_lock(_WORKER_LOCK))
        yield bool((await connection.execute(lock)).scalar_one())


async def recover(
    connection: AsyncConnection, *, now: datetime, purge_at: datetime
) -> tuple[list[int], list[int]]:
    """Mails that a dead process left `working`: back to `new`, or set aside at the second time.

    Only the sole worker may ask.

    Returns:
        The ids of the mails that get another try, and of those set aside.
    """
    left = update(inbound).where(inbound.c.state == "working").returning(inbound.c.id)
    killers = left.where(inbound.c.tries >= _MAX_TRIES).values(
        state="quarantined", reason=KILLED_TWICE, done_at=now, purge_at=purge_at
    )
    aside = (await connection.execute(killers)).scalars().all()
    retried = (await connection.execute(left.values(state="new"))).scalars().all()
    return sorted(retried), sorted(aside)


async def claim(connection: AsyncConnection, *, after: int) -> ClaimedMail | None:
    """The oldest new mail with an id above `after`, marked `working` and charged one try.

    To be committed before the mail is handled, so that a mail that ends the process is known by its mark.
    """
    oldest = (
        select(func.min(inbound.c.id)).where(inbound.c.state == "new", inbound.c.id > after).scalar_subquery()
    )
    statement = (
        update(inbound)
        .where(inbound.c.id == oldest)
        .values(state="working", tries=inbound.c.tries + 1)
        .returning(
            inbound.c.id,
            inbound.c.via,
            inbound.c.sender,
            inbound.c.recipient,
            inbound.c.raw,
            inbound.c.tries,
            inbound.c.received_at,
        )
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else ClaimedMail(*row)


async def finish(
    connection: AsyncConnection, mail: ClaimedMail, handled: Handled, *, now: datetime, purge_at: datetime
) -> None:
    """Mark a claimed mail done, in the transaction that holds what its handling caused.

    Raises:
        StoreUnavailableError: the claim was lost to another process; the transaction must not be committed.
    """
    await _end(
        connection,
        mail,
        state="ignored" if handled.ignored else "done",
        kind=handled.kind,
        outcome=handled.outcome,
        reason=handled.reason or None,
        done_at=now,
        purge_at=purge_at,
    )


async def quarantine(
    connection: AsyncConnection, mail: ClaimedMail, *, reason: str, now: datetime, purge_at: datetime
) -> None:
    """Set a claimed mail aside, with the reason that operators read.

    Raises:
        StoreUnavailableError: the claim was lost to another process.
    """
    await _end(connection, mail, state="quarantined", reason=reason, done_at=now, purge_at=purge_at)


async def release(connection: AsyncConnection, mail: ClaimedMail) -> bool:
    """Give a claimed mail back untouched, the try not charged; False when another process has it meanwhile."""
    values = {"state": "new", "tries": inbound.c.tries - 1}
    return (await connection.execute(_claimed(mail).values(values))).rowcount == 1


async def _end(connection: AsyncConnection, mail: ClaimedMail, **values: Any) -> None:
    if (await connection.execute(_claimed(mail).values(**values))).rowcount != 1:
        raise StoreUnavailableError(f"inbound mail {mail.id} was taken over by another process")


def _claimed(mail: ClaimedMail) -> Update:
    """An UPDATE of the row as long as the claim holds: a process that took it over has changed state or tries."""
    return update(inbound).where(
        inbound.c.id == mail.id, inbound.c.state == "working", inbound.c.tries == mail.tries
    )


_ROW = (
    inbound.c.id,
    inbound.c.via,
    inbound.c.sender,
    inbound.c.recipient,
    inbound.c.state,
    inbound.c.tries,
    inbound.c.kind,
    inbound.c.outcome,
    inbound.c.reason,
    func.length(inbound.c.raw).label("size"),
    inbound.c.received_at,
    inbound.c.done_at,
    inbound.c.purge_at,
)


def _row(values: tuple[Any, ...]) -> InboundRow:
    return InboundRow(*values)


async def fetch_page(
    connection: AsyncConnection, *, states: Sequence[str] = (), limit: int = 50, before: int | None = None
) -> list[InboundRow]:
    """The newest mails first, of these states (all when none is named), with ids below `before`."""
    statement = select(*_ROW).order_by(inbound.c.id.desc()).limit(limit)
    if states:
        statement = statement.where(inbound.c.state.in_(states))
    if before is not None:
        statement = statement.where(inbound.c.id < before)
    return [_row(tuple(row)) for row in (await connection.execute(statement)).all()]


async def get(connection: AsyncConnection, inbound_id: int) -> tuple[InboundRow, bytes | None]:
    """One mail and its raw bytes (None once purged).

    Raises:
        NotFoundError: there is no mail with this id.
    """
    statement = select(*_ROW, inbound.c.raw).where(inbound.c.id == inbound_id)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise NotFoundError(
            f"no inbound mail has the id {inbound_id}. `alertd inbox list` shows those there are."
        )
    *values, raw = tuple(row)
    return _row(tuple(values)), raw


async def waits(connection: AsyncConnection) -> bool:
    """Whether a mail waits to be handled."""
    statement = select(inbound.c.id).where(inbound.c.state.in_(("new", "working"))).limit(1)
    return (await connection.execute(statement)).first() is not None


async def count_by_state(connection: AsyncConnection) -> dict[str, int]:
    """How many mails are in each state that occurs; counted in the index."""
    statement = select(inbound.c.state, func.count()).group_by(inbound.c.state)
    rows = (await connection.execute(statement)).all()
    return {row[0]: row[1] for row in rows}


async def retry(connection: AsyncConnection, inbound_id: int) -> None:
    """Let a mail that was set aside, or left alone, be handled again from the beginning.

    Raises:
        NotFoundError: there is no mail with this id.
        RefusedError: it was done already, waits already, or its text was purged.
    """
    statement = (
        update(inbound)
        .where(
            inbound.c.id == inbound_id,
            inbound.c.state.in_(("quarantined", "ignored")),
            inbound.c.raw.is_not(None),
        )
        .values(state="new", tries=0, kind=None, outcome=None, reason=None, done_at=None, purge_at=None)
    )
    if (await connection.execute(statement)).rowcount == 1:
        return
    row, raw = await get(connection, inbound_id)
    if raw is None:
        raise RefusedError(
            f"inbound mail {inbound_id} was purged at {row.purge_at}; its sender must write again."
        )
    raise RefusedError(
        f"inbound mail {inbound_id} is {row.state}: only quarantined and ignored mails can be tried again."
    )


async def purge(
    connection: AsyncConnection, *, now: datetime, forget_before: datetime, limit: int = 500
) -> int:
    """Drop up to `limit` raw mails whose time is over, and rows received before `forget_before`.

    A row without its mail still recognises a second copy of it. Call again while the answer equals `limit`.

    Returns:
        How many raw mails were dropped.
    """
    due = (
        select(inbound.c.id)
        .where(inbound.c.purge_at <= now, inbound.c.raw.is_not(None))
        .order_by(inbound.c.id)
        .limit(limit)
    )
    dropped = await connection.execute(update(inbound).where(inbound.c.id.in_(due)).values(raw=None))
    forgotten = (
        select(inbound.c.id)
        .where(inbound.c.received_at < forget_before, inbound.c.raw.is_(None))
        .order_by(inbound.c.id)
        .limit(limit)
    )
    await connection.execute(delete(inbound).where(inbound.c.id.in_(forgotten)))
    return dropped.rowcount
