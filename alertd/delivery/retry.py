"""What becomes of a mail after an attempt, and when it is tried again. Pure: settings, facts and a `random.Random` in.

- About the relay (no connection, 421, TLS): pause the relay, charge the mail nothing.
- About us (log-in, sender or relaying refused): stop, tell the operator, fail nothing.
- 4xx about the mail: wait by `[delivery] retries`, give or take 20 %; a greylisted mail first waits 5 to 15 minutes.
- 5xx about the mail: failed, with the meaning; only a few statuses mean "no such reader".
- No answer after the final dot: in doubt. It rests and is sent once more, or is held (`[delivery] in_doubt`); when the
  second sending ends in doubt too, it is held: a relay that takes mails and never says so must not mail a reader for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from alertd.config.settings import Delivery
from alertd.delivery.replies import Meaning, meaning_of
from alertd.errors import RelayError

JITTER = 0.2
GREYLIST = (timedelta(minutes=5), timedelta(minutes=15))
"""The first wait after greylisting lies between these, whatever `retries` says."""

TRIES = 2
"""A mail is not given up before it was tried so often: it may have waited out its time behind a dead relay."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Refused for a time."""

    next_at: datetime
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused for good, or given up after refusals for a time (`given_up`)."""

    meaning: Meaning
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class InDoubt:
    """May have arrived: again at `next_at`, or held for a person when that is None."""

    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServerDown:
    """The relay is away or going away; the mail is charged nothing."""


@dataclass(frozen=True, slots=True)
class OurFault:
    """The relay refuses us; the mail is charged nothing."""


NoSuccess = Deferred | Failed | InDoubt | ServerDown | OurFault
"""What an attempt without a 250 comes to."""


@dataclass(frozen=True, slots=True)
class Tried:
    """The mail that was tried: refusals for a time so far, when it was queued, when it is over, whether in doubt before."""

    attempts: int
    queued_at: datetime
    expires_at: datetime | None
    doubtful: bool


def wait(attempts: int, meaning: Meaning, *, settings: Delivery, rng: Random) -> timedelta:
    """How long to wait after one more refusal for a time.

    Args:
        attempts: refusals before this one.
        meaning: greylisting waits between 5 and 15 minutes at first.
        settings: the waits; the last one repeats.
        rng: where the jitter comes from.
    """
    step = settings.retries[min(attempts, len(settings.retries) - 1)]
    jittered = step * rng.uniform(1 - JITTER, 1 + JITTER)
    if meaning is Meaning.GREYLISTED and attempts == 0:
        return min(max(jittered, GREYLIST[0]), GREYLIST[1])
    return jittered


def is_given_up(tried: Tried, *, now: datetime, settings: Delivery) -> bool:
    """Whether a mail that was refused for a time once more has waited long enough."""
    return tried.attempts + 1 >= TRIES and now >= tried.queued_at + settings.give_up


def decide(error: RelayError, tried: Tried, *, now: datetime, settings: Delivery, rng: Random) -> NoSuccess:
    """What becomes of a mail after an attempt that did not end with a 250."""
    meaning = meaning_of(error)
    if meaning is Meaning.SERVER_DOWN:
        return ServerDown()
    if meaning is Meaning.OUR_FAULT:
        return OurFault()
    if meaning is Meaning.IN_DOUBT:
        again = settings.in_doubt == "resend" and not tried.doubtful
        return InDoubt(now + settings.resend_after if again else None)
    if meaning in (Meaning.LATER, Meaning.GREYLISTED):
        return defer(meaning, tried, now=now, settings=settings, rng=rng)
    return Failed(meaning)


def defer(
    meaning: Meaning, tried: Tried, *, now: datetime, settings: Delivery, rng: Random
) -> Deferred | Failed:
    """Wait for the next try, at the latest for the moment the mail is over, or give up."""
    if is_given_up(tried, now=now, settings=settings):
        return Failed(meaning, given_up=True)
    next_at = now + wait(tried.attempts, meaning, settings=settings, rng=rng)
    if tried.expires_at is not None:
        next_at = max(min(next_at, tried.expires_at), now)
    return Deferred(next_at, meaning)
