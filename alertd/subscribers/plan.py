"""What an edit of config/*.toml would change in the store, decided from both. Pure.

Two hands own a subscription, the file's and the person's: the file changes what it gave and nothing the person did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alertd.addresses import address_key
from alertd.config.settings import DeclaredSubscriber
from alertd.mail.wording import many
from alertd.model import Origin, Schedule, ScheduleId, SubscriberId, SubscriberState, SubscriptionId, TopicId
from alertd.store.subscribers import SubscriberRow
from alertd.store.subscriptions import SubscriptionRow
from alertd.subscribers import leave
from alertd.subscribers.enrol import Enrolment, Wish, identity
from alertd.subscribers.own import former_keys

SHARE_THAT_MAY_END = 0.10
NUMBER_THAT_MAY_END = 10
MOST_NAMED = 5
_STANDING = {SubscriberState.ACTIVE, SubscriberState.PAUSED}

Held = Mapping[SubscriberId, Sequence[SubscriptionRow]]
Schedules = Mapping[ScheduleId, Schedule]


@dataclass(frozen=True, slots=True)
class Edit:
    """What the file changes for one reader who is there.

    Attributes:
        add: wishes the file gives anew.
        drop: chains the file gave and gives no more.
        move: chains to another schedule.
        label: chains to another label.
        settings: language, format and time_zone to set.
    """

    subscriber_id: SubscriberId
    address: str
    add: tuple[Wish, ...] = ()
    drop: tuple[SubscriptionId, ...] = ()
    move: tuple[tuple[SubscriptionId, Schedule], ...] = ()
    label: tuple[tuple[SubscriptionId, str], ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.add or self.drop or self.move or self.label or self.settings)


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying the file does.

    Attributes:
        enrol: people to make active.
        edits: readers to change.
        end: readers whom nothing is left for, by address.
        declared: how many readers had something from the file before.
        skipped: addresses that are declared and not enrolled because they must not be mailed, and why.
    """

    enrol: tuple[Enrolment, ...] = ()
    edits: tuple[Edit, ...] = ()
    end: tuple[tuple[SubscriberId, str], ...] = ()
    declared: int = 0
    skipped: tuple[tuple[str, str], ...] = ()


def refusal(
    plan: Plan,
    *,
    topics: Sequence[str],
    catalogues: Sequence[str],
    missing: Collection[str],
    empty: Collection[str],
) -> str:
    """Why an edit needs `--force`: a file is gone or emptied that gave something, or it would end too many; else "".

    Args:
        plan: for the readers.
        topics: names of those that it ends.
        catalogues: likewise.
        missing: names of the files that are not there.
        empty: names of those that are there and declare nothing; of subscribers.toml the number that end tells.
    """
    lost = []
    for file, noun, names in (
        ("catalogues.toml", "catalogue", catalogues),
        ("topics.toml", "topic", topics),
    ):
        what = f"or it ends {many(len(names), noun)} ({_listed(names)})"
        if names and file in missing:
            lost.append(f"{file} is absent: put it back, {what}")
        elif names and file in empty:
            lost.append(f"{file} declares nothing any more: put back what was in it, {what}")
    if "subscribers.toml" in missing and (plan.end or plan.edits):
        concerned = many(len(plan.end) + len(plan.edits), "declared subscriber")
        lost.append(f"subscribers.toml is absent: put it back, or what it gave to {concerned} ends")
    elif len(plan.end) > NUMBER_THAT_MAY_END and len(plan.end) > SHARE_THAT_MAY_END * plan.declared:
        lost.append(
            f"this edit would end {len(plan.end)} of {plan.declared} declared subscribers, more than one in ten"
        )
    return "; ".join(lost)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def decide(
    declared: Sequence[DeclaredSubscriber],
    wishes: Mapping[str, tuple[Wish, ...]],
    readers: Collection[SubscriberRow],
    held: Held,
    schedules: Schedules,
) -> Plan:
    """Compare the file with the store.

    Args:
        declared: the file's subscribers.
        wishes: what each asks for, by address key.
        readers: every reader who is declared, or was by origin or by a subscription.
        held: the heads of these readers' chains, dropped ones included.
        schedules: all stored schedules.
    """
    wanted = {address_key(each.address): each for each in declared}
    known = meant(wanted, readers)
    enrolments, edits = [], []
    for key, each in wanted.items():
        row = known.get(key)
        if row is None:
            enrolments.append(
                Enrolment(each.address, each.language, each.time_zone, each.format, wishes[key])
            )
        elif _may_return(row):
            enrolments.append(_back(each, wishes[key], row, held.get(row.id, ()), schedules))
        elif row.state in _STANDING:
            edits.append(_edit(each, wishes[key], row, held.get(row.id, ()), schedules))
    named = {row.id for row in known.values()}
    of_file = [row for row in readers if row.state in _STANDING and _given(row, held.get(row.id, ()))]
    taken_out = [_taken_out(row, held.get(row.id, ())) for row in of_file if row.id not in named]
    edits += [edit for edit in taken_out if isinstance(edit, Edit)]
    return Plan(
        enrol=tuple(each for each in enrolments if each.wishes),
        edits=tuple(edit for edit in edits if edit),
        end=tuple(each for each in taken_out if not isinstance(each, Edit)),
        declared=len(of_file),
    )


