"""Why did this reader (not) get this report: every step from the poll to the relay's 250, or where it stopped.

The answer comes from the database alone. Steps are codes with facts; `explain_words` says them in a reader's language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import DeliveryState, ReportState, SubscriberState
from alertd.store import announcements, history, schedules
from alertd.store.announcements import AnnouncementRow
from alertd.store.history import Asked, Carried, ReportFacts, ToldRow
from alertd.store.schedules import ScheduleRow
from alertd.store.subscribers import SubscriberRow


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
        carried: the delivery of the digest that told the newest revision, None when there is none.
    """

    report: ReportFacts
    reader: SubscriberRow
    announced: Sequence[AnnouncementRow]
    asked: Sequence[Asked]
    told: Sequence[ToldRow]
    carried: Carried | None
    schedules: dict[int, ScheduleRow]


async def explain(
    connection: AsyncConnection, report: ReportFacts, reader: SubscriberRow
) -> tuple[Step, ...]:
    """The steps of one pair, read in one transaction."""
    told = await history.told_rows(connection, reader.id, report.id)
    carried = await history.carried(connection, told[-1].digest_id) if told and told[-1].digest_id else None
    return steps(
        Known(
            report=report,
            reader=reader,
            announced=await announcements.of_report(connection, report.id),
            asked=await history.asked(connection, reader.id, report.id),
            told=told,
            carried=carried,
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
    if known.told:
        return (*found, *_matched(known), *_told(known))
    return (*found, *_why_not_told(known))


def _not_announced(report: ReportFacts) -> Step:
    codes = {
        ReportState.BASELINE: "baseline",
        ReportState.HELD: "held",
        ReportState.OLD: "old",
        ReportState.DISCARDED: "discarded",
        ReportState.RETRACTED: "retracted",
    }
    return Step(codes.get(report.state, "not_announced"), facts={"reason": report.reason or ""}, stops=True)


def _matched(known: Known) -> list[Step]:
    names = list(dict.fromkeys(each.shown for each in known.asked if each.asks))
    return [Step("matched", facts={"queries": names})] if names else []


def _told(known: Known) -> list[Step]:
    last = known.told[-1]
    if last.reason == "skipped":
        return [Step("skipped", stops=True)]
    if last.edition_id is None:
        return [Step("purged", stops=True)]
    found = [Step("edition", last.opened_at, {"edition": last.edition_id, "due": last.due_at})]
    if known.carried is not None:
        found.append(_carried(known.carried))
    else:
        found.append(Step("purged", stops=True))
    return found


def _carried(row: Carried) -> Step:
    facts = {"delivery": row.id, "code": row.code, "reply": row.reply or "", "attempts": row.attempts}
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
        return [Step("retracted", facts={"reason": known.report.reason or ""}, stops=True)]
    matching = [each for each in known.asked if each.no is not None]
    if not known.asked:
        return [Step("asked_nothing", stops=True)]
    if not matching:
        names = list(dict.fromkeys(each.shown for each in known.asked if each.dropped_at is None))
        return [Step("no_match", facts={"queries": names}, stops=True)]
    asking = [each for each in matching if each.asks]
    if not asking:
        last = matching[-1]
        if last.dropped_at is not None:
            return [Step("dropped", last.dropped_at, {"queries": [last.shown]}, stops=True)]
        return [Step("asked_later", facts={"queries": [last.shown]}, stops=True)]
    found = [Step("matched", facts={"queries": list(dict.fromkeys(each.shown for each in asking))})]
    reader = known.reader
    if reader.state is SubscriberState.PAUSED:
        return [*found, Step("paused", facts={"until": reader.pause_until}, stops=True)]
    if reader.state is not SubscriberState.ACTIVE:
        return [*found, Step("ended", reader.ended_at, {"reason": reader.end_reason or ""}, stops=True)]
    dues = [
        known.schedules[each.schedule_id].next_due_at
        for each in asking
        if each.schedule_id in known.schedules
    ]
    return [
        *found,
        Step("waits", facts={"next": min((due for due in dues if due), default=None)}, stops=True),
    ]
