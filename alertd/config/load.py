"""Reading the configuration from its files, all faults at once."""

from __future__ import annotations

from pathlib import Path

from alertd.config.declared import read_declared
from alertd.config.service import read_settings
from alertd.config.settings import Declared, Settings
from alertd.errors import ConfigError, Fault


def load_settings(file: Path, *, key_needed: bool = True) -> Settings:
    """Read alertd.toml.

    Args:
        file: its path; relative paths in it are relative to its folder.
        key_needed: whether a missing key file is a fault (it is for all but the commands that make one).

    Raises:
        ConfigError: with every fault found.
    """
    settings, faults = read_settings(file, key_needed=key_needed)
    _raise(faults)
    return settings


def load_declared(settings: Settings) -> Declared:
    """Read catalogues.toml, topics.toml and subscribers.toml; one that is absent is named in `missing`.

    Raises:
        ConfigError: with every fault found.
    """
    declared, faults = read_declared(settings)
    _raise(faults)
    return declared


def load(file: Path, *, key_needed: bool = True) -> tuple[Settings, Declared]:
    """Read alertd.toml and the folder it names.

    Raises:
        ConfigError: with every fault found in any of the files.
    """
    settings, faults = read_settings(file, key_needed=key_needed)
    declared, more = read_declared(settings)
    _raise([*faults, *more])
    return settings, declared


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise ConfigError(tuple(sorted(set(faults))))
