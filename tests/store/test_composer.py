"""From claimed rows to mails: what each row pins, and what becomes of one that cannot be rendered."""

from __future__ import annotations

import email
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from sqlalchemy import delete, update

from alertd.digest.composer import DeliveryComposer
from alertd.errors import RenderError
from alertd.mail import tokens
from alertd.mail.templates import TemplateSet
from alertd.model import Cause, MailKind, Origin, OutgoingMail
from alertd.query import parse
from alertd.store import claims, deliveries, editions, workers
from alertd.store.claims import Claim
from alertd.store.engines import Store
from alertd.store.tables import content, delivery, digest, subscriber
from alertd.subscribers.enrol import Enrolment, Wish, enrol
from tests.store.services import KEYS, SERVICE, Rooms
from tests.store.world import SCHEDULES, START, World

ALPHA = frozenset({"alpha"})


@pytest.fixture
def rooms(store: Store) -> Rooms:
    """Real letters and contents, on each database in turn."""
    return Rooms(store)


async def _withdraw_none(_connection: Any, _deliveries: Any, /, **_more: Any) -> list[Any]:
    return []


async def _claimed(rooms: Rooms) -> tuple[Claim, ...]:
    """Everything in the outbox, claimed; as every time the rows are put back, this can be done again."""
    async with rooms.store.write() as connection:
        worker = await workers.register(connection, host="h", pid=1, roles=["send"], now=START)
        found = await claims.claim(
            connection,
            worker_id=worker,
            now=START + timedelta(days=1),
            limit=50,
            withdraw=_withdraw_none,
            hash_address=lambda address: address,
        )
        await claims.put_back(connection, found.claims, worker_id=worker)
    return found.claims


async def _compose(rooms: Rooms) -> dict[str, OutgoingMail | Exception]:
    """Every mail of the outbox by recipient, rendered by a composer that knows nothing yet."""
    rows = await _claimed(rooms)
    made = await DeliveryComposer(rooms.store, KEYS).compose(rows)
    assert set(made) == {row.id for row in rows}
    return {row.address: made[row.id] for row in rows}


