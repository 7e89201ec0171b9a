"""Why did this reader (not) get this report: every step from the poll to the relay's 250, or where it stopped.

The answer comes from the database alone. Steps are codes with facts; `explain_words` says them in a reader's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryState, Report, ReportState, SubscriberState
from alertd.store import announcements, history, schedules
from alertd.store.announcements import AnnouncementRow
from alertd.store.history import Asked, Carried, ToldRow, Withdrawn
from alertd.store.schedules import ScheduleRow
from alertd.store.subscribers import SubscriberRow

_OVER = {SubscriberState.ENDED, SubscriberState.SUPPRESSED}


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes:
        code: a key of `explain_words.WORDS`.
        at: when, None when it has no time of its own.
        facts: what the words need.
        stops: whether the way ends here without a mail.
    """

    code: str
    at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a report and a reader.

    Attributes:
        carried: the deliveries of the digests that told it, by digest.
    """

    report: Report
    reader: SubscriberRow
    announced: Sequence[AnnouncementRow]
    asked: Sequence[Asked]
    told: Sequence[ToldRow]
    carried: Mapping[int, Carried]
    withdrawn: Sequence[Withdrawn]
    schedules: dict[int, ScheduleRow]


async def explain(connection: AsyncConnection, report: Report, reader: SubscriberRow) -> tuple[Step, ...]:
    """The steps of one pair, read in one transaction."""
    told = await history.told_rows(connection, reader.id, report.id)
    digests = {row.digest_id for row in told if row.digest_id is not None}
    announced = await announcements.of_report(connection, report.id)
    withdrawn = (
        await history.withdrawn(connection, reader.id, report.id, since=min(each.no for each in announced))
        if announced
        else []
    )
    return steps(
        Known(
            report=report,
            reader=reader,
            announced=announced,
            asked=await history.asked(connection, reader.id, report.id),
            told=told,
            carried=await history.carried(connection, digests),
            withdrawn=withdrawn,
            schedules={row.id: row for row in await schedules.all_rows(connection)},
        )
    )


def steps(known: Known) -> tuple[Step, ...]:
    """Decide what to say; pure."""
    found = [
        Step(
            "seen",
            known.report.seen_at,
            {"catalogue": known.report.catalogue, "report": known.report.identity},
        )
    ]
    if not known.announced:
        found.append(_not_announced(known.report))
        return tuple(found)
    found += [
        Step("announced", each.at, {"no": each.no, "revision": each.revision, "cause": each.cause})
        for each in known.announced
    ]
    if not known.told:
        return (*found, *_with_withdrawn(known, _why_not_told(known)))
    newer = [each for each in known.asked if each.asks and (each.revision or 0) > known.told[-1].revision]
    waits = known.report.state is not ReportState.RETRACTED and newer
    rest = [*_matched(known.asked), *_told(known), *([_waits(known, newer)] if waits else ())]
    return (*found, *_with_withdrawn(known, rest))


def _with_withdrawn(known: Known, rest: list[Step]) -> list[Step]:
    """What was taken back was found before it was, and anything else happened afterwards."""
    place = 1 if rest and rest[0].code == "matched" else 0
    taken_back = [
        Step(
            "withdrawn",
            each.withdrawn_at,
            {"edition": each.edition_id, "due": each.due_at, "reason": each.reason},
        )
        for each in known.withdrawn
    ]
    return [*rest[:place], *taken_back, *rest[place:]]


def _not_announced(report: Report) -> Step:
    codes = {
        ReportState.BASELINE: "baseline",
        ReportState.HELD: "held",
        ReportState.OLD: "old",
        ReportState.DISCARDED: "discarded",
        ReportState.RETRACTED: "retracted",
    }
    return Step(codes.get(report.state, "not_announced"), facts={"reason": report.reason}, stops=True)


def _matched(rows: Sequence[Asked]) -> list[Step]:
    names = _names([each for each in rows if each.asks])
    return [Step("matched", facts={"queries": names})] if names else []


def _names(rows: Sequence[Asked]) -> list[str]:
    return list(dict.fromkeys(each.shown for each in rows))


def _told(known: Known) -> list[Step]:
    found: dict[int | None, list[Step]] = {}
    for row in known.told:  # two revisions may be in one digest
        if row.reason == "skipped":
            found[row.digest_id] = [Step("skipped", stops=True)]
            continue
        carried = known.carried.get(row.digest_id or 0)
        if row.edition_id is None or carried is None:
            found[row.digest_id] = [Step("purged", stops=True)]
        else:
            edition = Step("edition", row.opened_at, {"edition": row.edition_id, "due": row.due_at})
            found[row.digest_id] = [edition, _carried(carried)]
    return [step for steps_of_digest in found.values() for step in steps_of_digest]


def _carried(row: Carried) -> Step:
    facts: dict[str, Any] = {
        "delivery": row.id,
        "code": row.code,
        "reply": row.reply or "",
        "attempts": row.attempts,
    }
    at = {
        DeliveryState.SENT: row.done_at,
        DeliveryState.FAILED: row.done_at,
        DeliveryState.EXPIRED: row.done_at,
    }
    waiting = row.state in {DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.IN_DOUBT}
    if waiting:
        facts["next"] = row.next_at
    return Step(
        f"delivery_{row.state}",
        at.get(row.state, row.queued_at),
        facts,
        stops=row.state in {DeliveryState.FAILED, DeliveryState.HELD, DeliveryState.EXPIRED},
    )


def _why_not_told(known: Known) -> list[Step]:
    if known.report.state is ReportState.RETRACTED:
        return [Step("retracted", facts={"reason": known.report.reason}, stops=True)]
    asking = [each for each in known.asked if each.asks]
    if asking:
        return [*_matched(asking), _waits(known, asking)]
    if not known.asked:
        return [Step("asked_nothing", stops=True)]
    dropped = [each for each in known.asked if each.covers]
    if dropped:
        return [_dropped(known.reader, dropped[-1])]
    later = [each for each in known.asked if each.came_later and each.dropped_at is None]
    if later:
        return [Step("asked_later", facts={"queries": _names(later)}, stops=True)]
    now = [each for each in known.asked if each.dropped_at is None and each.until_no is None]
    if now:
        return [Step("no_match", facts={"queries": _names(now)}, stops=True)]
    return [_ended(known.reader) if known.reader.state in _OVER else Step("asked_nothing", stops=True)]


def _dropped(reader: SubscriberRow, row: Asked) -> Step:
    """Leaving drops everything in the same instant; that is told as leaving."""
    if reader.state in _OVER and reader.ended_at == row.dropped_at:
        return _ended(reader)
    return Step("dropped", row.dropped_at, {"queries": [row.shown]}, stops=True)


def _ended(reader: SubscriberRow) -> Step:
    return Step("ended", reader.ended_at, {"reason": reader.end_reason or ""}, stops=True)


def _waits(known: Known, asking: Sequence[Asked]) -> Step:
    if known.reader.state is SubscriberState.PAUSED:
        return Step("paused", facts={"until": known.reader.pause_until}, stops=True)
    if known.reader.state in _OVER:
        return _ended(known.reader)
    dues = [known.schedules[each.schedule_id].next_due_at for each in asking]
    return Step("waits", facts={"next": min((due for due in dues if due), default=None)}, stops=True)
