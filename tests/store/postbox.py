"""A whole service without sockets: mails are put into its inbox, and what it would send is read from its outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import work
from alertd.clock import ManualClock
from alertd.config.settings import Declared, Intake, Relay, Service, Settings, Topic
from alertd.control.applying import apply
from alertd.control.services import Services, build_services
from alertd.digest.composer import DeliveryComposer
from alertd.digest.withdraw import withdraw
from alertd.mail.keys import KeyRing
from alertd.model import Announce, Cause, Origin, ReportFields, ReportId, SubscriberState, fields_to_json
from alertd.postmaster.intake import take_in
from alertd.query import parse
from alertd.schedule import parse_schedule
from alertd.store import claims, subscribers, subscriptions
from alertd.store.claims import Answer, Claim
from alertd.store.engines import Store
from alertd.store.inbound import InboundRow, fetch_page
from alertd.store.subscribers import SubscriberRow
from alertd.store.tables import catalogue, delivery, report, revision
from alertd.subscribers.enrol import Enrolment, Wish, enrol
from alertd.work import Work

ADDRESS = "alerts@example.org"
OWNER = "owner@example.org"
TRUSTED = "mx.example.org"
READER = "reader@example.net"
TAKEN = Answer("relay:25", "dot", 250, "2.0.0", "taken")


@dataclass(frozen=True)
class Sent:
    """A mail of ours: envelope, bytes, and the row it came from."""

    claim: Claim
    return_path: str
    to: str
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        """As a mail program reads it."""
        parsed = message_from_bytes(self.raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def subject(self) -> str:
        return str(self.mail["Subject"])

    @property
    def text(self) -> str:
        """The text part, its folds undone."""
        part = self.mail.get_body(("plain",))
        assert part is not None
        return " ".join(str(part.get_content()).split())

    @property
    def kind(self) -> str:
        return str(self.claim.kind)

    @property
    def reply_to(self) -> str:
        return str(self.mail["Reply-To"] or "")

    @property
    def leave_address(self) -> str:
        found = str(self.mail["List-Unsubscribe"] or "")
        return found.partition("mailto:")[2].partition("?")[0]


def write(
    text: str,
    *,
    sender: str = READER,
    to: str = ADDRESS,
    subject: str = "",
    number: int = 0,
    proven: bool = False,
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A mail as a person's program writes it, and as our own server hands it over when it vouches for it."""
    mail = EmailMessage()
    if proven:
        domain = sender.rpartition("@")[2]
        mail["Authentication-Results"] = f"{TRUSTED}; dkim=pass header.d={domain}"
    mail["Received"] = f"from client.example.net by {TRUSTED} for <{to}>; Tue, 24 Nov 2026 00:00:00 +0000"
    mail["From"] = sender
    mail["To"] = to
    if subject:
        mail["Subject"] = subject
    mail["Date"] = "Tue, 24 Nov 2026 00:00:00 +0000"
    mail["Message-ID"] = f"<{number}.{abs(hash((text, subject, to)))}@client.example.net>"
    for name, value in headers:
        mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


