"""Forget a person: everything we keep about them but a keyed hash with the date of their wish."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.store import erase
from alertd.store.subscribers import SubscriberRow


async def forget(connection: AsyncConnection, reader: SubscriberRow, *, now: datetime) -> None:
    """Erase an ended (locked) reader's address, queries, ledger, mails and bounces.

    The row itself stays, without its address: ids and tags are never given to another. The answer that tells them of it is
    queued after this, and is forgotten when it was sent and `[store] keep` is over.
    """
    await erase.mails(connection, reader.id, now=now)
    await erase.rows(connection, reader)
