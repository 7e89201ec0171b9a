"""All that we keep about a person, for the person."""

from __future__ import annotations

from collections import Counter

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.words import shown, term
from alertd.store import bounces, consents, deliveries, due, subscriptions
from alertd.store.consents import Consent
from alertd.store.subscribers import SubscriberRow
from alertd.subscribers.own import former_keys

_MOST_MAILS = 50


async def export(
    connection: AsyncConnection, reader: SubscriberRow, page: Page, *, address_hash: str
) -> None:
    """Put it on the page; what they have now follows it in the answer."""
    language = page.language
    items = [
        page.say("export_address", address=reader.address),
        page.say(
            "export_since",
            at=reader.created_at.date().isoformat(),
            origin=term(language, "ORIGINS", reader.origin.value),
        ),
    ]
    items += [page.say("export_former", address=key) for key in former_keys(reader.own_settings)]
    rows = await subscriptions.of_subscribers(connection, [reader.id], dropped=True)
    items += [
        page.say("export_dropped", query=shown(language, row.shown), at=row.dropped_at.date().isoformat())
        for row in rows.get(reader.id, [])
        if row.dropped_at
    ]
    items.append(page.say("export_told", count=await due.count_told(connection, reader.id)))
    items += [
        page.say(
            "export_act",
            at=act.at.date().isoformat(),
            act=term(language, "ACTS", act.act),
            via=term(language, "ORIGINS", act.via),
        )
        for act in await _acts(connection, reader, address_hash)
    ]
    items += [
        page.say(
            "export_bounce", at=each.at.date().isoformat(), reason=term(language, "BOUNCES", each.reason)
        )
        for each in await bounces.of_subscriber(connection, reader.id)
    ]
    page.section(page.say("export"), items=[*items, *await _mails(connection, reader, page)])
    page.show_now = True


async def _acts(connection: AsyncConnection, reader: SubscriberRow, address_hash: str) -> list[Consent]:
    """What was asked of and done by this address, and by the reader at any other, oldest first."""
    mine = await consents.of_subscriber(connection, reader.id)
    here = await consents.of_address(connection, address_hash)
    return sorted(dict.fromkeys((*mine, *here)), key=lambda act: act.at)


async def _mails(connection: AsyncConnection, reader: SubscriberRow, page: Page) -> list[str]:
    rows = await deliveries.listing(connection, subscriber_id=reader.id, limit=_MOST_MAILS)
    items = [
        page.say(
            "export_mail",
            at=row.queued_at.date().isoformat(),
            kind=term(page.language, "KINDS", row.kind.value),
            state=term(page.language, "STATES", row.state.value),
        )
        for row in rows
    ]
    counted = [line if count == 1 else f"{line} (× {count})" for line, count in Counter(items).items()]
    older = await deliveries.count_of(connection, reader.id) - len(rows)
    return [*counted, page.say("export_older", count=older)] if older > 0 else counted
