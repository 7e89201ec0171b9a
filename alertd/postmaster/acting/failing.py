"""Mail that came back, complaints, and refusals while sending: note them, and stop mailing who cannot or will not be mailed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryId, SubscriberId
from alertd.postmaster.bounces.model import BounceClass, Failure, PastBounce
from alertd.postmaster.bounces.reasons import cause
from alertd.postmaster.bounces.scoring import score
from alertd.postmaster.intents import Complaint
from alertd.store import bounces, consents, subscribers
from alertd.store.bounces import BounceRow
from alertd.store.claims import Answer, Claim
from alertd.subscribers import leave

HashAddress = Callable[[str], str]
_PERMANENT = 500  # SMTP's permanent class
_LOOK_BACK = timedelta(days=90)
SUPPRESSED_FOR_BOUNCES = "bounce: "
"""How the reason of such a suppression begins (`store.passage.BOUNCED`): a fresh sign-up may still be answered."""


async def bounced(
    connection: AsyncConnection,
    delivery_id: DeliveryId,
    failure: Failure,
    *,
    inbound_id: int | None,
    hash_address: HashAddress,
    now: datetime,
) -> bool:
    """Note a bounce of one of our deliveries, and suppress its reader when their score says so; whether it did."""
    carrier = await bounces.carrier(connection, delivery_id)
    if carrier is None or carrier.address == "":
        return False
    row = BounceRow(failure.kind.value, failure.status or None, failure.reason, failure.weight, now)
    await bounces.add(
        connection,
        row,
        delivery_id=delivery_id,
        subscriber_id=carrier.subscriber_id,
        inbound_id=inbound_id,
    )
    if carrier.subscriber_id is None or failure.weight <= 0:
        return False
    return await _judge(connection, carrier.subscriber_id, hash_address=hash_address, now=now)


async def _judge(
    connection: AsyncConnection, subscriber_id: SubscriberId, *, hash_address: HashAddress, now: datetime
) -> bool:
    past = await bounces.of_subscriber(connection, subscriber_id, since=now - _LOOK_BACK)
    verdict = score([PastBounce(row.at, row.weight, row.reason) for row in past], now)
    if not verdict.suppress:
        return False
    ended = await leave.end(connection, [subscriber_id], reason=leave.BOUNCED, suppressed=True, now=now)
    if ended:
        reader = await subscribers.get(connection, subscriber_id)
        await consents.suppress(
            connection,
            hash_address(reader.address),
            reason=f"{SUPPRESSED_FOR_BOUNCES}{verdict.reason}",
            evidence=f"{verdict.points / 100:g} points over {verdict.days} days",
            now=now,
        )
    return bool(ended)


async def complained(
    connection: AsyncConnection, intent: Complaint, *, hash_address: HashAddress, now: datetime
) -> bool:
    """A complaint with a token of ours: the subscription ends and the address is never mailed again by itself."""
    reader_id = await _complainer(connection, intent)
    if reader_id is None:
        return False
    reader = await subscribers.get(connection, reader_id)
    await leave.end(connection, [reader_id], reason=leave.COMPLAINED, suppressed=True, now=now)
    if reader.address:
        await consents.suppress(
            connection,
            hash_address(reader.address),
            reason=f"complaint: {intent.feedback}",
            evidence=f"delivery {intent.delivery}" if intent.delivery else None,
            now=now,
        )
    return True


async def _complainer(connection: AsyncConnection, intent: Complaint) -> SubscriberId | None:
    if intent.tag:
        found = await subscribers.find_by_tag(connection, intent.tag)
        return found.id if found else None
    if intent.delivery is None:
        return None
    carrier = await bounces.carrier(connection, intent.delivery)
    return carrier.subscriber_id if carrier else None


async def refused(
    connection: AsyncConnection, claim: Claim, answer: Answer, *, hash_address: HashAddress, now: datetime
) -> None:
    """A relay refused a mail for good while it was being sent: what is about the recipient counts as a bounce."""
    if claim.subscriber_id is None or answer.stage not in {"rcpt", "dot"} or (answer.code or 0) < _PERMANENT:
        return
    found = cause(status=answer.enhanced, text=f"{answer.code} {answer.text}", action="failed")
    if found.kind in {BounceClass.SUCCESS, BounceClass.OURS}:
        return
    failure = Failure(claim.address, found.kind, answer.enhanced, found.reason, answer.text, found.weight)
    await bounced(connection, claim.id, failure, inbound_id=None, hash_address=hash_address, now=now)
