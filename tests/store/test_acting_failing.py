"""Mail that comes back and complaints: only what is signed counts, and only what is about the reader is charged to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alertd.clock import ManualClock
from alertd.control.suppressions import lift_suppression
from alertd.demo.relay import Behaviour, Relay
from alertd.digest.now import send_now
from alertd.mail.tokens import make_bounce, make_leave
from alertd.model import DeliveryId, MailKind, SubscriberState
from alertd.store import consents, deliveries, subscribers
from alertd.store.engines import Store
from alertd.store.tables import bounce, subscription
from tests.store.postbox import ADDRESS, OWNER, READER, Postbox, Sent, open_postbox, settings
from tests.unit.delivery.relays import running
from tests.unit.postmaster.reports import dsn

DAY = timedelta(days=1)
UNKNOWN = ("5.1.1", "smtp; 550 5.1.1 <reader@example.net>: Recipient address rejected: User unknown")
FULL = ("5.2.2", "smtp; 552 5.2.2 The email account that you tried to reach is over quota.")
DENIED = ("5.7.1", "smtp; 554 5.7.1 <reader@example.net>: Relay access denied")


async def _digest(postbox: Postbox, title: str = "On land") -> Sent:
    await postbox.publish(title)
    sent = await postbox.post("send now", proven=True, sender=(await postbox.reader()).address)
    return next(each for each in sent if each.kind == "digest")


async def _comes_back(
    postbox: Postbox, about: tuple[str, str], *, to: str, action: str = "failed"
) -> list[Sent]:
    raw = dsn(status=about[0], diagnostic=about[1], action=action)
    postbox.count += 1
    raw = raw.replace(b"Subject:", b"Message-ID: <%d@mx.example.com>\nSubject:" % postbox.count, 1)
    return await postbox.deliver(raw, to=to, envelope="")


async def _suppression(postbox: Postbox, address: str = READER) -> str:
    hash_ = postbox.services.hash_address(address)
    async with postbox.store.read() as connection:
        found = await consents.suppressed(connection, [hash_], now=postbox.clock.now())
    return found[hash_][0] if found else ""


async def _bounces(postbox: Postbox) -> list[tuple[str, str]]:
    async with postbox.store.read() as connection:
        rows = await connection.execute(select(bounce.c["class"], bounce.c.reason).order_by(bounce.c.id))
        return [(kind, reason) for kind, reason in rows]


async def test_a_hard_bounce_suppresses_with_its_reason(postbox: Postbox) -> None:
    """No such user, once, at a signed return path: the reader is suppressed, the reason and the evidence kept; no answer."""
    await postbox.enrol(READER, "land")
    digest = await _digest(postbox)
    assert digest.return_path.startswith("alerts+bounce-b")
    assert await _comes_back(postbox, UNKNOWN, to=digest.return_path) == []
    assert await postbox.state() is SubscriberState.SUPPRESSED
    assert await postbox.queries() == []
    assert await _suppression(postbox) == "bounce: unknown user"
    assert await _bounces(postbox) == [("hard", "unknown user")]


@pytest.mark.parametrize(
    "to", [ADDRESS, "alerts+bounce-b2345678abcdefghijklmnop@example.org", "alerts+bounces@example.org"]
)
async def test_an_unsigned_bounce_changes_nothing(postbox: Postbox, to: str) -> None:
    """A report to our address, or to a return path that we did not make, is ignored."""
    await postbox.enrol(READER, "land")
    assert await _comes_back(postbox, UNKNOWN, to=to) == []
    assert await postbox.state() is SubscriberState.ACTIVE
    assert await _bounces(postbox) == []


async def test_a_full_mailbox_is_scored_over_days(postbox: Postbox) -> None:
    """Full on one day, however often, is one point; on five days within reach it is enough, and a week of quiet forgets all."""
    await postbox.enrol(READER, "land")
    digest = await _digest(postbox)
    for _ in range(6):
        await _comes_back(postbox, FULL, to=digest.return_path)
    for _ in range(3):
        postbox.clock.advance(DAY)
        await _comes_back(postbox, FULL, to=digest.return_path)
    assert await postbox.state() is SubscriberState.ACTIVE
    postbox.clock.advance(8 * DAY)
    await _comes_back(postbox, FULL, to=digest.return_path)
    assert await postbox.state() is SubscriberState.ACTIVE
    for _ in range(4):
        postbox.clock.advance(DAY)
        await _comes_back(postbox, FULL, to=digest.return_path)
    assert await postbox.state() is SubscriberState.SUPPRESSED
    assert await _suppression(postbox) == "bounce: mailbox full"


async def test_a_lifted_suppression_starts_the_count_anew(postbox: Postbox) -> None:
    """After an admin lifted it and brought the reader back, one full mailbox is one point again and not the sixth."""
    await postbox.enrol(READER, "land")
    digest = await _digest(postbox)
    for _ in range(5):
        await _comes_back(postbox, FULL, to=digest.return_path)
        postbox.clock.advance(DAY)
    assert await postbox.state() is SubscriberState.SUPPRESSED
    lifted = await lift_suppression(postbox.services, address=READER)
    assert (lifted["lifted"], lifted["reason"]) == (True, "bounce: mailbox full")
    assert await _suppression(postbox) == ""
    await postbox.enrol(READER, "land")
    postbox.clock.advance(DAY)
    await _comes_back(postbox, FULL, to=digest.return_path)
    assert await postbox.state() is SubscriberState.ACTIVE


async def test_delayed_is_noted_and_charged_to_nobody(postbox: Postbox) -> None:
    """A delay is kept as one, any number of them."""
    await postbox.enrol(READER, "land")
    digest = await _digest(postbox)
    for _ in range(7):
        await _comes_back(
            postbox, ("4.4.1", "smtp; connect timed out"), to=digest.return_path, action="delayed"
        )
        postbox.clock.advance(DAY)
    assert {kind for kind, _ in await _bounces(postbox)} == {"delayed"}
    assert await postbox.state() is SubscriberState.ACTIVE


async def test_faults_of_ours_ring_the_owner_and_charge_nobody(postbox: Postbox) -> None:
    """Relay denied: the owner hears of it at most once in six hours, without the reader's address; the reader stays."""
    await postbox.enrol(READER, "land")
    digest = await _digest(postbox)
    sent = []
    for _ in range(12):
        sent += await _comes_back(postbox, DENIED, to=digest.return_path)
        postbox.clock.advance(timedelta(minutes=29))
    (alarm,) = sent
    assert (alarm.to, alarm.kind) == (OWNER, "alarm")
    assert "relay denied" in alarm.text
    assert "...@example.net" in alarm.text
    assert READER not in alarm.raw.decode()
    postbox.clock.advance(timedelta(hours=7))
    assert len(await _comes_back(postbox, DENIED, to=digest.return_path)) == 1
    assert await postbox.state() is SubscriberState.ACTIVE


