"""Make contents and the deliveries that carry them: what readers share, and what is each one's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.config.settings import Service
from alertd.digest import compose
from alertd.digest.render import content_key, digest_items, service_facts
from alertd.mail.templates import TemplateSet
from alertd.model import DigestId, Kind, MailKind, Priority, ReportId, Schedule
from alertd.schedule import describe
from alertd.store import editions
from alertd.store.due import Text
from alertd.store.subscribers import SubscriberRow


class ContentMaker:
    """Makes the contents of digests.

    Args:
        service: what the mails say of us.
        templates: the set that new contents are pinned to.
        titles: catalogue name to its title.
        key_id: the key that signs new mails.
        give_up: a digest that did not leave for this long is withdrawn; its reports come in the next one.
    """

    def __init__(
        self,
        service: Service,
        templates: TemplateSet,
        *,
        titles: Mapping[str, str],
        key_id: str,
        give_up: timedelta,
    ) -> None:
        self.titles = titles
        self._facts = service_facts(service)
        self._templates = templates
        self._key_id = key_id
        self._give_up = give_up

    async def pin(self, connection: AsyncConnection) -> None:
        """Keep the template set for as long as contents need it."""
        await editions.pin_template(connection, self._templates.hash, dict(self._templates.source))

    def make(
        self,
        reports: Mapping[ReportId, int],
        labels: Mapping[ReportId, tuple[str, ...]],
        texts: Mapping[tuple[ReportId, int], Text],
        *,
        reader: SubscriberRow,
        schedule: Schedule,
        due_at: datetime,
    ) -> tuple[str, dict[str, Any]]:
        """The key and the row of one digest's content."""
        items = digest_items(
            self._facts,
            compose.entries(reports, labels, texts, self.titles),
            day=_day(schedule, reader, due_at),
            schedule=describe(schedule, reader.language),
        )
        hash_ = self._templates.hash
        key = content_key(items, language=reader.language, format=reader.format, template_hash=hash_)
        row = {
            "language": reader.language,
            "format": reader.format,
            "template_hash": hash_,
            "items": items,
        }
        return key, row

    def delivery(
        self, reader: SubscriberRow, *, kind: Kind, digest_id: DigestId, now: datetime
    ) -> dict[str, Any]:
        """The outbox row that carries a digest to its reader."""
        return {
            "kind": MailKind.DIGEST,
            "priority": Priority.IMMEDIATE if kind is Kind.IMMEDIATE else Priority.DIGEST,
            "subscriber_id": reader.id,
            "digest_id": digest_id,
            "address": reader.address,
            "key_id": self._key_id,
            "queued_at": now,
            "expires_at": now + self._give_up,
        }


def _day(schedule: Schedule, reader: SubscriberRow, due_at: datetime) -> date:
    zone = reader.zone if schedule.kind is Kind.IMMEDIATE else schedule.zone
    return due_at.astimezone(ZoneInfo(zone)).date()
