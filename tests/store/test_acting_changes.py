"""Changes by mail: at once for who is vouched for, asked first for everybody else, and threaded to what was written."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from alertd.model import Kind, SubscriberState
from alertd.postmaster.acting.deed import Deed
from alertd.postmaster.acting.doing import do
from alertd.postmaster.acting.evidence import Evidence
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.commands.model import Command, Verb, When
from alertd.store import schedules, subscribers, subscriptions
from alertd.store.tables import pending_request
from alertd.work import mail_room
from tests.store.postbox import READER, TRUSTED, Postbox

CHANGING = {
    "add water": "Added: water",
    "remove land": "Removed: land",
    "weekly on monday at 09:00": "All of your mails now come every Monday at 09:00.",
    "weekly for land": "“land” now comes every Monday at 08:00.",
    "time zone Asia/Shanghai": "Your time zone is now Asia/Shanghai.",
    "language chinese": "今后我们用中文给您写信。",
    "format text": "Your mails now come as plain text.",
    "pause": "Paused until you write “resume”.",
    "pause until 2026-12-24": "Paused until 2026-12-24.",
    "resume": "You were not paused.",
    "change address new@example.com": "We have written to new@example.com",
    "send now": "Nothing was waiting for you.",
    "export": "Everything we keep about you",
}


@pytest.mark.parametrize(("text", "said"), CHANGING.items(), ids=CHANGING)
async def test_vouched_for_is_done_at_once(postbox: Postbox, text: str, said: str) -> None:
    """Our own server vouches for the sender: the command is done, and the answer says so and what they have now."""
    await postbox.enrol(READER, "land")
    sent = await postbox.post(text, proven=True)
    (told,) = [each for each in sent if each.to == READER]
    assert told.kind == "reply"
    assert said in told.text
    assert told.text.count("Everything we keep about you") == (text == "export")
    if text.startswith("language"):
        assert "您目前的订阅" in told.text
    else:
        assert "What you have now" in told.text


async def _whole(postbox: Postbox) -> tuple[object, ...]:
    """All that a command could change of the reader."""
    reader = await postbox.reader()
    async with postbox.store.read() as connection:
        rows = (await subscriptions.of_subscribers(connection, [reader.id], dropped=True)).get(reader.id)
        return reader, rows, {row.id: row.value for row in await schedules.all_rows(connection)}


@pytest.mark.parametrize("forged", [None, "mx.example.com", TRUSTED])
async def test_a_forged_from_changes_nothing(postbox: Postbox, forged: str | None) -> None:
    """Every changing command, without proof or with somebody else's: nothing is changed, and only the owner is written to."""
    await postbox.enrol(READER, "land")
    before = await _whole(postbox)
    domain = "evil.example" if forged == TRUSTED else "example.net"
    claim = f"{forged}; dkim=pass header.d={domain}"
    headers = [("Authentication-Results", claim)] if forged else []
    for text in (*CHANGING, "unsubscribe", "forget me", "subscribe water", "stop"):
        for each in await postbox.post(text, headers=headers, envelope="evil@evil.example"):
            assert (each.to, each.kind) == (READER, "confirmation")
    assert await _whole(postbox) == before
    assert len(postbox.sent) == 4  # two about changes and two about leaving, then silence


async def test_a_field_below_our_own_vouches_for_nobody(postbox: Postbox) -> None:
    """The sender's own Authentication-Results, under that of our server, is not believed."""
    await postbox.enrol(READER, "land")
    headers = [
        ("Authentication-Results", f"{TRUSTED}; spf=fail smtp.mailfrom=evil.example"),
        ("Authentication-Results", f"{TRUSTED}; dkim=pass header.d=example.net"),
    ]
    (asked,) = await postbox.post("remove land", headers=headers)
    assert asked.kind == "confirmation"


async def test_one_confirmation_for_all_commands(postbox: Postbox) -> None:
    """A mail of many commands is asked about once, each in plain words; the answer does just these, in their order."""
    await postbox.enrol(READER, "land", "water")
    text = "add rural pensions\nremove land\nweekly on friday\npause until 2026-12-24\ntopics"
    (asked,) = await postbox.post(text)
    for line in (
        "Add: rural pensions", "Remove: land", "Send all of your mails every Friday at 08:00",
        "Send nothing until 2026-12-24", "Answer your “topics”",
    ):  # fmt: skip
        assert line in asked.text
    (told,) = await postbox.answer(asked)
    assert await postbox.queries() == ["rural pensions", "water"]
    assert await postbox.state() is SubscriberState.PAUSED
    assert "Topics you can ask for by name" in told.text
    assert "rural pensions, every Friday at 08:00" in told.text