@asynccontextmanager
async def _refusing(
    store: Store, clock: ManualClock, folder: Path, behaviour: Behaviour
) -> AsyncIterator[Postbox]:
    """A service with a digest that waits, whose relay has met it in this way."""
    async with running(Relay(folder / "mail", behaviours=[behaviour])) as relay:
        made = settings(folder, relay=relay.port)
        async with open_postbox(store, clock, made) as postbox:
            reader = await postbox.enrol(READER, "land")
            await postbox.publish("On land")
            async with store.write() as connection:
                assert await send_now(
                    connection, postbox.services.contents, reader.id, request="1", now=clock.now()
                )
            await postbox.work.sender.run_due(clock.now())
            yield postbox


async def test_a_refusal_while_sending_counts_as_a_bounce(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """550 5.1.1 in answer to RCPT is the same as a report of it."""
    async with _refusing(store, clock, tmp_path, Behaviour("rcpt", "550 5.1.1 No such user")) as postbox:
        assert await postbox.state() is SubscriberState.SUPPRESSED
        assert await _suppression(postbox) == "bounce: unknown user"


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour("rcpt", "450 4.1.1 No such user"),
        Behaviour("mail", "550 5.1.8 No such user"),
        Behaviour("dot", drop=True),
        Behaviour("connect", "554 5.7.1 No such user"),
    ],
    ids=lambda each: each.stage,
)
async def test_what_is_no_bounce_while_sending(
    store: Store, clock: ManualClock, tmp_path: Path, behaviour: Behaviour
) -> None:
    """A temporary refusal, one of the sender, and a lost connection say nothing about the reader."""
    async with _refusing(store, clock, tmp_path, behaviour) as postbox:
        assert (await postbox.state(), await _bounces(postbox)) == (SubscriberState.ACTIVE, [])


