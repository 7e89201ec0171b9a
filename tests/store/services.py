"""The rooms that queue real mails, on a store of a test: letters, alarms and digests from the built-in templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from alertd.clock import ManualClock
from alertd.config.settings import Service
from alertd.digest.contents import ContentMaker
from alertd.digest.render import service_facts
from alertd.mail.keys import KeyRing
from alertd.mail.templates import TemplateSet, load_templates
from alertd.ops.alarms import Alarms
from alertd.store.engines import Store
from alertd.store.tables import delivery
from alertd.subscribers.letters import Letters
from tests.store.world import START, World

KEYS = KeyRing({"k2": bytes(32), "q3": b"\x01" * 32})
SERVICE = Service(name="Report alerts", address="alerts@example.org", owner="owner@example.org")


@lru_cache(maxsize=1)
def built_in() -> TemplateSet:
    """The templates that are shipped."""
    return load_templates()


@dataclass
class Rooms:
    """Letters, alarms and contents on a store."""

    store: Store
    service: Service = SERVICE
    templates: TemplateSet = field(default_factory=built_in)
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))

    def __post_init__(self) -> None:
        self.letters = Letters(self.service, service_facts(self.service), self.templates, KEYS)
        self.alarms = Alarms(self.store, self.clock, self.letters)

    def contents(self) -> ContentMaker:
        """A maker of contents that can be rendered."""
        return ContentMaker(
            self.service,
            self.templates,
            titles={"drc": "DRC research reports"},
            key_id=KEYS.newest,
            give_up=timedelta(days=4),
        )

    async def world(self, *, chunk_size: int = 2) -> World:
        """A world whose alarms are real mails and whose digests can be rendered."""
        made = World(self.store, self.contents(), chunk_size=chunk_size, alarm=self.alarms)  # type: ignore[arg-type]
        await made.begin()
        return made

    async def mails(self, kind: str = "") -> list[Any]:
        """The deliveries of a kind, or all, oldest first."""
        statement = select(delivery).order_by(delivery.c.id)
        if kind:
            statement = statement.where(delivery.c.kind == kind)
        async with self.store.read() as connection:
            return list((await connection.execute(statement)).all())