async def test_a_confirmation_in_chinese_asks_in_chinese(postbox: Postbox) -> None:
    """A Chinese reader's changes are asked about in Chinese words, not in the commands' English names."""
    await postbox.enrol(READER, "土地", language="zh")
    (asked,) = await postbox.post("添加 浙江\n每周五\n暂停到2026-12-24\n语言 英文\n删除 土地")
    for line in (
        "添加：浙江", "所有邮件的发送时间改为：每周五 08:00", "在 2026-12-24 之前不发送邮件", "用英文给您写信", "删除：土地",
    ):  # fmt: skip
        assert line in asked.text


async def test_a_second_request_voids_nothing_of_the_first(postbox: Postbox) -> None:
    """A forged change between a person's change and its confirmation: the first token does the first, the second the second."""
    await postbox.enrol(READER, "land")
    (mine,) = await postbox.post("add water")
    (forged,) = await postbox.post("remove land", envelope="evil@example.com")
    await postbox.answer(mine)
    assert await postbox.queries() == ["land", "water"]
    (told,) = await postbox.answer(forged, "No! That was not me.")
    assert "Nothing was changed" in told.text
    assert await postbox.queries() == ["land", "water"]


async def test_a_confirmation_is_worth_nothing_after_leaving(postbox: Postbox) -> None:
    """A change that waits when its reader leaves is not done when it is confirmed later."""
    await postbox.enrol(READER, "land")
    (asked,) = await postbox.post("add water")
    await postbox.post("unsubscribe", proven=True)
    (told,) = await postbox.answer(asked, "yes\nadd soil")
    assert (await postbox.state(), await postbox.queries()) == (SubscriberState.ENDED, [])
    assert "nothing was changed" in told.text


async def test_leaving_asks_first_or_is_done_at_once(postbox: Postbox) -> None:
    """Unproven, "stop" is asked about; confirmed, it is done; proven, it is done at once; always it is answered."""
    await postbox.enrol(READER, "land")
    (asked,) = await postbox.post("stop")
    assert "End your subscription" in asked.text
    assert await postbox.state() is SubscriberState.ACTIVE
    (told,) = await postbox.answer(asked)
    assert "You have left." in told.text
    assert (await postbox.state(), await postbox.queries()) == (SubscriberState.ENDED, [])
    await postbox.enrol("second@example.net", "land")
    (told,) = await postbox.post("UNSUBSCRIBE PLEASE", sender="second@example.net", proven=True)
    assert "You have left." in told.text
    assert await postbox.state("second@example.net") is SubscriberState.ENDED


async def test_the_answer_is_threaded(postbox: Postbox) -> None:
    """In-Reply-To is their Message-ID, References theirs and all before it (RFC 5322 section 3.6.4); the subject is theirs."""
    await postbox.enrol(READER, "land")
    headers = [
        ("In-Reply-To", "<digest.7@example.org>"),
        ("References", "<a@b.example> <digest.7@example.org>"),
    ]
    (told,) = await postbox.post("list", subject="Re: my keywords", headers=headers)
    own = told.mail["In-Reply-To"]
    assert own.endswith("@client.example.net>")
    assert told.mail["References"].split() == ["<a@b.example>", "<digest.7@example.org>", own]
    assert told.subject == "Re: my keywords"
    assert told.return_path == ""  # nothing answers an answer (RFC 3834 section 3.1)


async def test_what_they_have_comes_in_order(postbox: Postbox) -> None:
    """In "what you have now" the queries stand first, then the state, then the settings."""
    await postbox.enrol(READER, "land", "water")
    await postbox.post("pause", proven=True)
    (told,) = await postbox.post("list")
    places = [
        told.text.index(part)
        for part in ("What you have now", "land, every day", "You are paused", "Language:")
    ]
    assert places == sorted(places)