async def test_our_faults_while_sending_ring_too(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A relay that refuses our mail for its own sake: an alarm, and nothing charged."""
    behaviour = Behaviour("dot", "554 5.7.1 <reader@example.net>: Relay access denied", times=1)
    async with _refusing(store, clock, tmp_path, behaviour) as postbox:
        assert await postbox.state() is SubscriberState.ACTIVE
        async with store.read() as connection:
            rows = await deliveries.listing(connection, kinds=[MailKind.ALARM])
        assert [row.address for row in rows] == [OWNER]


async def test_a_fresh_sign_up_is_the_way_back(postbox: Postbox) -> None:
    """A mailbox that failed may sign up again at any time, is told nothing else, and begins with a clean slate."""
    await postbox.enrol(READER, "land")
    digest = await _digest(postbox)
    await _comes_back(postbox, UNKNOWN, to=digest.return_path)
    assert await postbox.post("list") == []
    assert await postbox.post("help", proven=True) == []
    (asked,) = await postbox.post("subscribe water")
    assert await _suppression(postbox)  # asking lifts nothing
    postbox.clock.advance(timedelta(minutes=1))
    await postbox.answer(asked)
    assert (await postbox.state(), await postbox.queries()) == (SubscriberState.ACTIVE, ["water"])
    assert await _suppression(postbox) == ""
    postbox.clock.advance(timedelta(minutes=1))
    await _comes_back(postbox, FULL, to=digest.return_path)
    assert await postbox.state() is SubscriberState.ACTIVE


async def test_a_bounce_is_exported_in_words(postbox: Postbox) -> None:
    """What came back is told to a Chinese reader in Chinese."""
    reader = await postbox.enrol(READER, "land")
    async with postbox.store.write() as connection:
        await subscribers.change(connection, reader.id, language="zh")
    digest = await _digest(postbox)
    await _comes_back(postbox, FULL, to=digest.return_path)
    (told,) = await postbox.post("export", proven=True)
    assert "发给您的邮件被退回（邮箱已满）" in told.text


async def test_who_moved_leaves_the_dead_address_behind(postbox: Postbox) -> None:
    """A late bounce of the old address is noted, and not charged to the new one."""
    await postbox.enrol(READER, "land")
    digest = await _digest(postbox)
    (asked, _) = await postbox.post("change address new@example.com", proven=True)
    await postbox.answer(asked)
    postbox.clock.advance(timedelta(minutes=1))
    await _comes_back(postbox, UNKNOWN, to=digest.return_path)
    assert await postbox.state("new@example.com") is SubscriberState.ACTIVE
    assert await _bounces(postbox) == [("hard", "unknown user")]


def _complaint(*, path: str = "", token: str = "", number: int = 1) -> bytes:
    """A feedback report (RFC 5965) about a mail of ours."""
    listed = (
        f"List-Unsubscribe: <mailto:alerts+leave-{token}@example.org?subject=unsubscribe>\n" if token else ""
    )
    returned = f"Return-Path: <{path}>\n" if path else ""
    return (
        f"From: fbl@isp.example\nTo: alerts@example.org\nSubject: complaint\nMessage-ID: <{number}@isp.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="r"\n\n--r\nContent-Type: text/plain\n\nabuse\n'
        "--r\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: isp/1\nVersion: 1\n\n"
        f"--r\nContent-Type: message/rfc822\n\n{returned}{listed}From: alerts@example.org\nSubject: x\n\nx\n--r--\n"
    ).encode()


@pytest.mark.parametrize("by", ["path", "token"])
async def test_a_complaint_ends_and_suppresses_unanswered(postbox: Postbox, by: str) -> None:
    """A complaint with a token of ours: ended at once, suppressed for a month at least, and nobody is answered."""
    reader = await postbox.enrol(READER, "land")
    digest = await _digest(postbox)
    keys = postbox.services.keys
    proof = (
        {"path": digest.return_path} if by == "path" else {"token": make_leave(reader.tag, keys, keys.newest)}
    )
    assert await postbox.deliver(_complaint(**proof), envelope="fbl@isp.example") == []
    assert await postbox.state() is SubscriberState.SUPPRESSED
    assert await _suppression(postbox) == "complaint: abuse"
    async with postbox.store.read() as connection:
        open_ = await connection.execute(select(subscription.c.id).where(subscription.c.dropped_at.is_(None)))
        assert open_.all() == []
    assert await postbox.post("subscribe land") == []
    postbox.clock.advance(31 * DAY)
    (asked,) = await postbox.post("subscribe land")
    await postbox.answer(asked)
    assert await postbox.state() is SubscriberState.ACTIVE


async def test_a_forged_complaint_changes_nothing(postbox: Postbox) -> None:
    """Without a token of ours a complaint is nobody's."""
    await postbox.enrol(READER, "land")
    forged = _complaint(path="alerts+bounce-b2345678abcdefghijklmnop@example.org", token="l" * 36)
    assert await postbox.deliver(forged, envelope="fbl@isp.example") == []
    assert await postbox.state() is SubscriberState.ACTIVE


async def test_a_complaint_about_a_confirmation(postbox: Postbox) -> None:
    """Who presses "spam" on a confirmation that a stranger caused is left in peace from then on."""
    (asked,) = await postbox.post("subscribe land", envelope="evil@example.com")
    await postbox.deliver(_complaint(path=asked.return_path), envelope="fbl@isp.example")
    assert await _suppression(postbox) == "complaint: abuse"
    assert await postbox.post("subscribe land") == []


async def test_a_bounce_of_what_was_purged(postbox: Postbox) -> None:
    """A signed report about a delivery that is no more is no fault."""
    keys = postbox.services.keys
    token = make_bounce(DeliveryId(999_999), keys, keys.newest)
    assert await _comes_back(postbox, UNKNOWN, to=f"alerts+bounce-{token}@example.org") == []
    assert {row.state for row in await postbox.inbox()} == {"done"}
