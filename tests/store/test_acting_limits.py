"""How much a stranger can make us send to somebody: two confirmations, and then nothing for a week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from alertd.clock import ManualClock
from alertd.config.settings import Intake
from alertd.postmaster.acting.handler import MailHandler
from alertd.postmaster.acting.limits import CONFIRMATIONS, UNPROVEN, Limits
from alertd.store import quotas
from alertd.store.engines import Store
from alertd.store.inbound import ClaimedMail
from alertd.work import mail_room
from tests.conftest import NOW
from tests.store.postbox import ADDRESS, OWNER, READER, Postbox, Sent, open_postbox, settings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
VICTIM = "victim@example.net"


def _spelt(number: int) -> str:
    """The victim's address, with varied tags and case."""
    local = "".join(
        letter.upper() if number >> place & 1 else letter for place, letter in enumerate("victim")
    )
    domain = "Example.NET" if number % 3 else "example.net"
    return f"{local}+list{number}@{domain}" if number % 5 else f"{local}@{domain}"


async def _written(postbox: Postbox, texts: Sequence[str], count: int) -> list[Sent]:
    """What the victim gets when so many mails come in their name."""
    handler = MailHandler(mail_room(postbox.services), postbox.clock)
    async with postbox.store.write() as connection:
        for number in range(count):
            raw = (
                f"Received: from mx{number}.example.com by mx.example.org\r\nFrom: {_spelt(number)}\r\nTo: {ADDRESS}\r\n"
                f"Message-ID: <{number}@host{number % 777}.example>\r\n\r\n{texts[number % len(texts)]}\r\n"
            )
            sender = f"s{number}@d{number % 99}.example"
            mail = ClaimedMail(number + 1, "lmtp", sender, ADDRESS, raw.encode(), 1, postbox.clock.now())
            await handler.handle(connection, mail)
            postbox.clock.advance(timedelta(seconds=8))
    sent = await postbox.collect()
    assert {each.to.partition("@")[0].partition("+")[0].lower() for each in sent} == {"victim"}
    return sent


async def test_ten_thousand_sign_ups_for_one_victim(postbox: Postbox) -> None:
    """However it is spelt and wherever it comes from: two mails, then silence for a week, then two more may come."""
    sent = await _written(postbox, ("subscribe land", "join", "订阅 土地", "subscribe *\nimmediate"), 200)
    assert [each.kind for each in sent] == ["confirmation"] * CONFIRMATIONS
    # the rest would come to the same question, asked here without the mail around it
    limits = Limits(postbox.services.settings.intake, postbox.services.hash_address)
    async with postbox.store.write() as connection:
        for number in range(200, 10_000 if postbox.store.is_sqlite else 1_000):
            assert not await limits.may_confirm(connection, _spelt(number), postbox.clock.now())
            postbox.clock.advance(timedelta(seconds=8))
    postbox.clock.advance(7 * DAY + 8 * HOUR)
    assert len(await postbox.post("subscribe land", sender=VICTIM)) == 1


async def test_a_mixture_in_one_name(postbox: Postbox) -> None:
    """Sign-ups that can be read and that cannot, questions and nonsense, all in one name: a handful of mails at most."""
    texts = ("subscribe (land", "help", "subscribe land", "hello there", "list", "unsubscribe")
    kinds = [each.kind for each in await _written(postbox, texts, 200)]
    assert kinds.count("confirmation") == CONFIRMATIONS
    assert kinds.count("reply") <= UNPROVEN


async def test_two_and_then_a_week_of_silence(postbox: Postbox) -> None:
    """The third sign-up within a day begins a week in which nothing goes to the address, whatever is asked in its name."""
    for text in ("subscribe land", "subscribe water"):
        assert len(await postbox.post(text, sender=VICTIM)) == 1
    for day in range(7):
        for text in ("subscribe soil", "help", "list", "subscribe (land", "what is this"):
            assert await postbox.post(text, sender=f"victim+{day}@example.net") == []
        postbox.clock.advance(DAY)
    postbox.clock.advance(DAY)
    (asked,) = await postbox.post("subscribe land", sender=VICTIM)
    assert asked.kind == "confirmation"


async def test_two_a_day_without_a_third(postbox: Postbox) -> None:
    """Who asks twice and then waits a day may ask again: only the third brings silence."""
    for _ in range(3):
        for _ in range(2):
            assert len(await postbox.post("subscribe land", sender=VICTIM)) == 1
        postbox.clock.advance(DAY + 2 * HOUR)


async def test_faulty_sign_ups_are_counted_too(postbox: Postbox) -> None:
    """Sign-ups that cannot be read are answered three times a day and no more, so a forger gains nothing by them."""
    sent = [each for _ in range(10) for each in await postbox.post("subscribe (land", sender=VICTIM)]
    assert [each.kind for each in sent] == ["reply"] * UNPROVEN


async def test_answers_to_a_vouched_for_stranger(postbox: Postbox) -> None:
    """Somebody who surely wrote themselves may ask as often as a reader: ten times a day."""
    sent = [each for _ in range(15) for each in await postbox.post("help", sender=VICTIM, proven=True)]
    assert len(sent) == postbox.services.settings.intake.replies_per_address == 10
    postbox.clock.advance(DAY + 2 * HOUR)
    assert len(await postbox.post("help", sender=VICTIM, proven=True)) == 1


