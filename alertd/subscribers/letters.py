"""Every mail that is not a digest: queued with all it will be rendered from, so that its bytes never change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.config.settings import Service
from alertd.mail.keys import KeyRing
from alertd.mail.templates import TemplateSet
from alertd.model import DeliveryId, Kind, MailKind, Priority, SubscriberId
from alertd.schedule import describe, next_due
from alertd.store import deliveries, editions, quotas
from alertd.subscribers.enrol import Enrolment, Wish

_PRIORITY = {MailKind.WELCOME: Priority.WELCOME}
_LIFETIME = {MailKind.WELCOME: timedelta(days=4), MailKind.REPLY: timedelta(days=2)}
_REST = timedelta(hours=6)


class Letters:
    """Queues mails.

    Args:
        service: what the mails say of us.
        facts: the same as JSON, pinned in each mail.
        templates: the set that new mails are pinned to.
        keys: the newest key signs.
    """

    def __init__(
        self, service: Service, facts: Mapping[str, str], templates: TemplateSet, keys: KeyRing
    ) -> None:
        self._service = service
        self._facts = dict(facts)
        self._templates = templates
        self._keys = keys

    def row(
        self,
        kind: MailKind,
        *,
        address: str,
        context: Mapping[str, Any],
        now: datetime,
        language: str = "",
        format: str = "html",  # noqa: A002
        headers: Mapping[str, str] | None = None,
        subscriber_id: SubscriberId | None = None,
        inbound_id: int | None = None,
        expires_at: datetime | None = None,
    ) -> dict[str, Any]:
        """The outbox row of a mail; `context` is that of `alertd.mail.contexts`."""
        lifetime = _LIFETIME.get(kind)
        return {
            "kind": kind,
            "priority": _PRIORITY.get(kind, Priority.TRANSACTIONAL),
            "subscriber_id": subscriber_id,
            "inbound_id": inbound_id,
            "address": address,
            "args": {
                "template": self._templates.hash,
                "service": self._facts,
                "language": language or self._service.language,
                "format": format,
                "headers": dict(headers or {}),
                "context": dict(context),
            },
            "key_id": self._keys.newest,
            "queued_at": now,
            "expires_at": expires_at or (now + lifetime if lifetime else None),
        }

    async def post(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[DeliveryId]:
        """Queue rows in the transaction that causes them."""
        if not rows:
            return []
        await editions.pin_template(connection, self._templates.hash, dict(self._templates.source))
        return await deliveries.queue(connection, rows)

    async def welcome(
        self, connection: AsyncConnection, people: Sequence[tuple[SubscriberId, Enrolment]], now: datetime
    ) -> None:
        """Welcome readers: what they get, when the first digest comes, how to leave. Never ahead of other mail."""
        if not self._service.welcome:
            return
        rows = [
            self.row(
                MailKind.WELCOME,
                address=person.address,
                context=welcome_context(person, now),
                now=now,
                language=person.language,
                format=person.format,
                subscriber_id=reader,
            )
            for reader, person in people
        ]
        await self.post(connection, rows)

    async def alarm(
        self, connection: AsyncConnection, subject: str, sections: Sequence[Mapping[str, Any]], now: datetime
    ) -> None:
        """Tell the owner that something needs a person."""
        context = {"subject": subject, "sections": list(sections)}
        await self.post(
            connection, [self.row(MailKind.ALARM, address=self._service.owner, context=context, now=now)]
        )

    async def alarm_seldom(
        self, connection: AsyncConnection, name: str, subject: str, lines: Sequence[str], now: datetime
    ) -> bool:
        """An alarm of a kind that repeats: at most one in six hours for each name; whether it was queued."""
        if not await quotas.take(connection, f"alarm/{name}", most=1, window=_REST, now=now):
            return False
        await self.alarm(connection, subject, [{"lines": list(lines)}], now)
        return True


def welcome_context(person: Enrolment, now: datetime) -> dict[str, Any]:
    """What a welcome says."""
    first = _first_digest(person.wishes, now)
    return {
        "queries": [
            {
                "label": wish.label,
                "query": _asked(wish),
                "schedule": describe(wish.schedule, person.language),
            }
            for wish in person.wishes
        ],
        "first_at": first.astimezone(ZoneInfo(person.zone)).strftime("%Y-%m-%dT%H:%M") if first else "",
        "zone": person.zone,
    }


def _asked(wish: Wish) -> str:
    """What a reader would call it: a topic by its title, a query as it was typed."""
    if wish.topic:
        return wish.title or wish.label
    return wish.query.typed or "*"


def _first_digest(wishes: Sequence[Wish], now: datetime) -> datetime | None:
    """When the first digest can come; None when some query is told at once."""
    kinds = {wish.schedule.kind for wish in wishes}
    if Kind.IMMEDIATE in kinds or not wishes:
        return None
    return min(next_due(wish.schedule, now) for wish in wishes)
