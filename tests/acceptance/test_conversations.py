"""Whole conversations with the real daemon, in English and in Chinese; docs/conversation.md is what was said.

After a meant change write it anew with `ALERTD_GOLDEN=write .venv/bin/pytest tests/acceptance/test_conversations.py` and read
the difference before you commit it.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from alertd.clock import ManualClock
from alertd.model import SubscriberState
from tests.acceptance.correspondence import ADDRESS, Correspondence, corresponding

PAGE = Path(__file__).parents[2] / "docs" / "conversation.md"
HEAD = """\
# A conversation

What people write to the service, and what it answers: two whole conversations, one in English and one in Chinese. A test
holds them with the real daemon and compares every word with this page. `TOKEN` stands for a code that is different in
every mail. Quoted text below the answers is left out; the commands are explained in [commands.md](commands.md).

A mail is believed at once when our own mail server vouches for its sender (here: "vouched for"). All others are asked
first, once for all that they ask.
"""
MARIA, NEW = "maria@tejo.example", "maria.silva@uni.example"
WANG = "wang@xuexiao.example"
DAY = timedelta(days=1)


async def _english(said: Correspondence) -> None:
    postbox = said.postbox

    async def queries(address: str = MARIA) -> list[str]:
        return await postbox.queries(address)

    said.transcript.append("### Maria signs up\n")
    (asked,) = await said.write(
        "Hello,\n\nI would like to get new reports about rural pensions and about Zhejiang, once a week please.\n\nThank you\nMaria",
        sender=MARIA,
        subject="New reports",
    )
    assert (asked.to, await queries()) == (MARIA, [])
    (welcome,) = await said.write("Yes, please. Maria", sender=MARIA, about=asked)
    assert await queries() == ["Zhejiang", "rural pensions"]
    assert welcome.leave_address.startswith("alerts+leave-")
    said.transcript.append("### She changes what she gets: first unproven, then vouched for\n")
    (asked,) = await said.write("add health\nremove Zhejiang\nbrew me a coffee", sender=MARIA)
    assert await queries() == ["Zhejiang", "rural pensions"]
    (told,) = await said.write("", sender=MARIA, about=asked)
    assert await queries() == ["Health", "rural pensions"]
    (told,) = await said.write(
        "time zone Europe/Lisbon\nweekly on friday at 17:00\nsubscribe (land OR water",
        sender=MARIA,
        proven=True,
    )
    assert (await postbox.reader(MARIA)).zone == "Europe/Lisbon"
    assert "cannot be read at character" in told.words
    said.transcript.append("### A report appears, and she cannot wait\n")
    await postbox.publish("Old-age health in towns")
    digest, told = await said.write("send now", sender=MARIA, proven=True, expect=2)
    assert "Old-age health in towns" in digest.text
    (told,) = await said.write(
        "why did I get Old-age health in towns?\nsearch pensions\ntopics", sender=MARIA
    )
    assert "Nothing in the last 90 days" in told.words
    (told,) = await said.write("preview\nlist", sender=MARIA)
    said.transcript.append("### Holidays\n")
    (told,) = await said.write("pause until 24 December 2026", sender=MARIA, proven=True)
    assert await postbox.state(MARIA) is SubscriberState.PAUSED
    (told,) = await said.write("resume", sender=MARIA, proven=True)
    assert await postbox.state(MARIA) is SubscriberState.ACTIVE
    said.transcript.append("### Another address\n")
    asked, told = await said.write(f"change address {NEW}", sender=MARIA, proven=True, expect=2)
    assert (asked.to, told.to) == (NEW, MARIA)
    (told,) = await said.write("", sender=NEW, about=asked)
    assert await queries(NEW) == ["Health", "rural pensions"]
    assert await postbox.find(MARIA) is None
    (told,) = await said.write("help", sender=NEW)
    (told,) = await said.write("export", sender=NEW, proven=True)
    said.transcript.append("### A friend, to whom she forwarded a digest, presses “unsubscribe”\n")
    (told,) = await said.write(
        "", sender="friend@far.example", to=digest.leave_address, subject="unsubscribe"
    )
    assert (told.to, await postbox.state(NEW)) == (NEW, SubscriberState.ENDED)
    said.transcript.append("### She comes back, leaves for good, and wants to be forgotten\n")
    said.clock.advance(2 * DAY)
    (asked,) = await said.write("subscribe rural pensions", sender=NEW)
    (told,) = await said.write("", sender=NEW, about=asked)
    (asked,) = await said.write("please unsubscribe me and forget me", sender=NEW)
    (told,) = await said.write("", sender=NEW, about=asked)
    assert (told.to, await postbox.find(NEW)) == (NEW, None)
    (told,) = await said.write("list", sender=NEW)
    assert "not signed up" in told.words


async def _chinese(said: Correspondence) -> None:
    postbox = said.postbox
    said.transcript.append("### 王老师订阅\n")
    (asked,) = await said.write(
        "您好！请给我发送关于城乡融合的报告，每周一次。谢谢。", sender=WANG, subject="订阅"
    )
    (told,) = await said.write("确认", sender=WANG, about=asked)
    assert "您目前的订阅" in told.words
    said.transcript.append("### 更改\n")
    (told,) = await said.write("添加 浙江\n每天 18:30\n时区 北京", sender=WANG, proven=True)
    assert "浙江" in await postbox.queries(WANG)
    (asked,) = await said.write("删除 浙江\n暂停两周", sender=WANG)
    (told,) = await said.write("", sender=WANG, about=asked)
    assert await postbox.state(WANG) is SubscriberState.PAUSED
    (told,) = await said.write("恢复\n列表", sender=WANG, proven=True)
    (told,) = await said.write("帮助", sender=WANG)
    said.transcript.append("### 退订\n")
    said.clock.advance(2 * DAY)
    (asked,) = await said.write("退订", sender=WANG)
    (told,) = await said.write("是", sender=WANG, about=asked)
    assert "您已退订" in told.words
    assert await postbox.state(WANG) is SubscriberState.ENDED


async def test_the_conversation_in_the_docs(clock: ManualClock, tmp_path: Path) -> None:
    """Sign up, change, pause, move, leave and be forgotten, each mail by LMTP and each answer by SMTP, word for word."""
    parts = [HEAD]
    for title, name, talk in (("In English", "Maria Silva", _english), ("中文", "王芳", _chinese)):
        folder = tmp_path / talk.__name__
        folder.mkdir()
        async with corresponding(folder, ManualClock(clock.now()), name=name) as said:
            await talk(said)
            await said.quiet()
        parts += [f"\n## {title}\n", *said.transcript]
    page = "\n".join(parts)
    if os.environ.get("ALERTD_GOLDEN") == "write":
        PAGE.write_text(page, "utf-8")
    assert page == PAGE.read_text("utf-8")


async def test_the_ways_to_confirm(clock: ManualClock, tmp_path: Path) -> None:
    """By a reply, by typing the code in a new mail, and by an empty mail to the confirm address."""
    async with corresponding(tmp_path, clock) as said:
        for number, way in enumerate(("reply", "code", "address")):
            sender = f"reader{number}@example.net"
            (asked,) = await said.write("subscribe land", sender=sender)
            code = asked.subject.rpartition("(")[2].rstrip(")")
            if way == "reply":
                await said.write("", sender=sender, about=asked)
            elif way == "code":
                await said.write(f"confirm {code}", sender=sender)
            else:
                await said.write("", sender=sender, to=asked.reply_to)
            assert await said.postbox.queries(sender) == ["land"]
        await said.quiet()


async def test_a_forger_at_the_door(clock: ManualClock, tmp_path: Path) -> None:
    """Somebody else's From and a vacation notice through the real door: a few confirmations, then silence; nothing changed."""
    async with corresponding(tmp_path, clock) as said:
        await said.postbox.enrol("reader@example.net", "land")
        await said.write("unsubscribe", sender="reader@example.net")
        await said.write("add water\nweekly", sender="reader@example.net")
        await said.write("forget me", sender="reader@example.net")
        await said.write("stop", sender="reader@example.net", expect=0)
        await said.write("", sender="reader@example.net", subject="Automatic reply: out of office", expect=0)
        await said.quiet()
        assert await said.postbox.queries("reader@example.net") == ["land"]


async def test_the_answer_in_all_its_headers(clock: ManualClock, tmp_path: Path) -> None:
    """An answer goes from a null path, to the sender, threaded, and says of itself what keeps programs from answering."""
    async with corresponding(tmp_path, clock) as said:
        (told,) = await said.write("help", sender="reader@example.net", subject="A question")
        assert (told.sender, told.to, told.subject) == (
            "",
            "reader@example.net",
            "How to use Report alerts by e-mail",
        )
        mail = told.mail
        assert mail["In-Reply-To"] == mail["References"] == "<1.reader@example.net>"
        assert mail["Auto-Submitted"] == "auto-replied"
        assert mail["X-Loop"] == ADDRESS
        assert mail["List-Unsubscribe"] is None