async def test_answers_to_a_reader(postbox: Postbox) -> None:
    """A reader gets ten answers in a day; what they ask for is done all the same."""
    await postbox.enrol(READER, "land")
    for number in range(15):
        await postbox.post(f"add word{number}", proven=True)
    assert len(postbox.sent) == 10
    assert len(await postbox.queries()) == 16


async def test_confirmations_to_a_domain(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """Sign-ups for many people at one domain: so many confirmations an hour, and other domains are not concerned."""
    async with open_postbox(store, clock, settings(tmp_path, confirmations_per_domain=3)) as postbox:
        sent = [
            each
            for number in range(6)
            for each in await postbox.post("subscribe land", sender=f"p{number}@Example.net")
        ]
        assert len(sent) == 3
        assert len(await postbox.post("subscribe land", sender="p@example.com")) == 1
        postbox.clock.advance(HOUR + HOUR / 12)
        assert len(await postbox.post("subscribe land", sender="p5@example.net")) == 1


async def test_answers_to_a_domain_and_in_all(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """Answers are counted by domain, and with the confirmations in all."""
    async with open_postbox(
        store, clock, settings(tmp_path, replies_per_domain=3, replies_per_hour=5)
    ) as postbox:
        sent = [
            each
            for number in range(6)
            for each in await postbox.post("help", sender=f"p{number}@example.net")
        ]
        assert len(sent) == 3
        sent = [
            each
            for number in range(6)
            for each in await postbox.post(
                "subscribe land" if number % 2 else "help", sender=f"p@d{number}.example"
            )
        ]
        assert len(sent) == 2


async def test_forwards_are_limited_and_the_owner_is_told(postbox: Postbox) -> None:
    """Mail to +owner is passed on ten times a day from one address; then the owner hears once that there is more."""
    sent = []
    for number in range(14):
        sent += await postbox.post(f"Dear people {number}", to="alerts+owner@example.org", sender=VICTIM)
    kinds = [each.kind for each in sent]
    assert (kinds.count("forward"), kinds.count("alarm")) == (10, 1)
    assert {each.to for each in sent} == {OWNER}
    assert sent[0].reply_to == VICTIM


async def test_a_stranger_can_cause_no_storm_at_a_reader(postbox: Postbox) -> None:
    """Forged changes and "stop"s in a reader's name: two confirmations of each, and the subscription stands."""
    await postbox.enrol(READER, "land")
    for number in range(20):
        await postbox.post("stop" if number % 2 else "add water", envelope="evil@example.com")
    assert [each.kind for each in postbox.sent] == ["confirmation"] * 4
    assert await postbox.queries() == ["land"]


async def test_limits_keep_no_address(postbox: Postbox) -> None:
    """What is counted is counted by hashes and domains."""
    await postbox.post("subscribe land", sender=VICTIM)
    async with postbox.store.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT bucket FROM quota")).scalars().all()
    assert rows
    assert not [row for row in rows if "victim" in row.lower()]


@pytest.mark.parametrize("most", [1, 3])
async def test_a_window_slides(store: Store, most: int) -> None:
    """No more than `most` within any window; and as soon as it has passed, the next."""
    taken = []
    async with store.write() as connection:
        for minute in range(0, 60 * 60, 20):
            now = NOW + timedelta(minutes=minute)
            if await quotas.take(connection, "x", most=most, window=DAY, now=now):
                taken.append(now)
    for at in taken:
        assert sum(at <= other < at + DAY for other in taken) <= most
    assert len(taken) >= most * 2
    assert taken[most] - taken[0] <= DAY + 2 * HOUR


async def test_the_limits_law(store: Store) -> None:
    """Whatever is asked for whichever addresses: an address gets two confirmations in any 24 hours, a domain its number."""
    limits = Limits(replace(Intake(), confirmations_per_domain=4), lambda text: f"#{text}")
    sent: list[tuple[str, int]] = []
    async with store.write() as connection:
        for hour in range(24 * 12):
            at = NOW + hour * HOUR
            sent += [
                (who.lower().replace("+1", ""), hour)
                for who in ("a+1@x.example", "A@x.example", "b@x.example", "c@x.example", "a@y.example")
                if await limits.may_confirm(connection, who, at)
            ]
    for who, hour in sent:
        assert sum(other == who and hour <= at < hour + 24 for other, at in sent) <= 2
    hours = [at for who, at in sent if who.startswith("a@x")]
    assert hours == sorted(hours)
    assert max(later - earlier for earlier, later in pairwise(hours)) >= 24 * 7


async def test_many_mails_leave_the_limits_table_small(postbox: Postbox) -> None:
    """A window is counted in parts: a thousand mails are a few rows."""
    limits = Limits(Intake(), postbox.services.hash_address)
    async with postbox.store.write() as connection:
        for number in range(1000):
            await limits.may_reply(connection, VICTIM, NOW + number * timedelta(minutes=1), proven=True)
        rows = (await connection.exec_driver_sql("SELECT count(*) FROM quota")).scalar_one()
    assert rows < 120
