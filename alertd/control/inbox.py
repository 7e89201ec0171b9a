"""`alertd inbox list|show|retry`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alertd.control.plain import record
from alertd.control.services import Services
from alertd.store import inbound
from alertd.store.engines import Store

_SHOWN = (
    "id",
    "state",
    "kind",
    "sender",
    "recipient",
    "via",
    "size",
    "tries",
    "reason",
    "received_at",
    "done_at",
)


async def list_mails(store: Store, *, states: Sequence[str] = (), limit: int = 50) -> list[dict[str, Any]]:
    """Mails that came in, newest first."""
    async with store.read() as connection:
        rows = await inbound.fetch_page(connection, states=states, limit=limit)
    known = [record(row) for row in rows]
    return [{name: row[name] for name in _SHOWN} for row in known]


async def show_mail(store: Store, *, id: int) -> dict[str, Any]:  # noqa: A002 - the word of the command line
    """One mail, with what was decided of it; `raw` is its text while it is kept (bytes as Latin-1), else None.

    Raises:
        NotFoundError: there is none with this id.
    """
    async with store.read() as connection:
        row, raw = await inbound.get(connection, id)
    return {**record(row), "raw": None if raw is None else raw.decode("latin-1")}


async def retry_mail(services: Services, *, id: int) -> None:  # noqa: A002 - the word of the command line
    """Let a quarantined or ignored mail be handled again.

    Raises:
        NotFoundError: there is none with this id.
        RefusedError: it is in no state to be tried again.
    """
    async with services.store.write() as connection:
        await inbound.retry(connection, id)
    services.wake()
