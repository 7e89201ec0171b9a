"""Signing up by mail: one confirmation, nothing before it, and nothing but what its token confirms."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from alertd.model import SubscriberState
from alertd.store.tables import consent
from tests.store.postbox import ADDRESS, READER, Postbox

DAY = timedelta(days=1)


async def test_a_sign_up_is_confirmed_by_an_empty_reply(postbox: Postbox) -> None:
    """The one confirmation says what will be done; a bare reply to it makes the reader, who is told what they have."""
    (asked,) = await postbox.post("subscribe urban-rural, Zhejiang\nweekly on friday at 17:00")
    assert (asked.kind, asked.to, await postbox.find()) == ("confirmation", READER, None)
    assert "Send you the reports with “Zhejiang”, every Friday at 17:00" in asked.text
    (welcome,) = await postbox.answer(asked)
    assert await postbox.state() is SubscriberState.ACTIVE
    assert await postbox.queries() == ["Zhejiang", "urban-rural"]
    assert "Zhejiang, every Friday at 17:00" in welcome.text
    assert "+leave-" in welcome.leave_address


async def test_the_code_may_be_typed(postbox: Postbox) -> None:
    """A new mail to the service with the code in it confirms as well."""
    (asked,) = await postbox.post("subscribe land")
    code = asked.subject.rpartition("(")[2].rstrip(")")
    await postbox.post(f"confirm {code}")
    assert await postbox.queries() == ["land"]


async def test_the_confirm_address_is_enough(postbox: Postbox) -> None:
    """An empty mail to the address in Reply-To confirms, whatever became of the subject."""
    (asked,) = await postbox.post("subscribe land")
    await postbox.post("", to=asked.reply_to)
    assert await postbox.queries() == ["land"]


async def test_nothing_to_subscribe_is_everything(postbox: Postbox) -> None:
    """An empty mail to +subscribe asks for every report."""
    (asked,) = await postbox.post("", to="alerts+subscribe@example.org")
    assert "Send you every report" in asked.text
    await postbox.answer(asked)
    assert await postbox.queries() == ["*"]


async def test_chinese_is_answered_in_chinese(postbox: Postbox) -> None:
    """Who writes Chinese is asked and welcomed in Chinese."""
    (asked,) = await postbox.post("订阅 城乡融合，浙江\n每周一")
    assert "向您发送含有“浙江”的报告（每周一 08:00）" in asked.text
    (welcome,) = await postbox.answer(asked, "确认")
    assert "订阅成功" in welcome.text
    assert "您目前的订阅" in welcome.text
    assert (await postbox.reader()).language == "zh"


async def test_a_topic_is_asked_for_by_name_or_title(postbox: Postbox) -> None:
    """A topic's name and title mean the topic, and the mails call it by its title."""
    (asked,) = await postbox.post("subscribe urban-rural integration, health")
    assert "“Urban-rural integration”" in asked.text
    (welcome,) = await postbox.answer(asked)
    assert await postbox.queries() == ["Health", "Urban-rural integration"]
    assert "Health, every day" in welcome.text


async def test_a_faulty_query_is_told_with_its_place_and_a_mend(postbox: Postbox) -> None:
    """What cannot be read is answered with the column and a corrected example; nothing is asked."""
    (told,) = await postbox.post('subscribe (land OR "water rights")) ')
    assert told.kind == "reply"
    assert "cannot be read at character" in told.text
    assert "Perhaps: " in told.text


async def test_a_forged_second_sign_up_changes_nothing_of_the_first(postbox: Postbox) -> None:
    """A stranger signs the same address up for something else before the first is confirmed: the first token confirms the first."""
    (mine,) = await postbox.post("subscribe land")
    (forged,) = await postbox.post("subscribe *\nimmediate", envelope="evil@example.com")
    await postbox.answer(mine)
    assert await postbox.queries() == ["land"]
    assert forged.to == READER  # only the owner of the address sees the other token


async def test_the_forged_one_first(postbox: Postbox) -> None:
    """The other way round: a forged request does not stand in for the one that its owner confirms."""
    await postbox.post("subscribe *\nimmediate", envelope="evil@example.com")
    (mine,) = await postbox.post("subscribe land")
    await postbox.answer(mine)
    assert await postbox.queries() == ["land"]


async def test_two_sign_ups_of_ones_own_both_count(postbox: Postbox) -> None:
    """Who asked twice and confirms both has both: to confirm one is not to settle the other."""
    (first,) = await postbox.post("subscribe land")
    (second,) = await postbox.post("subscribe water")
    await postbox.answer(second)
    assert await postbox.queries() == ["water"]
    await postbox.answer(first)
    assert await postbox.queries() == ["land", "water"]


async def test_a_token_confirms_once(postbox: Postbox) -> None:
    """The second answer to a confirmation is told that all is settled, and adds nothing."""
    (asked,) = await postbox.post("subscribe land")
    await postbox.answer(asked)
    await postbox.post("remove land", proven=True)
    (told,) = await postbox.answer(asked, "yes please")
    assert "settled before" in told.text
    assert await postbox.queries() == []


