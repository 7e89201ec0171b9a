"""What a poll's entries mean for what the store knows: new, revised, seen, held, old, baseline. Pure.

Nothing here forgets: an entry that is missing from a poll changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from alertd.catalogue.identity import Candidate
from alertd.config.settings import Catalogue
from alertd.mail.wording import many
from alertd.model import ReportFields, ReportId, ReportState

RENEWED_LIMIT = 3
"""So many reports of the feed under new identities in one poll are the feed's renewal, not news: they are held."""
MAX_REVISIONS = 24
"""A report whose text changes at every poll (a counter in it) stops getting revisions here."""
_A_DAY = timedelta(days=1)
_T = TypeVar("_T")
_QUIET = frozenset({ReportState.HELD, ReportState.DISCARDED, ReportState.RETRACTED, ReportState.OLD})


@dataclass(frozen=True, slots=True)
class Known:
    """A report the store has, at its newest revision."""

    report_id: ReportId
    identity: str
    revision: int
    state: ReportState
    content_hash: str


@dataclass(frozen=True, slots=True)
class Past:
    """What the store knows of a catalogue when a poll is decided.

    Attributes:
        baseline: an earlier poll succeeded.
        holding: reports are held.
        known: by identity; at least those that a candidate's `identity` or `apart` names.
        lately: by content hash, what the feed had lately.
    """

    baseline: bool
    holding: bool
    known: Mapping[str, Known]
    lately: Mapping[str, Sequence[Known]]


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report to store. `state` NEW means: announce it."""

    identity: str
    fields: ReportFields
    content_hash: str
    state: ReportState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewRevision:
    """A changed text to store.

    Attributes:
        revision: its number.
        announce: tell it to readers now.
        hold: hold the report, because too many change at once.
    """

    report_id: ReportId
    revision: int
    fields: ReportFields
    content_hash: str
    announce: bool = False
    hold: bool = False


@dataclass(frozen=True, slots=True)
class PollDecision:
    """What to write. Announce `new` reports in state NEW and `revised` ones so marked, in this order (oldest first).

    Attributes:
        seen: known reports that the feed still has.
        alarm: titles of what is held, when this poll opened the hold.
        why: what the poll did that it is held for, as the end of a sentence about it; "" when nothing is held.
        conflicts: entries whose identity another entry had with other content; they were told apart by link or title.
    """

    new: tuple[NewReport, ...] = ()
    revised: tuple[NewRevision, ...] = ()
    seen: tuple[ReportId, ...] = ()
    alarm: tuple[str, ...] = ()
    why: str = ""
    conflicts: int = 0

    def count(self, state: ReportState) -> int:
        """How many new reports get this state."""
        return sum(each.state is state for each in self.new)


def decide(past: Past, found: Sequence[Candidate], catalogue: Catalogue, now: datetime) -> PollDecision:
    """Decide a successful poll.

    Args:
        past: read in the transaction that will write the result.
        found: the poll's candidates, newest first as feeds have them (dates go before that order).
        catalogue: its settings.
        now: aware; dates more than a day after it are not believed.
    """
    named, conflicts = resolve(found, past.known)
    identities = {identity for identity, _ in named}
    fresh: list[tuple[str, Candidate]] = []
    seen: list[ReportId] = []
    changed: list[tuple[Known, Candidate]] = []
    for identity, each in named:
        known = past.known.get(identity)
        held = next(
            (twin for twin in _lost_twins(each, past, identities) if twin.state is ReportState.HELD), None
        )
        if known is not None:
            seen.append(known.report_id)
            if known.content_hash != each.content_hash and known.revision < MAX_REVISIONS:
                changed.append((known, each))
        elif held is not None:
            seen.append(held.report_id)  # held already under an identity that the feed has renewed once more
        else:
            fresh.append((identity, each))
    new = _new_reports(fresh, past, identities, catalogue, now)
    revised = _revisions(changed, catalogue, now)
    titles = [each.fields.title for each in new if each.state is ReportState.HELD]
    titles += [each.fields.title for each in revised if each.hold]
    alarm = () if past.holding else tuple(titles)
    why = _why(len(fresh), new, revised, catalogue.flood_limit)
    return PollDecision(new, revised, tuple(dict.fromkeys(seen)), alarm, why, conflicts)


def _why(fresh: int, new: Sequence[NewReport], revised: Sequence[NewRevision], limit: int) -> str:
    """What a poll is held for: all that is new counts, also what is too old to be held."""
    held = sum(each.state is ReportState.HELD for each in new)
    rewritten = sum(each.hold for each in revised)
    parts = []
    if held and fresh > limit:
        parts.append(f"brought {many(fresh, 'new report')}, more than its flood_limit of {limit}")
    elif held:
        parts.append(f"gave {many(held, 'report')} that it had before another identity")
    if rewritten:
        parts.append(f"brought {many(rewritten, 'revised report')}, more than its flood_limit of {limit}")
    return " and ".join(parts)


def resolve(
    found: Iterable[Candidate], known: Mapping[str, Known]
) -> tuple[list[tuple[str, Candidate]], int]:
    """Each candidate with the identity it goes by, one per identity, and how many had to be told apart.

    Entries that share an identity and their content are one. Where the content differs, the one the store knows under
    that identity by its content keeps it, or, when the identity is new, the last one in the feed (the oldest); the others
    go by their `apart` identities, so that none is lost and the next poll finds the same.
    """
    different = {(each.identity, each.content_hash): each for each in reversed(list(found))}
    named = dict(_share(list(reversed(different.values())), 0, known))
    return list(named.items()), len(different) - len({each.identity for each in different.values()})


def _share(found: list[Candidate], level: int, known: Mapping[str, Known]) -> Iterator[tuple[str, Candidate]]:
    """Names for candidates of different content, by their names of this level and, where these are shared, of the next."""
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for each in found:
        groups[_names(each)[level]].append(each)
    for name, group in groups.items():
        if len(group) == 1:
            yield _alone(group[0], level, known), group[0]
            continue
        owner = _owner(name, group, level, known)
        if owner is not None:
            yield name, owner
        yield from _share([each for each in group if each is not owner], level + 1, known)


def _alone(each: Candidate, level: int, known: Mapping[str, Known]) -> str:
    """Its name, unless it is known apart from an entry that has left the feed."""
    name, *others = _names(each)[level:]
    if name in known and known[name].content_hash != each.content_hash:
        return next((other for other in others if other in known), name)
    return name


def _owner(name: str, group: Sequence[Candidate], level: int, known: Mapping[str, Known]) -> Candidate | None:
    """The one that keeps a shared name, None when none of these does."""
    if name in known:
        return next((each for each in group if each.content_hash == known[name].content_hash), None)
    unknown = (
        each for each in reversed(group) if not any(other in known for other in _names(each)[level + 1 :])
    )
    return next(unknown, None)


def _names(each: Candidate) -> tuple[str, ...]:
    return (each.identity, *each.apart)


def _new_reports(
    fresh: list[tuple[str, Candidate]], past: Past, identities: set[str], catalogue: Catalogue, now: datetime
) -> tuple[NewReport, ...]:
    ordered = _oldest_first(fresh, now)
    if not past.baseline:
        first_told = len(ordered) - catalogue.announce_last
        states = [
            (ReportState.NEW, "")
            if index >= first_told
            else (ReportState.BASELINE, "in the feed at the first poll")
            for index in range(len(ordered))
        ]
    else:
        flood = len(fresh) > catalogue.flood_limit
        renewed = {identity for identity, each in fresh if _lost_twins(each, past, identities)}
        renewed = renewed if len(renewed) >= RENEWED_LIMIT else set()
        states = [
            _state(pair, flood=flood, renewed=renewed, max_age=catalogue.max_age, now=now) for pair in ordered
        ]
    return tuple(
        NewReport(identity, clamp(each.fields, now), each.content_hash, state, reason)
        for (identity, each), (state, reason) in zip(ordered, states, strict=True)
    )


def _state(
    pair: tuple[str, Candidate], *, flood: bool, renewed: set[str], max_age: timedelta, now: datetime
) -> tuple[ReportState, str]:
    identity, each = pair
    if is_old(each, max_age, now):
        return (
            ReportState.OLD,
            f"dated {_day(each, now)}, more than {max_age.days} days before it was first seen",
        )
    if flood:
        return ReportState.HELD, "more new reports in one poll than flood_limit"
    if identity in renewed:
        return ReportState.HELD, "the feed renewed the identities of reports it already had"
    return ReportState.NEW, ""


def _lost_twins(each: Candidate, past: Past, identities: set[str]) -> list[Known]:
    """Reports of the same content that the feed had lately, and that are not in this poll."""
    return [twin for twin in past.lately.get(each.content_hash, ()) if twin.identity not in identities]


def _revisions(
    changed: list[tuple[Known, Candidate]], catalogue: Catalogue, now: datetime
) -> tuple[NewRevision, ...]:
    wanted = catalogue.on_revision == "announce"
    told = {known.report_id for known, each in changed if wanted and known.state not in _QUIET}
    flood = len(told) > catalogue.flood_limit
    return tuple(
        NewRevision(
            known.report_id,
            known.revision + 1,
            clamp(each.fields, now),
            each.content_hash,
            announce=known.report_id in told and not flood,
            hold=known.report_id in told and flood,
        )
        for known, each in _oldest_first(changed, now)
    )


def _oldest_first(pairs: Sequence[tuple[_T, Candidate]], now: datetime) -> list[tuple[_T, Candidate]]:
    """By date; feeds are newest first, so of one day the last comes first."""
    turned = list(reversed(pairs))
    turned.sort(key=lambda pair: _day(pair[1], now))
    return turned


def is_old(each: Candidate, max_age: timedelta, now: datetime) -> bool:
    """Every date known of it is longer ago than `max_age`; without a date nothing is old."""
    days = [day for day in each.days if not _is_future(day, now)]
    return bool(days) and max(days) < (now - max_age).date()


def clamp(fields: ReportFields, now: datetime) -> ReportFields:
    """Without a date that lies in the future (a day of it is allowed: zones differ): it has none that can be believed."""
    if fields.dated and _is_future(fields.dated, now):
        return replace(fields, dated=None)
    return fields


def _is_future(day: date, now: datetime) -> bool:
    return day > (now + _A_DAY).date()


def _day(each: Candidate, now: datetime) -> date:
    """The newest believable date, today when there is none."""
    return max((day for day in each.days if not _is_future(day, now)), default=now.date())
