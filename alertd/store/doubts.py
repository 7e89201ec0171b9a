"""The last look before DATA, for the mails of several lines in one transaction.

`in_doubt` is the stage: committed before the first byte of DATA of any of these mails, so that nobody can forget one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryId, DeliveryState
from alertd.store.claims import Claim, HashAddress, judged, mark_held, put_back, set_aside, to_judge
from alertd.store.passage import Passage
from alertd.store.tables import delivery


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail whose DATA is to begin, and the hash of the bytes that it has now."""

    claim: Claim
    bytes_hash: str


# A statement for many rows at once names its values, so that one compiled form serves every number of them.
_ENTER = (
    update(delivery)
    .where(delivery.c.id == bindparam("this"), delivery.c.claimed_by == bindparam("me"))
    .values(
        state=DeliveryState.IN_DOUBT,
        data_at=bindparam("at"),
        relay=bindparam("relay_name"),
        bytes_hash=bindparam("hash"),
    )
)


async def mark_in_doubt(
    connection: AsyncConnection,
    entries: Sequence[Entry],
    *,
    worker_id: int,
    now: datetime,
    relay: str,
    hash_address: HashAddress,
) -> dict[DeliveryId, tuple[Passage, str]]:
    """The last thing before DATA: is it still ours, may it still go, are these the bytes of the first attempt?

    `GO` is only for a row that is in doubt, by this worker, once the transaction commits; any other is already where it
    belongs, with the reason.
    """
    if not entries:
        return {}
    found = {entry.claim.id: (Passage.LOST, "another worker has it") for entry in entries}
    of = {entry.claim.id: entry for entry in entries}
    mine = to_judge().where(delivery.c.id.in_(sorted(of)), delivery.c.claimed_by == worker_id)
    locked = mine.order_by(delivery.c.id).with_for_update(of=delivery)
    rows = await judged(connection, locked, now=now, hash_address=hash_address)
    going: list[dict[str, Any]] = []
    for row, passage, reason in rows:
        bytes_hash = of[row.id].bytes_hash
        if passage is Passage.GO and row.bytes_hash not in (None, bytes_hash):
            why = "rendered to other bytes than at the first attempt"
            await mark_held(
                connection, of[row.id].claim, worker_id=worker_id, reason=why, bytes_hash=bytes_hash
            )
            found[row.id] = Passage.HOLD, why
            continue
        if passage is Passage.GO:
            going.append(
                {"this": row.id, "hash": bytes_hash, "at": now, "relay_name": relay, "me": worker_id}
            )
        found[row.id] = passage, reason
    # the next claim withdraws them: here the deliveries are locked, the readers are not
    back = [of[row.id].claim for row, passage, _ in rows if passage is Passage.WITHDRAW]
    await put_back(connection, back, worker_id=worker_id, next_at=now)
    await set_aside(connection, rows, now=now)
    if going:
        await connection.execute(_ENTER, going)
    return found
