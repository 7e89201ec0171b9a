"""One mail being handled: what is known of it, and what has come of it so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.model import SubscriberId
from alertd.postmaster.acting.deed import Deed
from alertd.postmaster.acting.evidence import Evidence
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.room import Room
from alertd.postmaster.facts import Facts
from alertd.postmaster.intents import Decision
from alertd.postmaster.read import Mail
from alertd.store import subscribers
from alertd.store.subscribers import SubscriberRow


@dataclass(slots=True)
class Case:
    """A mail in our hands.

    Attributes:
        decision: what is to be done about it.
        page: the answer as it grows.
        reader: whose subscription it turned out to be about.
        to: where the answer goes, when a token says so; "" is the From address. What a token did is told to its
            reader's own address and to no other: digests get forwarded, and the owner must notice.
        asked: a confirmation was queued, which is the answer.
        silent: there is to be no answer.
        forgotten: who was erased by it.
    """

    room: Room
    connection: AsyncConnection
    mail: Mail
    facts: Facts
    decision: Decision
    page: Page
    evidence: Evidence
    reader: SubscriberRow | None = None
    to: str = ""
    asked: bool = False
    silent: bool = False
    forgotten: SubscriberId | None = None

    @property
    def now(self) -> datetime:
        """The instant of the mail."""
        return self.evidence.at

    async def find(self, address: str) -> SubscriberRow | None:
        """The reader at an address (locked already), as they are now."""
        self.reader = await subscribers.find_by_key(self.connection, address_key(address))
        return self.reader

    async def find_by_tag(self, tag: str) -> SubscriberRow | None:
        """The reader whom a token names (locked already); the answer goes to them, in their language."""
        found = await subscribers.find_by_tag(self.connection, tag)
        if found is None or not found.address:  # forgotten: nothing is left of them
            return None
        self.answer_to(found)
        return found

    def answer_to(self, reader: SubscriberRow) -> None:
        """A token proved something about this reader: they are told, in their language."""
        self.reader, self.to, self.page.language = reader, reader.address, reader.language

    def deed(self, reader: SubscriberRow) -> Deed:
        """What commands of this reader work with."""
        return Deed(self.connection, self.room, reader, self.page, self.evidence)
