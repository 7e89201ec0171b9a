"""Forget me: afterwards the whole database holds no trace of the address but its keyed hash; the answer still goes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, select

from alertd.config.settings import Declared, DeclaredSubscriber
from alertd.control.applying import apply
from alertd.mail.tokens import make_bounce
from alertd.model import DeliveryState, Origin, SubscriberState
from alertd.schedule import parse_schedule
from alertd.store.tables import attempt, consent, delivery, metadata
from tests.store.conftest import TOPICS
from tests.store.postbox import READER, Postbox, Sent
from tests.unit.postmaster.reports import dsn

NEW = "Maria.Neu@example.com"


async def _traces(postbox: Postbox, *words: str) -> list[str]:
    """Where any of these words stands in the database, in any case."""
    found = []
    async with postbox.store.read() as connection:
        for table in metadata.sorted_tables:
            for row in (await connection.execute(select(table))).all():
                text = " ".join(
                    value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    for value in row
                ).lower()
                found += [f"{table.name}: {text[:300]}" for word in words if word.lower() in text]
    return found


async def _eventful(postbox: Postbox) -> None:
    """A reader with a past: sign-up, digests, questions, a bounce, a letter to the owner, a change of address."""
    (asked,) = await postbox.post("subscribe zymurgy")
    await postbox.answer(asked)
    await postbox.publish("On zymurgy")
    sent = await postbox.post("send now", proven=True)
    digest = next(each for each in sent if each.kind == "digest")
    raw = dsn(status="4.4.1", diagnostic=f"smtp; <{READER}> timed out", action="delayed", recipient=READER)
    await postbox.deliver(raw, to=digest.return_path, envelope="")
    async with postbox.store.write() as connection:
        await connection.execute(
            insert(attempt).values(
                delivery_id=digest.claim.id, at=postbox.clock.now(), relay="r", stage="rcpt", code=450,
                enhanced="4.2.0", text=f"{READER} greylisted",
            )
        )  # fmt: skip
    await postbox.post("Dear person, who are you?", to="alerts+owner@example.org")
    await postbox.post("list\nbrew me a tea")
    await postbox.post(f"change address {NEW}", proven=True)
    await postbox.post("add gardening")


async def test_nothing_is_left_but_a_hash(postbox: Postbox) -> None:
    """Asked for, confirmed, erased: address, queries, mails both ways, bounces and evidence; the answer comes all the same."""
    await _eventful(postbox)
    postbox.clock.advance(timedelta(days=2))
    (asked,) = await postbox.post("forget me")
    assert "erase your data" in asked.text
    assert await _traces(postbox, READER, "zymurgy")
    (told,) = await postbox.answer(asked)
    assert (told.to, told.kind) == (READER, "reply")
    assert "Your data is erased." in told.text
    assert told.leave_address == ""  # there is nothing to leave
    await postbox.work.purge()
    # the report and its query are the service's own; the reader's name for it is not
    left = [
        trace for trace in await _traces(postbox, READER, "gardening", NEW) if not trace.startswith("query:")
    ]
    assert left == []
    hash_ = postbox.services.hash_address(READER)
    async with postbox.store.read() as connection:
        rows = (await connection.execute(select(consent).where(consent.c.address_hash == hash_))).all()
    assert "left" in {row.act for row in rows}
    assert {(row.network, row.wording, row.inbound_id) for row in rows} == {(None, None, None)}
    assert await postbox.find() is None


async def test_a_former_address_is_forgotten_too(postbox: Postbox) -> None:
    """Who moved and asks from the new address is forgotten under both."""
    await _eventful(postbox)
    asked = next(each for each in postbox.sent if each.to == NEW)
    await postbox.answer(asked)
    (told,) = await postbox.post("forget me", sender=NEW, proven=True)
    assert told.to == NEW
    await postbox.work.purge()
    assert await _traces(postbox, READER, NEW) == []


async def test_who_left_before_may_still_be_forgotten(postbox: Postbox) -> None:
    """An ended reader's "forget me" is asked about, or obeyed at once when it is vouched for."""
    await postbox.enrol(READER, "land")
    await postbox.post("unsubscribe", proven=True)
    (asked,) = await postbox.post("forget me")
    assert asked.kind == "confirmation"
    (told,) = await postbox.answer(asked)
    assert "Your data is erased." in told.text
    await postbox.work.purge()
    assert await _traces(postbox, READER) == []


