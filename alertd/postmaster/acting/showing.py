"""Commands that only show something: topics, a search, a preview, why, help, and all that we keep about a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.digest.explain import explain
from alertd.digest.explain_words import say as say_steps
from alertd.model import Report
from alertd.postmaster.acting import wishing
from alertd.postmaster.acting.exporting import export
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.past import DAYS
from alertd.postmaster.acting.room import Room
from alertd.postmaster.acting.words import echoed, shown
from alertd.postmaster.commands.catalogue import SHOWN
from alertd.postmaster.commands.model import Command, Entry, Verb
from alertd.query import read_canonical
from alertd.store import reports, subscriptions, topics
from alertd.store.subscribers import SubscriberRow

_MOST = 10


async def show(
    connection: AsyncConnection,
    room: Room,
    reader: SubscriberRow | None,
    commands: Sequence[Command],
    page: Page,
    *,
    now: datetime,
) -> None:
    """Put on the page what these commands ask to see; without a reader, nothing that only a reader has."""
    for command in commands:
        match command.verb:
            case Verb.HELP:
                help_page(page, room.settings.service.name, command.value)
            case Verb.TOPICS:
                await _topics(connection, page)
            case Verb.SEARCH | Verb.PREVIEW if command.queries:
                await _search(connection, room, command, page, now=now)
            case Verb.PREVIEW if reader is None:
                page.note("preview_which")
            case Verb.PREVIEW if reader is not None:
                await _preview(connection, room, reader, page, now=now)
            case Verb.LIST if reader is not None:
                page.show_now = True
            case Verb.WHY if reader is not None:
                await _why(connection, room, reader, command.value, page)
            case Verb.EXPORT if reader is not None:
                await export(connection, reader, page, address_hash=room.hash_address(reader.address))
            case _:
                pass


def help_page(page: Page, name: str, wanted: str = "") -> None:
    """The help, assembled from the commands' own lines; for one command when it is named."""
    which = 1 if page.language == "zh" else 0
    found = [each for each in SHOWN if wanted and wanted in each.names]
    entries: Sequence[Entry] = found or [each for each in SHOWN if each.verb is not Verb.CONFIRM]
    items = [page.say("help_line", usage=each.usage[which], help=each.help[which]) for each in entries]
    page.section(page.say("help"), lines=[page.say("help_own_words")], items=items)
    page.subject = page.subject or page.say("subject_help", name=name)


async def _topics(connection: AsyncConnection, page: Page) -> None:
    rows = (await topics.all_rows(connection)).values()
    items = [
        page.say("topic_line", title=row.title or row.name, query=shown(page.language, row.typed))
        for row in rows
    ]
    page.section(page.say("topics"), lines=[] if items else [page.say("no_topics")], items=items)


async def _search(
    connection: AsyncConnection, room: Room, command: Command, page: Page, *, now: datetime
) -> None:
    for text in command.queries[:_MOST]:
        query = wishing.read_query(text, page)
        if query is None:
            continue
        (found,) = await room.past.find(connection, [query], now=now)
        heading = page.say("search", query=shown(page.language, echoed(text)))
        page.section(heading, **_listing(found, page))


def _listing(found: Sequence[Report], page: Page) -> dict[str, list[str]]:
    items = [_titled(each, page) for each in found[:_MOST]]
    if len(found) > _MOST:
        items.append(page.say("search_more", count=len(found) - _MOST))
    return {"lines": [] if found else [page.say("search_none", days=DAYS)], "items": items}


def _titled(each: Report, page: Page) -> str:
    about = each.fields.url or each.fields.number or f"#{each.id}"
    return page.say("search_line", title=each.fields.title, found=about)


async def _preview(
    connection: AsyncConnection, room: Room, reader: SubscriberRow, page: Page, *, now: datetime
) -> None:
    rows = (await subscriptions.of_subscribers(connection, [reader.id])).get(reader.id, [])
    matched = await room.past.find(connection, [read_canonical(row.canonical) for row in rows], now=now)
    found = {each.id: each for part in matched for each in part}
    newest = sorted(found.values(), key=lambda each: each.id, reverse=True)
    page.section(page.say("preview", days=DAYS), **_listing(newest, page))


async def _why(connection: AsyncConnection, room: Room, reader: SubscriberRow, text: str, page: Page) -> None:
    if not text.strip():
        page.note("why_which")
        return
    found = await reports.find(connection, text) or room.past.titled(text)
    heading = page.say("why", report=echoed(text))
    if not found:
        page.section(heading, lines=[page.say("why_unknown", report=echoed(text))])
    elif len(found) > 1:
        items = [_titled(each, page) for each in found[:_MOST]]
        page.section(heading, lines=[page.say("why_many", report=echoed(text))], items=items)
    else:
        steps = await explain(connection, found[0], reader)
        lines = say_steps(steps, language=page.language, zone=reader.zone, to_them=True)
        title = found[0].fields.title
        page.section(
            heading, lines=[title] if title.casefold() != text.strip().casefold() else [], items=lines
        )
