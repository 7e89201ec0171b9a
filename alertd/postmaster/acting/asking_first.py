"""Ask before doing: pending requests, and the one confirmation mail that belongs to each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.model import MailKind
from alertd.postmaster.acting.deed import Deed
from alertd.postmaster.acting.evidence import Evidence
from alertd.postmaster.acting.room import Room
from alertd.postmaster.acting.words import say
from alertd.store import consents, requests
from alertd.store.columns import to_json
from alertd.store.requests import SIGN_UP, Wording
from alertd.store.subscribers import SubscriberRow

CHANGE, LEAVE, ADDRESS = "change", "leave", "address"
"""Purposes beside `SIGN_UP`; ADDRESS asks a new address whether it takes over a subscription."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        purpose: SIGN_UP, CHANGE, LEAVE or ADDRESS.
        address: whom to ask: the address that must prove itself.
        language: of the mail.
        asks: what is done when it is answered, a JSON value.
        actions: the same in words; the mail shows at most `wording_of.MOST_ACTIONS`.
        reader: whose subscription it is, None for a sign-up.
        asked_from: the address in whose name it was asked, when that is another.
    """

    purpose: str
    address: str
    language: str
    asks: Any
    actions: Sequence[str]
    reader: SubscriberRow | None = None
    asked_from: str = ""


async def ask(connection: AsyncConnection, room: Room, question: Question, evidence: Evidence) -> bool:
    """Keep a request and send its confirmation, limits permitting; False is silence."""
    now = evidence.at
    leaving = question.purpose == LEAVE
    if not await room.limits.may_confirm(connection, question.address, now, leaving=leaving):
        return False
    # the instant makes every wording its own: asked for again, it has a token and an end of its own
    binding = to_json([question.purpose, question.asks, evidence.inbound_id])
    hash_ = hashlib.sha256(binding.encode()).hexdigest()
    wording = Wording(hash_, question.asks, now + room.settings.intake.confirm_within)
    request_id = await _keep(connection, question, wording, evidence)
    reader = question.reader
    act = evidence.consent(
        reader.id if reader else None,
        room.hash_address(question.address),
        f"asked for {question.purpose}",
        wording="\n".join(question.actions),
    )
    await consents.note(connection, [act])
    row = room.letters.row(
        MailKind.CONFIRMATION,
        address=question.address,
        context={
            "purpose": CHANGE if question.purpose == ADDRESS else question.purpose,
            "request_id": request_id,
            "payload_hash": hash_,
            "expires_at": wording.until.isoformat(),
            "actions": list(question.actions),
            "asked_from": question.asked_from,
        },
        now=now,
        language=question.language,
        format=reader.format if reader else "html",
        headers=evidence.headers if not question.asked_from else None,
        subscriber_id=reader.id if reader else None,
        inbound_id=evidence.inbound_id,
        expires_at=wording.until,
    )
    await room.letters.post(connection, [row])
    return True


async def _keep(connection: AsyncConnection, question: Question, wording: Wording, evidence: Evidence) -> int:
    key = address_key(question.address)
    if question.purpose == SIGN_UP and (row := await requests.find_sign_up(connection, key)) is not None:
        await requests.add_wording(connection, row, wording, now=evidence.at)
        return row.id
    return await requests.add(
        connection,
        wording,
        created_at=evidence.at,
        purpose=question.purpose,
        address=question.address,
        address_key=key,
        subscriber_id=question.reader.id if question.reader else None,
        language=question.language,
        inbound_id=evidence.inbound_id,
    )


async def ask_new_address(deed: Deed, address: str) -> bool:
    """Ask a new address whether the mails of a subscription may come to it; False is silence."""
    reader, language = deed.reader, deed.page.language
    question = Question(
        purpose=ADDRESS,
        address=address,
        language=language,
        asks={"address": address, "epoch": reader.epoch},
        actions=[say(language, "ask_address")],
        reader=reader,
        asked_from=reader.address,
    )
    return await ask(deed.connection, deed.room, question, deed.evidence)