def _read(mail: OutgoingMail | Exception) -> EmailMessage:
    assert isinstance(mail, OutgoingMail), mail
    message = email.message_from_bytes(mail.data, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def _text(mail: OutgoingMail | Exception) -> str:
    body = _read(mail).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def _digests(rooms: Rooms) -> World:
    """Two digests in the outbox: of an English and of a Chinese reader."""
    world = await rooms.world()
    wish = Wish(parse("alpha"), SCHEDULES["daily"])
    people = [
        Enrolment("ann@example.org", "en", "UTC", "text", (wish,)),
        Enrolment("bob@example.org", "zh", "UTC", "html", (replace(wish, label="我的"),)),
    ]
    async with rooms.store.write() as connection:
        ids = await enrol(connection, people, origin=Origin.FILE, now=START)
    world.readers = {"ann": ids["ann@example.org"], "bob": ids["bob@example.org"]}
    await world.store_report("r1", 1, ALPHA)
    await world.announce("r1", 1, ALPHA, Cause.NEW)
    ((edition_id, _),) = await world.open(until="daily")
    assert (await world.editions.finish(edition_id, world.now)) == (True, 2)
    return world


async def _tag(rooms: Rooms, address: str) -> str:
    async with rooms.store.read() as connection:
        row = await connection.execute(subscriber.select().where(subscriber.c.address == address))
        return str(row.one().tag)


async def test_digests_are_rendered_for_each_reader(rooms: Rooms) -> None:
    """The report is there in the reader's language and format, with the reader's own leave token."""
    await _digests(rooms)
    made = await _compose(rooms)
    assert not _read(made["ann@example.org"]).is_multipart()
    assert "r1 alpha" in _text(made["ann@example.org"])
    assert "我的" in _text(made["bob@example.org"])
    for address, mail in made.items():
        message = _read(mail)
        assert message["To"] == address
        leave = str(message["List-Unsubscribe"]).partition("leave-")[2].partition("@")[0]
        assert tokens.verify_leave(leave, KEYS).tag == await _tag(rooms, address)


async def test_letters_are_rendered_from_their_rows(rooms: Rooms) -> None:
    """A welcome and an alarm: what they say comes from the row alone."""
    async with rooms.store.write() as connection:
        wish = Wish(parse("alpha"), SCHEDULES["weekly"], label="mine")
        person = Enrolment("ann@example.org", "en", "UTC", "html", (wish,))
        ids = await enrol(connection, [person], origin=Origin.FILE, now=START)
        await rooms.letters.welcome(connection, [(ids["ann@example.org"], person)], START)
        await rooms.letters.alarm(connection, "Something", [{"lines": ["is wrong"], "items": ["one"]}], START)
    made = await _compose(rooms)
    welcome, alarm = made["ann@example.org"], made["owner@example.org"]
    assert "every Wednesday at 08:00" in _text(welcome)
    assert "mine: alpha" in _text(welcome)
    assert _read(alarm)["Subject"] == "Something"
    assert _read(alarm)["List-Unsubscribe"] is None
    assert "is wrong" in _text(alarm)


async def test_same_bytes_whatever_changed_since(rooms: Rooms) -> None:
    """New settings, new templates and a new key in the ring change no mail that is in the outbox."""
    world = await _digests(rooms)
    async with rooms.store.write() as connection:
        await rooms.letters.alarm(connection, "Something", [{"lines": ["is wrong"]}], START)
    before = await _compose(rooms)
    source = {name: text.replace("<p", "<P") + "\n" for name, text in rooms.templates.source.items()}
    later = Rooms(
        rooms.store, replace(SERVICE, name="Renamed", owner="other@example.org"), TemplateSet.of(source)
    )
    async with rooms.store.write() as connection:
        await later.letters.alarm(connection, "Later", [{"lines": ["too"]}], world.now)
    after = await _compose(rooms)
    assert b"Renamed" in _made(after["other@example.org"]).data
    for address in before:
        assert _made(after[address]).data == _made(before[address]).data
        assert after[address] == before[address]


def _made(mail: OutgoingMail | Exception) -> OutgoingMail:
    assert isinstance(mail, OutgoingMail), mail
    return mail


async def test_what_cannot_be_rendered_stops_nothing_else(rooms: Rooms) -> None:
    """A missing content, a missing or a faulty template, a key that is gone: each is that row's error alone."""
    await _digests(rooms)
    broken = TemplateSet.of({**rooms.templates.source, "alarm.txt": "{% if %}"})
    async with rooms.store.write() as connection:
        await connection.execute(
            update(digest)
            .where(digest.c.subscriber_id == await _id(rooms, "bob@example.org"))
            .values(content_id=None)
        )
        await connection.execute(delete(content).where(content.c.language == "zh"))
        rows = [
            rooms.letters.row(
                MailKind.ALARM, address=f"{name}@example.org", context={"subject": "s"}, now=START
            )
            for name in ("fine", "lost", "broken", "keyless", "bare")
        ]
        rows[1]["args"] = {**rows[1]["args"], "template": "0" * 64}
        rows[2]["args"] = {**rows[2]["args"], "template": broken.hash}
        rows[3]["key_id"] = "zz"
        rows[4]["args"] = {}
        await editions.pin_template(connection, broken.hash, dict(broken.source))
        await editions.pin_template(connection, rooms.templates.hash, dict(rooms.templates.source))
        await deliveries.queue(connection, rows)
    made = await _compose(rooms)
    errors = {
        address.partition("@")[0]: mail for address, mail in made.items() if isinstance(mail, Exception)
    }
    assert set(errors) == {"bob", "lost", "broken", "keyless", "bare"}
    assert all(isinstance(error, RenderError) for error in errors.values())
    assert "which is not in the store" in str(errors["bob"])
    assert "templates that are not in the store" in str(errors["lost"])
    assert "r1 alpha" in _text(made["ann@example.org"])
    assert _read(made["fine@example.org"])["Subject"] == "s"


async def _id(rooms: Rooms, address: str) -> int:
    async with rooms.store.read() as connection:
        found = await connection.execute(subscriber.select().where(subscriber.c.address == address))
        return int(found.one().id)


async def test_many_template_sets(rooms: Rooms) -> None:
    """A composer that has seen more sets than it keeps reads them again, and renders all."""
    composer = DeliveryComposer(rooms.store, KEYS)
    for number in range(20):
        own = TemplateSet.of({**rooms.templates.source, "_own.txt": str(number)})
        async with rooms.store.write() as connection:
            await connection.execute(delete(delivery))
            await Rooms(rooms.store, templates=own).letters.alarm(connection, f"Alarm {number}", [], START)
        rows = await _claimed(rooms)
        (mail,) = (await composer.compose(rows)).values()
        assert _read(mail)["Subject"] == f"Alarm {number}"
    assert await composer.compose([]) == {}
