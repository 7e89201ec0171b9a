"""Mail that came back, complaints, and refusals while sending: note them, and stop mailing who cannot or will not be mailed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.model import DeliveryId, MailKind
from alertd.postmaster.bounces.model import BounceClass, Failure, PastBounce
from alertd.postmaster.bounces.reasons import cause
from alertd.postmaster.bounces.scoring import score
from alertd.postmaster.intents import Complaint
from alertd.store import bounces, consents, subscribers
from alertd.store.bounces import BounceRow, Carrier
from alertd.store.claims import Answer, Claim
from alertd.store.passage import BOUNCED
from alertd.store.subscribers import SubscriberRow
from alertd.subscribers import leave
from alertd.subscribers.letters import Letters

HashAddress = Callable[[str], str]
_PERMANENT = 500  # SMTP's permanent class
_LOOK_BACK = timedelta(days=90)
_ADDRESS = re.compile(r"[^\s@<>\"']+@([^\s@<>\"']+)")
"""An address in another server's words: an alarm names no reader."""
_SHORT = r"...@\1"


async def bounced(
    connection: AsyncConnection,
    delivery_id: DeliveryId,
    failure: Failure,
    *,
    inbound_id: int | None,
    hash_address: HashAddress,
    now: datetime,
) -> bool:
    """Note a bounce of one of our deliveries, and suppress its reader when their score says so; whether it did.

    It is charged to the reader only while the address that failed is theirs: who moved has left it behind.
    """
    carrier = await bounces.carrier(connection, delivery_id)
    if carrier is None or not carrier.address:
        return False
    reader = await _reader_at(connection, carrier)
    await bounces.add(
        connection,
        BounceRow(failure.kind.value, failure.status or None, failure.reason, failure.weight, now),
        delivery_id=delivery_id,
        subscriber_id=reader.id if reader else None,
        inbound_id=inbound_id,
    )
    if reader is None or failure.weight <= 0:
        return False
    return await _judge(connection, reader, hash_address=hash_address, now=now)


async def _reader_at(connection: AsyncConnection, carrier: Carrier) -> SubscriberRow | None:
    """The reader of a delivery, locked, if its address is still theirs."""
    if carrier.subscriber_id is None:
        return None
    for row in await subscribers.lock(connection, [carrier.subscriber_id]):
        if row.address_key == address_key(carrier.address):
            return row
    return None


async def _judge(
    connection: AsyncConnection, reader: SubscriberRow, *, hash_address: HashAddress, now: datetime
) -> bool:
    """Add up what came back since the reader last answered us: that answer is the proof that mail had reached them."""
    proof = await consents.last_confirmed(connection, reader.id)
    since = max(now - _LOOK_BACK, proof) if proof else now - _LOOK_BACK
    past = await bounces.of_subscriber(connection, reader.id, since=since)
    verdict = score([PastBounce(row.at, row.weight, row.reason) for row in past], now)
    if not verdict.suppress:
        return False
    ended = await leave.end(connection, [reader.id], reason=leave.BOUNCED, suppressed=True, now=now)
    if ended:
        await consents.suppress(
            connection,
            hash_address(reader.address),
            reason=f"{BOUNCED}: {verdict.reason}",
            evidence=f"{verdict.points / 100:g} points over {verdict.days} days",
            now=now,
        )
    return bool(ended)


async def complained(
    connection: AsyncConnection, intent: Complaint, *, hash_address: HashAddress, now: datetime
) -> bool:
    """A complaint with a token of ours: the subscription ends and the address is never mailed again by itself.

    A complaint about a mail to somebody who is no reader (a confirmation, say) suppresses the address all the same.
    """
    carrier = await bounces.carrier(connection, intent.delivery) if intent.delivery is not None else None
    reader = await _complainer(connection, intent, carrier)
    if reader is not None:
        await leave.end(connection, [reader.id], reason=leave.COMPLAINED, suppressed=True, now=now)
    addresses = {carrier.address if carrier else "", reader.address if reader else ""} - {""}
    for hash_ in sorted({hash_address(each) for each in addresses}):  # one, or an old and a new address
        await consents.suppress(
            connection,
            hash_,
            reason=f"complaint: {intent.feedback}",
            evidence=f"delivery {intent.delivery}" if intent.delivery is not None else None,
            now=now,
        )
    return bool(addresses)


async def _complainer(
    connection: AsyncConnection, intent: Complaint, carrier: Carrier | None
) -> SubscriberRow | None:
    if intent.tag:
        return await subscribers.find_by_tag(connection, intent.tag)
    if carrier is None or carrier.subscriber_id is None:
        return None
    (reader,) = await subscribers.lock(connection, [carrier.subscriber_id])
    return reader


async def refused(
    connection: AsyncConnection,
    claim: Claim,
    answer: Answer,
    *,
    letters: Letters,
    hash_address: HashAddress,
    now: datetime,
) -> None:
    """A relay refused a mail for good while it was being sent: the same as if it had come back."""
    if answer.stage not in {"rcpt", "dot"} or (answer.code or 0) < _PERMANENT:
        return
    found = cause(status=answer.enhanced, text=f"{answer.code} {answer.text}", action="failed")
    failure = Failure(claim.address, found.kind, answer.enhanced, found.reason, answer.text, found.weight)
    if found.kind is BounceClass.SUCCESS:
        return
    await bounced(connection, claim.id, failure, inbound_id=None, hash_address=hash_address, now=now)
    if found.kind is BounceClass.OURS and claim.kind is not MailKind.ALARM:
        await raise_alarm(connection, letters, found.reason, answer.text, now)


async def raise_alarm(
    connection: AsyncConnection, letters: Letters, reason: str, diagnostic: str, now: datetime
) -> bool:
    """Mail came back for a reason that is about us: tell the owner, at most once in six hours for each reason."""
    lines = [
        f"The mail of a reader was refused for a reason that is about us, and not about them: {reason}.",
        f"The other server's words: {_ADDRESS.sub(_SHORT, diagnostic)}",
        "Nothing is charged to the reader. Until this is mended, more mails may come back.",
    ]
    return await letters.alarm_seldom(
        connection, f"bounce-{reason}", f"Our mail is refused: {reason}", lines, now
    )
