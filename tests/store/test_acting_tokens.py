"""What a token may do and no more, changes of address, and what answers tell to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alertd.mail.tokens import make_leave
from alertd.model import SubscriberState
from alertd.postmaster.acting.deed import Deed
from alertd.postmaster.acting.doing import do
from alertd.postmaster.acting.evidence import Evidence
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.commands.model import Command, Verb
from alertd.subscribers.own import former_keys
from alertd.work import mail_room
from tests.store.postbox import ADDRESS, READER, Postbox, Sent

NEW = "new@example.com"
FRIEND = "friend@example.com"


async def _leave_address(postbox: Postbox, address: str = READER) -> str:
    """What every digest of a reader carries."""
    keys = postbox.services.keys
    token = make_leave((await postbox.reader(address)).tag, keys, keys.newest)
    return f"alerts+leave-{token}@example.org"


async def test_a_leave_token_leaves_whoever_sends_it(postbox: Postbox) -> None:
    """A forwarded digest's leave address ends the subscription, and its owner is told, not the sender."""
    await postbox.enrol(READER, "land")
    (told,) = await postbox.post("", to=await _leave_address(postbox), sender=FRIEND, subject="win a prize")
    assert (told.to, await postbox.state()) == (READER, SubscriberState.ENDED)
    assert "If this was not you" in told.text
    assert "prize" not in told.subject  # what a stranger wrote is not passed on
    assert FRIEND not in told.raw.decode()


async def test_a_leave_token_pauses(postbox: Postbox) -> None:
    """It pauses too, until the day that is named, in the owner's zone."""
    await postbox.enrol(READER, "land")
    (told,) = await postbox.post("pause until 2026-12-24", to=await _leave_address(postbox), sender=FRIEND)
    assert (told.to, await postbox.state()) == (READER, SubscriberState.PAUSED)
    assert "Paused until 2026-12-24." in told.text


@pytest.mark.parametrize(
    "text",
    [
        "add water", "remove land\nadd water", "change address other@example.com", "export", "send now", "language chinese",
        "format text", "weekly", "resume", "list", "time zone Asia/Shanghai", "why 1",
    ],
)  # fmt: skip
async def test_a_leave_token_does_nothing_else(postbox: Postbox, text: str) -> None:
    """Any other command to the leave address is a stranger's: nothing is changed, and nothing told of the subscription."""
    before = await postbox.enrol(READER, "land")
    for each in await postbox.post(text, to=await _leave_address(postbox), sender=FRIEND):
        assert each.to == FRIEND
        assert "land" not in each.text
        assert READER not in each.raw.decode()
    assert await postbox.reader() == before
    assert await postbox.queries() == ["land"]


async def test_forget_me_by_leave_token_only_leaves(postbox: Postbox) -> None:
    """A leave token ends, and erases nothing."""
    await postbox.enrol(READER, "land")
    await postbox.post("forget me", to=await _leave_address(postbox), sender=FRIEND)
    assert await postbox.state() is SubscriberState.ENDED


async def test_a_leave_token_never_grows_old(postbox: Postbox) -> None:
    """After another address and a year it still leaves; used again it says so."""
    await postbox.enrol(READER, "land")
    address = await _leave_address(postbox)
    (asked, _) = await postbox.post(f"change address {NEW}", proven=True)
    await postbox.answer(asked)
    postbox.clock.advance(timedelta(days=365))
    (told,) = await postbox.post("", to=address, sender=NEW)
    assert (told.to, await postbox.state(NEW)) == (NEW, SubscriberState.ENDED)
    (told,) = await postbox.post("", to=address, sender=NEW)
    assert "left already" in told.text


async def test_an_automatic_mail_obeys_no_token(postbox: Postbox) -> None:
    """A vacation notice to a confirm or leave address confirms and ends nothing, and is not answered."""
    (asked,) = await postbox.post("subscribe land", sender=FRIEND)
    await postbox.enrol(READER, "land")
    headers = [("Auto-Submitted", "auto-replied")]
    assert await postbox.answer(asked, headers=headers) == []
    assert await postbox.post("", to=await _leave_address(postbox), headers=headers) == []
    assert await postbox.find(FRIEND) is None
    assert await postbox.state() is SubscriberState.ACTIVE


