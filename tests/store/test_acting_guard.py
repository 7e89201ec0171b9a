"""What is neither answered nor obeyed, what fails as a whole, and who owns what a reader has."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from alertd.clock import ManualClock
from alertd.config.settings import Declared, DeclaredQuery, DeclaredSubscriber
from alertd.control.applying import apply
from alertd.errors import StoreUnavailableError
from alertd.model import SubscriberState
from alertd.postmaster.acting import acts
from alertd.schedule import parse_schedule
from alertd.store import consents, requests
from alertd.store.engines import Store
from alertd.store.migrate import migrate
from alertd.store.tables import consent, delivery, pending_request, quota
from tests.store.conftest import TOPICS
from tests.store.postbox import ADDRESS, READER, Postbox, Sent, open_postbox, settings

THERE = "reports@example.com"


async def _exchange(here: Postbox, there: Postbox, first: list[Sent]) -> int:
    """Each side's mails to the other are delivered until both are silent; how many went."""
    count, mails = 0, [(there, each) for each in first if each.to == THERE]
    while mails:
        to, mail = mails.pop(0)
        count += 1
        assert count < 10, "they talk to each other"
        back = here if to is there else there
        address = THERE if to is there else ADDRESS
        answers = await to.deliver(mail.raw, to=mail.to, envelope=mail.return_path)
        mails += [(back, each) for each in answers if each.to.endswith(address.rpartition("@")[2])]
    return count


@pytest.mark.parametrize(
    "text", ["subscribe land", "help", "unsubscribe", "what is this?", "subscribe (land"]
)
async def test_two_services_facing_each_other(
    postbox: Postbox, clock: ManualClock, tmp_path: Path, text: str
) -> None:
    """A mail forged from one service to another: whatever it is answered, there is silence after that one."""
    other = Store(f"sqlite:///{tmp_path / 'there.db'}")
    await migrate(other)
    (tmp_path / "there").mkdir()
    async with open_postbox(other, clock, settings(tmp_path / "there", address=THERE)) as there:
        first = await postbox.post(text, sender=THERE)
        assert [each.to for each in first] == [THERE]
        assert await _exchange(postbox, there, first) == 1
        assert await there.pending() == 0
    await other.close()


async def test_two_services_that_know_each_other(
    postbox: Postbox, clock: ManualClock, tmp_path: Path
) -> None:
    """Each has the other for a reader: their digests go unanswered too."""
    other = Store(f"sqlite:///{tmp_path / 'there.db'}")
    await migrate(other)
    (tmp_path / "there").mkdir()
    async with open_postbox(other, clock, settings(tmp_path / "there", address=THERE)) as there:
        await postbox.enrol(THERE, "land")
        await there.enrol(ADDRESS, "land")
        await postbox.publish("On land")
        sent = await postbox.post("send now\nlist", sender=THERE, proven=True)
        assert sorted(each.kind for each in sent) == ["digest", "reply"]
        assert await _exchange(postbox, there, sent) == 2
    await other.close()


@pytest.mark.parametrize(
    "headers",
    [
        [("Auto-Submitted", "auto-generated")],
        [("Precedence", "bulk")],
        [("List-Id", "<x.example.net>")],
        [("X-Loop", ADDRESS)],
        [("X-Autoreply", "yes")],
    ],
    ids=lambda each: each[0][0],
)
async def test_automatic_mail_is_neither_answered_nor_obeyed(
    postbox: Postbox, headers: list[tuple[str, str]]
) -> None:
    """Not from a stranger, not from a reader whom our server vouches for, not with a token."""
    before = await postbox.enrol(READER, "land")
    (asked,) = await postbox.post("subscribe land", sender="new@example.com")
    for text in ("subscribe water", "unsubscribe", "forget me", "help"):
        assert await postbox.post(text, headers=headers, proven=True) == []
        assert await postbox.post(text, headers=headers, sender="x@example.com") == []
    assert await postbox.answer(asked, "yes", headers=headers) == []
    assert (await postbox.reader(), await postbox.queries()) == (before, ["land"])
    assert await postbox.find("new@example.com") is None


async def test_a_null_return_path_is_not_answered(postbox: Postbox) -> None:
    """Whatever such a mail says."""
    assert await postbox.post("subscribe land", envelope="") == []


async def test_our_own_mail_coming_back(postbox: Postbox) -> None:
    """A mail of ours that is bounced to us whole, its own Message-ID on it, is left alone."""
    (asked,) = await postbox.post("subscribe land")
    stripped = b"\n".join(
        line for line in asked.raw.replace(b"\r\n", b"\n").split(b"\n")
        if not line.startswith((b"Auto-Submitted", b"X-Loop", b"X-Auto"))
    )  # fmt: skip
    assert await postbox.deliver(stripped.replace(b"From: ", b"From: x@example.com\nX-Was: ", 1)) == []
    assert await postbox.find() is None


