"""What needs a person, from what the store shows. Pure.

The rule: something is a concern if a reader will miss something, or miss it in time, unless somebody acts. A queue that is
long, a mailbox that is full, a single failed poll are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alertd.catalogue.health import is_silent
from alertd.errors import Fault
from alertd.mail.wording import many
from alertd.model import CatalogueState, DeliveryState, Priority
from alertd.store.catalogues import CatalogueStatus
from alertd.store.deliveries import AttemptRow, Waiting
from alertd.store.editions import EditionRow
from alertd.store.schedules import Coming
from alertd.store.workers import LEASE, WorkerRow

FAILING = 3
"""Failed polls in a row that are no longer bad luck."""

LATE = timedelta(hours=1)
"""What should have been done so long ago is not just about to be."""

TOO_OLD = {
    Priority.TRANSACTIONAL: timedelta(hours=1),
    Priority.IMMEDIATE: timedelta(hours=4),
    Priority.DIGEST: timedelta(hours=24),
    Priority.WELCOME: timedelta(hours=24),
}
"""How old the oldest waiting mail of each priority may be: a retry or two is usual."""

PATIENCE = timedelta(minutes=10)
"""How long a relay may be away, for an upgrade say, before somebody should look."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that needs a person.

    Attributes:
        name: short and stable, with the catalogue or edition it is about: "held:drc".
        what: one sentence without a full stop.
        remedy: what to do, likewise.
    """

    name: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class RelayTrouble:
    """Why the running daemon sends nothing now.

    Attributes:
        until: when it tries again.
        ours: the relay refuses us: log-in, sender or TLS.
    """

    since: datetime
    until: datetime
    reason: str
    ours: bool


@dataclass(frozen=True, slots=True)
class CatalogueSeen:
    """A catalogue with the titles of its held reports, in the order they came."""

    status: CatalogueStatus
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What the store and the files show.

    Attributes:
        at: the instant of looking.
        answers: whether a daemon answers on this host's control socket; None when it took the call and said nothing.
        alone: one process writes this store (SQLite), so a worker that does not answer here is dead.
        workers: those that nobody has ended.
        last_beat_at: until when the store has lived, None when nobody ran on it.
        outbox: deliveries by state.
        ended_at: when the last worker ended, None when none did.
        waiting: by priority.
        doubted: mails in doubt, None when there are none.
        relay: what the daemon says of it, None when all is well or no daemon answers.
        errors: the newest tries without a 250, newest first.
        inbound: mails that came in, by state.
        subscribers: by state.
        faults: of config/*.toml as it stands now.
        unapplied: the files are not those that were applied last.
        refusal: why `alertd reload` would refuse them, "" when it would not.
    """

    at: datetime
    answers: bool | None
    alone: bool
    workers: tuple[WorkerRow, ...] = ()
    last_beat_at: datetime | None = None
    catalogues: tuple[CatalogueSeen, ...] = ()
    schedules: tuple[Coming, ...] = ()
    editions: tuple[EditionRow, ...] = ()
    outbox: Mapping[DeliveryState, int] | None = None
    waiting: Mapping[int, Waiting] | None = None
    last_sent_at: datetime | None = None
    relay: RelayTrouble | None = None
    errors: tuple[AttemptRow, ...] = ()
    inbound: Mapping[str, int] | None = None
    subscribers: Mapping[str, int] | None = None
    faults: tuple[Fault, ...] = ()
    unapplied: bool = False
    refusal: str = ""
    ended_at: datetime | None = None
    doubted: Waiting | None = None

    @property
    def alive(self) -> bool:
        """Whether a daemon works on the store."""
        living = (self.at - each.beat_at <= LEASE for each in self.workers)
        return bool(self.answers) or (not self.alone and any(living))

    @property
    def state(self) -> str:
        """Of the daemon, in words."""
        if self.answers is None:
            return "does not answer"
        return "runs" if self.alive else "does not run"


def silent(seen: CatalogueSeen, now: datetime) -> bool:
    """Whether a catalogue answers well and brings nothing, far longer than is its way."""
    row = seen.status.row
    return row.failures == 0 and is_silent(last_new_at=row.last_new_at, longest=row.longest_gap, now=now)


def concerns(seen: Seen) -> tuple[Concern, ...]:
    """Everything that needs a person, the most pressing first; empty when all is well."""
    found = [*_daemon(seen), *_relay(seen), *_editions(seen)]
    for each in seen.catalogues:
        found += _catalogue(each, seen.at)
    return (*found, *_mails(seen), *_config(seen))


def _daemon(seen: Seen) -> Iterator[Concern]:
    if seen.answers is None:
        heard = f" (last heard of {_when(seen.last_beat_at)})" if seen.last_beat_at else ""
        what = f"the daemon does not answer on its control socket{heard}"
        yield Concern("stuck", what, "see its log, then restart it")
        return
    start = "start it (systemctl start alertd, or alertd run); its log says why it stopped"
    if seen.alive:
        if late := _late(seen):
            yield Concern(
                "stuck", f"the daemon runs and does not get on: {late}", "see its log, then restart it"
            )
    elif seen.last_beat_at is None:
        yield Concern("daemon", "no daemon has run on this store yet", "start it: alertd run")
    elif seen.workers:
        worker = seen.workers[0]
        what = (
            f"the daemon died (process {worker.pid} on {worker.host}, last heard of {_when(worker.beat_at)})"
        )
        yield Concern("daemon", what, start)
    elif late := _late(seen):
        what = f"no daemon runs since {_when(seen.last_beat_at)}, and work waits: {late}"
        yield Concern("daemon", what, start)