async def _move(postbox: Postbox, *, proven: bool) -> list[Sent]:
    sent = await postbox.post(f"change address {NEW}", proven=proven)
    if not proven:
        (asked,) = sent
        assert asked.to == READER
        sent = await postbox.answer(asked)
    return sent


@pytest.mark.parametrize("proven", [True, False])
async def test_a_change_of_address_asks_both(postbox: Postbox, *, proven: bool) -> None:
    """The old address proves who asks, the new one that it wants it; then the mails go there, and the old one is a stranger."""
    await postbox.enrol(READER, "land")
    sent = await _move(postbox, proven=proven)
    (asked,) = [each for each in sent if each.to == NEW]
    (told,) = [each for each in sent if each.to == READER]
    assert "We have written to new@example.com" in told.text
    assert READER in asked.text  # so that the new address knows who asks
    assert "land" not in asked.text
    (done,) = await postbox.answer(asked)
    assert (done.to, await postbox.queries(NEW), await postbox.find()) == (NEW, ["land"], None)
    assert "Your mails now go to new@example.com." in done.text
    (stranger,) = await postbox.post("list")
    assert "not signed up" in stranger.text


async def test_another_readers_request_at_the_same_new_address(postbox: Postbox) -> None:
    """Two readers ask for one new address: each token moves its own reader and no other."""
    await postbox.enrol(READER, "land")
    await postbox.enrol(FRIEND, "secret")
    (asked, _) = await postbox.post(f"change address {NEW}", sender=FRIEND, proven=True)
    (mine, _) = await postbox.post(f"change address {NEW}", proven=True)
    assert asked.to == mine.to == NEW
    await postbox.answer(mine)
    assert await postbox.queries(NEW) == ["land"]
    assert await postbox.queries(FRIEND) == ["secret"]


async def test_asking_for_a_readers_address_does_not_mix_their_requests(postbox: Postbox) -> None:
    """A stranger's wish to take over an address and that reader's own change are confirmed apart."""
    await postbox.enrol(READER, "land")
    await postbox.enrol(FRIEND, "secret")
    await postbox.post(f"change address {READER}", sender=FRIEND, proven=True)
    (mine,) = await postbox.post("add water")
    await postbox.answer(mine)
    assert await postbox.queries() == ["land", "water"]
    assert await postbox.queries(FRIEND) == ["secret"]


async def test_a_taken_address_learns_nothing_of_the_other(postbox: Postbox) -> None:
    """The holder of a taken address who says yes is told that it cannot be, and nothing of the other's subscription."""
    await postbox.enrol(READER, "land")
    await postbox.enrol(FRIEND, "secret")
    (asked, _) = await postbox.post(f"change address {READER}", sender=FRIEND, proven=True)
    (told,) = await postbox.answer(asked, "yes\nadd water")
    assert told.to == READER
    assert "cannot be used" in told.text
    assert "secret" not in told.text
    assert (await postbox.queries(), await postbox.queries(FRIEND)) == (["land"], ["secret"])


async def test_a_late_yes_to_a_change_of_address(postbox: Postbox) -> None:
    """Once the reader has moved elsewhere, an earlier new address can no longer take the subscription, nor command it."""
    await postbox.enrol(READER, "land")
    (first, _) = await postbox.post(f"change address {FRIEND}", proven=True)
    (second, _) = await postbox.post(f"change address {NEW}", proven=True)
    await postbox.answer(second)
    (told,) = await postbox.answer(first, "yes\nadd water")
    assert (told.to, await postbox.queries(NEW), await postbox.find(FRIEND)) == (FRIEND, ["land"], None)
    assert "land" not in told.text


