"""Ask before doing: pending requests and the one confirmation mail that belongs to each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.model import MailKind
from alertd.postmaster.acting.room import Room
from alertd.postmaster.acting.words import say
from alertd.postmaster.commands.model import Command, Verb
from alertd.store import consents, requests
from alertd.store.columns import to_json
from alertd.store.consents import Consent
from alertd.store.subscribers import SubscriberRow


def payload_hash(payload: Any) -> str:
    """What a confirmation is bound to."""
    return hashlib.sha256(to_json(payload).encode()).hexdigest()


async def ask(
    connection: AsyncConnection,
    room: Room,
    *,
    purpose: str,
    address: str,
    language: str,
    payload: Any,
    actions: Sequence[str],
    inbound_id: int,
    now: datetime,
    reader: SubscriberRow | None = None,
    headers: dict[str, str] | None = None,
    network: str = "",
    asked_from: str = "",
) -> bool:
    """Keep a request and send its confirmation, limits permitting; False is silence.

    Args:
        connection: the writing transaction.
        room: the parts.
        purpose: sign-up, change or leave.
        address: whom to ask: the address that must prove itself.
        language: of the mail.
        payload: what is done when it is answered, as JSON.
        actions: the same in words.
        inbound_id: the mail that asks.
        now: the instant.
        reader: whose subscription it is, None for a sign-up.
        headers: threading.
        network: where the mail came from, as evidence.
        asked_from: the address in whose name it was asked, when that is another.
    """
    if not await room.limits.may_confirm(connection, address, now):
        return False
    key, expires_at = address_key(address), now + room.settings.intake.confirm_within
    hash_ = payload_hash(payload)
    open_one = await requests.find_open(connection, purpose=purpose, address_key=key, now=now)
    if open_one is None:
        request_id = await requests.add(
            connection,
            purpose=purpose,
            address=address,
            address_key=key,
            subscriber_id=reader.id if reader else None,
            language=language,
            payload={hash_: payload},
            payload_hash=hash_,
            inbound_id=inbound_id,
            created_at=now,
            expires_at=expires_at,
        )
    else:
        request_id = open_one.id
        await requests.ask_again(
            connection, open_one, payload=payload, payload_hash=hash_, expires_at=expires_at
        )
    await consents.note(
        connection,
        [
            Consent(
                reader.id if reader else None,
                room.hash_address(address),
                f"asked for {purpose}",
                "mail",
                now,
                inbound_id,
                network[:500] or None,
                "\n".join(actions)[:2000],
            )
        ],
    )
    context = {
        "purpose": purpose,
        "request_id": request_id,
        "payload_hash": hash_,
        "expires_at": expires_at.isoformat(),
        "actions": list(actions),
        "asked_from": asked_from,
    }
    row = room.letters.row(
        MailKind.CONFIRMATION,
        address=address,
        context=context,
        now=now,
        language=language,
        headers=headers,
        subscriber_id=reader.id if reader else None,
        expires_at=expires_at,
    )
    await room.letters.post(connection, [row])
    return True


async def ask_new_address(
    connection: AsyncConnection,
    room: Room,
    reader: SubscriberRow,
    address: str,
    *,
    inbound_id: int,
    now: datetime,
) -> None:
    """Ask a new address whether the mails of a subscription may come to it."""
    await ask(
        connection,
        room,
        purpose="change",
        address=address,
        language=reader.language,
        payload={"address": address, "reader": reader.id, "epoch": reader.epoch},
        actions=[say(reader.language, "ask_address")],
        inbound_id=inbound_id,
        now=now,
        reader=reader,
        asked_from=reader.address,
    )


def in_words(commands: Sequence[Command], language: str) -> list[str]:
    """What commands will do, one line each, for a confirmation."""
    special = {Verb.LEAVE: "ask_leave", Verb.FORGET: "ask_forget"}
    lines = []
    for command in commands:
        if command.verb in special:
            lines.append(say(language, special[command.verb]))
        else:
            lines += [say(language, "ask_command", command=text) for text in command.canonical()]
    return lines
