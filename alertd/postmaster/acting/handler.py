"""Handle one mail that came in: read, gather, decide, act, answer - in the one transaction of its inbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd import log
from alertd.addresses import address_key
from alertd.clock import Clock
from alertd.model import MailKind, SubscriberState
from alertd.postmaster.acting import asking_first, confirming, failing, showing
from alertd.postmaster.acting.doing import Deed, do, pause_end
from alertd.postmaster.acting.gathering import gather
from alertd.postmaster.acting.now_section import what_you_have
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.room import Room
from alertd.postmaster.acting.words import say
from alertd.postmaster.decide import decide
from alertd.postmaster.intents import (
    Alarm,
    Answer,
    AnswerKind,
    Change,
    Complaint,
    Confirm,
    Decision,
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
from alertd.postmaster.read import Mail, read_mail
from alertd.store import announcements, requests, subscribers
from alertd.store.inbound import ClaimedMail, Handled
from alertd.store.subscribers import SubscriberRow
from alertd.subscribers import pause

_LIVING = {SubscriberState.ACTIVE, SubscriberState.PAUSED}
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
        read = read_mail(mail.raw, recipient=mail.recipient, sender=mail.sender)
        now = self._clock.now()
        facts = await gather(connection, self._room, read, now=now)
        decision = decide(read, facts, now)
        if not all(isinstance(each, Ignore) for each in decision.intents):
            await announcements.share_counter(connection)  # first of all locks, whatever follows
        deed = _Handling(self._room, connection, read, decision, inbound_id=mail.id, now=now)
        await deed.act()
        answered = await deed.answer(known=facts.subscribed)
        _log.info("mail.handled", inbound=mail.id, kind=str(decision.kind), answered=answered)
        ignored = decision.answer is None and all(isinstance(each, Ignore) for each in decision.intents)
        outcome = {
            "commands": [str(command) for command in decision.commands],
            "done": deed.page.done,
            "answered": answered,
        }
        return Handled(kind=str(decision.kind), outcome=outcome, ignored=ignored, reason=decision.reason)


class _Handling:
    """One mail being handled. `asked` becomes true when a confirmation was queued: that is the answer."""

    def __init__(
        self,
        room: Room,
        connection: AsyncConnection,
        mail: Mail,
        decision: Decision,
        *,
        inbound_id: int,
        now: datetime,
    ) -> None:
        self._room = room
        self._connection = connection
        self._mail = mail
        self._decision = decision
        self._inbound_id = inbound_id
        self._now = now
        language = decision.answer.language if decision.answer else room.settings.service.language
        self.page = Page(language)
        self._reader: SubscriberRow | None = None
        self._asked = False
        self._silent = False

    # acting

    async def act(self) -> None:
        """Do every intent, in order."""
        for intent in self._decision.intents:
            await self._do(intent)

    async def _do(self, intent: Intent) -> None:  # noqa: C901, PLR0912 - one arm for each intent
        match intent:
            case SignUp():
                self._asked = await confirming.sign_up(
                    self._connection, self._room, intent, self.page, **self._about()
                )
                # an address that must stay away, or a limit that is reached, is answered by silence
                self._silent = not self._asked and not self.page.failed
            case Change():
                if reader := await self._find(intent.address):
                    await self._change(reader, intent)
            case Leave():
                reader = await self._find(intent.address, tag=intent.tag)
                if reader is not None:
                    await confirming.end(
                        self._connection, self._room, reader, self.page, forgets=intent.forget, now=self._now
                    )
                else:
                    self.page.done.append(say(self.page.language, "left_already"))
            case PauseByToken():
                await self._pause(intent)
            case Confirm():
                await self._confirm(intent)
            case Decline():
                await requests.use(self._connection, intent.request.id, now=self._now)
                self.page.done.append(say(self.page.language, "declined"))
            case NeedsConfirmation():
                await self._ask(intent)
            case Show():
                self._reader = await self._find(intent.address)
                await showing.show(
                    self._connection, self._room, self._reader, intent.commands, self.page, now=self._now
                )
            case RecordBounce():
                await failing.bounced(
                    self._connection,
                    intent.delivery,
                    intent.failure,
                    inbound_id=self._inbound_id,
                    hash_address=self._room.hash_address,
                    now=self._now,
                )
            case Complaint():
                await failing.complained(
                    self._connection, intent, hash_address=self._room.hash_address, now=self._now
                )
            case Alarm():
                await self._alarm(intent)
            case ForwardToOwner():
                await self._forward(intent)
            case Ignore():
                pass

    def _about(self) -> dict[str, Any]:
        return {
            "inbound_id": self._inbound_id,
            "network": self._mail.header("received"),
            "headers": self._threading(),
            "now": self._now,
        }

    async def _find(self, address: str, *, tag: str = "") -> SubscriberRow | None:
        if tag:
            found = await subscribers.find_by_tag(self._connection, tag)
        else:
            found = await subscribers.find_by_key(self._connection, address_key(address))
        if found is None:
            return None
        (self._reader,) = await subscribers.lock(self._connection, [found.id])
        return self._reader

    async def _change(self, reader: SubscriberRow, intent: Change) -> None:
        deed = Deed(self._connection, self._room, reader, self.page, self._inbound_id, self._now)
        await do(deed, intent.commands)
        await showing.show(self._connection, self._room, reader, intent.commands, self.page, now=self._now)

    async def _pause(self, intent: PauseByToken) -> None:
        reader = await self._find("", tag=intent.tag)
        if reader is None:
            return
        until = pause_end(intent.until, reader.zone)
        if await pause.pause(self._connection, reader.id, until=until):
            key = "paused" if until else "paused_open"
            self.page.done.append(say(self.page.language, key, until=intent.until))

    async def _confirm(self, intent: Confirm) -> None:
        reader_id = await confirming.confirm(
            self._connection,
            self._room,
            intent,
            self.page,
            inbound_id=self._inbound_id,
            network=self._mail.header("received"),
            now=self._now,
        )
        if reader_id is not None:
            self._reader = await subscribers.get(self._connection, reader_id)

    async def _ask(self, intent: NeedsConfirmation) -> None:
        reader = await self._find(intent.address)
        if reader is None:
            return
        self._asked = await asking_first.ask(
            self._connection,
            self._room,
            purpose=intent.purpose,
            address=reader.address,
            language=self.page.language,
            payload={"commands": [command.as_json() for command in intent.commands]},
            actions=asking_first.in_words(intent.commands, self.page.language),
            reader=reader,
            **self._about(),
        )
        self._silent = not self._asked

    async def _alarm(self, intent: Alarm) -> None:
        lines = [f"Mail of ours came back for a reason that is about us: {intent.reason}.", intent.diagnostic]
        await self._room.letters.alarm_seldom(
            self._connection,
            f"bounce-{intent.reason}",
            f"Our mail is refused: {intent.reason}",
            lines,
            self._now,
        )

    async def _forward(self, intent: ForwardToOwner) -> None:
        context = {"subject": intent.subject, "sender": intent.sender, "text": intent.text}
        row = self._room.letters.row(
            MailKind.FORWARD, address=self._room.settings.service.owner, context=context, now=self._now
        )
        await self._room.letters.post(self._connection, [row])

    # answering

    def _threading(self) -> dict[str, str]:
        answer = self._decision.answer
        if answer is None or not answer.message_id:
            return {}
        own = f"<{answer.message_id.strip('<>')}>"
        earlier = [f"<{each.strip('<>')}>" for each in answer.references]
        return {"In-Reply-To": own, "References": " ".join(dict.fromkeys([*earlier, own]))}

    async def answer(self, *, known: bool) -> bool:
        """Queue the one answer, limits permitting; whether one was queued (a confirmation counts)."""
        answer = self._decision.answer
        if self._asked:
            return True
        if answer is None or self._silent:
            return False
        reader = self._reader
        known = known or reader is not None
        if not await self._room.limits.may_reply(self._connection, answer.to, self._now, known=known):
            return False
        await self._complete(answer)
        # a leave token belongs only into a mail to the subscriber's own address
        own = reader is not None and reader.address_key == _key(answer.to)
        row = self._room.letters.row(
            MailKind.REPLY,
            address=answer.to,
            context=self._context(answer),
            now=self._now,
            language=self.page.language,
            format=reader.format if reader else "html",
            headers=self._threading(),
            subscriber_id=reader.id if reader and own and reader.state in _LIVING else None,
            inbound_id=self._inbound_id,
        )
        await self._room.letters.post(self._connection, [row])
        return True

    async def _complete(self, answer: Answer) -> None:
        language = self.page.language
        if self._reader is not None:
            self._reader = await subscribers.get(self._connection, self._reader.id)
        self._note(answer.note)
        if answer.kind is AnswerKind.REPLY and self._decision.unclear:
            self.page.failed += [self._unclear(each.line, each.nearest) for each in self._decision.unclear]
        reader = self._reader
        active = reader is not None and reader.state in _LIVING
        if reader is not None and active and (self.page.show_now or self.page.failed):
            await what_you_have(self._connection, reader, self.page)
            await showing.volume(self._connection, self._room, reader, self.page, now=self._now)
        if self.page.failed and not self.page.done:
            self.page.failed.append(say(language, "try_help"))

    def _note(self, note: str) -> None:
        language = self.page.language
        keys = {
            "not-subscribed": "not_subscribed",
            "not-proven": "not_proven",
            "already-done": "already_done",
            "expired": "expired",
            "empty": "empty",
            "not-understood": "lost",
        }
        if note in keys:
            self.page.failed.append(say(language, keys[note]))
        if note in {"empty", "not-understood", "help"}:
            showing.help_page(self.page, self._room.settings.service.name)

    def _unclear(self, line: str, nearest: str) -> str:
        if nearest:
            return say(self.page.language, "nearest", line=line, nearest=nearest)
        return say(self.page.language, "unclear", line=line)

    def _context(self, answer: Answer) -> dict[str, Any]:
        language, name = self.page.language, self._room.settings.service.name
        sections = []
        if self.page.done:
            sections.append({"heading": say(language, "done"), "lines": [], "items": self.page.done})
        if self.page.failed:
            sections.append(
                {"heading": say(language, "not_understood"), "lines": self.page.failed, "items": []}
            )
        sections += self.page.sections
        title = self.page.subject or say(language, "subject_answer", name=name)
        subject = f"Re: {answer.subject}" if answer.subject and not self.page.subject else title
        return {"subject": subject, "title": title, "sections": sections}


def _key(address: str) -> str:
    try:
        return address_key(address)
    except ValueError:
        return ""