async def test_the_old_address_confirms_nothing_more(postbox: Postbox) -> None:
    """A change asked at the old address and confirmed there after the move is void."""
    await postbox.enrol(READER, "land")
    (waiting,) = await postbox.post("remove land")
    (asked, _) = await postbox.post(f"change address {NEW}", proven=True)
    await postbox.answer(asked)
    (told,) = await postbox.answer(waiting)
    assert (told.to, await postbox.queries(NEW)) == (READER, ["land"])
    assert "land" not in told.text


async def test_an_address_given_up_can_be_taken(postbox: Postbox) -> None:
    """An ended subscription does not keep its address from the one who proves to own it."""
    await postbox.enrol(NEW, "old")
    await postbox.post("unsubscribe", sender=NEW, proven=True)
    await postbox.enrol(READER, "land")
    (asked, _) = await postbox.post(f"change address {NEW}", proven=True)
    await postbox.answer(asked)
    assert await postbox.queries(NEW) == ["land"]
    assert former_keys((await postbox.reader(NEW)).own_settings) == ()  # the file never named them


@pytest.mark.parametrize(
    "address",
    ["root@example.com", "alerts@example.org", "alerts+help@example.org", "x@throwaway.example", "a b@c"],
)
async def test_an_address_that_may_not_sign_up_is_refused(postbox: Postbox, address: str) -> None:
    """A role, one of our own addresses, a refused domain and what is no address are refused at once, and not written to."""
    reader = await postbox.enrol(READER, "land")
    settings = postbox.services.settings
    strict = replace(settings, intake=replace(settings.intake, refuse_domains=("throwaway.example",)))
    room = replace(mail_room(postbox.services), settings=strict)
    page = Page("en")
    async with postbox.store.write() as connection:
        deed = Deed(connection, room, reader, page, Evidence(1, postbox.clock.now()))
        await do(deed, [Command(Verb.ADDRESS, value=address)])
    assert page.failed == [f"“{address}” is no address that we can write to."]
    assert await postbox.pending() == 0


async def _answers(postbox: Postbox, text: str, *, to: str = ADDRESS) -> list[str]:
    """What a stranger is answered, the parts that differ by nature taken out."""
    sent = await postbox.post(text, to=to, sender=FRIEND, proven=True)
    postbox.clock.advance(timedelta(days=8))
    return [each.text for each in sent if each.to == FRIEND]


@pytest.mark.parametrize(
    "text",
    [
        "help",
        "topics",
        "search land",
        "preview",
        "list",
        "export",
        "unsubscribe",
        "add nothing\nchange address {}",
    ],
)
async def test_no_answer_tells_who_is_subscribed(postbox: Postbox, text: str) -> None:
    """What a stranger is answered is the same, whether the address they name or write for is a reader's or nobody's."""
    named = text.format(READER)
    before = await _answers(postbox, named)
    await postbox.enrol(READER, "land")
    assert await _answers(postbox, named) == before


async def test_a_reader_cannot_find_out_others(postbox: Postbox) -> None:
    """A reader who asks for another address gets the same answer for one that is taken and for one that is free."""
    await postbox.enrol(FRIEND, "land")
    await postbox.enrol(READER, "water")
    free = await postbox.post(f"change address {NEW}", sender=FRIEND, proven=True)
    taken = await postbox.post(f"change address {READER}", sender=FRIEND, proven=True)
    texts = [[each.text for each in sent if each.to == FRIEND] for sent in (free, taken)]
    assert texts[0][0].replace(NEW, "X") == texts[1][0].replace(READER, "X")
    assert len(free) == len(taken) == 2


async def test_known_and_unknown_leave_alike_for_the_writer(postbox: Postbox) -> None:
    """A forged "unsubscribe": the forger sees nothing, and only an owner who is subscribed is asked."""
    await postbox.enrol(READER, "land")
    (asked,) = await postbox.post("unsubscribe", envelope=FRIEND)
    (told,) = await postbox.post("unsubscribe", sender=NEW, envelope=FRIEND)
    assert (asked.to, told.to) == (READER, NEW)
