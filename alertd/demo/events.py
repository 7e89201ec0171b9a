"""What happens in the story, as its audience hears of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alertd.demo.mails import CaughtMail
from alertd.demo.reports import SandboxReport


@dataclass(frozen=True, slots=True)
class Published:
    """A report appeared in the catalogue."""

    at: datetime
    report: SandboxReport


@dataclass(frozen=True, slots=True)
class Announced:
    """The daemon found a new report, and so many different queries match it."""

    at: datetime
    report: SandboxReport
    queries: int


@dataclass(frozen=True, slots=True)
class Wrote:
    """A person sent a mail to the service."""

    at: datetime
    sender: str
    to: str


@dataclass(frozen=True, slots=True)
class Sent:
    """The relay caught a mail; `at` is when."""

    at: datetime
    mail: CaughtMail


Event = Published | Announced | Wrote | Sent


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the story plays.

    Attributes:
        folder: all of it, in words.
        settings: path of alertd.toml.
        mails: the folder of `.eml` files.
        log: path of the daemon's log.
        catalogue: address of the sandbox catalogue.
        speed: seconds of the story in a real one.
        titles: number of each report to its title.
        readers: address to what they asked for, in words.
    """

    folder: str
    settings: str
    mails: str
    log: str
    catalogue: str
    speed: float
    titles: Mapping[int, str]
    readers: Mapping[str, str]


class Audience(Protocol):
    """To whom the story is told: lines in a pipe, a live view on a terminal."""

    def begin(self, setting: Setting) -> None:
        """The stage is set; called once, first."""

    def hear(self, event: Event) -> None:
        """Something happened; in the order of happening."""

    def look(self, now: datetime, *, faults: Sequence[str] | None) -> None:
        """Time went on; `faults` once the story is over: what is wrong with it. Called several times a second."""
