"""One pure function: a mail in, decisions out. Who may do what stands in docs/commands.md and is held here."""

from __future__ import annotations

import re
from datetime import datetime

from alertd.model import SubscriberState
from alertd.postmaster.bounces.model import BounceClass, Failure
from alertd.postmaster.bounces.reading import read_complaint, read_failures, summary
from alertd.postmaster.commands import proof
from alertd.postmaster.commands.model import ASKING, Command, Setting, Verb
from alertd.postmaster.commands.understand import Understanding, understand
from alertd.postmaster.facts import Facts, may_not_sign_up
from alertd.postmaster.guard import guard
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
    MailClass,
    NeedsConfirmation,
    PauseByToken,
    RecordBounce,
    Show,
    SignUp,
)
from alertd.postmaster.proofs import RequestState, tokens_in
from alertd.postmaster.quoting import read_subject, unquoted_lines
from alertd.postmaster.read import Mail
from alertd.postmaster.route import Door, Route, route

_BOUNCES = {
    BounceClass.HARD: MailClass.BOUNCE_HARD,
    BounceClass.SOFT: MailClass.BOUNCE_SOFT,
    BounceClass.OURS: MailClass.BOUNCE_SOFT,
    BounceClass.DELAYED: MailClass.BOUNCE_DELAYED,
    BounceClass.SUCCESS: MailClass.AUTO_REPLY,
}


def decide(mail: Mail, facts: Facts, now: datetime) -> Decision:
    """Decide about one mail.

    Reports come first, then the guard against automatic mail, then what the address says, then the words. Nothing that a
    report or the guard caught is ever answered or obeyed, a token in it included.

    Args:
        mail: as read.
        facts: the state of things around it.
        now: aware UTC.
    """
    way = route(mail.recipient, address=facts.address, separator=facts.separator)
    reported = _report(mail, facts, way)
    if reported:
        return reported
    guarded = guard(mail, ours=facts.ours, is_our_id=facts.proofs.ours)
    if guarded:
        return _silent(mail, MailClass(guarded.kind), guarded.reason)
    if way.door is Door.BOUNCE:
        return _silent(mail, MailClass.AUTO_REPLY, "it came to a return path and reports nothing")
    if not mail.author:
        return _silent(mail, MailClass.UNKNOWN, "it has no single From address to answer to")
    if way.door is Door.OWNER:
        forward = ForwardToOwner(mail.subject[:200], mail.author, mail.text[:20_000])
        return Decision(MailClass.UNKNOWN, (mail.author,), "", "for the owner", (forward,))
    if facts.state is SubscriberState.SUPPRESSED and not _asks_in(mail, facts, now, way):
        return _silent(mail, MailClass.UNKNOWN, "the address is suppressed")
    return _Person(mail, facts, now, way).decide()


def _silent(mail: Mail, kind: MailClass, reason: str) -> Decision:
    return Decision(kind, tuple(dict.fromkeys(mail.authors)), "", reason, (Ignore(reason),))


def _asks_in(mail: Mail, facts: Facts, now: datetime, way: Route) -> bool:
    """A suppressed address comes back only by asking to, or by answering what we asked."""
    person = _Person(mail, facts, now, way)
    wanted = any(command.verb in {Verb.SUBSCRIBE, Verb.ADD} for command in person.understood.commands)
    return wanted or way.door in {Door.SUBSCRIBE, Door.CONFIRM, Door.LEAVE} or person.confirm_token != ""


def _report(mail: Mail, facts: Facts, way: Route) -> Decision | None:
    complaint = read_complaint(mail)
    if complaint:
        tags = [tag for token in _sealed(complaint.returned, "l") if (tag := facts.proofs.leave(token))]
        deliveries = [
            found
            for token in _sealed(complaint.returned, "b")
            if (found := facts.proofs.bounce(token)) is not None
        ]
        known = bool(tags or deliveries)
        intent: Intent = (
            Complaint(tags[0] if tags else "", deliveries[0] if deliveries else None, complaint.feedback)
            if known
            else Ignore("a complaint without a token of ours")
        )
        return Decision(
            MailClass.COMPLAINT, complaint.recipients, "", f"complaint: {complaint.feedback}", (intent,)
        )
    failures = read_failures(mail, ours=facts.ours)
    if not failures:
        return None
    chief = summary(failures)
    recipients = tuple(dict.fromkeys(failure.recipient for failure in failures if failure.recipient))
    intents = _bounce_intents(chief, facts, way)
    return Decision(_BOUNCES[chief.kind], recipients, chief.status, chief.reason, intents)


