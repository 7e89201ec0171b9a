"""What an edit of alertd.toml changes for a daemon that read it when it started."""

from __future__ import annotations

import dataclasses
from typing import Any

from alertd.config.settings import Settings


def changed_keys(running: Settings, edited: Settings) -> tuple[str, ...]:
    """The dotted keys whose values differ, in the order of the file: `relay.port`, `intake.imap.host`."""
    return tuple(_changed("", running, edited))


def _changed(above: str, old: Any, new: Any) -> list[str]:
    found: list[str] = []
    for field in dataclasses.fields(old):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if dataclasses.is_dataclass(was):
            found += _changed(f"{above}{field.name}.", was, now)
        elif was != now:
            found.append(f"{above}{field.name}")
    return found
