"""What is done for each kind of decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from alertd.model import MailKind
from alertd.postmaster.acting import asking_first, failing, showing
from alertd.postmaster.acting.asking_first import Question
from alertd.postmaster.acting.case import Case
from alertd.postmaster.acting.confirming import LIVING, confirm
from alertd.postmaster.acting.deed import pause_end
from alertd.postmaster.acting.doing import do
from alertd.postmaster.acting.ending import end
from alertd.postmaster.acting.signing_up import Asked, sign_up
from alertd.postmaster.acting.wording_of import actions_of, unclear_lines
from alertd.postmaster.intents import (
    Alarm,
    Change,
    Complaint,
    Confirm,
    Decline,
    ForwardToOwner,
    Ignore,
    Intent,
    Leave,
    NeedsConfirmation,
    PauseByToken,
    RecordBounce,
    Show,
    SignUp,
)
from alertd.store import requests, subscribers
from alertd.subscribers import pause


async def act(case: Case) -> None:
    """Do every intent of the decision, in order."""
    for intent in case.decision.intents:
        await _ACTS[type(intent)](case, intent)


async def _sign_up(case: Case, intent: SignUp) -> None:
    became = await sign_up(
        case.connection, case.room, intent, case.page, case.evidence, unclear=case.decision.unclear
    )
    case.asked = became is Asked.ASKED
    case.silent = became is Asked.SILENT  # who must stay away, and whose limit is reached, hears nothing


async def _change(case: Case, intent: Change) -> None:
    reader = await case.find(intent.address)
    if reader is not None:
        await do(case.deed(reader), intent.commands)


async def _leave(case: Case, intent: Leave) -> None:
    found = await (case.find_by_tag(intent.tag) if intent.tag else case.find(intent.address))
    if found is None:
        case.page.did("left_already")
        return
    await end(case.connection, case.room, found, case.page, case.evidence, forgets=intent.forget)
    await _note_forgotten(case)


async def _note_forgotten(case: Case) -> None:
    """Who was erased meanwhile has no address any more; the answer still goes to the one they had."""
    reader = case.reader
    if reader is None or (await subscribers.get(case.connection, reader.id)).address:
        return
    case.to, case.forgotten = reader.address, reader.id


async def _pause(case: Case, intent: PauseByToken) -> None:
    reader = await case.find_by_tag(intent.tag)
    if reader is None or reader.state not in LIVING:
        case.page.did("left_already")
        return
    until = pause_end(intent.until, reader.zone)
    if until is not None and until <= case.now:
        case.page.could_not("pause_over", until=intent.until)
        return
    await pause.pause(case.connection, reader.id, until=until)
    case.page.did("paused" if until else "paused_open", until=intent.until)


async def _confirm(case: Case, intent: Confirm) -> None:
    reader = await confirm(case.connection, case.room, intent, case.page, case.evidence)
    if reader is not None:
        case.answer_to(reader)
        await _note_forgotten(case)


async def _decline(case: Case, intent: Decline) -> None:
    for row in await requests.get_many(case.connection, [intent.request.id], lock=True):
        await requests.use(case.connection, row, intent.request.payload_hash, now=case.now)
    case.page.did("declined")


async def _ask(case: Case, intent: NeedsConfirmation) -> None:
    reader = await case.find(intent.address)
    if reader is None:
        case.silent = True
        return
    commands, actions = await actions_of(case.deed(reader), intent.commands)
    question = Question(
        purpose=intent.purpose,
        address=reader.address,
        language=case.page.language,
        asks={"commands": [command.as_json() for command in commands]},
        actions=unclear_lines(case.page, case.decision.unclear, actions),
        reader=reader,
    )
    case.asked = await asking_first.ask(case.connection, case.room, question, case.evidence)
    case.silent = not case.asked


async def _show(case: Case, intent: Show) -> None:
    reader = await case.find(intent.address)
    if reader is not None and reader.state not in LIVING:
        reader = case.reader = None  # whoever has left is a stranger
    await showing.show(case.connection, case.room, reader, intent.commands, case.page, now=case.now)


async def _bounce(case: Case, intent: RecordBounce) -> None:
    await failing.bounced(
        case.connection,
        intent.delivery,
        intent.failure,
        inbound_id=case.evidence.inbound_id,
        hash_address=case.room.hash_address,
        now=case.now,
    )


async def _complaint(case: Case, intent: Complaint) -> None:
    await failing.complained(case.connection, intent, hash_address=case.room.hash_address, now=case.now)


async def _alarm(case: Case, intent: Alarm) -> None:
    await failing.raise_alarm(case.connection, case.room.letters, intent.reason, intent.diagnostic, case.now)


async def _forward(case: Case, intent: ForwardToOwner) -> None:
    """Pass a mail on; what is over the limits stays in the inbox, and the owner is told of that."""
    letters, owner = case.room.letters, case.room.settings.service.owner
    if not await case.room.limits.may_forward(case.connection, intent.sender, case.now):
        lines = [
            "More mail came to your +owner address than is passed on to you.",
            "alertd inbox list shows what came; each mail is kept there for [intake] keep_raw.",
        ]
        await letters.alarm_seldom(case.connection, "forwards", "Mail to you is piling up", lines, case.now)
        return
    context = {"subject": intent.subject, "sender": intent.sender, "text": intent.text}
    row = letters.row(
        MailKind.FORWARD,
        address=owner,
        context=context,
        now=case.now,
        inbound_id=case.evidence.inbound_id,
    )
    await letters.post(case.connection, [row])


async def _ignore(case: Case, intent: Ignore) -> None:
    """Nothing is done."""


_ACTS: Mapping[type[Intent], Callable[[Case, Any], Awaitable[None]]] = {
    SignUp: _sign_up,
    Change: _change,
    Leave: _leave,
    PauseByToken: _pause,
    Confirm: _confirm,
    Decline: _decline,
    NeedsConfirmation: _ask,
    Show: _show,
    RecordBounce: _bounce,
    Complaint: _complaint,
    Alarm: _alarm,
    ForwardToOwner: _forward,
    Ignore: _ignore,
}