def meant(keys: Collection[str], readers: Collection[SubscriberRow]) -> dict[str, SubscriberRow]:
    """Whom the file's address keys mean: who has the address, else who had it and changed it by themselves."""
    found = {row.address_key: row for row in readers if row.address_key in keys}
    for row in readers:
        if row.address_key not in keys:
            for key in former_keys(row.own_settings):
                if key in keys:
                    found.setdefault(key, row)
    return found


def _may_return(row: SubscriberRow) -> bool:
    """Who was taken out of the file comes back with it; who left by themselves does not."""
    return row.state is SubscriberState.ENDED and row.end_reason == leave.OUT_OF_FILE


def _given(row: SubscriberRow, rows: Sequence[SubscriptionRow]) -> bool:
    """Whether this reader stands there by the file: they have something from it, or came from it and have nothing."""
    standing = [held for held in rows if held.dropped_at is None]
    if any(held.origin is Origin.FILE for held in standing):
        return True
    return row.origin is Origin.FILE and not standing


def _taken_out(row: SubscriberRow, rows: Sequence[SubscriptionRow]) -> Edit | tuple[SubscriberId, str]:
    """What the file gave is dropped; a reader with nothing of their own ends."""
    standing = [held for held in rows if held.dropped_at is None]
    mine = tuple(held.root_id for held in standing if held.origin is Origin.FILE)
    return Edit(row.id, row.address, drop=mine) if len(mine) < len(standing) else (row.id, row.address)


def _refused(rows: Sequence[SubscriptionRow]) -> set[tuple[str, TopicId | None]]:
    """What the person dropped, by a command or by leaving: the file does not bring it back."""
    return {identity(held) for held in rows if held.dropped_at and held.drop_reason != leave.OUT_OF_FILE}


def _settings(each: DeclaredSubscriber, row: SubscriberRow) -> dict[str, str]:
    """The file's settings for a reader, but for those that they chose by themselves."""
    given = {"language": each.language, "format": each.format, "time_zone": each.time_zone}
    stored = {"language": row.language, "format": row.format, "time_zone": row.zone}
    return {name: stored[name] if name in row.own_settings else given[name] for name in given}


def _own_schedule(row: SubscriberRow) -> bool:
    return "schedule" in row.own_settings or "time_zone" in row.own_settings


def _back(
    each: DeclaredSubscriber,
    wishes: tuple[Wish, ...],
    row: SubscriberRow,
    rows: Sequence[SubscriptionRow],
    schedules: Schedules,
) -> Enrolment:
    """Somebody whom the file had ended and gives again: what they had chosen by themselves is as it was."""
    settings = _settings(each, row)
    refused = _refused(rows)
    last = {identity(held): schedules[held.schedule_id] for held in rows} if _own_schedule(row) else {}
    return Enrolment(
        row.address if former_keys(row.own_settings) else each.address,
        settings["language"],
        settings["time_zone"],
        settings["format"],
        tuple(
            replace(wish, schedule=last.get(wish.identity, wish.schedule))
            for wish in wishes
            if wish.identity not in refused
        ),
        row.own_settings,
    )


def _edit(
    each: DeclaredSubscriber,
    wishes: tuple[Wish, ...],
    row: SubscriberRow,
    rows: Sequence[SubscriptionRow],
    schedules: Schedules,
) -> Edit:
    standing = {identity(held): held for held in rows if held.dropped_at is None}
    refused = _refused(rows)
    wanted: dict[tuple[str, TopicId | None], Wish] = {}
    for wish in wishes:
        wanted.setdefault(wish.identity, wish)
    given = {key: held for key, held in standing.items() if held.origin is Origin.FILE}
    both = [(given[key], wish) for key, wish in wanted.items() if key in given]
    stored = {"language": row.language, "format": row.format, "time_zone": row.zone}
    return Edit(
        row.id,
        row.address,
        add=tuple(wish for key, wish in wanted.items() if key not in standing and key not in refused),
        drop=tuple(held.root_id for key, held in given.items() if key not in wanted),
        move=()
        if _own_schedule(row)
        else tuple(
            (held.root_id, wish.schedule)
            for held, wish in both
            if schedules[held.schedule_id] != wish.schedule
        ),
        label=tuple((held.root_id, wish.label) for held, wish in both if held.label != wish.label),
        settings={name: value for name, value in _settings(each, row).items() if value != stored[name]},
    )