def _bounce_intents(chief: Failure, facts: Facts, way: Route) -> tuple[Intent, ...]:
    delivery = facts.proofs.bounce(way.token) if way.door is Door.BOUNCE and way.token else None
    if delivery is None:
        return (Ignore("an unsigned report changes nothing"),)
    if chief.kind is BounceClass.SUCCESS:
        return (Ignore("the mail was delivered"),)
    alarm = (Alarm(chief.reason, chief.diagnostic),) if chief.kind is BounceClass.OURS else ()
    return (RecordBounce(delivery, chief), *alarm)


def _sealed(text: str, purpose: str) -> list[str]:
    return [
        token
        for token in dict.fromkeys(re.findall(rf"(?<![a-z2-7]){purpose}[a-z2-7]{{19,200}}", text.lower()))
    ][:10]


class _Person:
    """A mail that a person may have written: what it asks, and what its sender may do."""

    def __init__(self, mail: Mail, facts: Facts, now: datetime, way: Route) -> None:
        self.mail = mail
        self.facts = facts
        self.way = way
        self.subject = read_subject(mail.subject)
        self.lines = unquoted_lines(mail.text)
        self.setting = Setting(
            now=now,
            author=mail.author,
            name=re.sub(r"<.*", "", mail.header("from")),
            subscribed=facts.subscribed,
            own_words=facts.own_words,
            labels=frozenset(label.lower() for label in facts.labels),
        )
        self.understood = self._by_address(understand(self.subject, self.lines, self.setting))

    @property
    def confirm_token(self) -> str:
        """The confirm token that this mail carries, "" when none does."""
        if self.way.door is Door.CONFIRM:
            return self.way.token
        typed = [command.value for command in self.understood.commands if command.verb is Verb.CONFIRM]
        if typed:
            return typed[0]
        spotted = [token for token in tokens_in(self.mail) if token.startswith("c")]
        return next((token for token in spotted if self.facts.proofs.confirm(token)), "")

    def decide(self) -> Decision:
        if self.way.door is Door.LEAVE:
            decision = self._by_leave_token()
            if decision:
                return decision
        if token := self.confirm_token:
            return self._by_confirm_token(token)
        if self.facts.subscribed:
            return self._subscriber()
        return self._stranger()

    def _by_address(self, understood: Understanding) -> Understanding:
        """What an extension adds: to +subscribe bare lines and nothing at all are a sign-up, to +unsubscribe all else is a leave."""
        commands, unclear = understood.commands, understood.unclear
        if self.way.door is Door.HELP:
            return Understanding((Command(Verb.HELP),))
        if self.way.door is Door.SUBSCRIBE and not commands and not unclear:
            return Understanding((Command(Verb.SUBSCRIBE, understood.keywords),))
        if self.way.door in {Door.UNSUBSCRIBE, Door.LEAVE} and not commands and not unclear:
            return Understanding((Command(Verb.LEAVE),))
        # words under a confirmation are its yes or no, never new keywords
        if understood.keywords and not commands and self.way.door is not Door.CONFIRM:
            verb = Verb.ADD if self.facts.subscribed else Verb.SUBSCRIBE
            return Understanding((Command(verb, understood.keywords),), unclear)
        return understood

    # By token

    def _by_leave_token(self) -> Decision | None:
        """A leave token leaves or pauses, whoever sends it; None when it proves nothing or other things are asked."""
        tag = self.facts.proofs.leave(self.way.token)
        commands = self.understood.commands
        if tag is None or not commands:
            return None
        if all(command.verb in {Verb.LEAVE, Verb.FORGET, Verb.REMOVE} for command in commands):
            return self._decision(MailClass.COMMAND, (Leave("", tag, "token"),), AnswerKind.REPLY)
        pauses = [command for command in commands if command.verb is Verb.PAUSE]
        if pauses and len(pauses) == len(commands):
            return self._decision(MailClass.COMMAND, (PauseByToken(tag, pauses[0].value),), AnswerKind.REPLY)
        return None

    def _by_confirm_token(self, token: str) -> Decision:
        request = self.facts.proofs.confirm(token)
        if request is None:
            return self._decision(
                MailClass.CONFIRMATION, (Ignore("the token proves nothing"),), AnswerKind.REPLY, "not-proven"
            )
        if request.state is not RequestState.OPEN:
            note = "already-done" if request.state is RequestState.USED else "expired"
            return self._decision(
                MailClass.CONFIRMATION,
                (Ignore(f"the request is {request.state.value}"),),
                AnswerKind.REPLY,
                note,
            )
        further = tuple(command for command in self.understood.commands if command.verb is not Verb.CONFIRM)
        said = self._says(request.purpose, further)
        if said == "no":
            return self._decision(MailClass.CONFIRMATION, (Decline(request),), AnswerKind.REPLY)
        if said == "unclear":
            return self._decision(
                MailClass.CONFIRMATION,
                (Ignore("neither a yes nor a no"),),
                AnswerKind.REPLY,
                "not-understood",
            )
        commands = tuple(
            command for command in further if command.verb not in {Verb.LEAVE, Verb.FORGET, Verb.SUBSCRIBE}
        )
        return self._decision(MailClass.CONFIRMATION, (Confirm(request, commands),), AnswerKind.REPLY)

    def _says(self, purpose: str, further: tuple[Command, ...]) -> str:
        """Whether an answer to a confirmation is "yes", "no" or "unclear". A "no" is heard before any "yes"."""
        written = " ".join(line for line in self.lines if line)[:1000]
        leaving = any(command.verb in {Verb.LEAVE, Verb.FORGET} for command in further)
        if purpose == "leave":
            if leaving or (not written and not self.understood.unclear):
                return "yes"
            keeps = bool(self.understood.unclear) or bool(proof.NO.search(written)) or bool(further)
            return (
                "no"
                if keeps
                else "yes"
                if proof.YES.fullmatch(written[:300]) or self._signed_only()
                else "unclear"
            )
        if leaving or proof.NO.search(written) or self.understood.unclear:
            return "no"
        if not written or proof.YES.fullmatch(written[:300]) or further or self._signed_only():
            return "yes"
        if re.match(
            r"(?:yes|ok(?:ay)?|sure|confirm|i confirm|agreed|是|好|确认|同意)\b", written, re.IGNORECASE
        ):
            return "yes"
        typed = any(command.verb is Verb.CONFIRM for command in self.understood.commands)
        return "yes" if typed or "?" not in written and len(written) < 120 else "unclear"  # noqa: PLR2004, RUF021

    def _signed_only(self) -> bool:
        return len([line for line in self.lines if line]) <= 3 and not any("?" in line for line in self.lines)  # noqa: PLR2004

    # By words

    def _subscriber(self) -> Decision:
        commands = self._but_confirm()
        if not commands:
            return self._not_understood()
        if all(command.verb in ASKING for command in commands):
            return self._decision(MailClass.COMMAND, (Show(self.mail.author, commands),), AnswerKind.REPLY)
        ending = [command for command in commands if command.verb in {Verb.LEAVE, Verb.FORGET}]
        if not self.facts.authenticated:
            purpose = "leave" if ending else "change"
            return self._decision(
                MailClass.COMMAND,
                (NeedsConfirmation(self.mail.author, purpose, commands),),
                AnswerKind.CONFIRMATION,
            )
        if ending:
            forget = any(command.verb is Verb.FORGET for command in ending)
            return self._decision(
                MailClass.COMMAND,
                (Leave(self.mail.author, "", "authenticated", forget=forget),),
                AnswerKind.REPLY,
            )
        return self._decision(MailClass.COMMAND, (Change(self.mail.author, commands),), AnswerKind.REPLY)

    def _stranger(self) -> Decision:
        commands = self._but_confirm()
        asked = [command for command in commands if command.verb in {Verb.SUBSCRIBE, Verb.ADD}]
        if asked:
            return self._sign_up(commands, asked)
        forgets = tuple(command for command in commands if command.verb is Verb.FORGET)
        if forgets and self.facts.state is SubscriberState.ENDED:
            return self._forget_former(forgets)
        showing = tuple(command for command in commands if command.verb in ASKING - {Verb.LIST, Verb.WHY})
        if commands and len(showing) == len(commands):
            return self._decision(MailClass.COMMAND, (Show(self.mail.author, showing),), AnswerKind.REPLY)
        if commands:
            return self._decision(
                MailClass.COMMAND,
                (Ignore("the sender is not subscribed"),),
                AnswerKind.REPLY,
                "not-subscribed",
            )
        return self._not_understood()

    def _forget_former(self, commands: tuple[Command, ...]) -> Decision:
        """Who has left is a stranger in all but this: what is still kept of them is theirs to have erased."""
        address = self.mail.author
        if self.facts.authenticated:
            leave = Leave(address, "", "authenticated", forget=True)
            return self._decision(MailClass.COMMAND, (leave,), AnswerKind.REPLY)
        ask = NeedsConfirmation(address, "leave", commands)
        return self._decision(MailClass.COMMAND, (ask,), AnswerKind.CONFIRMATION)

    def _sign_up(self, commands: tuple[Command, ...], asked: list[Command]) -> Decision:
        refused = may_not_sign_up(self.mail.author, self.facts)
        if refused:
            return self._decision(MailClass.COMMAND, (Ignore(refused),), None)
        queries = tuple(dict.fromkeys(query for command in asked for query in command.queries)) or ("*",)
        timed = [command.when for command in commands if command.when]

        def value(verb: Verb) -> str:
            return next((command.value for command in commands if command.verb is verb), "")

        intent = SignUp(
            address=self.mail.author,
            queries=queries,
            when=timed[0] if timed else None,
            zone=value(Verb.ZONE),
            language=value(Verb.LANGUAGE) or self._language(),
            format=value(Verb.FORMAT),
            commands=commands,
        )
        return self._decision(MailClass.COMMAND, (intent,), AnswerKind.CONFIRMATION)

    def _not_understood(self) -> Decision:
        note = "empty" if self.understood.empty else "not-understood"
        return self._decision(
            MailClass.UNKNOWN, (Ignore("no command was understood"),), AnswerKind.REPLY, note
        )

    def _but_confirm(self) -> tuple[Command, ...]:
        return tuple(command for command in self.understood.commands if command.verb is not Verb.CONFIRM)

    # The answer

    def _decision(
        self, kind: MailClass, intents: tuple[Intent, ...], answer: AnswerKind | None, note: str = ""
    ) -> Decision:
        reason = intents[0].reason if intents and isinstance(intents[0], Ignore) else ""
        return Decision(
            kind=kind,
            recipients=(self.mail.author,),
            status="",
            reason=reason,
            intents=intents,
            answer=self._answer(answer, note) if answer else None,
            commands=self.understood.commands,
            unclear=self.understood.unclear,
        )

    def _answer(self, kind: AnswerKind, note: str) -> Answer:
        return Answer(
            kind=kind,
            to=self.mail.author,
            language=self.facts.subscriber_language or self._language(),
            message_id=self.mail.message_id,
            references=self.mail.answers,
            subject=self.subject.text[:200],
            note=note,
        )

    def _language(self) -> str:
        """The language they wrote in: Chinese as soon as a Chinese character stands in their own words."""
        written = f"{'' if self.subject.replied else self.subject.text} {' '.join(self.lines)}"
        if re.search(r"[\u4e00-\u9fff]", written):
            return "zh"
        return "en" if re.search(r"[A-Za-z]{3}", written) else self.facts.language
