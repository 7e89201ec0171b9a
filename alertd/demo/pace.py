"""The demo's clock: it stands still until the stage is set, then runs fast."""

from __future__ import annotations

from datetime import datetime

from alertd.clock import Clock, FastClock, ManualClock, SystemClock, real_sleep


class StoryClock:
    """A clock at `start` until `go` is called, and `speed` times as fast as real time from then on.

    A slow machine so has all the time it needs to start the daemon: no report appears before the baseline was taken.
    """

    def __init__(self, start: datetime, *, speed: float) -> None:
        self._start = start
        self.speed = speed
        self._clock: Clock = ManualClock(start)

    def go(self) -> None:
        """The story begins."""
        self._clock = FastClock(start=self._start, anchor=SystemClock().now(), speed=self.speed)

    def now(self) -> datetime:
        """The instant of the story."""
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        """Wait so many of the story's seconds."""
        await real_sleep(seconds / self.speed)
