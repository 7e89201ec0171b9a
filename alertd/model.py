"""The nouns of the service as frozen values: times aware, ids as their own types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NewType

CatalogueId = NewType("CatalogueId", int)
ReportId = NewType("ReportId", int)
QueryId = NewType("QueryId", int)
TopicId = NewType("TopicId", int)
ScheduleId = NewType("ScheduleId", int)
SubscriberId = NewType("SubscriberId", int)
SubscriptionId = NewType("SubscriptionId", int)
EditionId = NewType("EditionId", int)
DigestId = NewType("DigestId", int)
DeliveryId = NewType("DeliveryId", int)
No = NewType("No", int)
"""The number of an announcement."""


class ReportState(StrEnum):
    """Where a report stands."""

    NEW = "new"
    BASELINE = "baseline"
    HELD = "held"
    ANNOUNCED = "announced"
    DISCARDED = "discarded"
    OLD = "old"
    RETRACTED = "retracted"


class CatalogueState(StrEnum):
    """Whether a catalogue is polled."""

    ACTIVE = "active"
    GONE = "gone"
    ENDED = "ended"


class SubscriberState(StrEnum):
    """Where a subscriber stands."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    SUPPRESSED = "suppressed"


class Kind(StrEnum):
    """How often a schedule fires."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Origin(StrEnum):
    """Whose hand made a subscription."""

    FILE = "file"
    CLI = "cli"
    MAIL = "mail"
    WEB = "web"


class Cause(StrEnum):
    """Why a report was announced."""

    NEW = "new"
    RELEASED = "released"
    REVISED = "revised"
    LATE = "late"


class DeliveryState(StrEnum):
    """The outbox's states. `IN_DOUBT` is committed before the first byte of DATA."""

    PENDING = "pending"
    CLAIMED = "claimed"
    IN_DOUBT = "in_doubt"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"
    EXPIRED = "expired"


class MailKind(StrEnum):
    """What a delivery is; the template of the same name renders it."""

    DIGEST = "digest"
    WELCOME = "welcome"
    CONFIRMATION = "confirmation"
    REPLY = "reply"
    FORWARD = "forward"
    ALARM = "alarm"
    TEST = "test"


class Priority:
    """Which delivery goes first: the smaller number."""

    TRANSACTIONAL = 0
    IMMEDIATE = 1
    DIGEST = 2
    WELCOME = 3


@dataclass(frozen=True, slots=True)
class ReportFields:
    """The text of one revision of a report, already clean: no markup, no control characters, NFC.

    Attributes:
        title: never empty (a report without one gets its number or its URL).
        url: absolute http(s) URL, or "".
        abstract: the abstract alone, or "".
        authors: names as printed.
        department: as printed, or "".
        number: the report's number within its year, for example "178", or "".
        year: the year the number belongs to, None when unknown.
        total_number: the running number over all years, for example "4863", or "".
        keywords: as printed, in their order.
        dated: the day printed on the report or given by the feed, None when it has none.
        language: "en", "zh" or another BCP 47 primary tag.
    """

    title: str
    url: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    department: str = ""
    number: str = ""
    year: int | None = None
    total_number: str = ""
    keywords: tuple[str, ...] = ()
    dated: date | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Report:
    """One published thing, at one revision.

    Attributes:
        identity: guid, else canonical link, else a hash; unique within the catalogue.
        revision: 1 for the first text seen.
        reason: why it is in its state, "" where that needs none.
    """

    id: ReportId
    catalogue: str
    identity: str
    revision: int
    state: ReportState
    fields: ReportFields
    seen_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When digests go. The value; rows of equal schedules are shared.

    Attributes:
        kind: how often.
        days: weekday 1-7 (Monday is 1) for weekly, day of the month 1-31 for monthly (clamped to the month's last),
            0 for daily and immediate.
        minute: minute of the local day, 0-1439; 0 for immediate.
        zone: IANA name; "UTC" for immediate, so that all immediate subscriptions share one row.
    """

    kind: Kind
    days: int = 0
    minute: int = 0
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Announce:
    """A report revision that becomes effective: what a poll or a release hands to matching.

    Attributes:
        catalogue: the catalogue's name.
    """

    report_id: ReportId
    revision: int
    catalogue: str
    fields: ReportFields
    cause: Cause


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail ready for the relay.

    Attributes:
        return_path: envelope sender; "" is the null path.
        recipient: envelope recipient.
        data: the whole message, CRLF line ends, not dot-stuffed.
        message_id: with its angle brackets; the same on every attempt.
    """

    return_path: str
    recipient: str
    data: bytes
    message_id: str


def fields_to_json(fields: ReportFields) -> dict[str, Any]:
    """The fields as the store keeps them."""
    values = {name: getattr(fields, name) for name in ReportFields.__dataclass_fields__}
    values["dated"] = fields.dated.isoformat() if fields.dated else None
    return values


def fields_from_json(values: dict[str, Any]) -> ReportFields:
    """The fields that `fields_to_json` gave."""
    dated = values.get("dated")
    return ReportFields(
        **{
            **values,
            "authors": tuple(values.get("authors", ())),
            "keywords": tuple(values.get("keywords", ())),
            "dated": date.fromisoformat(dated) if dated else None,
        }
    )
