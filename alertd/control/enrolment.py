"""`alertd subscriber add|end`: what an admin does for a reader by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key, check_address
from alertd.config.settings import DEFAULT_SCHEDULE, LANGUAGES
from alertd.control.services import Services
from alertd.control.subscribers import named
from alertd.errors import AlertdError, RefusedError
from alertd.model import Origin, Schedule, SubscriberId, SubscriberState
from alertd.query import parse
from alertd.schedule import check_zone, describe, parse_schedule
from alertd.store import announcements, consents, schedules, subscribers, subscriptions
from alertd.store.consents import Consent
from alertd.store.subscribers import SubscriberRow
from alertd.subscribers import change, leave
from alertd.subscribers.enrol import Enrolment, Wish, enrol

_OVER = {SubscriberState.ENDED, SubscriberState.SUPPRESSED}


async def add_subscriber(
    services: Services,
    *,
    address: str,
    queries: Sequence[str],
    schedule: str = "",
    language: str = "",
    time_zone: str = "",
    label: str = "",
    force: bool = False,
) -> dict[str, Any]:
    """Make somebody a reader who asked an admin for it, or give a reader more queries; a new one is welcomed.

    Args:
        services: of the daemon or the command.
        address: theirs.
        queries: as typed.
        schedule: as in config/subscribers.toml, "" for that of the reader's first query, or the usual one.
        language: one of `LANGUAGES`, "" for the service's. A reader who is there already keeps theirs.
        time_zone: IANA name the schedule is read in, "" for the reader's own, or the service's.
        label: their name for these queries, "" for what was typed.
        force: also somebody who left by themselves, or whose address was given up.

    Returns:
        address, `new` (whether they had not been a reader), `added` queries, the schedule in words, `paused`.

    Raises:
        QuerySyntaxError: a query cannot be read.
        AlertdError: the address, the language, the zone or the schedule cannot be read.
        RefusedError: the address must not be mailed, or its owner left and nobody said `force`.
    """
    parsed = [parse(text) for text in queries]
    try:
        checked = _check(address, language)
        async with services.store.write() as connection:
            await announcements.share_counter(connection)  # first of all, before the reader is locked
            known = await subscribers.find_by_key(connection, address_key(checked), lock=True)
            standing = known if known is not None and known.state not in _OVER else None
            home = standing.zone if standing else services.settings.service.time_zone
            zone = check_zone(time_zone or home)
            wanted = await _schedule(connection, schedule, standing, zone)
            person = Enrolment(
                checked,
                language or services.settings.service.language,
                zone,
                "html",
                tuple(Wish(query, wanted, label) for query in parsed),
            )
            await _refuse_who_left(connection, services, checked, known, force=force)
            added = await _enrol(connection, services, person, standing)
    except ValueError as error:
        raise AlertdError(str(error)) from error
    services.wake()
    return {
        "address": checked,
        "new": standing is None,
        "added": added,
        "schedule": describe(wanted, "en"),
        "paused": standing is not None and standing.state is SubscriberState.PAUSED,
    }


def _check(address: str, language: str) -> str:
    """The address, when both are good; raises ValueError."""
    if language and language not in LANGUAGES:
        raise ValueError(f"there are no mails in {language!r}; write one of: {', '.join(LANGUAGES)}")
    return check_address(address)


async def _schedule(
    connection: AsyncConnection, text: str, standing: SubscriberRow | None, zone: str
) -> Schedule:
    """The schedule that is named, else the one that a reader's first query has."""
    if standing is not None and not text:
        held = (await subscriptions.of_subscribers(connection, [standing.id])).get(standing.id)
        if held:
            return (await schedules.get(connection, held[0].schedule_id)).value
    return parse_schedule(text or DEFAULT_SCHEDULE, zone=zone)


async def _enrol(
    connection: AsyncConnection, services: Services, person: Enrolment, standing: SubscriberRow | None
) -> int:
    now = services.clock.now()
    hash_ = services.hash_address(person.address)
    await _refuse_suppressed(connection, person.address, hash_, now=now)
    if standing is not None:
        reader = standing.id
        added = await change.add_queries(connection, reader, person.wishes, origin=Origin.CLI, now=now)
    else:
        ids = await enrol(connection, [person], origin=Origin.CLI, now=now)
        reader = ids[address_key(person.address)]
        added = len({wish.identity for wish in person.wishes})
        await services.letters.welcome(connection, [(reader, person)], now)
    await _note(connection, reader, hash_, "added", now)
    return added


async def _refuse_who_left(
    connection: AsyncConnection, services: Services, address: str, known: SubscriberRow | None, *, force: bool
) -> None:
    """Refuse who ended otherwise than by an admin or the file; of who was forgotten only the hash tells."""
    if force:
        return
    if known is None:
        hash_ = services.hash_address(address)
        acts = [
            each
            for each in await consents.of_address(connection, hash_)
            if not consents.is_unproven(each.act)
        ]
        if not acts or acts[-1].act != consents.LEFT:
            return
        why, since = "left, and is forgotten since", acts[-1].at
    elif known.state in _OVER and known.ended_at and not _is_ours(known.end_reason or ""):
        left = known.end_reason == leave.BY_THEMSELVES
        why, since = "left on" if left else f"was ended ({known.end_reason}) on", known.ended_at
    else:
        return
    raise RefusedError(
        f"{address} {why} {since:%Y-%m-%d}. If they asked you to bring them back, say so with --force"
    )


def _is_ours(reason: str) -> bool:
    return reason == leave.OUT_OF_FILE or reason.startswith(leave.BY_ADMIN)


async def _refuse_suppressed(connection: AsyncConnection, address: str, hash_: str, *, now: datetime) -> None:
    found = (await consents.suppressed(connection, [hash_], now=now)).get(hash_)
    if found:
        reason, since = found
        raise RefusedError(
            f"{address} must not be mailed: {reason}, since {since:%Y-%m-%d}. The person behind it can come back by"
            " signing up themselves; alertd subscriber lift takes the address off the list"
        )


async def end_subscriber(services: Services, *, address: str, reason: str = "") -> dict[str, Any]:
    """End a reader; the file does not bring them back. Digests still in the outbox do not leave.

    Returns:
        address, and `ended`: False when they had ended before.

    Raises:
        NotFoundError: nobody of that address is known.
    """
    async with services.store.write() as connection:
        row = await named(connection, address)
        now = services.clock.now()
        why = f"{leave.BY_ADMIN}: {reason}" if reason else leave.BY_ADMIN
        ended = bool(await leave.end(connection, [row.id], reason=why, now=now))
        if ended:
            await _note(connection, row.id, services.hash_address(row.address), "ended", now)
    return {"address": row.address, "ended": ended}


async def _note(
    connection: AsyncConnection, reader: SubscriberId, hash_: str, act: str, now: datetime
) -> None:
    await consents.note(connection, [Consent(reader, hash_, act, "cli", now)])
    await consents.write_audit(
        connection, actor="cli", verb=f"subscriber.{act}", subject=f"subscriber {reader}", now=now
    )
