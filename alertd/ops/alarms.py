"""Mails to the owner when something needs a person. Each says what happened and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.clock import Clock
from alertd.mail.wording import many
from alertd.store import quotas
from alertd.store.editions import EditionRow
from alertd.store.engines import Store
from alertd.subscribers.letters import Letters

_REST = timedelta(hours=6)
"""The same alarm is not mailed again for so long."""

_MOST_TITLES = 30
_log = log.get("ops")


class Alarms:
    """Rings."""

    def __init__(self, store: Store, clock: Clock, letters: Letters) -> None:
        self._store = store
        self._clock = clock
        self._letters = letters

    async def hold(
        self, connection: AsyncConnection, catalogue: str, titles: Sequence[str], now: datetime, *, why: str
    ) -> None:
        """A poll is held: nobody is mailed until an admin decides. `why`: what it did, "brought 60 new reports, ..."."""
        held = many(len(titles), "report")
        shown = list(titles[:_MOST_TITLES])
        if len(titles) > len(shown):
            shown.append(f"... and {len(titles) - len(shown)} more")
        await self._letters.alarm(
            connection,
            f"{held} of {catalogue} {'is' if len(titles) == 1 else 'are'} held",
            [
                {
                    "lines": [
                        f"One poll of the catalogue {catalogue} {why}.",
                        "Nobody has been mailed about them.",
                        f"If they are really new: alertd release {catalogue}",
                        f"If the feed only renewed old entries: alertd release {catalogue} --discard",
                    ]
                },
                {"heading": "Held", "items": shown},
            ],
            now,
        )

    async def unbalanced(
        self, connection: AsyncConnection, edition: EditionRow, mismatches: tuple[str, ...], now: datetime
    ) -> None:
        """An edition's counts do not agree: some reader may have been missed."""
        await self._letters.alarm(
            connection,
            f"Edition {edition.id} does not balance",
            [
                {
                    "lines": [
                        f"Edition {edition.id} ({edition.occasion}) is not complete: independent counts of it disagree.",
                        "It stays open until they agree.",
                        "alertd status shows it; please look what was changed in the database by hand.",
                    ],
                    "items": list(mismatches),
                }
            ],
            now,
        )

    async def trouble(self, name: str, sentence: str) -> None:
        """Something of ours stops the work (the relay refuses us, a catalogue is gone); at most once in six hours."""
        now = self._clock.now()
        _log.error("alarm", name=name, text=sentence)
        async with self._store.write() as connection:
            if await quotas.take(connection, f"alarm/{name}", most=1, window=_REST, now=now):
                await self._letters.alarm(connection, sentence[:80], [{"lines": [sentence]}], now)
