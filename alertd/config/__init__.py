"""Alertd.toml and config/*.toml become frozen settings, or a list of every fault.

```
bytes ──documents──> values and their lines ──schema, keys──> good values and faults ──service, declared──> Settings, Declared
```
A key is declared once: its kind and meaning in keys.py or declared_keys.py, its default in settings.py; reading, checking
and docs/configuration.md all follow from these.
"""

from __future__ import annotations

from alertd.config.describe import KeyLine, describe_keys, markdown_tables
from alertd.config.load import load, load_declared, load_settings
from alertd.config.settings import Declared, Settings
from alertd.config.unset import unset

__all__ = [
    "Declared",
    "KeyLine",
    "Settings",
    "describe_keys",
    "load",
    "load_declared",
    "load_settings",
    "markdown_tables",
    "unset",
]
