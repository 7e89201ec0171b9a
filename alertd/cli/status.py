"""`alertd status`: how the service is, and what needs a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from alertd.cli.output import json_option, plain, print_json
from alertd.cli.shell import Shell
from alertd.mail.wording import many

if TYPE_CHECKING:
    from alertd.ops.health import Concern, Seen
    from alertd.store.engines import Store

_MOST = 10
"""Titles, editions and readers' states shown of each; --json has all."""


@click.command()
@json_option
@click.pass_obj
def status(shell: Shell, *, as_json: bool) -> None:
    """Show catalogues, holds, next editions, mails and errors; say what needs a person and what to do.

    Exits 1 when something needs a person. It only looks, beside a daemon or without one.
    """
    from alertd.clock import clock_from_environment
    from alertd.control.client import glance
    from alertd.ops.health import concerns
    from alertd.ops.status import look, record

    settings = shell.settings()

    async def act(store: Store) -> tuple[Seen, tuple[Concern, ...]]:
        said = await glance(settings)
        now = datetime.fromisoformat(said["now"]) if said else clock_from_environment().now()
        seen = await look(store, settings, said=said, now=now)
        return seen, concerns(seen)

    seen, found = shell.read(act)
    told = record(seen, found)
    if as_json:
        print_json(told)
    else:
        for line in lines(told):
            click.echo(line)
    if found:
        raise click.exceptions.Exit(1)


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The status in words, the concerns first."""
    for each in told["concerns"]:
        yield f"! {plain(each['what'])}"
        yield f"    {plain(each['remedy'])}"
    if told["ok"]:
        yield "nothing needs a person" if told["notes"] else "all is well"
    for note in told["notes"]:
        yield f"- {plain(note)}"
    yield ""
    daemon = told["daemon"]
    yield f"daemon       {daemon['state']}" + (
        f", last heartbeat {_when(daemon['last_beat_at'])}" if daemon["last_beat_at"] else ""
    )
    yield from _catalogues(told["catalogues"])
    yield from _editions(told)
    yield from _mails(told)


def _catalogues(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        yield "catalogues   none"
    for row in rows:
        polled = f"polled {_when(row['polled_at'])}" if row["polled_at"] else "never polled"
        counts = ", ".join(f"{count} {state}" for state, count in row["reports"].items() if count)
        state = f"{row['state']}, " if row["state"] != "active" else f"next {_when(row['next_poll_at'])}, "
        yield f"catalogue    {row['name']}: {polled}, {state}{counts or 'no reports yet'}"
        if row["error"]:
            yield f"    {plain(row['error'])}"
        for title in row["held"][:_MOST]:
            yield f"    held: {plain(title)}"
        if len(row["held"]) > _MOST:
            yield f"    ... and {len(row['held']) - _MOST} more"


def _editions(told: Mapping[str, Any]) -> Iterator[str]:
    coming = told["next_editions"]
    for each in coming[:_MOST]:
        due = _when(each["due_at"]) if each["due_at"] else "as reports come"
        zone = f" ({each['zone']})" if each["due_at"] else ""
        yield f"next         {due}: {each['schedule']}{zone}, {many(each['readers'], 'reader')}"
    if len(coming) > _MOST:
        yield f"    ... and {len(coming) - _MOST} more schedules"
    for each in told["open_editions"]:
        yield f"edition      {each['id']} ({each['occasion']}) open since {_when(each['opened_at'])}"


def _mails(told: Mapping[str, Any]) -> Iterator[str]:
    outbox = told["outbox"]
    counts = ", ".join(f"{count} {state}" for state, count in outbox["states"].items() if count)
    oldest = outbox["oldest_waiting_at"]
    yield f"outbox       {counts or 'empty'}" + (f", oldest waiting since {_when(oldest)}" if oldest else "")
    if relay := outbox["relay"]:
        yield f"    no mail is taken since {_when(relay['since'])}: {plain(relay['reason'])}; tried again {_when(relay['until'])}"
    for each in outbox["errors"]:
        said = " ".join(str(part) for part in (each["code"], each["enhanced"], each["text"]) if part)
        yield f"    refused {_when(each['at'])}: delivery {each['delivery']}, {each['stage']}: {plain(said)}"
    for name in ("inbox", "subscribers"):
        counted = ", ".join(f"{count} {state}" for state, count in told[name].items())
        yield f"{name:12} {counted or 'none'}"


def _when(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M} UTC"