async def test_a_stranger_has_nothing_to_forget(postbox: Postbox) -> None:
    """Somebody we never knew is told that they are not signed up."""
    (told,) = await postbox.post("forget me", proven=True)
    assert "not signed up" in told.text


async def test_a_mail_under_way_is_erased_when_it_is_settled(postbox: Postbox) -> None:
    """What may have arrived keeps its row until the relay has spoken, and is blank afterwards."""
    await postbox.enrol(READER, "land")
    (told,) = await postbox.post("list")
    await _set_state(postbox, told, DeliveryState.IN_DOUBT)
    await postbox.post("forget me", proven=True)
    assert [trace[:9] for trace in await _traces(postbox, READER)] == ["delivery:"] * 2
    await _set_state(postbox, told, DeliveryState.SENT)
    await postbox.work.purge()
    assert await _traces(postbox, READER) == []


async def _set_state(postbox: Postbox, sent: Sent, state: DeliveryState) -> None:
    async with postbox.store.write() as connection:
        await connection.execute(delivery.update().where(delivery.c.id == sent.claim.id).values(state=state))


async def test_a_late_bounce_brings_nothing_back(postbox: Postbox) -> None:
    """A report about a mail to somebody who was forgotten is nobody's."""
    await postbox.enrol(READER, "land")
    (told,) = await postbox.post("list")
    await postbox.post("forget me", proven=True)
    keys = postbox.services.keys
    path = f"alerts+bounce-{make_bounce(told.claim.id, keys, keys.newest)}@example.org"
    await postbox.deliver(
        dsn(status="5.1.1", diagnostic="smtp; 550 5.1.1 User unknown"), to=path, envelope=""
    )
    await postbox.work.purge()
    traces = await _traces(postbox, READER)
    assert [trace[:8] for trace in traces] in (
        [],
        ["inbound:"],
    )  # the report itself, for as long as mails are kept


async def test_their_leave_token_still_answers(postbox: Postbox) -> None:
    """The leave address of a forgotten reader says that they have left, to whoever asks, and nothing more."""
    await postbox.enrol(READER, "land")
    (told,) = await postbox.post("list")
    await postbox.post("forget me", proven=True)
    (said,) = await postbox.post("", to=told.leave_address, sender="friend@example.com")
    assert (said.to, "left already" in said.text) == ("friend@example.com", True)


async def test_other_readers_keep_everything(postbox: Postbox) -> None:
    """Forgetting one touches no other."""
    await postbox.enrol("other@example.net", "land")
    other = await postbox.reader("other@example.net")
    await postbox.post("list", sender="other@example.net")
    await _eventful(postbox)
    before = await _traces(postbox, "other@example.net")
    await postbox.post("forget me", proven=True)
    assert await _traces(postbox, "other@example.net") == before
    assert (await postbox.reader("other@example.net"), await postbox.queries("other@example.net")) == (
        other,
        ["land"],
    )


async def test_the_file_does_not_bring_them_back(postbox: Postbox) -> None:
    """Somebody whom the file still names, forgotten and then signed up for by a forger: a reload enrols nobody."""
    daily = parse_schedule("daily at 08:00", zone="UTC")
    person = DeclaredSubscriber(READER, (), schedule=daily, time_zone="UTC", language="en")
    declared = Declared(topics=TOPICS, subscribers=(person,), files_hash="1")
    await postbox.enrol(READER, "land", origin=Origin.FILE)
    await postbox.post("forget me", proven=True)
    await postbox.post("subscribe everything", envelope="evil@example.com")
    await apply(postbox.services, declared)
    assert await postbox.find() is None


async def test_a_new_beginning(postbox: Postbox) -> None:
    """Who was forgotten can sign up again, as somebody new."""
    old = await postbox.enrol(READER, "land")
    await postbox.post("forget me", proven=True)
    (asked,) = await postbox.post("subscribe water")
    await postbox.answer(asked)
    new = await postbox.reader()
    assert (new.state, new.id == old.id, new.tag == old.tag) == (SubscriberState.ACTIVE, False, False)
