"""What is to be done about a mail, as values; the acting module does it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alertd.model import DeliveryId
from alertd.postmaster.bounces.model import Failure
from alertd.postmaster.commands.combining import Unclear
from alertd.postmaster.commands.model import Command, When
from alertd.postmaster.proofs import Request


class MailClass(StrEnum):
    """What a mail is."""

    COMMAND = "command"
    CONFIRMATION = "confirmation"
    BOUNCE_HARD = "bounce-hard"
    BOUNCE_SOFT = "bounce-soft"
    BOUNCE_DELAYED = "bounce-delayed"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto-reply"
    LIST = "list"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SignUp:
    """An address that is not subscribed asks to be: one confirmation, nothing else until it is answered.

    Attributes:
        queries: as typed; `("*",)` for every report.
        when: what was said about timing, None for the default.
        zone, language, format: what was said, "" for the default.
        commands: everything understood, for the confirmation's payload and words.
    """

    address: str
    queries: tuple[str, ...]
    when: When | None
    zone: str
    language: str
    format: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Proven: do these commands at once, in their order (asking ones among them are answered in the reply)."""

    address: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """Proven: end the subscription at once.

    Attributes:
        address: whose, "" when `tag` says.
        tag: the subscriber whom a leave token names, "" when `address` says.
        via: "authenticated", "token" or "confirmation".
        forget: erase all data as well.
    """

    address: str
    tag: str
    via: str
    forget: bool = False


@dataclass(frozen=True, slots=True)
class PauseByToken:
    """A leave token's other power: pause the subscriber with this tag until an ISO date, "" for without end."""

    tag: str
    until: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """Do what this request asks, and these further commands, which the token proves as well."""

    request: Request
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Decline:
    """The owner of the address says no to this request: void it, change nothing."""

    request: Request


@dataclass(frozen=True, slots=True)
class NeedsConfirmation:
    """Nothing proves the sender: ask once, for all of the mail's commands together.

    Attributes:
        purpose: "change" or "leave".
    """

    address: str
    purpose: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Show:
    """Answer these asking commands; change nothing."""

    address: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class RecordBounce:
    """A signed report: note it against the delivery that its return path names, and score its subscriber."""

    delivery: DeliveryId
    failure: Failure


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint whose tokens are ours: end and suppress, at once and unanswered.

    Attributes:
        tag: the subscriber, "" when only the delivery is known.
        delivery: None when only the subscriber is known.
    """

    tag: str
    delivery: DeliveryId | None
    feedback: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something is wrong on our side (relay denied, authentication, block list): raise it to ops."""

    reason: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class ForwardToOwner:
    """Pass this mail on to the person behind the service."""

    subject: str
    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """Do nothing, for this reason."""

    reason: str


Intent = (
    SignUp
    | Change
    | Leave
    | PauseByToken
    | Confirm
    | Decline
    | NeedsConfirmation
    | Show
    | RecordBounce
    | Complaint
    | Alarm
    | ForwardToOwner
    | Ignore
)


class AnswerKind(StrEnum):
    """A reply says what was done or understood; a confirmation asks."""

    REPLY = "reply"
    CONFIRMATION = "confirmation"


@dataclass(frozen=True, slots=True)
class Answer:
    """The one mail that goes back, limits permitting.

    Attributes:
        to: the From address: no answer goes to any other.
        language: "en" or "zh": theirs when we know it, else the language they wrote in.
        message_id: of their mail, for In-Reply-To, "" when it has none.
        references: their References and In-Reply-To, for ours.
        subject: theirs, without prefixes.
        note: "" or what the reply is about when no intent says it: "help", "not-understood", "not-subscribed", "not-proven", "already-done", "expired", "empty".
    """

    kind: AnswerKind
    to: str
    language: str
    message_id: str
    references: tuple[str, ...]
    subject: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a mail is and what is to be done.

    Attributes:
        kind: what it is.
        recipients: of a bounce or complaint: whom it is about; of other mail: the sender.
        status: RFC 3463 status of a bounce, "" otherwise.
        reason: in words: of a bounce, or why nothing is done.
        intents: what to do, in order.
        answer: the one mail that goes back, None for silence.
        commands: what was understood.
        unclear: what was not.
    """

    kind: MailClass
    recipients: tuple[str, ...]
    status: str
    reason: str
    intents: tuple[Intent, ...]
    answer: Answer | None = None
    commands: tuple[Command, ...] = ()
    unclear: tuple[Unclear, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether a mail goes back."""
        return self.answer is not None
