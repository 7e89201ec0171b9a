"""The one mail that goes back: to whom, about what, threaded to theirs."""

from __future__ import annotations

from typing import Any

from alertd.addresses import address_key
from alertd.model import MailKind
from alertd.postmaster.acting import standing
from alertd.postmaster.acting.case import Case
from alertd.postmaster.acting.confirming import LIVING
from alertd.postmaster.acting.showing import help_page
from alertd.postmaster.acting.words import echoed
from alertd.postmaster.intents import Answer
from alertd.store import subscribers

_NOTES = {
    "not-subscribed": "not_subscribed",
    "not-proven": "not_proven",
    "already-done": "already_done",
    "expired": "expired",
    "empty": "empty",
    "not-understood": "lost",
}
_HELPS = {"empty", "not-understood", "help"}
_MOST_UNCLEAR = 5


async def answer(case: Case) -> bool:
    """Queue the one answer, limits permitting; whether one was queued (a confirmation counts)."""
    wanted = case.decision.answer
    if case.asked:
        return True
    if wanted is None or case.silent:
        return False
    to = case.to or wanted.to
    proven = case.facts.subscribed or case.facts.authenticated or bool(case.to)
    if not await case.room.limits.may_reply(case.connection, to, case.now, proven=proven):
        return False
    await _complete(case, wanted, to)
    reader = case.reader if case.reader and _is(case.reader.address_key, to) else None
    row = case.room.letters.row(
        MailKind.REPLY,
        address=to,
        context=_context(case, wanted, to),
        now=case.now,
        language=case.page.language,
        format=reader.format if reader else "html",
        headers=case.evidence.headers if _is(address_key(wanted.to), to) else None,
        # a leave token goes to its reader alone; a row of who was forgotten is erased when it has left
        subscriber_id=case.forgotten or (reader.id if reader and reader.state in LIVING else None),
        inbound_id=case.evidence.inbound_id,
    )
    await case.room.letters.post(case.connection, [row])
    return True


async def _complete(case: Case, wanted: Answer, to: str) -> None:
    """Say what the mail as a whole came to, and to a reader what they have now."""
    page = case.page
    if wanted.note in _NOTES:
        page.note(_NOTES[wanted.note])
    for each in case.decision.unclear[:_MOST_UNCLEAR]:
        key = "nearest" if each.nearest else "unclear"
        page.unclear.append(page.say(key, line=echoed(each.line), nearest=each.nearest))
    if page.unclear or (page.failed and not page.done):
        page.note("try_help")
    if wanted.note in _HELPS:
        help_page(page, case.room.settings.service.name)
    if case.reader is not None and not case.forgotten:
        case.reader = await subscribers.get(case.connection, case.reader.id)
        shows = page.show_now or page.failed or page.unclear or wanted.note in _NOTES
        if shows and case.reader.state in LIVING and _is(case.reader.address_key, to):
            await standing.tell(case.connection, case.room, case.reader, page, now=case.now)
    if not page.parts:
        page.note("lost")
        help_page(page, case.room.settings.service.name)


def _context(case: Case, wanted: Answer, to: str) -> dict[str, Any]:
    page = case.page
    title = page.subject or page.say("subject_answer", name=case.room.settings.service.name)
    theirs = echoed(wanted.subject) if _is(address_key(wanted.to), to) else ""
    subject = f"Re: {theirs}" if theirs and not page.subject else title
    return {"subject": subject, "title": title, "sections": page.parts}


def _is(key: str, address: str) -> bool:
    return key == address_key(address)
