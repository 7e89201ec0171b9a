"""What can be listed and shown, on both databases."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from alertd.clock import ManualClock
from alertd.config.settings import Declared, Service, Settings
from alertd.control import inbox, outbox, subscribers
from alertd.control.services import Services, build_services
from alertd.errors import NotFoundError, RefusedError
from alertd.mail.keys import KeyRing
from alertd.model import DeliveryId, DeliveryState, Kind, MailKind, Origin, Schedule
from alertd.query import parse
from alertd.store import deliveries, inbound, tables
from alertd.store.engines import Store
from alertd.subscribers.enrol import Enrolment, Wish, enrol

DAILY = Schedule(Kind.DAILY, minute=480, zone="Europe/Berlin")


class _Bell:
    """Counts how often the daemon was woken."""

    rung = 0

    def __call__(self) -> None:
        self.rung += 1


@pytest.fixture
def bell() -> _Bell:
    """What wakes the daemon."""
    return _Bell()


@pytest.fixture
def services(store: Store, clock: ManualClock, bell: _Bell, tmp_path: Path) -> Services:
    """The services of a daemon on each database in turn."""
    key_file = tmp_path / "alertd.key"
    KeyRing.create(key_file)
    service = Service(address="alerts@example.org", owner="owner@example.org", key_file=key_file)
    built = build_services(Settings(file=tmp_path / "alertd.toml", service=service), Declared(), store, clock)
    built.wake = bell
    return built


async def _queue(services: Services, state: DeliveryState = DeliveryState.PENDING) -> DeliveryId:
    now = services.clock.now()
    row = {
        "kind": MailKind.TEST, "priority": 0, "address": "reader@example.org", "args": {}, "key_id": "k2",
        "date_at": now, "next_at": now + timedelta(hours=1), "queued_at": now,
    }  # fmt: skip
    async with services.store.write() as connection:
        (id_,) = await deliveries.queue(connection, [row])
        await connection.execute(
            update(tables.delivery).where(tables.delivery.c.id == id_).values(state=state, reply="550 no")
        )
    return id_


async def _all(services: Services, **which: Any) -> list[dict[str, Any]]:
    return [row async for page in subscribers.pages(services.store, **which) for row in page]


async def test_subscribers(services: Services) -> None:
    """Subscribers are listed in their order, by state and origin, and shown with their queries and next times."""
    people = [
        Enrolment(
            f"reader{number}@example.org",
            "en",
            "Europe/Berlin",
            "html",
            (Wish(parse("rural -steel"), DAILY),),
        )
        for number in range(3)
    ]
    async with services.store.write() as connection:
        await enrol(connection, people, origin=Origin.CLI, now=services.clock.now())
    listed = await _all(services)
    assert [(row["address"], row["state"], row["queries"]) for row in listed] == [
        (f"reader{number}@example.org", "active", 1) for number in range(3)
    ]
    assert await _all(services, after=listed[1]["id"], origin="cli") == listed[2:]
    assert await _all(services, state="ended") == []
    shown = await subscribers.show_subscriber(services.store, address=" READER1@Example.ORG ")
    assert shown["address"] == "reader1@example.org"
    (asked,) = shown["queries"]
    assert (asked["query"], asked["schedule"]) == (parse("rural -steel").canonical, "every day at 08:00")
    assert asked["next"].startswith("2026-11-24T07:00")
    assert json.loads(json.dumps([listed, shown])) == [listed, shown]
    assert "tag" not in shown  # it names them in tokens


async def test_nobody_of_that_name(services: Services) -> None:
    """An unknown or impossible address is told as such."""
    for address, told in [("nobody@example.org", "no subscriber has"), ("nobody", "not an address")]:
        with pytest.raises(NotFoundError, match=told):
            await subscribers.show_subscriber(services.store, address=address)


async def test_the_outbox(services: Services, bell: _Bell) -> None:
    """Deliveries are listed by state and kind; held and failed ones are tried again, and the daemon is woken for it."""
    pending = await _queue(services)
    held = await _queue(services, DeliveryState.HELD)
    failed = await _queue(services, DeliveryState.FAILED)
    listed = await outbox.list_deliveries(services.store)
    assert [row["id"] for row in listed] == [failed, held, pending]
    assert [
        row["id"] for row in await outbox.list_deliveries(services.store, states=["held"], kinds=["test"])
    ] == [held]
    assert await outbox.list_deliveries(services.store, kinds=["digest"]) == []
    with pytest.raises(RefusedError, match="nothing to try again"):
        await outbox.retry_deliveries(services, ids=[pending])
    assert bell.rung == 0
    assert await outbox.retry_deliveries(services, ids=[pending, failed, held]) == [held, failed]
    assert bell.rung == 1
    shown = await outbox.show_delivery(services.store, id=held)
    assert (shown["state"], shown["tries"]) == ("pending", [])
    assert shown["next_at"] == services.clock.now().isoformat()
    json.dumps([listed, shown])
    with pytest.raises(NotFoundError, match="outbox list"):
        await outbox.show_delivery(services.store, id=999)


async def test_holding_and_dropping(services: Services, bell: _Bell) -> None:
    """What waits is held and what has not left is dropped, with the admin named; what was sent stays sent."""
    pending, other = await _queue(services), await _queue(services)
    sent = await _queue(services, DeliveryState.SENT)
    assert await outbox.hold_deliveries(services, ids=[pending, sent]) == [pending]
    assert await outbox.drop_deliveries(services, ids=[pending, other, sent]) == [pending, other]
    for act in (outbox.hold_deliveries, outbox.drop_deliveries):
        with pytest.raises(RefusedError):
            await act(services, ids=[pending, sent])
    states = {row["id"]: (row["state"], row["reply"]) for row in await outbox.list_deliveries(services.store)}
    assert states == {
        pending: ("expired", outbox.DROPPED),
        other: ("expired", outbox.DROPPED),
        sent: ("sent", "550 no"),
    }
    assert bell.rung == 0


async def test_the_inbox(services: Services, bell: _Bell) -> None:
    """Mails that came in are listed by state, shown byte for byte, and tried again when they were set aside."""
    raw = b"From: r@example.org\r\n\r\nsubscribe \xff\x00 caf\xc3\xa9"
    now = services.clock.now()
    async with services.store.write() as connection:
        values = {
            "dedupe_key": "k",
            "via": "lmtp",
            "recipient": "a@example.org",
            "tries": 2,
            "received_at": now,
        }
        statement = insert(tables.inbound).values(**values, raw=raw, state="quarantined", reason="it broke")
        (id_,) = (await connection.execute(statement)).inserted_primary_key
    (row,) = await inbox.list_mails(services.store, states=["quarantined"])
    assert (row["id"], row["reason"], row["size"]) == (id_, "it broke", len(raw))
    shown = await inbox.show_mail(services.store, id=id_)
    assert json.loads(json.dumps(shown))["raw"].encode("latin-1") == raw
    await inbox.retry_mail(services, id=id_)
    assert bell.rung == 1
    async with services.store.read() as connection:
        assert (await inbound.get(connection, id_))[0].state == "new"
    assert await inbox.list_mails(services.store, states=["quarantined"]) == []
    with pytest.raises(NotFoundError, match="inbox list"):
        await inbox.retry_mail(services, id=999)
