"""The part of an answer that tells a reader what they have now."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import SubscriberState
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.words import say, shown
from alertd.schedule import describe
from alertd.store import schedules, subscriptions
from alertd.store.subscribers import SubscriberRow


async def what_you_have(connection: AsyncConnection, reader: SubscriberRow, page: Page) -> None:
    """Queries with their schedules, the state, the settings."""
    language = page.language
    rows = (await subscriptions.of_subscribers(connection, [reader.id])).get(reader.id, [])
    values = {row.id: row.value for row in await schedules.all_rows(connection)}
    items = [
        say(
            language,
            "query_line",
            label=shown(language, row.shown),
            schedule=describe(values[row.schedule_id], language),
        )
        for row in rows
    ]
    lines = [] if items else [say(language, "nothing_now")]
    if reader.state is SubscriberState.PAUSED:
        until = reader.pause_until.astimezone(ZoneInfo(reader.zone)).date() if reader.pause_until else None
        lines.append(say(language, "state_paused" if until else "state_paused_open", until=until))
    lines.append(
        say(language, "settings_line", tongue=reader.language, zone=reader.zone, format=reader.format)
    )
    page.section(say(language, "now"), lines=lines, items=items)
