"""Limits protect who does not know why they get mail; they never stand in the way of who answers, or of a "stop"."""

from __future__ import annotations

from alertd.model import SubscriberState
from tests.store.postbox import READER, Postbox


async def test_who_answers_may_go_on(postbox: Postbox) -> None:
    """Five changes in a day, each confirmed: the limit of two counts unanswered confirmations alone."""
    await postbox.enrol(READER, "land")
    for word in ("water", "rice", "wheat", "cotton", "maize"):
        (asked,) = await postbox.post(f"add {word}", sender=READER)
        assert asked.kind == "confirmation"
        (done,) = await postbox.post("yes", to=asked.reply_to, sender=READER)
        assert f"Added: {word}" in done.text


async def test_a_stop_is_asked_about_when_changes_are_silenced(postbox: Postbox) -> None:
    """Two unanswered changes silence further changes, and no leaving; what is silent is told to the operators."""
    await postbox.enrol(READER, "land")
    for word in ("water", "rice"):
        await postbox.post(f"add {word}", sender=READER)
    assert await postbox.post("add wheat", sender=READER) == []
    last = (await postbox.inbox())[0]
    assert "limit" in (last.reason or "")
    (asked,) = await postbox.post("stop", sender=READER)
    assert asked.kind == "confirmation"
    await postbox.post("yes", to=asked.reply_to, sender=READER)
    assert await postbox.state() == SubscriberState.ENDED


async def test_words_under_a_confirmation_are_no_keywords(postbox: Postbox) -> None:
    """An "ok" with a subject of the reader's own confirms, and adds nothing."""
    await postbox.enrol(READER, "land")
    (asked,) = await postbox.post("add housing", sender=READER)
    (done,) = await postbox.post("ok", to=asked.reply_to, sender=READER, subject="Re: Please confirm")
    assert "Added: housing" in done.text
    assert "Added: ok" not in done.text
