"""Leave: drop everything, keep the evidence. Also what a complaint and a dead address do."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import SubscriberId, SubscriberState
from alertd.store import subscribers, subscriptions

BY_THEMSELVES = "left"
OUT_OF_FILE = "taken out of the file"
BY_ADMIN = "ended by an admin"
COMPLAINED = "complained"
BOUNCED = "address does not work"


async def end(
    connection: AsyncConnection,
    readers: Collection[SubscriberId],
    *,
    reason: str,
    now: datetime,
    suppressed: bool = False,
) -> list[SubscriberId]:
    """End these readers; returns those who had not ended before. Idempotent.

    Their digests still in the outbox do not leave: the claim looks at the reader's state.
    """
    rows = await subscribers.lock(connection, readers)
    over = {SubscriberState.ENDED, SubscriberState.SUPPRESSED}
    standing = [row.id for row in rows if row.state not in over]
    await subscriptions.drop_all(connection, standing, reason=reason, now=now)
    state = SubscriberState.SUPPRESSED if suppressed else SubscriberState.ENDED
    await subscribers.end(connection, standing, reason=reason, state=state, now=now)
    return standing
