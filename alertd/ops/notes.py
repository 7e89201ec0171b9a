"""What passes by itself and is still good to know: said beside "all is well", or beside what needs a person. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from alertd.mail.wording import many
from alertd.model import CatalogueState
from alertd.ops.health import FAILING, PATIENCE, Seen


def notes(seen: Seen) -> tuple[str, ...]:
    """One sentence each, without a full stop; what is a concern by now is not said here again."""
    return (*_stopped(seen), *_relay(seen), *_polls(seen), *_doubts(seen))


def _stopped(seen: Seen) -> Iterator[str]:
    if seen.answers is None or seen.alive or seen.workers or seen.last_beat_at is None:
        return
    yield f"no daemon runs: it stopped in good order {_when(seen.ended_at or seen.last_beat_at)}"
    if waiting := _work(seen):
        yield f"nobody does what waits: {', '.join(waiting)}. Start it: systemctl start alertd, or alertd run"


def _work(seen: Seen) -> list[str]:
    mails = sum(each.count for each in (seen.waiting or {}).values())
    found = [many(mails, "mail")] if mails else []
    if came := (seen.inbound or {}).get("new", 0):
        found.append(f"{many(came, 'mail')} that came in")
    due = sum(each.next_due_at is not None and each.next_due_at <= seen.at for each in seen.schedules)
    if due:
        found.append(f"digests of {many(due, 'schedule')}")
    polls = sum(
        each.status.row.state is CatalogueState.ACTIVE and each.status.row.next_poll_at <= seen.at
        for each in seen.catalogues
    )
    return [*found, many(polls, "poll")] if polls else found


def _relay(seen: Seen) -> Iterator[str]:
    trouble = seen.relay
    if trouble is not None and not trouble.ours and seen.at - trouble.since <= PATIENCE:
        yield (
            f"the relay takes no mail since {_when(trouble.since)} ({trouble.reason});"
            f" it is tried again {_when(trouble.until)}"
        )


def _polls(seen: Seen) -> Iterator[str]:
    for each in seen.catalogues:
        row = each.status.row
        if row.state is CatalogueState.ACTIVE and 0 < row.failures < FAILING:
            times = "once" if row.failures == 1 else f"{row.failures} times"
            yield (
                f"{row.name} could not be polled {times} ({row.last_error});"
                f" it is polled again {_when(row.next_poll_at)}"
            )


def _doubts(seen: Seen) -> Iterator[str]:
    if seen.doubted is not None:
        yield (
            f"{many(seen.doubted.count, 'mail')} in doubt (the connection broke before the relay's answer);"
            f" sent again {_when(seen.doubted.next_at)}"
        )


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
