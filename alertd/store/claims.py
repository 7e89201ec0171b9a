"""What a worker does with outbox rows: claim, and record how it ended. The step between the two is in `doubts`.

`claimed_by` is the fence: every change by a worker must hit its own row, or it is no longer its own. `data_at` is set for as
long as a DATA is not known to have been refused; such a row may have arrived, stays `in_doubt` and is never withdrawn.

Order of locks, as everywhere: readers first, deliveries after. Withdrawing locks readers, so it comes before this
transaction holds any delivery, and what is claimed is taken with SKIP LOCKED, which never waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, insert, or_, select, update
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


_TO_JUDGE = ("id", "kind", "address", "expires_at", "bytes_hash")


def to_judge(*more: str) -> Select[Any]:
    """What `judge` asks of a delivery and its reader, and these columns too."""
    columns = [delivery.c[name] for name in dict.fromkeys((*_TO_JUDGE, *more))]
    return select(
        *columns, delivery.c.data_at.is_not(None).label("doubtful"), subscriber.c.state.label("reader")
    ).select_from(delivery.outerjoin(subscriber, subscriber.c.id == delivery.c.subscriber_id))


async def judged(
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
    due = to_judge(*_FIELDS).where(is_open(), delivery.c.claimed_by.is_(None), delivery.c.next_at <= now)
    if upto is not None:
        due = due.where(delivery.c.priority <= upto)
    due = due.order_by(delivery.c.priority, delivery.c.next_at, delivery.c.id).limit(limit)
    withdrawn = 0
    first = await judged(connection, due, now=now, hash_address=hash_address)
    for reason in sorted({reason for _, passage, reason in first if passage is Passage.WITHDRAW}):
        ids = [row.id for row, passage, why in first if passage is Passage.WITHDRAW and why == reason]
        withdrawn += len(await withdraw(connection, ids, reason=reason, now=now))
    locking = due.with_for_update(of=delivery, skip_locked=True)
    rows = await judged(connection, locking, now=now, hash_address=hash_address)
    aside = await set_aside(connection, rows, now=now)
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


async def set_aside(
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


@dataclass(frozen=True, slots=True)
class Taken:
    """The relay's 250 to a mail, and when it came (aware)."""

    id: DeliveryId
    at: datetime
    answer: Answer


# A statement for many rows at once names its values, so that one compiled form serves every number of them.
_SENT = (
    update(delivery)
    .where(delivery.c.id == bindparam("this"), delivery.c.state != DeliveryState.SENT)
    .values(
        state=DeliveryState.SENT,
        claimed_by=None,
        done_at=bindparam("at"),
        relay=bindparam("relay_name"),
        code=bindparam("said_code"),
        enhanced=bindparam("said_enhanced"),
        reply=bindparam("said_text"),
    )
)


async def mark_sent(connection: AsyncConnection, taken: Sequence[Taken]) -> int:
    """The relay said 250. Even of a row that is no longer ours, for it is a fact; returns how many were not known."""
    if not taken:
        return 0
    rows = [
        {
            "this": each.id,
            "at": each.at,
            "relay_name": each.answer.relay,
            "said_code": each.answer.code,
            "said_enhanced": each.answer.enhanced,
            "said_text": each.answer.text[:TEXT_CAP],
        }
        for each in sorted(taken, key=attrgetter("id"))
    ]
    return (await connection.execute(_SENT, rows)).rowcount


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
