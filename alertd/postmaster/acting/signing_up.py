"""A sign-up: what it asks for is confirmed before anything else is sent, and only then is there a reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.model import Origin, Schedule, SubscriberId
from alertd.postmaster.acting import asking_first, wishing
from alertd.postmaster.acting.asking_first import Question
from alertd.postmaster.acting.evidence import Evidence
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.room import Room
from alertd.postmaster.acting.wishing import Understood
from alertd.postmaster.acting.wording_of import MOST_ACTIONS, unclear_lines
from alertd.postmaster.acting.words import tongue
from alertd.postmaster.commands.combining import Unclear
from alertd.postmaster.commands.model import Verb, When
from alertd.postmaster.intents import SignUp
from alertd.schedule import check_zone, describe, format_schedule, parse_schedule
from alertd.store import consents
from alertd.store.passage import BOUNCED
from alertd.store.requests import SIGN_UP, RequestRow, Wording
from alertd.subscribers.enrol import Enrolment, enrol

COOL_DOWN = timedelta(days=30)
"""Who complained can ask to come back after this; who bounced, at any time."""

_MOST_QUERIES = MOST_ACTIONS - 2  # a line for the settings, one for what is left out
_CHOSEN = ("format", "language", "schedule", "time_zone")
"""What a person who signs up by mail has chosen by themselves."""


class Asked(Enum):
    """What became of a sign-up."""

    ASKED = auto()
    SILENT = auto()
    UNREADABLE = auto()  # the page says what could not be read


async def sign_up(
    connection: AsyncConnection,
    room: Room,
    intent: SignUp,
    page: Page,
    evidence: Evidence,
    *,
    unclear: Sequence[Unclear] = (),
) -> Asked:
    """Ask for the confirmation of a sign-up."""
    if await _must_stay_away(connection, room, intent.address, evidence.at):
        return Asked.SILENT
    service = room.settings.service
    language, zone = intent.language or service.language, _zone(intent.zone, service.time_zone)
    page.language = language
    found = await wishing.read(connection, intent.queries, page)
    if not found:
        return Asked.UNREADABLE
    timed = [(each, _schedule(intent, each.text, zone)) for each in found[:_MOST_QUERIES]]
    question = Question(
        purpose=SIGN_UP,
        address=intent.address,
        language=language,
        asks={
            "address": intent.address,
            "wishes": [[each.text, format_schedule(schedule)] for each, schedule in timed],
            "zone": zone,
            "language": language,
            "format": intent.format or "html",
        },
        actions=unclear_lines(
            page, unclear, _actions(page, zone, timed, left_out=len(found) > _MOST_QUERIES)
        ),
    )
    asked = await asking_first.ask(connection, room, question, evidence)
    return Asked.ASKED if asked else Asked.SILENT


def _actions(
    page: Page, zone: str, timed: Sequence[tuple[Understood, Schedule]], *, left_out: bool
) -> list[str]:
    """What will be done, then as much as there is room for of what will not, since it cannot be read."""
    language, lines = page.language, []
    for each, schedule in timed:
        key = "ask_every" if each.name.strip() == "*" else "ask_subscribe"
        lines.append(page.say(key, query=each.name, schedule=describe(schedule, language)))
    lines.append(page.say("ask_settings", tongue=tongue(language, language), zone=zone))
    if left_out:
        lines.append(page.say("ask_left_out"))
    return [*lines, *page.failed][:MOST_ACTIONS]


def _schedule(intent: SignUp, text: str, zone: str) -> Schedule:
    """When mails about a text are wanted: as was said of it alone, else of everything, else daily at 08:00."""
    said = intent.when or When()
    for command in intent.commands:
        if command.when and text in command.queries:
            said = command.when
            if command.verb is Verb.SCHEDULE:
                break
    return said.resolve(wishing.DEFAULT, zone=zone)


def _zone(wanted: str, default: str) -> str:
    try:
        return check_zone(wanted) if wanted else default
    except ValueError:
        return default


async def _must_stay_away(connection: AsyncConnection, room: Room, address: str, now: datetime) -> bool:
    """Whether the address is suppressed and its cool-down is not over; when it is over, the way back opens.

    A mailbox that failed may be asked at any time: the suppression itself falls when the confirmation comes back.
    """
    hash_ = room.hash_address(address)
    found = (await consents.suppressed(connection, [hash_], now=now)).get(hash_)
    if found is None or found[0].startswith(BOUNCED):
        return False
    if now - found[1] < COOL_DOWN:
        return True
    await consents.lift(connection, hash_)
    return False


async def enrol_confirmed(
    connection: AsyncConnection,
    room: Room,
    row: RequestRow,
    wording: Wording,
    *,
    page: Page,
    evidence: Evidence,
) -> SubscriberId:
    """A sign-up was confirmed: now there is a reader."""
    asks = wording.asks
    page.language = asks["language"]
    found = await wishing.read(connection, [text for text, _ in asks["wishes"]], page)
    schedules = {text: parse_schedule(spelt, zone=asks["zone"]) for text, spelt in asks["wishes"]}
    person = Enrolment(
        asks["address"],
        asks["language"],
        asks["zone"],
        asks["format"],
        tuple(each.wish(schedules[each.text]) for each in found),
        own_settings=_CHOSEN,
    )
    ids = await enrol(connection, [person], origin=Origin.MAIL, now=evidence.at)
    await consents.lift(connection, room.hash_address(asks["address"]))
    page.subject = page.say("subject_welcome", name=room.settings.service.name)
    page.did("signed_up")
    page.show_now = True
    return ids[row.address_key]
