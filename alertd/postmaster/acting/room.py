"""What acting on mail works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alertd.config.settings import Settings
from alertd.digest.contents import ContentMaker
from alertd.mail.keys import KeyRing
from alertd.postmaster.acting.limits import Limits
from alertd.postmaster.acting.past import Past
from alertd.subscribers.letters import Letters


@dataclass(frozen=True, slots=True)
class Room:
    """The parts. `hash_address` gives an address's key in the suppression list and in evidence."""

    settings: Settings
    keys: KeyRing
    letters: Letters
    contents: ContentMaker
    limits: Limits
    past: Past
    hash_address: Callable[[str], str]
