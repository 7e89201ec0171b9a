"""Handle one mail that came in: read, gather, decide, act, answer - in the one transaction of its inbox."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.clock import Clock
from alertd.postmaster.acting.acts import act
from alertd.postmaster.acting.answering import answer
from alertd.postmaster.acting.case import Case
from alertd.postmaster.acting.evidence import Evidence
from alertd.postmaster.acting.gathering import believable, gather
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.room import Room
from alertd.postmaster.decide import decide
from alertd.postmaster.headers import message_ids
from alertd.postmaster.intents import Ignore
from alertd.postmaster.read import Mail, read_mail
from alertd.store.inbound import ClaimedMail, Handled

_SILENCE = "no answer: a limit on answers to the address is reached (docs/commands.md, Limits), or it must not be mailed"
_log = log.get("postmaster")


class MailHandler:
    """Does what a mail asks for.

    Args:
        room: the parts.
        clock: the service's.
    """

    def __init__(self, room: Room, clock: Clock) -> None:
        self._room = room
        self._clock = clock

    async def handle(self, connection: AsyncConnection, mail: ClaimedMail) -> Handled:
        """See `alertd.postmaster.inbox.Handler`."""
        now = self._clock.now()
        read = await asyncio.to_thread(read_mail, mail.raw, recipient=mail.recipient, sender=mail.sender)
        read = believable(read)
        facts = await gather(connection, self._room, read, now=now)
        decision = await asyncio.to_thread(decide, read, facts, now)
        evidence = Evidence(mail.id, now, read.header("received"), _thread(read))
        language = decision.answer.language if decision.answer else self._room.settings.service.language
        case = Case(self._room, connection, read, facts, decision, Page(language), evidence)
        if facts.subscribed:
            await case.find(read.author)
        await act(case)
        answered = await answer(case)
        silenced = decision.answer is not None and not answered
        _log.info(
            "mail.handled", inbound=mail.id, kind=str(decision.kind), answered=answered, silenced=silenced
        )
        outcome = {
            "commands": [str(command) for command in decision.commands],
            "done": [] if case.forgotten else case.page.done,
            "answered": answered,
        }
        ignored = decision.answer is None and all(isinstance(each, Ignore) for each in decision.intents)
        reason = decision.reason
        if silenced:
            reason = f"{reason}; {_SILENCE}" if reason else _SILENCE
        return Handled(kind=str(decision.kind), outcome=outcome, ignored=ignored, reason=reason)


def _thread(mail: Mail) -> dict[str, str]:
    """In-Reply-To and References of what answers a mail (RFC 5322 section 3.6.4)."""
    if not mail.message_id:
        return {}
    root = mail.root
    earlier = message_ids(" ".join(root.every("references"))) or message_ids(root.first("in-reply-to"))
    references = dict.fromkeys((*earlier, mail.message_id))
    return {
        "In-Reply-To": f"<{mail.message_id}>",
        "References": " ".join(f"<{each}>" for each in references),
    }