async def test_a_token_expires(postbox: Postbox) -> None:
    """After three days a confirmation is no longer obeyed."""
    (asked,) = await postbox.post("subscribe land")
    postbox.clock.advance(3 * DAY + timedelta(hours=1))
    (told,) = await postbox.answer(asked)
    assert "nothing was changed" in told.text
    assert await postbox.find() is None


async def test_a_forgery_does_not_prolong_the_first_token(postbox: Postbox) -> None:
    """Each wording ends by itself: a later request gives the earlier one no more time."""
    (asked,) = await postbox.post("subscribe land")
    postbox.clock.advance(2 * DAY)
    (later,) = await postbox.post("subscribe water")
    postbox.clock.advance(DAY + timedelta(hours=1))
    await postbox.answer(asked)
    assert await postbox.find() is None
    await postbox.answer(later)
    assert await postbox.queries() == ["water"]


async def test_no_is_no(postbox: Postbox) -> None:
    """Who declines is not signed up, and the token is worth nothing afterwards."""
    (asked,) = await postbox.post("subscribe land")
    (told,) = await postbox.answer(asked, "No, I never asked for this. Do not send me anything.")
    assert "Nothing was changed" in told.text
    await postbox.answer(asked, "yes")
    assert await postbox.find() is None


async def test_a_confirmation_from_another_address_is_told_to_the_owner(postbox: Postbox) -> None:
    """Whoever answers with the token proves the address it was sent to; what follows is told there and nowhere else."""
    (asked,) = await postbox.post("subscribe land")
    (welcome,) = await postbox.answer(asked, sender="alias@example.com")
    assert welcome.to == READER
    assert await postbox.find("alias@example.com") is None
    assert welcome.mail["In-Reply-To"] is None  # their mail is not one that the owner knows


async def test_further_commands_beside_the_yes_are_done(postbox: Postbox) -> None:
    """The token proves all of the mail that carries it."""
    (asked,) = await postbox.post("subscribe land")
    (welcome,) = await postbox.answer(asked, "yes\nadd water\ntopics")
    assert await postbox.queries() == ["land", "water"]
    assert "Topics you can ask for by name" in welcome.text


async def test_evidence_is_kept(postbox: Postbox) -> None:
    """Of a sign-up: when, by which mail, from where, in which wording; by the hash of the address alone."""
    (asked,) = await postbox.post("subscribe land")
    postbox.clock.advance(timedelta(minutes=5))
    await postbox.answer(asked)
    async with postbox.store.read() as connection:
        rows = (await connection.execute(select(consent).order_by(consent.c.id))).all()
    assert [row.act for row in rows] == ["asked for sign-up", "confirmed sign-up"]
    assert {row.address_hash for row in rows} == {postbox.services.hash_address(READER)}
    assert [row.inbound_id for row in rows] == [1, 2]
    assert rows[1].at - rows[0].at == timedelta(minutes=5)
    assert "client.example.net" in rows[0].network
    assert "with “land”" in rows[0].wording
    assert "land" in rows[1].wording


async def test_nothing_is_hidden_in_a_confirmation(postbox: Postbox) -> None:
    """A mail with more than a confirmation can show asks for what is shown, and says that the rest is left out."""
    (asked,) = await postbox.post("subscribe\n" + "\n".join(f"word{number}" for number in range(50)))
    shown = [number for number in range(50) if f"“word{number}”" in asked.text]
    assert len(shown) == 18
    assert "Leave out the rest" in asked.text
    await postbox.answer(asked)
    assert len(await postbox.queries()) == 18


async def test_an_odd_from_is_no_person(postbox: Postbox) -> None:
    """An address that no mail can be sent to is left alone, and its mail is not set aside as if it were a fault of ours."""
    for sender in ('"john doe"@example.net', "me@[127.0.0.1]", "a..b@example.net", "x@-bad-.example"):
        raw = f"From: <{sender}>\nTo: {ADDRESS}\nSubject: subscribe land\nMessage-ID: <{len(sender)}@x>\n\nsubscribe land\n"
        assert await postbox.deliver(raw.encode(), envelope=None) == []
    assert {row.state for row in await postbox.inbox()} == {"ignored"}


async def test_policy_refuses_roles_in_silence(postbox: Postbox) -> None:
    """A role address is not signed up, and not answered."""
    assert await postbox.post("subscribe land", sender="postmaster@example.net") == []


async def test_who_left_comes_back_as_new(postbox: Postbox) -> None:
    """An ended reader signs up as anybody does and begins with what they ask for now."""
    await postbox.enrol(READER, "land")
    await postbox.post("unsubscribe", proven=True)
    assert await postbox.state() is SubscriberState.ENDED
    (asked,) = await postbox.post("subscribe water", proven=True)
    assert asked.kind == "confirmation"
    await postbox.answer(asked)
    assert (await postbox.state(), await postbox.queries()) == (SubscriberState.ACTIVE, ["water"])
