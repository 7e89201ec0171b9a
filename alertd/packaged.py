"""Where the files that travel with the program are: templates/, config/ and alertd.toml."""

from __future__ import annotations

from pathlib import Path


def packaged(name: str) -> Path:
    """The path of a shipped file or folder: inside an installed wheel, or at the top of a checkout."""
    room = Path(__file__).parent
    installed = room / "_data" / name
    return installed if installed.exists() else room.parent / name