def _late(seen: Seen) -> str:
    """What should have been done for an hour, "" when nothing."""
    before = seen.at - LATE
    polls = [
        each.status.row.name
        for each in seen.catalogues
        if each.status.row.state is CatalogueState.ACTIVE and each.status.row.next_poll_at < before
    ]
    if polls:
        return f"{', '.join(polls)} should have been polled"
    if any(each.next_due_at is not None and each.next_due_at < before for each in seen.schedules):
        return "digests are due"
    if any(each.next_at < before for each in (seen.waiting or {}).values()):
        return "mails wait"
    return ""


def _relay(seen: Seen) -> Iterator[Concern]:
    trouble = seen.relay
    if trouble is None or not (trouble.ours or seen.at - trouble.since > PATIENCE):
        return
    yield Concern(
        "relay",
        f"the relay takes no mail since {_when(trouble.since)}: {trouble.reason}",
        "try it with alertd test-mail ADDRESS; sending goes on by itself once it works",
    )


def _editions(seen: Seen) -> Iterator[Concern]:
    for each in seen.editions:
        if wrong := each.counts.get("unbalanced"):
            yield Concern(
                f"unbalanced:{each.id}",
                f"edition {each.id} ({each.occasion}) does not balance: {'; '.join(wrong)}",
                "look what was changed in the database by hand; it is completed by itself once the counts agree",
            )
        elif each.opened_at < seen.at - LATE:
            yield Concern(
                f"edition:{each.id}",
                f"edition {each.id} ({each.occasion}) is open since {_when(each.opened_at)}",
                "see the daemon's log, then restart it: it goes on where it was",
            )


def _catalogue(seen: CatalogueSeen, now: datetime) -> Iterator[Concern]:
    row = seen.status.row
    if seen.held:
        yield Concern(
            f"held:{row.name}",
            f"{many(len(seen.held), 'report')} of {row.name} held, nobody is told",
            f"alertd release {row.name}, or alertd release {row.name} --discard if the feed only renewed old entries",
        )
    if row.state is CatalogueState.GONE:
        yield Concern(
            f"gone:{row.name}",
            f"{row.name} is not polled any more: {row.last_error}",
            f"give it its new feed in config/catalogues.toml, or alertd poll {row.name} if it is back",
        )
    elif row.failures >= FAILING:
        yield Concern(
            f"failing:{row.name}",
            f"{row.name} could not be polled {row.failures} times: {row.last_error}",
            f"open its feed in a browser, correct it in config/catalogues.toml; alertd poll {row.name} tries at once",
        )
    elif silent(seen, now):
        since = _when(row.last_new_at) if row.last_new_at else ""
        yield Concern(
            f"silent:{row.name}",
            f"{row.name} answers and brings nothing new since {since}, far longer than usual",
            "see whether the feed is still the one that its publisher keeps up",
        )
    if row.empty_fields and row.failures == 0:
        yield Concern(
            f"empty:{row.name}",
            f"{', '.join(row.empty_fields)} came empty in the last poll of {row.name}, which nearly every report had",
            f"compare with the feed; new labels go into [catalogue.{row.name}.fields]",
        )


def _mails(seen: Seen) -> Iterator[Concern]:
    if count := (seen.outbox or {}).get(DeliveryState.HELD, 0):
        yield Concern(
            "outbox:held",
            f"{many(count, 'mail')} held",
            "alertd outbox list --state held, then alertd outbox retry ID or alertd outbox drop ID",
        )
    for priority, each in sorted((seen.waiting or {}).items()):
        if seen.at - each.oldest_at > TOO_OLD.get(priority, LATE):
            yield Concern(
                f"outbox:old:{priority}",
                f"a mail waits since {_when(each.oldest_at)} ({each.count} of its priority wait)",
                "alertd outbox list --state pending shows what the relay answers",
            )
    if count := (seen.inbound or {}).get("quarantined", 0):
        yield Concern(
            "inbox:quarantined",
            f"{many(count, 'mail')} that came in could not be handled",
            "alertd inbox list --state quarantined, then alertd inbox retry ID",
        )


def _config(seen: Seen) -> Iterator[Concern]:
    if seen.faults:
        count = len(seen.faults)
        yield Concern(
            "config:faults",
            f"config/ has {count} fault{'s' if count > 1 else ''}: what is running is older, and could not be started again",
            "alertd check shows them",
        )
    elif seen.unapplied:
        what = "config/ was edited and is not applied"
        if seen.refusal:
            what += f", for {seen.refusal}"
        apply = "alertd reload --force" if seen.refusal else "alertd reload"
        yield Concern(
            "config:unapplied", what, f"alertd check shows what it would change, {apply} applies it"
        )


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
