"""What needs a person and what does not, at the edges of each rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertd.errors import Fault
from alertd.model import (
    CatalogueId,
    CatalogueState,
    DeliveryState,
    EditionId,
    Kind,
    No,
    Priority,
    Schedule,
    ScheduleId,
    SubscriberId,
)
from alertd.ops.health import LATE, PATIENCE, TOO_OLD, CatalogueSeen, RelayTrouble, Seen, concerns
from alertd.ops.notes import notes
from alertd.store.catalogues import CatalogueRow, CatalogueStatus
from alertd.store.deliveries import Waiting
from alertd.store.editions import EditionRow
from alertd.store.schedules import Coming
from alertd.store.workers import LEASE, WorkerRow

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def _catalogue(*held: str, **values: Any) -> CatalogueSeen:
    row = CatalogueRow(
        id=CatalogueId(1), name="drc", feed="http://localhost/", moved_to="", etag="", last_modified="",
        state=CatalogueState.ACTIVE, failures=0, last_error="", next_poll_at=NOW, polled_at=NOW, baseline_at=NOW,
        last_new_at=NOW, longest_gap=timedelta(0), empty_fields=(),
    )  # fmt: skip
    return CatalogueSeen(CatalogueStatus(replace(row, **values), {}), held)


def _edition(*, age: timedelta, **counts: Any) -> EditionRow:
    return EditionRow(
        EditionId(7), ScheduleId(1), "2026-11-24", NOW, No(0), No(9), NOW - age, SubscriberId(0), counts, None
    )


def _waiting(priority: int, age: timedelta) -> dict[int, Waiting]:
    return {priority: Waiting(2, NOW - age, NOW)}


def _due(ago: timedelta) -> tuple[Coming, ...]:
    return (Coming(Schedule(Kind.DAILY, minute=480), NOW - ago, 3), Coming(Schedule(Kind.IMMEDIATE), None, 1))


def _worker(ago: timedelta) -> tuple[WorkerRow, ...]:
    return (WorkerRow(1, "host", 42, NOW - DAY, NOW - ago),)


WELL = Seen(
    at=NOW, answers=True, alone=True, workers=_worker(SECOND), last_beat_at=NOW, catalogues=(_catalogue(),)
)
STOPPED = replace(WELL, answers=False, workers=())
RELAY = RelayTrouble(NOW - PATIENCE, NOW + LATE, "connection refused", ours=False)
FAULT = Fault("config/topics.toml", 3, "topic.x.query", "is wrong", "Mend it")


def _with(**values: Any) -> Seen:
    return replace(WELL, **values)


def _poll(**values: Any) -> Seen:
    return replace(WELL, catalogues=(_catalogue(**values),))


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(WELL, id="all is well"),
        pytest.param(STOPPED, id="stopped in good order and nothing late: run --once by cron"),
        pytest.param(replace(STOPPED, alone=False, workers=_worker(LEASE)), id="a daemon on another host"),
        pytest.param(_with(schedules=_due(LATE)), id="just about to be done"),
        pytest.param(_poll(failures=2, last_error="timeout"), id="two failed polls"),
        pytest.param(_poll(last_new_at=NOW - 7 * DAY), id="a week of silence"),
        pytest.param(
            _poll(last_new_at=NOW - 29 * DAY, longest_gap=10 * DAY), id="silence that is usual here"
        ),
        pytest.param(_poll(last_new_at=None, next_poll_at=NOW - LATE), id="not polled yet"),
        pytest.param(_with(editions=(_edition(age=LATE),)), id="an edition at work"),
        pytest.param(_with(relay=RELAY), id="a relay that is being restarted"),
        pytest.param(
            _with(waiting=_waiting(2, TOO_OLD[Priority.DIGEST])), id="a digest that waits for a day"
        ),
        pytest.param(_with(waiting=_waiting(0, timedelta(minutes=59))), id="a greylisted confirmation"),
        pytest.param(
            _with(outbox={DeliveryState.FAILED: 9, DeliveryState.PENDING: 10**6}), id="a long queue"
        ),
        pytest.param(_with(inbound={"done": 9, "ignored": 3, "new": 2}), id="mails that came in"),
    ],
)
def test_nobody_is_needed(seen: Seen) -> None:
    """What passes by itself is no concern."""
    assert concerns(seen) == ()


@pytest.mark.parametrize(
    ("seen", "name", "told"),
    [
        (replace(STOPPED, last_beat_at=None), "daemon", "alertd run"),
        (replace(WELL, answers=False), "daemon", "process 42 on host"),
        (replace(STOPPED, alone=False, workers=_worker(LEASE + SECOND)), "daemon", "died"),
        (replace(STOPPED, schedules=_due(LATE + SECOND)), "daemon", "digests are due"),
        (_with(answers=None), "stuck", "does not answer"),
        (_with(schedules=_due(LATE + SECOND)), "stuck", "digests are due"),
        (_poll(next_poll_at=NOW - LATE - SECOND), "stuck", "drc should have been polled"),
        (_with(waiting={2: Waiting(1, NOW - 2 * LATE, NOW - LATE - SECOND)}), "stuck", "mails wait"),
        (_poll(failures=3, last_error="timeout"), "failing:drc", "timeout"),
        (_poll(state=CatalogueState.GONE, last_error="410"), "gone:drc", "alertd poll drc"),
        (_poll(last_new_at=NOW - 7 * DAY - SECOND), "silent:drc", "2026-11-17"),
        (_poll(last_new_at=NOW - 31 * DAY, longest_gap=10 * DAY), "silent:drc", "nothing new"),
        (_poll(empty_fields=("abstract",)), "empty:drc", "[catalogue.drc.fields]"),
        (_with(catalogues=(_catalogue("A", "B"),)), "held:drc", "alertd release drc --discard"),
        (_with(editions=(_edition(age=LATE + SECOND),)), "edition:7", "restart"),
        (
            _with(editions=(_edition(age=SECOND, unbalanced=["3 written, 2 there"]),)),
            "unbalanced:7",
            "2 there",
        ),
        (_with(relay=replace(RELAY, since=NOW - PATIENCE - SECOND)), "relay", "connection refused"),
        (_with(relay=replace(RELAY, since=NOW, ours=True)), "relay", "test-mail"),
        (_with(outbox={DeliveryState.HELD: 1}), "outbox:held", "outbox drop"),
        (_with(waiting=_waiting(0, LATE + SECOND)), "outbox:old:0", "waits since"),
        (_with(waiting=_waiting(2, DAY + SECOND)), "outbox:old:2", "2 of its priority"),
        (_with(inbound={"quarantined": 2}), "inbox:quarantined", "inbox retry"),
        (_with(faults=(FAULT,), unapplied=True), "config:faults", "alertd check"),
        (_with(unapplied=True), "config:unapplied", "alertd reload applies"),
        (_with(unapplied=True, refusal="it ends 20 of 30"), "config:unapplied", "alertd reload --force"),
    ],
)
def test_somebody_is_needed(seen: Seen, name: str, told: str) -> None:
    """What a reader would miss is one concern, with what it is and what to do."""
    (found,) = concerns(seen)
    assert found.name == name
    assert told in f"{found.what}. {found.remedy}"
    assert not found.what.endswith(".")
    assert found.remedy


def test_a_gone_catalogue_is_told_once() -> None:
    """A catalogue that is gone is neither failing nor silent nor late besides."""
    seen = _poll(
        state=CatalogueState.GONE,
        failures=9,
        last_error="410",
        last_new_at=NOW - 99 * DAY,
        next_poll_at=NOW - DAY,
    )
    assert [each.name for each in concerns(seen)] == ["gone:drc"]


def test_the_most_pressing_first() -> None:
    """A dead daemon comes before a full inbox."""
    seen = replace(WELL, answers=False, inbound={"quarantined": 1}, catalogues=(_catalogue("A"),))
    assert [each.name for each in concerns(seen)] == ["daemon", "held:drc", "inbox:quarantined"]


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (
            replace(STOPPED, ended_at=NOW - SECOND),
            ["no daemon runs: it stopped in good order 2026-11-24 07:59 UTC"],
        ),
        (
            replace(
                STOPPED, ended_at=NOW, waiting=_waiting(2, SECOND), schedules=_due(SECOND), inbound={"new": 1}
            ),
            ["2026-11-24 08:00", "2 mails, 1 mail that came in, digests of 1 schedule, 1 poll. Start it"],
        ),
        (
            _with(relay=RELAY),
            ["since 2026-11-24 07:50 UTC (connection refused); it is tried again 2026-11-24 09:00 UTC"],
        ),
        (_poll(failures=1, last_error="timeout"), ["drc could not be polled once (timeout)"]),
        (_poll(failures=2, last_error="timeout"), ["2 times (timeout)"]),
        (_with(doubted=Waiting(1, NOW, NOW + LATE)), ["1 mail in doubt", "sent again 2026-11-24 09:00 UTC"]),
    ],
)
def test_what_is_good_to_know(seen: Seen, told: list[str]) -> None:
    """What passes by itself is said from the beginning, and is no concern."""
    assert concerns(seen) == ()
    said = "\n".join(notes(seen))
    assert all(each in said for each in told), said


@pytest.mark.parametrize(
    "seen",
    [
        WELL,
        _with(answers=None),
        replace(WELL, answers=False),
        replace(STOPPED, last_beat_at=None),
        _with(relay=replace(RELAY, since=NOW - PATIENCE - SECOND)),
        _poll(failures=3, last_error="timeout"),
    ],
)
def test_what_is_a_concern_is_not_said_twice(seen: Seen) -> None:
    """A daemon that died or hangs, a relay away for long, a catalogue that keeps failing are concerns and no notes."""
    assert notes(seen) == ()


@pytest.mark.parametrize(
    ("answers", "state"), [(True, "runs"), (None, "does not answer"), (False, "does not run")]
)
def test_the_state_of_the_daemon(answers: bool | None, state: str) -> None:
    """A daemon that hangs is not said to be gone."""
    assert _with(answers=answers).state == state
