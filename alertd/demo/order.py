"""The events of the story in the order in which they happened, though they are seen by looking now and then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from alertd.demo.events import Event


class InOrder:
    """Keeps back what is so new that something older may still come to light."""

    def __init__(self) -> None:
        self._kept: list[Event] = []
        self._last: datetime | None = None

    def take(self, events: Iterable[Event], *, upto: datetime | None) -> list[Event]:
        """Take in what was seen, and give what happened until an instant (None: all), oldest first.

        What comes to light too late even so gets the time of what was told last: times never run backwards.
        """
        self._kept = sorted([*self._kept, *events], key=lambda event: event.at)
        ready = [event for event in self._kept if upto is None or event.at <= upto]
        self._kept = self._kept[len(ready) :]
        told = []
        for event in ready:
            self._last = max(self._last or event.at, event.at)
            told.append(replace(event, at=self._last))
        return told