async def test_poison_is_rolled_back_whole(postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail whose handling fails at its end leaves no row behind, is set aside with the reason, and stops no other."""
    real = acts.do
    await postbox.enrol(READER, "land")

    async def failing(*arguments: object) -> None:
        await real(*arguments)  # type: ignore[arg-type]
        raise RuntimeError("poison")

    before = await _counts(postbox)
    with monkeypatch.context() as patched:
        patched.setattr(acts, "do", failing)
        assert await postbox.post("add water\nchange address new@example.com\npause", proven=True) == []
    assert await _counts(postbox) == before
    assert (await postbox.state(), await postbox.queries()) == (SubscriberState.ACTIVE, ["land"])
    (row,) = await postbox.inbox()
    assert (row.state, row.reason) == ("quarantined", "RuntimeError: poison")
    assert len(await postbox.post("list")) == 1


async def _counts(postbox: Postbox) -> list[int]:
    tables = (delivery, pending_request, consent, quota)
    async with postbox.store.read() as connection:
        return [
            (await connection.execute(select(func.count()).select_from(each))).scalar_one() for each in tables
        ]


async def test_a_store_that_fails_for_a_moment(postbox: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary fault lets the mail wait, and at its next try it is done once."""
    real, faults = consents.note, [StoreUnavailableError("locked")]

    async def note(*arguments: object) -> None:
        if faults:
            raise faults.pop()
        await real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(consents, "note", note)
    assert await postbox.post("subscribe land") == []
    await postbox.work.receive()
    (asked,) = await postbox.collect()
    async with postbox.store.read() as connection:
        row = await requests.find_sign_up(connection, READER)
    assert row is not None
    assert (asked.kind, len(row.wordings)) == ("confirmation", 1)


async def test_the_same_mail_twice_is_done_once(postbox: Postbox) -> None:
    """A mail that comes by two ways is one mail."""
    raw = f"From: {READER}\nTo: {ADDRESS}\nDate: Tue, 24 Nov 2026 00:00:00 +0000\nMessage-ID: <1@x>\n\nsubscribe land\n"
    first = await postbox.deliver(raw.encode())
    second = await postbox.deliver(raw.replace("\n", "\r\n").encode(), to="alerts+subscribe@example.org")
    assert (len(first), second) == (1, [])


def _declared(*queries: str, schedule: str = "daily at 08:00") -> Declared:
    wanted = parse_schedule(schedule, zone="UTC")
    person = DeclaredSubscriber(
        READER,
        tuple(DeclaredQuery(each, "", "", wanted) for each in queries),
        schedule=wanted,
        time_zone="UTC",
        language="en",
    )
    return Declared(topics=TOPICS, subscribers=(person,), files_hash=f"{queries}{schedule}")


async def test_what_a_declared_reader_changes_by_mail_is_theirs(postbox: Postbox) -> None:
    """The file's next edit leaves alone what the person chose, dropped and added; the rest it may change."""
    await apply(postbox.services, _declared("land", "water"))
    await postbox.post("language chinese\nformat text\nremove water\nadd soil", proven=True)
    await postbox.post("每周一 07:00", proven=True)
    assert (await postbox.reader()).own_settings == ("format", "language", "schedule")
    await apply(postbox.services, _declared("land", "water", "air", schedule="monthly on 1 at 12:00"))
    reader = await postbox.reader()
    assert (reader.language, reader.format) == ("zh", "text")
    assert await postbox.queries() == ["air", "land", "soil"]
    (told,) = await postbox.post("列表")
    assert "land，每周一 07:00" in told.text
    assert "soil，每周一 07:00" in told.text


async def test_a_declared_reader_who_left_stays_away(postbox: Postbox) -> None:
    """Leaving by mail outlives the file."""
    await apply(postbox.services, _declared("land"))
    await postbox.post("unsubscribe", proven=True)
    await apply(postbox.services, _declared("land", "water"))
    assert await postbox.state() is SubscriberState.ENDED


async def test_a_declared_reader_who_moved(postbox: Postbox) -> None:
    """The file goes on naming the old address, and neither ends them nor writes there."""
    await apply(postbox.services, _declared("land"))
    await postbox.collect()
    (asked, _) = await postbox.post("change address new@example.com", proven=True)
    await postbox.answer(asked)
    await apply(postbox.services, _declared("land", "water"))
    assert await postbox.queries("new@example.com") == ["land", "water"]
    assert await postbox.find() is None
    assert [each.to for each in await postbox.collect()] == []