async def test_what_is_asked_for_is_shown(postbox: Postbox) -> None:
    """Search, preview, why and topics answer without proof: the answer goes to the reader's own address."""
    await postbox.enrol(READER, "land")
    await postbox.publish("On land", "On water, longer")
    (told,) = await postbox.post("search water\nwhy On land\npreview\ntopics")
    assert "On water, longer (http://reports.example/16)" in told.text
    assert "Why: On land" in told.text
    assert "What you would have got in the last 90 days - On land" in told.text
    assert "Urban-rural integration: urban-rural OR 城乡" in told.text
    (told,) = await postbox.post("list")
    assert "land: 1 report " in told.text + " "


@pytest.mark.parametrize(("language", "words"), [("en", "you have paused"), ("zh", "您已暂停")])
async def test_who_asks_why_is_spoken_to(postbox: Postbox, language: str, words: str) -> None:
    """The answer to "why" speaks to the reader who asked, in their language, and not of "the reader"."""
    reader = await postbox.enrol(READER, "land")
    async with postbox.store.write() as connection:
        await subscribers.change(connection, reader.id, language=language)
    await postbox.post("pause", proven=True)
    await postbox.publish("On land")
    (told,) = await postbox.post("why On land")
    assert words in told.text
    assert "the reader" not in told.text
    assert "读者" not in told.text


async def test_send_now(postbox: Postbox) -> None:
    """What waits is sent at once and is told once; while paused nothing is sent, and the answer says why."""
    await postbox.enrol(READER, "land")
    await postbox.publish("On land")
    sent = await postbox.post("send now", proven=True)
    assert sorted(each.kind for each in sent) == ["digest", "reply"]
    (told,) = await postbox.post("send now", proven=True)
    assert "Nothing was waiting for you." in told.text
    await postbox.publish("On land again")
    await postbox.post("pause", proven=True)
    (told,) = await postbox.post("send now", proven=True)
    assert "You are paused, so nothing was sent." in told.text
    sent = await postbox.post("resume\nsend now", proven=True)
    assert sorted(each.kind for each in sent) == ["digest", "reply"]


async def test_add_with_a_time_moves_what_is_there(postbox: Postbox) -> None:
    """Who asks again for a query with another time gets it at that time."""
    reader = await postbox.enrol(READER, "land", "water")
    page = Page("en")
    async with postbox.store.write() as connection:
        deed = Deed(connection, mail_room(postbox.services), reader, page, Evidence(1, postbox.clock.now()))
        await do(deed, [Command(Verb.ADD, ("land", "soil"), When(Kind.WEEKLY))])
    assert page.done == ["Added: soil", "“land” now comes every Monday at 08:00."]
    (told,) = await postbox.post("list")
    for line in ("water, every day at 08:00", "land, every Monday at 08:00", "soil, every Monday at 08:00"):
        assert line in told.text


async def test_a_time_for_all_keeps_how_often_each_comes(postbox: Postbox) -> None:
    """A time of day for all moves the hour of each schedule and makes no weekly query a daily one."""
    await postbox.enrol(READER, "land", "water")
    await postbox.post("weekly for water", proven=True)
    (told,) = await postbox.post("at 07:30", proven=True)
    assert "land, every day at 07:30" in told.text
    assert "water, every Monday at 07:30" in told.text


async def test_subscribe_alone_says_what_is_there(postbox: Postbox) -> None:
    """The word alone, from a reader, adds nothing; from one who paused it is a wish to hear again."""
    await postbox.enrol(READER, "land")
    (told,) = await postbox.post("subscribe", proven=True)
    assert "You are signed up already." in told.text
    await postbox.post("pause", proven=True)
    await postbox.post("subscribe", proven=True)
    assert (await postbox.state(), await postbox.queries()) == (SubscriberState.ACTIVE, ["land"])


async def test_requests_are_kept_apart(postbox: Postbox) -> None:
    """Each request of a reader is a row of its own, so that nothing asked later can stand in for it."""
    await postbox.enrol(READER, "land")
    await postbox.post("add water")
    await postbox.post("add soil")
    async with postbox.store.read() as connection:
        rows = (await connection.execute(select(pending_request.c.payload))).scalars().all()
    assert [len(each) for each in rows] == [1, 1]
