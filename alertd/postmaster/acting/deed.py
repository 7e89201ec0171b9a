"""A command being done for a reader: what it works with, and what several commands need to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.errors import QuerySyntaxError
from alertd.model import Schedule, SubscriptionId
from alertd.postmaster.acting import wishing
from alertd.postmaster.acting.evidence import Evidence
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.room import Room
from alertd.postmaster.commands.model import When
from alertd.query import parse
from alertd.store import schedules
from alertd.store.subscribers import SubscriberRow
from alertd.store.subscriptions import SubscriptionRow
from alertd.subscribers import change

_QUOTES = "\"“”„‘’'「」《》"


@dataclass(slots=True)
class Deed:
    """What a command works with.

    Attributes:
        reader: locked, as they are now.
        page: of the answer.
        evidence: the mail that asks.
    """

    connection: AsyncConnection
    room: Room
    reader: SubscriberRow
    page: Page
    evidence: Evidence

    @property
    def now(self) -> datetime:
        """The instant of the mail."""
        return self.evidence.at

    async def held(self) -> list[SubscriptionRow]:
        """What the reader asks for now."""
        return (await change.held(self.connection, self.reader.id))[1]

    async def timing(
        self, when: When | None, rows: Sequence[SubscriptionRow]
    ) -> dict[SubscriptionId, Schedule]:
        """The schedule meant for each of these chains by what was said, on top of the one it has."""
        values = {row.id: row.value for row in await schedules.all_rows(self.connection)} if rows else {}
        said = when or When()
        return {row.root_id: said.resolve(values[row.schedule_id], zone=self.reader.zone) for row in rows}

    async def new_timing(self, when: When | None) -> Schedule:
        """The schedule meant for something new: like that of the first query, or daily at 08:00."""
        first = (await self.held())[:1]
        for schedule in (await self.timing(when, first)).values():
            return schedule
        return (when or When()).resolve(wishing.DEFAULT, zone=self.reader.zone)


def named(rows: Sequence[SubscriptionRow], text: str) -> list[SubscriptionRow]:
    """The subscriptions a person means: by label, title, what they typed, or the same meaning."""
    wanted = text.strip().strip(_QUOTES).casefold()
    found = [
        row
        for row in rows
        if wanted in {row.shown.casefold(), row.typed.casefold(), (row.topic_name or "").casefold()}
    ]
    if found:
        return found
    try:
        canonical = parse(text).canonical
    except QuerySyntaxError:
        return []
    return [row for row in rows if row.canonical == canonical]


def pause_end(text: str, zone: str) -> datetime | None:
    """The first instant of a local day (ISO date), None for a pause without end."""
    if not text:
        return None
    return datetime.combine(date.fromisoformat(text), time(), tzinfo=ZoneInfo(zone))
