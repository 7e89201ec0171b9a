"""The part of an answer that tells a reader what they have now, and what it would have brought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import SubscriberState
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.past import DAYS
from alertd.postmaster.acting.room import Room
from alertd.postmaster.acting.words import shown, tongue
from alertd.query import read_canonical
from alertd.schedule import describe
from alertd.store import schedules, subscriptions
from alertd.store.subscribers import SubscriberRow
from alertd.store.subscriptions import SubscriptionRow

_MANY = 150
"""Reports in 90 days that are a lot: more than one and a half a day."""
_MOST_COUNTED = 50


async def tell(
    connection: AsyncConnection, room: Room, reader: SubscriberRow, page: Page, *, now: datetime
) -> None:
    """What the reader has: queries with their schedules first, then state and settings, then what to expect."""
    rows = (await subscriptions.of_subscribers(connection, [reader.id])).get(reader.id, [])
    values = {row.id: row.value for row in await schedules.all_rows(connection)}
    language = page.language
    items = [
        page.say(
            "query_line",
            label=shown(language, row.shown),
            schedule=describe(values[row.schedule_id], language),
        )
        for row in rows
    ]
    page.section(page.say("now"), lines=[] if items else [page.say("nothing_now")], items=items)
    page.section("", lines=_settings(reader, page))
    if rows:
        await _volume(connection, room, rows, page, now=now)


def _settings(reader: SubscriberRow, page: Page) -> list[str]:
    lines = [
        page.say(
            "settings_line",
            tongue=tongue(page.language, reader.language),
            zone=reader.zone,
            format=page.say(f"format_{reader.format}"),
        )
    ]
    if reader.state is SubscriberState.PAUSED:
        until = reader.pause_until.astimezone(ZoneInfo(reader.zone)).date() if reader.pause_until else None
        lines.insert(0, page.say("state_paused" if until else "state_paused_open", until=until))
    return lines


async def _volume(
    connection: AsyncConnection, room: Room, rows: Sequence[SubscriptionRow], page: Page, *, now: datetime
) -> None:
    """What the queries would have brought lately, with a hint when that is nothing or too much."""
    counted = rows[:_MOST_COUNTED]
    matched = await room.past.find(connection, [read_canonical(row.canonical) for row in counted], now=now)
    items = []
    for row, found in zip(counted, matched, strict=True):
        key = "volume_line" if found else "volume_none"
        if len(found) > _MANY and row.canonical.strip() != "*":
            key = "volume_many"
        items.append(page.say(key, label=shown(page.language, row.shown), count=len(found)))
    if len(rows) > len(counted):
        items.append(page.say("volume_more", count=len(rows) - len(counted)))
    page.section(page.say("volume", days=DAYS), items=items)
