"""Commands that only show something: topics, a search, a preview, why, help, and all we keep about a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.digest.explain import explain
from alertd.digest.explain_words import say as say_steps
from alertd.model import Report
from alertd.postmaster.acting import wishing
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.past import DAYS
from alertd.postmaster.acting.room import Room
from alertd.postmaster.acting.words import say, shown
from alertd.postmaster.commands.catalogue import SHOWN, entry
from alertd.postmaster.commands.model import Command, Entry, Verb
from alertd.query import read_canonical
from alertd.store import consents, deliveries, reports, subscriptions, topics
from alertd.store.subscribers import SubscriberRow

_MOST = 10
_MANY = 150
_MOST_MAILS = 20


async def show(
    connection: AsyncConnection,
    room: Room,
    reader: SubscriberRow | None,
    commands: Sequence[Command],
    page: Page,
    *,
    now: datetime,
) -> None:
    """Put on the page what these commands ask to see; those that need a reader are passed over without one."""
    for command in commands:
        if command.verb is Verb.HELP:
            help_page(page, room.settings.service.name, command.value)
        elif command.verb is Verb.TOPICS:
            await _topics(connection, page)
        elif command.verb is Verb.SEARCH or (command.verb is Verb.PREVIEW and command.queries):
            await _search(connection, room, command, page, now=now)
        elif reader is None:
            continue
        elif command.verb is Verb.LIST:
            page.show_now = True
        elif command.verb is Verb.PREVIEW:
            await _preview(connection, room, reader, page, now=now)
        elif command.verb is Verb.WHY:
            await _why(connection, reader, command.value, page)
        elif command.verb is Verb.EXPORT:
            await _export(connection, room, reader, page)


def help_page(page: Page, name: str, wanted: str = "") -> None:
    """The help, assembled from the commands' own lines; for one command when it is named."""
    which = 1 if page.language == "zh" else 0
    found = [each for each in SHOWN if wanted and wanted in each.names]
    shown_entries: Sequence[Entry] = found or [each for each in SHOWN if each.verb is not Verb.CONFIRM]
    items = [
        say(page.language, "help_line", usage=each.usage[which], help=each.help[which])
        for each in shown_entries
    ]
    page.section(say(page.language, "help"), lines=[say(page.language, "help_one")], items=items)
    page.subject = page.subject or say(page.language, "subject_help", name=name)


def help_for(verb_name: str) -> str:
    """The usage of the command with this name, "" when there is none."""
    for each in SHOWN:
        if verb_name in each.names or verb_name in each.chinese:
            return entry(each.verb).usage[0]
    return ""


async def _topics(connection: AsyncConnection, page: Page) -> None:
    rows = await topics.all_rows(connection)
    items = [say(page.language, "topic_line", title=row.title, query=row.typed) for row in rows.values()]
    none = [] if items else [say(page.language, "no_topics")]
    page.section(say(page.language, "topics"), lines=none, items=items)


async def _search(
    connection: AsyncConnection, room: Room, command: Command, page: Page, *, now: datetime
) -> None:
    for text in command.queries:
        query = wishing.read_query(text, page)
        if query is None:
            continue
        (found,) = await room.past.find(connection, [query], now=now)
        page.section(
            say(page.language, "search", query=shown(page.language, text)), **_listing(found, page.language)
        )


def _listing(found: Sequence[Report], language: str) -> dict[str, list[str]]:
    items = [_titled(each, language) for each in found[:_MOST]]
    if len(found) > _MOST:
        items.append(say(language, "search_more", count=len(found) - _MOST))
    return {"lines": [] if found else [say(language, "search_none", days=DAYS)], "items": items}


def _titled(each: Report, language: str) -> str:
    about = each.fields.url or each.fields.number or str(each.id)
    return say(language, "search_line", title=each.fields.title, found=about)


async def _preview(
    connection: AsyncConnection, room: Room, reader: SubscriberRow, page: Page, *, now: datetime
) -> None:
    rows = (await subscriptions.of_subscribers(connection, [reader.id])).get(reader.id, [])
    matched = await room.past.find(connection, [read_canonical(row.canonical) for row in rows], now=now)
    found = {each.id: each for part in matched for each in part}
    newest = sorted(found.values(), key=lambda each: each.id, reverse=True)
    page.section(say(page.language, "preview", days=DAYS), **_listing(newest, page.language))


async def volume(
    connection: AsyncConnection, room: Room, reader: SubscriberRow, page: Page, *, now: datetime
) -> None:
    """What the reader's queries would have brought, with a hint when that is nothing or too much."""
    rows = (await subscriptions.of_subscribers(connection, [reader.id])).get(reader.id, [])
    matched = await room.past.find(connection, [read_canonical(row.canonical) for row in rows], now=now)
    items = []
    for row, found in zip(rows, matched, strict=True):
        everything = row.canonical.strip() == "*"
        key = (
            "volume_none"
            if not found
            else "volume_many"
            if len(found) > _MANY and not everything
            else "volume_line"
        )
        items.append(say(page.language, key, label=shown(page.language, row.shown), count=len(found)))
    if items:
        page.section(say(page.language, "volume"), items=items)


async def _why(connection: AsyncConnection, reader: SubscriberRow, text: str, page: Page) -> None:
    found = await reports.find(connection, text)
    heading = say(page.language, "why", report=text)
    if not found:
        page.section(heading, lines=[say(page.language, "why_unknown", report=text)])
    elif len(found) > 1:
        items = [_titled(each, page.language) for each in found[:_MOST]]
        page.section(heading, lines=[say(page.language, "why_many", report=text)], items=items)
    else:
        steps = await explain(connection, found[0], reader)
        lines = say_steps(steps, language=page.language, zone=reader.zone)
        page.section(heading, lines=[found[0].fields.title], items=lines)


async def _export(connection: AsyncConnection, room: Room, reader: SubscriberRow, page: Page) -> None:
    acts = await consents.of_address(connection, room.hash_address(reader.address))
    mails = await deliveries.listing(connection, subscriber_id=reader.id, limit=_MOST_MAILS)
    items = [
        reader.address,
        say(page.language, "export_since", at=reader.created_at.date().isoformat(), origin=reader.origin),
    ]
    items += [
        say(page.language, "export_consent", at=row.at.date().isoformat(), act=row.act, via=row.via)
        for row in acts
    ]
    items += [
        say(page.language, "export_mail", at=row.queued_at.date().isoformat(), kind=row.kind, state=row.state)
        for row in mails
    ]
    page.section(say(page.language, "export"), items=items)
    page.show_now = True
