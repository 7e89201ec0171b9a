"""What the outbox tests share: rows, readers, workers, and a stand-in for the digest room."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryId, MailKind, Priority, SubscriberId
from alertd.store import claims, deliveries, doubts, workers
from alertd.store.claims import Answer, Claim, Claimed
from alertd.store.engines import Store
from alertd.store.passage import Passage
from alertd.store.tables import delivery, subscriber
from tests.conftest import NOW

MINUTE = timedelta(minutes=1)
LEASE = 2 * MINUTE
REFUSED = Answer("relay:25", "rcpt", 450, "4.2.0", "greylisted " + "x" * 900)
TAKEN = Answer("relay:25", "dot", 250, "2.0.0", "queued as 1")


def hashed(address: str) -> str:
    return f"hash of {address.lower()}"


class Withdrawals:
    """Stands in for the digest room: marks the rows, and remembers why."""

    def __init__(self) -> None:
        self.done: list[tuple[int, str]] = []

    async def __call__(
        self,
        connection: AsyncConnection,
        deliveries: Collection[DeliveryId],
        /,
        *,
        reason: str,
        now: datetime,
    ) -> list[DeliveryId]:
        rows = await connection.execute(
            update(delivery)
            .where(delivery.c.id.in_(list(deliveries)), delivery.c.state == "pending")
            .values(state="expired", reply=f"withdrawn: {reason}", done_at=now)
            .returning(delivery.c.id)
        )
        taken = [DeliveryId(id_) for id_ in rows.scalars()]
        self.done += [(id_, reason) for id_ in taken]
        return taken


def row(address: str = "reader@example.org", **values: Any) -> dict[str, Any]:
    return {
        "kind": MailKind.REPLY,
        "priority": Priority.TRANSACTIONAL,
        "address": address,
        "key_id": "k1",
        "queued_at": NOW,
        **values,
    }


async def add_subscriber(store: Store, number: int, state: str = "active") -> SubscriberId:
    async with store.write() as connection:
        statement = insert(subscriber).values(
            tag=f"t{number}", address=f"r{number}@example.org", address_key=f"r{number}@example.org", language="en",
            format="html", zone="UTC", state=state, origin="file", own_settings=[], epoch=0, created_at=NOW,
        )  # fmt: skip
        return SubscriberId((await connection.execute(statement.returning(subscriber.c.id))).scalar_one())


async def set_state(store: Store, reader: SubscriberId, state: str) -> None:
    async with store.write() as connection:
        await connection.execute(update(subscriber).where(subscriber.c.id == reader).values(state=state))


def digest_for(reader: SubscriberId, digest_id: int = 1, **values: Any) -> dict[str, Any]:
    digest = {
        "kind": MailKind.DIGEST,
        "priority": Priority.DIGEST,
        "subscriber_id": reader,
        "digest_id": digest_id,
    }
    return row(f"r{reader}@example.org", **digest, **values)


async def queue(store: Store, *rows: dict[str, Any]) -> list[DeliveryId]:
    async with store.write() as connection:
        return await deliveries.queue(connection, rows)


async def worker(store: Store, now: datetime = NOW) -> int:
    async with store.write() as connection:
        return await workers.register(connection, host="h", pid=1, roles=["deliver"], now=now)


async def take(
    store: Store,
    worker_id: int,
    *,
    now: datetime = NOW,
    limit: int = 10,
    withdraw: Any = None,
    upto: int | None = None,
) -> Claimed:
    async with store.write() as connection:
        return await claims.claim(
            connection,
            worker_id=worker_id,
            now=now,
            limit=limit,
            withdraw=withdraw or Withdrawals(),
            hash_address=hashed,
            upto=upto,
        )


async def enter(
    store: Store, claim: Claim, worker_id: int, *, now: datetime = NOW, bytes_hash: str = "b1"
) -> Passage:
    async with store.write() as connection:
        looked = await doubts.mark_in_doubt(
            connection,
            [doubts.Entry(claim, bytes_hash)],
            worker_id=worker_id,
            now=now,
            relay="relay:25",
            hash_address=hashed,
        )
        passage, reason = looked[claim.id]
        assert bool(reason) is (passage is not Passage.GO)
        return passage


async def look(store: Store, id_: DeliveryId) -> deliveries.DeliveryRow:
    async with store.read() as connection:
        (found,) = await deliveries.listing(connection, ids=[id_])
        return found


async def doubtful(store: Store, reader: SubscriberId, me: int) -> DeliveryId:
    """A digest that is in doubt and due again at NOW + 30 minutes."""
    (id_,) = await queue(store, digest_for(reader))
    (claim,) = (await take(store, me)).claims
    assert await enter(store, claim, me) is Passage.GO
    lost = Answer("relay:25", "dot", None, "", "connection lost")
    async with store.write() as connection:
        assert await claims.mark_doubtful(
            connection, claim, worker_id=me, now=NOW, next_at=NOW + 30 * MINUTE, answer=lost
        )
    return id_
