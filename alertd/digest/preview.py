"""The digest that a reader would get from the reports of the last days, rendered as every digest is, and never sent.

It is signed with a key that lives for this one mail: whoever opens the preview and follows its links ends nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.digest.contents import ContentMaker
from alertd.digest.render import Order, render_delivery
from alertd.errors import RefusedError
from alertd.mail.keys import KeyRing
from alertd.mail.templates import TemplateSet
from alertd.matching.preview import Asked, Preview, preview
from alertd.model import DeliveryId, MailKind, OutgoingMail, Report, Schedule
from alertd.query import read_canonical
from alertd.store import reports, schedules, subscriptions
from alertd.store.due import Text
from alertd.store.subscribers import SubscriberRow

KEY = "pv"
"""The id of the key that signs previews; it opens nothing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A preview.

    Attributes:
        queries: as mails name them, in the reader's order, with how many reports each found.
        reports: those found, newest first as in the mail.
        looked_at: how many reports there were in that time.
        mail: None when nothing was found: then no digest is sent.
    """

    queries: tuple[tuple[str, int], ...]
    reports: tuple[Report, ...]
    found: Preview
    looked_at: int
    mail: OutgoingMail | None


@dataclass(frozen=True, slots=True)
class Source:
    """What the store has for a preview."""

    reader: SubscriberRow
    asked: tuple[Asked, ...]
    schedule: Schedule
    reports: tuple[Report, ...]


async def gather(connection: AsyncConnection, reader: SubscriberRow, *, since: datetime) -> Source:
    """Read what a preview is made of.

    Raises:
        RefusedError: the reader asks for nothing.
    """
    held = (await subscriptions.of_subscribers(connection, [reader.id])).get(reader.id, [])
    if not held:
        raise RefusedError(
            f"{reader.address} asks for nothing ({reader.state}), so there is no digest to show"
        )
    rows = {row.id: row for row in await schedules.all_rows(connection)}
    mine = [rows[each.schedule_id] for each in held]
    # the next to come; immediate ones have no time of their own
    chosen = min(mine, key=lambda row: (row.next_due_at is None, row.next_due_at or reader.created_at))
    return Source(
        reader,
        tuple(Asked(each.shown, read_canonical(each.canonical).tree) for each in held),
        chosen.value,
        tuple(await reports.recent(connection, since=since)),
    )


def make(source: Source, contents: ContentMaker, templates: TemplateSet, *, now: datetime) -> Shown:
    """Make the preview.

    Args:
        source: what the store has.
        contents: makes the content; its key id must be `KEY`.
        templates: what digests are rendered with.
        now: aware; the day of the digest.

    Raises:
        RenderError: the mail cannot be made.
    """
    found = preview(source.asked, source.reports)
    shown = tuple(each for each in source.reports if each.id in found.found_by)
    mail = _mail(source, shown, found, contents=contents, templates=templates, now=now) if shown else None
    queries = tuple((each.label, count) for each, count in zip(source.asked, found.counts, strict=True))
    return Shown(queries, tuple(reversed(shown)), found, len(source.reports), mail)


def _mail(
    source: Source,
    shown: Sequence[Report],
    found: Preview,
    *,
    contents: ContentMaker,
    templates: TemplateSet,
    now: datetime,
) -> OutgoingMail:
    reader = source.reader
    _, row = contents.make(
        {each.id: each.revision for each in shown},
        found.found_by,
        {
            (each.id, each.revision): Text(each.id, each.revision, each.fields, each.catalogue)
            for each in shown
        },
        reader=reader,
        schedule=source.schedule,
        due_at=now,
    )
    order = Order(
        delivery_id=DeliveryId(0),  # rows begin at 1
        kind=MailKind.DIGEST,
        address=reader.address,
        tag=reader.tag,
        language=row["language"],
        format=row["format"],
        key_id=KEY,
        date_at=now,
        args={},
        items=row["items"],
        templates=templates,
    )
    return render_delivery(order, KeyRing({KEY: secrets.token_bytes(32)}))
