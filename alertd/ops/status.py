"""Look at the whole service: one reading transaction, the files, and what a running daemon says of itself."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alertd.catalogue.redirects import show
from alertd.config import load_declared
from alertd.config.settings import Declared, Settings
from alertd.errors import ConfigError, Fault
from alertd.model import ReportState
from alertd.ops.health import CatalogueSeen, Concern, RelayTrouble, Seen, silent
from alertd.ops.notes import notes
from alertd.schedule import describe
from alertd.store import (
    catalogues,
    configs,
    deliveries,
    editions,
    inbound,
    reports,
    schedules,
    subscribers,
    workers,
)
from alertd.store.engines import Store
from alertd.subscribers.declare import refusal

LATEST = 5
"""Errors shown."""


async def look(store: Store, settings: Settings, *, said: Mapping[str, Any] | None, now: datetime) -> Seen:
    """Everything that `health.concerns` judges.

    Args:
        store: to read.
        settings: tell where the files are.
        said: a running daemon's `ping`, {} when it does not answer, None without one.
        now: aware.
    """
    async with store.read() as connection:
        applied = await configs.last(connection, host=socket.gethostname())
        declared, faults = _files(settings)
        unapplied = declared is not None and applied is not None and declared.files_hash != applied
        refused = await refusal(connection, declared) if declared and unapplied else ""
        found = [
            CatalogueSeen(
                each,
                tuple(one.fields.title for one in await reports.held(connection, each.row.id))
                if each.held
                else (),
            )
            for each in await catalogues.statuses(connection)
        ]
        return Seen(
            at=now,
            answers=None if said == {} else said is not None,
            alone=store.is_sqlite,
            workers=tuple(await workers.standing(connection)),
            last_beat_at=await workers.last_instant(connection),
            catalogues=tuple(found),
            schedules=tuple(await schedules.coming(connection)),
            editions=tuple(await editions.unfinished(connection)),
            outbox=await deliveries.counts(connection),
            waiting=await deliveries.waiting(connection),
            last_sent_at=await deliveries.last_sent_at(connection),
            relay=_trouble(said),
            errors=tuple(await deliveries.last_attempts(connection, limit=LATEST)),
            inbound=await inbound.count_by_state(connection),
            subscribers=await subscribers.counts(connection),
            faults=faults,
            unapplied=unapplied,
            refusal=refused,
            ended_at=await workers.last_end(connection),
            doubted=await deliveries.doubted(connection),
        )


def _files(settings: Settings) -> tuple[Declared | None, tuple[Fault, ...]]:
    try:
        return load_declared(settings), ()
    except ConfigError as error:
        return None, error.faults


def _trouble(said: Mapping[str, Any] | None) -> RelayTrouble | None:
    told = (said or {}).get("relay")
    if not told:
        return None
    since, until = (datetime.fromisoformat(told[name]) for name in ("since", "until"))
    return RelayTrouble(since, until, told["reason"], told["ours"])


def record(seen: Seen, found: tuple[Concern, ...]) -> dict[str, Any]:
    """The status as a JSON value."""
    return {
        "at": seen.at.isoformat(),
        "ok": not found,
        "concerns": [{"name": each.name, "what": each.what, "remedy": each.remedy} for each in found],
        "notes": list(notes(seen)),
        "daemon": {
            "alive": seen.alive,
            "state": seen.state,
            "workers": [_plain(each._asdict()) for each in seen.workers],
            "last_beat_at": _iso(seen.last_beat_at),
            "ended_at": _iso(seen.ended_at),
        },
        "catalogues": [_catalogue(each, seen.at) for each in seen.catalogues],
        "next_editions": [
            {
                "schedule": describe(each.value, "en"),
                "zone": each.value.zone,
                "due_at": _iso(each.next_due_at),
                "readers": each.readers,
            }
            for each in seen.schedules
        ],
        "open_editions": [
            _plain(
                {
                    "id": each.id,
                    "occasion": each.occasion,
                    "due_at": each.due_at,
                    "opened_at": each.opened_at,
                    "counts": each.counts,
                }
            )
            for each in seen.editions
        ],
        "outbox": {
            "states": {str(state): count for state, count in (seen.outbox or {}).items()},
            "oldest_waiting_at": _iso(
                min((each.oldest_at for each in (seen.waiting or {}).values()), default=None)
            ),
            "last_sent_at": _iso(seen.last_sent_at),
            "relay": _relay(seen.relay),
            "errors": [
                {
                    "delivery": each.delivery_id,
                    "at": each.at.isoformat(),
                    "relay": each.relay,
                    "stage": each.stage,
                    "code": each.code,
                    "enhanced": each.enhanced,
                    "text": each.text,
                }
                for each in seen.errors
            ],
        },
        "inbox": dict(seen.inbound or {}),
        "subscribers": dict(seen.subscribers or {}),
        "config": {"faults": [str(each) for each in seen.faults], "unapplied": seen.unapplied},
    }


def _catalogue(seen: CatalogueSeen, now: datetime) -> dict[str, Any]:
    row = seen.status.row
    return {
        "name": row.name,
        "state": str(row.state),
        "feed": show(row.moved_to or row.feed),
        "polled_at": _iso(row.polled_at),
        "next_poll_at": row.next_poll_at.isoformat(),
        "failures": row.failures,
        "error": row.last_error,
        "last_new_at": _iso(row.last_new_at),
        "silent": silent(seen, now),
        "empty_fields": list(row.empty_fields),
        "reports": {str(state): seen.status.counts.get(state, 0) for state in ReportState},
        "held": list(seen.held),
    }


def _relay(trouble: RelayTrouble | None) -> dict[str, Any] | None:
    if trouble is None:
        return None
    return {
        "since": trouble.since.isoformat(),
        "until": trouble.until.isoformat(),
        "reason": trouble.reason,
        "ours": trouble.ours,
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _iso(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
