"""The only file that reads the time or sleeps.

Everything that decides takes `now` as an argument; everything that acts is given a `Clock`. Tests use `ManualClock`, the
demo and the kill tests `FastClock`.
"""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from alertd.errors import AlertdError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Time as the service sees it. `speed` is how many of its seconds pass in a real one."""

    @property
    def speed(self) -> float:
        """Seconds of this clock in a real second."""

    def now(self) -> datetime:
        """The instant, aware, in UTC, cut to whole milliseconds (the store's grain)."""

    async def sleep(self, seconds: float) -> None:
        """Wait this many of *this clock's* seconds."""


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970 UTC of an aware instant, rounded down."""
    return (instant - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """The aware UTC instant of these milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=ms)


def real_monotonic() -> float:
    """Real monotonic seconds, for deadlines on sockets: the network does not run on a fast clock."""
    return time.monotonic()


def real_wait(seconds: float) -> None:
    """Block this thread for real seconds (command line only, never in the loop)."""
    time.sleep(seconds)


async def real_sleep(seconds: float) -> None:
    """Wait real seconds whatever clock the service runs on: pauses between attempts on a socket."""
    await asyncio.sleep(seconds)


class SystemClock:
    """The machine's clock."""

    speed = 1.0

    def now(self) -> datetime:
        """The machine's instant in UTC."""
        return from_ms(time.time_ns() // 1_000_000)

    async def sleep(self, seconds: float) -> None:
        """Wait real seconds."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to."""

    speed = 1.0

    def __init__(self, start: datetime) -> None:
        self._now = from_ms(to_ms(start))

    def now(self) -> datetime:
        """The instant it was last set to."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self._now = from_ms(to_ms(self._now + by))

    def set(self, instant: datetime) -> None:
        """Jump to an instant."""
        self._now = from_ms(to_ms(instant))

    async def sleep(self, seconds: float) -> None:
        """Move by so many seconds and let others run; nothing really waits."""
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)


class FastClock:
    """A clock that was `start` at the real instant `anchor` and has run `speed` times as fast since.

    A pure function of the machine's clock, so several processes, or one that was killed and started again, agree.
    """

    def __init__(self, *, start: datetime, anchor: datetime, speed: float) -> None:
        self._start = start
        self._anchor = anchor
        self.speed = speed

    def now(self) -> datetime:
        """The fast instant."""
        real = SystemClock().now() - self._anchor
        return from_ms(to_ms(self._start + real * self.speed))

    async def sleep(self, seconds: float) -> None:
        """Wait so many fast seconds (`seconds / speed` real ones)."""
        await asyncio.sleep(seconds / self.speed)


def clock_from_environment() -> Clock:
    """The machine's clock, or the `FastClock` that `ALERTD_CLOCK=START/ANCHOR/SPEED` describes.

    START and ANCHOR are ISO instants with an offset, SPEED a number. It is meant for rehearsals and tests.

    Raises:
        AlertdError: the variable is set and cannot be read.
    """
    text = os.environ.get("ALERTD_CLOCK", "")
    if not text:
        return SystemClock()
    try:
        start, anchor, speed = text.split("/")
        clock = FastClock(
            start=datetime.fromisoformat(start), anchor=datetime.fromisoformat(anchor), speed=float(speed)
        )
        clock.now()
    except (ValueError, TypeError) as error:
        raise AlertdError(
            f"ALERTD_CLOCK={text!r} cannot be read ({error}). Use START/ANCHOR/SPEED, two ISO instants with an"
            " offset and a number, or unset it."
        ) from error
    return clock