@dataclass
class Postbox:
    """The service and the world around it."""

    store: Store
    clock: ManualClock
    services: Services
    work: Work
    count: int = 0
    sent: list[Sent] = field(default_factory=list)

    async def post(
        self,
        text: str,
        *,
        to: str = ADDRESS,
        sender: str = READER,
        envelope: str | None = None,
        **options: Any,
    ) -> list[Sent]:
        """Somebody writes; the mails that this brings forth."""
        self.count += 1
        raw = write(text, sender=sender, to=to, number=self.count, **options)
        return await self.deliver(raw, to=to, envelope=sender if envelope is None else envelope)

    async def deliver(self, raw: bytes, *, to: str = ADDRESS, envelope: str | None = READER) -> list[Sent]:
        """A mail comes in; the mails that this brings forth."""
        await take_in(self.store, raw=raw, via="lmtp", sender=envelope, recipient=to, now=self.clock.now())
        await self.work.receive()
        return await self.collect()

    async def answer(self, asked: Sent, text: str = "", **options: Any) -> list[Sent]:
        """The recipient answers one of our mails, as a mail program does."""
        quoted = "\n".join(f"> {line}" for line in asked.text.split(". "))
        return await self.post(
            f"{text}\n\nOn Tuesday {ADDRESS} wrote:\n{quoted}\n",
            to=asked.reply_to or ADDRESS,
            **{"sender": asked.to, "subject": f"Re: {asked.subject}", **options},
        )

    async def collect(self) -> list[Sent]:
        """Take what is due from the outbox, as the sender does, and call it sent."""
        found: list[Sent] = []
        composer = DeliveryComposer(self.store, self.services.keys)
        while True:
            async with self.store.write() as connection:
                claimed = await claims.claim(
                    connection,
                    worker_id=self.work.worker_id,
                    now=self.clock.now(),
                    limit=100,
                    withdraw=withdraw,
                    hash_address=self.services.hash_address,
                )
            mails = await composer.compose(claimed.claims)
            async with self.store.write() as connection:
                taken: list[claims.Taken] = []
                for claim in claimed.claims:
                    mail = mails[claim.id]
                    assert not isinstance(mail, Exception), mail
                    found.append(Sent(claim, mail.return_path, mail.recipient, mail.data))
                    taken.append(claims.Taken(claim.id, self.clock.now(), TAKEN))
                await claims.mark_sent(connection, taken)
            if not claimed.claims and not claimed.set_aside:
                self.sent += found
                return found

    async def enrol(
        self,
        address: str = READER,
        *queries: str,
        schedule: str = "daily at 08:00",
        language: str = "en",
        origin: Origin = Origin.MAIL,
    ) -> SubscriberRow:
        """Make somebody a reader without asking."""
        wanted = parse_schedule(schedule, zone="UTC")
        wishes = tuple(Wish(parse(text), wanted) for text in queries or ("land",))
        async with self.store.write() as connection:
            person = Enrolment(address, language, "UTC", "html", wishes)
            await enrol(connection, [person], origin=origin, now=self.clock.now())
        return await self.reader(address)

    async def reader(self, address: str = READER) -> SubscriberRow:
        """Who has this address."""
        found = await self.find(address)
        assert found is not None
        return found

    async def find(self, address: str = READER) -> SubscriberRow | None:
        async with self.store.read() as connection:
            return await subscribers.find_by_key(connection, address.lower())

    async def queries(self, address: str = READER) -> list[str]:
        """What somebody asks for, as typed or by the topic's title; nothing for who is no reader."""
        found = await self.find(address)
        if found is None:
            return []
        async with self.store.read() as connection:
            rows = await subscriptions.of_subscribers(connection, [found.id])
        return sorted(row.shown for row in rows.get(found.id, []))

    async def state(self, address: str = READER) -> SubscriberState | None:
        found = await self.find(address)
        return found.state if found else None

    async def inbox(self) -> list[InboundRow]:
        """The mails that came, newest first."""
        async with self.store.read() as connection:
            return await fetch_page(connection, limit=1000)

    async def publish(self, *titles: str) -> None:
        """New reports appear and are announced."""
        async with self.store.write() as connection:
            known = (await connection.execute(select(catalogue.c.id))).scalars().first()
            if known is None:
                row = insert(catalogue).values(
                    name="drc", feed="http://localhost/", state="active", failures=0,
                    next_poll_at=self.clock.now() + timedelta(days=999), longest_gap_ms=0,
                ).returning(catalogue.c.id)  # fmt: skip
                known = (await connection.execute(row)).scalar_one()
            announced = [await self._add(connection, known, title) for title in titles]
            await self.services.announcer(connection, announced, self.clock.now())

    async def _add(self, connection: AsyncConnection, catalogue_id: int, title: str) -> Announce:
        fields = ReportFields(title=title, number=str(len(title)), url=f"http://reports.example/{len(title)}")
        row = insert(report).values(
            catalogue_id=catalogue_id, identity=title, revision=1, state="new",
            seen_at=self.clock.now(), last_seen_at=self.clock.now(),
        ).returning(report.c.id)  # fmt: skip
        report_id = ReportId((await connection.execute(row)).scalar_one())
        await connection.execute(
            insert(revision).values(
                report_id=report_id, revision=1, content_hash=title,
                fields=fields_to_json(fields), seen_at=self.clock.now(),
            )
        )  # fmt: skip
        return Announce(report_id, 1, "drc", fields, Cause.NEW)

    async def pending(self) -> int:
        """Deliveries that wait or are under way."""
        async with self.store.read() as connection:
            waiting = delivery.c.state.in_(("pending", "claimed", "in_doubt"))
            return len((await connection.execute(select(delivery.c.id).where(waiting))).all())


def settings(folder: Path, *, address: str = ADDRESS, relay: int = 25, **intake: Any) -> Settings:
    """A service at an address, its key file made; `relay` is the port of the next server."""
    KeyRing.create(folder / "alertd.key")
    return Settings(
        file=folder / "alertd.toml",
        service=Service(name="Report alerts", address=address, owner=OWNER, key_file=folder / "alertd.key"),
        relay=Relay(host="127.0.0.1", port=relay, connections=1),
        intake=Intake(spool=folder / "spool", **{"trusted_authserv_id": TRUSTED, **intake}),
    )


@asynccontextmanager
async def open_postbox(
    store: Store, clock: ManualClock, of: Settings, *, topics: Sequence[Topic] = ()
) -> AsyncIterator[Postbox]:
    """A service on a store."""
    services = build_services(of, Declared(topics=tuple(topics)), store, clock)
    if topics:
        await apply(services, services.declared)
    worker_id = await work.register(services)
    yield Postbox(store, clock, services, Work(services, worker_id))
