"""What an edit of config/*.toml would change in the store, decided from both. Pure.

Two hands own a subscription, the file's and the person's: the file changes what it gave and nothing the person did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from alertd.addresses import address_key
from alertd.config.settings import DeclaredSubscriber
from alertd.model import Origin, Schedule, ScheduleId, SubscriberId, SubscriberState, SubscriptionId
from alertd.store.subscribers import SubscriberRow
from alertd.store.subscriptions import SubscriptionRow
from alertd.subscribers import leave
from alertd.subscribers.enrol import Enrolment, Wish, identity

SHARE_THAT_MAY_END = 0.10
NUMBER_THAT_MAY_END = 10


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
        declared: how many readers the file had declared before.
    """

    enrol: tuple[Enrolment, ...] = ()
    edits: tuple[Edit, ...] = ()
    end: tuple[tuple[SubscriberId, str], ...] = ()
    declared: int = 0

    def refusal(self, *, absent: bool) -> str:
        """Why this needs `--force`: it would end too many, or the file is absent; "" when it does not."""
        if not self.end:
            return ""
        if absent:
            return f"subscribers.toml is absent, which would end all {len(self.end)} declared subscribers"
        if len(self.end) > NUMBER_THAT_MAY_END and len(self.end) > SHARE_THAT_MAY_END * self.declared:
            return f"this edit would end {len(self.end)} of {self.declared} declared subscribers, more than one in ten"
        return ""


def decide(
    declared: Sequence[DeclaredSubscriber],
    wishes: Mapping[str, tuple[Wish, ...]],
    readers: Collection[SubscriberRow],
    held: Mapping[SubscriberId, Sequence[SubscriptionRow]],
    schedules: Mapping[ScheduleId, Schedule],
) -> Plan:
    """Compare the file with the store.

    Args:
        declared: the file's subscribers.
        wishes: what each asks for, by address key.
        readers: every reader who is declared, or was by origin or by a subscription.
        held: the heads of these readers' chains, dropped ones included.
        schedules: all stored schedules.
    """
    by_key = {row.address_key: row for row in readers}
    enrolments, edits, ending = [], [], []
    wanted = {address_key(each.address): each for each in declared}
    for key, each in wanted.items():
        row = by_key.get(key)
        if row is None or _may_return(row):
            enrolments.append(_enrolment(each, wishes[key]))
        elif row.state in {SubscriberState.ACTIVE, SubscriberState.PAUSED}:
            edits.append(_edit(each, wishes[key], row, held.get(row.id, ()), schedules))
    standing = [row for row in readers if row.state in {SubscriberState.ACTIVE, SubscriberState.PAUSED}]
    of_file = [row for row in standing if _open_of_file(held.get(row.id, ())) or row.origin is Origin.FILE]
    for row in of_file:
        if row.address_key in wanted:
            continue
        rows = [each for each in held.get(row.id, ()) if each.dropped_at is None]
        mine = tuple(each.root_id for each in rows if each.origin is Origin.FILE)
        if len(mine) == len(rows):
            ending.append((row.id, row.address))
        else:
            edits.append(Edit(row.id, row.address, drop=mine))
    return Plan(
        tuple(enrolments), tuple(edit for edit in edits if edit), tuple(ending), declared=len(of_file)
    )


def _may_return(row: SubscriberRow) -> bool:
    """Who was taken out of the file comes back with it; who left by themselves does not."""
    return row.state is SubscriberState.ENDED and row.end_reason == leave.OUT_OF_FILE


def _open_of_file(rows: Sequence[SubscriptionRow]) -> bool:
    return any(row.origin is Origin.FILE and row.dropped_at is None for row in rows)


def _enrolment(each: DeclaredSubscriber, wishes: tuple[Wish, ...]) -> Enrolment:
    return Enrolment(each.address, each.language, each.time_zone, each.format, wishes)


def _edit(
    each: DeclaredSubscriber,
    wishes: tuple[Wish, ...],
    row: SubscriberRow,
    rows: Sequence[SubscriptionRow],
    schedules: Mapping[ScheduleId, Schedule],
) -> Edit:
    own = set(row.own_settings)
    given = {"language": each.language, "format": each.format, "time_zone": each.time_zone}
    stored = {"language": row.language, "format": row.format, "time_zone": row.zone}
    standing = {identity(held): held for held in rows if held.dropped_at is None}
    refused = {identity(held) for held in rows if held.dropped_at and held.drop_reason != leave.OUT_OF_FILE}
    wanted = {wish.identity: wish for wish in wishes}
    moves, labels = [], []
    for key, wish in wanted.items():
        held = standing.get(key)
        if held is None or held.origin is not Origin.FILE:
            continue
        if held.label != wish.label:
            labels.append((held.root_id, wish.label))
        if "schedule" not in own and "time_zone" not in own and schedules[held.schedule_id] != wish.schedule:
            moves.append((held.root_id, wish.schedule))
    return Edit(
        row.id,
        row.address,
        add=tuple(wish for key, wish in wanted.items() if key not in standing and key not in refused),
        drop=tuple(
            held.root_id for key, held in standing.items() if held.origin is Origin.FILE and key not in wanted
        ),
        move=tuple(moves),
        label=tuple(labels),
        settings={name: value for name, value in given.items() if name not in own and value != stored[name]},
    )
