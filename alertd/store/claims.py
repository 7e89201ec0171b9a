"""What a worker does with outbox rows: claim, enter DATA, record how it ended.

`claimed_by` is the fence: every change by a worker must hit its own row, or it is no longer its own. `data_at` is set for as
long as a DATA is not known to have been refused; such a row may have arrived, stays `in_doubt` and is never withdrawn.

Order of locks, as everywhere: readers first, deliveries after. Withdrawing locks readers, so it comes before this
transaction holds any delivery, and what is claimed is taken with SKIP LOCKED, which never waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Row, Select, and_, case, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.errors import AlertdError
from alertd.model import DeliveryId, DeliveryState, DigestId, MailKind, SubscriberId, SubscriberState
from alertd.store.deliveries import TEXT_CAP, is_open
from alertd.store.passage import Passage, judge
from alertd.store.tables import attempt, delivery, subscriber, suppression

POSTPONED = timedelta(hours=1)
"""How often a mail in doubt for a paused reader is looked at again."""

HashAddress = Callable[[str], str]
"""From an address as it was given to its key in the suppression list."""


class Withdraw(Protocol):
    """Takes back digests that did not leave (docs/data.md, rule 7); returns those it took."""

    async def __call__(
        self,
        connection: AsyncConnection,
        deliveries: Collection[DeliveryId],
        /,
        *,
        reason: str,
        now: datetime,
    ) -> Sequence[DeliveryId]:
        """Lock the readers, then the rows that are still pending, and undo their digests."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that a worker has taken to send.

    Attributes:
        attempts: tries at which the relay refused this mail for a time.
        bytes_hash: of the bytes that DATA was begun with before, None when it never was.
        doubtful: an earlier attempt may have arrived.
    """

    id: DeliveryId
    kind: MailKind
    priority: int
    subscriber_id: SubscriberId | None
    digest_id: DigestId | None
    inbound_id: int | None
    address: str
    args: dict[str, Any]
    key_id: str
    date_at: datetime
    attempts: int
    queued_at: datetime
    expires_at: datetime | None
    bytes_hash: str | None
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a claim brought: the rows taken, and how many were withdrawn, expired or postponed instead."""

    claims: tuple[Claim, ...]
    set_aside: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the relay said, or what happened instead. `stage` is that of `RelayError`."""

    relay: str
    stage: str
    code: int | None
    enhanced: str
    text: str


_FIELDS = [name for name in Claim.__dataclass_fields__ if name != "doubtful"]


def _with_reader() -> Select[Any]:
    columns = [delivery.c[name] for name in _FIELDS]
    return select(
        *columns, delivery.c.data_at.is_not(None).label("doubtful"), subscriber.c.state.label("reader")
    ).select_from(delivery.outerjoin(subscriber, subscriber.c.id == delivery.c.subscriber_id))


async def _judged(
    connection: AsyncConnection, statement: Select[Any], *, now: datetime, hash_address: HashAddress
) -> list[tuple[Row[Any], Passage, str]]:
    """Rows with what consent and suppression say about them at this moment."""
    rows = (await connection.execute(statement)).all()
    hashes = {row.id: _hashed(row.address, hash_address) for row in rows}
    listed = select(suppression.c.address_hash, suppression.c.reason).where(
        suppression.c.address_hash.in_(sorted(set(hashes.values()))),
        or_(suppression.c.until_at.is_(None), suppression.c.until_at > now),
    )
    suppressed: dict[str, str] = dict((await connection.execute(listed)).all()) if rows else {}
    return [
        (
            row,
            *judge(
                MailKind(row.kind),
                reader=SubscriberState(row.reader) if row.reader else None,
                suppressed=suppressed.get(hashes[row.id]),
                late=row.expires_at is not None and row.expires_at <= now,
                doubtful=bool(row.doubtful),
            ),
        )
        for row in rows
    ]


def _hashed(address: str, hash_address: HashAddress) -> str:
    """A row with a nonsensical address must not stop the others; the envelope refuses it later."""
    try:
        return hash_address(address)
    except (AlertdError, ValueError):
        return ""


async def claim(
    connection: AsyncConnection,
    *,
    worker_id: int,
    now: datetime,
    limit: int,
    withdraw: Withdraw,
    hash_address: HashAddress,
    upto: int | None = None,
) -> Claimed:
    """Take the first due mails by priority, time and id; set aside those that may not go.

    Args:
        connection: a writing transaction.
        worker_id: whose they become.
        now: what is due by then.
        limit: rows looked at, at most.
        withdraw: takes back the digests of paused readers, and those that became stale.
        hash_address: address as given to key in the suppression list.
        upto: the largest priority number wanted, None for all.
    """
    due = _with_reader().where(is_open(), delivery.c.claimed_by.is_(None), delivery.c.next_at <= now)
    if upto is not None:
        due = due.where(delivery.c.priority <= upto)
    due = due.order_by(delivery.c.priority, delivery.c.next_at, delivery.c.id).limit(limit)
    withdrawn = 0
    first = await _judged(connection, due, now=now, hash_address=hash_address)
    for reason in sorted({reason for _, passage, reason in first if passage is Passage.WITHDRAW}):
        ids = [row.id for row, passage, why in first if passage is Passage.WITHDRAW and why == reason]
        withdrawn += len(await withdraw(connection, ids, reason=reason, now=now))
    locking = due.with_for_update(of=delivery, skip_locked=True)
    rows = await _judged(connection, locking, now=now, hash_address=hash_address)
    aside = await _set_aside(connection, rows, now=now)
    taken = [row for row, passage, _ in rows if passage is Passage.GO]
    if taken:
        await connection.execute(
            update(delivery)
            .where(delivery.c.id.in_([row.id for row in taken]))
            .values(
                claimed_by=worker_id,
                state=case(
                    (delivery.c.data_at.is_not(None), DeliveryState.IN_DOUBT), else_=DeliveryState.CLAIMED
                ),
            )
        )
    return Claimed(claims=tuple(_claim(row) for row in taken), set_aside=withdrawn + aside)


def _claim(row: Row[Any]) -> Claim:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Claim(**{**values, "kind": MailKind(row.kind), "doubtful": bool(row.doubtful)})


async def _set_aside(
    connection: AsyncConnection, rows: Iterable[tuple[Row[Any], Passage, str]], *, now: datetime
) -> int:
    """Expire and postpone what was judged so; returns how many."""
    expired: dict[str, list[int]] = {}
    postponed: list[int] = []
    for row, passage, reason in rows:
        if passage is Passage.EXPIRE:
            expired.setdefault(reason, []).append(row.id)
        elif passage is Passage.POSTPONE:
            postponed.append(row.id)
    for reason, ids in expired.items():
        await connection.execute(
            update(delivery)
            .where(delivery.c.id.in_(ids))
            .values(state=DeliveryState.EXPIRED, claimed_by=None, reply=reason, done_at=now)
        )
    if postponed:
        await connection.execute(
            update(delivery)
            .where(delivery.c.id.in_(postponed))
            .values(next_at=now + POSTPONED, claimed_by=None)
        )
    return sum(map(len, expired.values())) + len(postponed)


def _mine(claimed: Claim, worker_id: int) -> ColumnElement[bool]:
    return and_(delivery.c.id == claimed.id, delivery.c.claimed_by == worker_id)


async def mark_in_doubt(
    connection: AsyncConnection,
    claimed: Claim,
    *,
    worker_id: int,
    now: datetime,
    relay: str,
    bytes_hash: str,
    hash_address: HashAddress,
) -> tuple[Passage, str]:
    """The last thing before DATA: is it still ours, may it still go, are these the bytes of the first attempt?

    Returns `GO` only when the row is in doubt, by this worker, once the transaction commits; otherwise the row is
    already where it belongs, with the reason.
    """
    mine = _with_reader().where(_mine(claimed, worker_id)).with_for_update(of=delivery)
    found = await _judged(connection, mine, now=now, hash_address=hash_address)
    if not found:
        return Passage.LOST, "another worker has it"
    row, passage, reason = found[0]
    if passage is Passage.WITHDRAW:  # the next claim does it: here the delivery is locked, the reader is not
        await put_back(connection, [claimed], worker_id=worker_id, next_at=now)
    elif passage is Passage.GO and row.bytes_hash not in (None, bytes_hash):
        passage, reason = Passage.HOLD, "rendered to other bytes than at the first attempt"
        await mark_held(connection, claimed, worker_id=worker_id, reason=reason, bytes_hash=bytes_hash)
    elif passage is not Passage.GO:
        await _set_aside(connection, found, now=now)
    if passage is not Passage.GO:
        return passage, reason
    values = {"state": DeliveryState.IN_DOUBT, "data_at": now, "relay": relay, "bytes_hash": bytes_hash}
    fenced = await connection.execute(update(delivery).where(_mine(claimed, worker_id)).values(values))
    return (Passage.GO, "") if fenced.rowcount == 1 else (Passage.LOST, "another worker has it")


async def mark_sent(connection: AsyncConnection, id_: DeliveryId, *, now: datetime, answer: Answer) -> bool:
    """The relay said 250. True even of a row that is no longer ours, for it is a fact; False when it was known."""
    statement = (
        update(delivery)
        .where(delivery.c.id == id_, delivery.c.state != DeliveryState.SENT)
        .values(state=DeliveryState.SENT, claimed_by=None, done_at=now, **_said(answer))
    )
    return (await connection.execute(statement)).rowcount == 1


def _said(answer: Answer) -> dict[str, Any]:
    return {
        "relay": answer.relay,
        "code": answer.code,
        "enhanced": answer.enhanced,
        "reply": answer.text[:TEXT_CAP],
    }


async def _ended(
    connection: AsyncConnection,
    claimed: Claim,
    answer: Answer,
    values: dict[str, Any],
    *,
    worker_id: int,
    now: datetime,
) -> bool:
    """Record an attempt that brought no 250, if the row is still ours."""
    statement = (
        update(delivery).where(_mine(claimed, worker_id)).values(claimed_by=None, **_said(answer), **values)
    )
    if (await connection.execute(statement)).rowcount != 1:
        return False
    row = {"delivery_id": claimed.id, "at": now, "relay": answer.relay, "stage": answer.stage}
    said = {"code": answer.code, "enhanced": answer.enhanced, "text": answer.text[:TEXT_CAP]}
    await connection.execute(insert(attempt).values(**row, **said))
    return True


def _refused(claimed: Claim) -> dict[str, Any]:
    """A definite refusal clears the doubt of this attempt, not that of an earlier one."""
    return {} if claimed.doubtful else {"data_at": None}


async def mark_deferred(
    connection: AsyncConnection,
    claimed: Claim,
    *,
    worker_id: int,
    now: datetime,
    next_at: datetime,
    answer: Answer,
) -> bool:
    """Refused for a time; False when the row is no longer ours."""
    state = DeliveryState.IN_DOUBT if claimed.doubtful else DeliveryState.PENDING
    values = {"state": state, "next_at": next_at, "attempts": delivery.c.attempts + 1, **_refused(claimed)}
    return await _ended(connection, claimed, answer, values, worker_id=worker_id, now=now)


async def mark_failed(
    connection: AsyncConnection, claimed: Claim, *, worker_id: int, now: datetime, answer: Answer
) -> bool:
    """Refused for good, or given up; False when the row is no longer ours."""
    values = {"state": DeliveryState.FAILED, "done_at": now, **_refused(claimed)}
    return await _ended(connection, claimed, answer, values, worker_id=worker_id, now=now)


async def mark_doubtful(
    connection: AsyncConnection,
    claimed: Claim,
    *,
    worker_id: int,
    now: datetime,
    next_at: datetime | None,
    answer: Answer,
) -> bool:
    """The connection broke after the dot: rest until `next_at`, or be held when that is None."""
    resting = {"state": DeliveryState.IN_DOUBT, "next_at": next_at}
    values = resting if next_at is not None else {"state": DeliveryState.HELD}
    return await _ended(connection, claimed, answer, values, worker_id=worker_id, now=now)


async def mark_held(
    connection: AsyncConnection, claimed: Claim, *, worker_id: int, reason: str, bytes_hash: str | None = None
) -> bool:
    """Set aside for a person. A new `bytes_hash` is what a release by them will then send, and nothing else."""
    values: dict[str, Any] = {"state": DeliveryState.HELD, "claimed_by": None, "reply": reason[:TEXT_CAP]}
    if bytes_hash is not None:
        values["bytes_hash"] = bytes_hash
    statement = update(delivery).where(_mine(claimed, worker_id)).values(values)
    return (await connection.execute(statement)).rowcount == 1


async def put_back(
    connection: AsyncConnection, claims: Collection[Claim], *, worker_id: int, next_at: datetime | None = None
) -> int:
    """Give back what was claimed and surely not handed over, with no attempt charged; returns how many were ours.

    Args:
        connection: a writing transaction.
        claims: what to give back.
        worker_id: who had them.
        next_at: when they are due again, None to leave that as it was.
    """
    done = 0
    later: dict[str, Any] = {} if next_at is None else {"next_at": next_at}
    for doubtful, state in ((False, DeliveryState.PENDING), (True, DeliveryState.IN_DOUBT)):
        ids = [claimed.id for claimed in claims if claimed.doubtful is doubtful]
        cleared: dict[str, Any] = {} if doubtful else {"data_at": None}
        if ids:
            statement = update(delivery).where(delivery.c.id.in_(ids), delivery.c.claimed_by == worker_id)
            values = {"state": state, "claimed_by": None, **cleared, **later}
            done += (await connection.execute(statement.values(values))).rowcount
    return done
