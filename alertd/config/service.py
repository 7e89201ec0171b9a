"""From alertd.toml to `Settings`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from alertd.config import keys
from alertd.config.checks import check_settings
from alertd.config.declared_keys import TABLES as DECLARED_TABLES
from alertd.config.documents import Document, Spot, fault, read_document, shown, shown_path
from alertd.config.schema import Table, did_you_mean, is_table, read_table
from alertd.config.settings import Delivery, Imap, Intake, Paths, Relay, Service, Settings, Store
from alertd.errors import Fault

_SECTIONS = {
    "service": keys.SERVICE,
    "store": keys.STORE_TABLE,
    "relay": keys.RELAY,
    "delivery": keys.DELIVERY,
    "intake": keys.INTAKE,
    "paths": keys.PATHS,
}


def read_settings(file: Path, *, key_needed: bool) -> tuple[Settings, list[Fault]]:
    """Read alertd.toml; what is faulty has its default in the settings.

    Args:
        file: the path of alertd.toml.
        key_needed: whether a missing key file is a fault.
    """
    file = file.absolute()
    read = read_document(file)
    if read is None:
        remedy = "run `alertd init DIR` to make one and call alertd in DIR, or name the file with --config"
        read = fault(shown_path(file), 0, "", "there is no such file", remedy)
    if isinstance(read, Fault):
        return _settings(file, Document(shown_path(file), {}, {})), [read]
    settings = _settings(file, read)
    check_settings(settings, read.top, key_needed=key_needed)
    return settings, read.faults


def _settings(file: Path, document: Document) -> Settings:
    raw = document.table
    top = document.top
    for name, value in raw.items():
        if name not in _SECTIONS:
            top.at(name).wrong(*_misplaced(name, value))

    def read(name: str) -> dict[str, Any]:
        inside = ("imap",) if name == "intake" else ()
        return read_table(_SECTIONS[name], raw.get(name, {}), top.at(name), file.parent, inside=inside)

    intake = raw.get("intake", {})
    imap = intake.get("imap", {}) if isinstance(intake, dict) else {}
    imap_values = read_table(keys.IMAP, imap, Spot(document, ("intake", "imap")), file.parent)
    return Settings(
        file=file,
        service=Service(**read("service")),
        store=Store(**read("store")),
        relay=Relay(**read("relay")),
        delivery=Delivery(**read("delivery")),
        intake=dataclasses.replace(Intake(**read("intake")), imap=Imap(**imap_values)),
        paths=Paths(**read("paths")),
    )


def _misplaced(name: str, value: object) -> tuple[str, str]:
    """What is wrong with a name at the top of alertd.toml, and where it may belong."""
    if is_table(value):
        what = f"there is no table {shown(name)!r} in {keys.FILE}"
        for table in DECLARED_TABLES:
            if table.header.strip("[]").split(".")[0] == name:
                return what, f"it belongs into config/{table.file}"
        return what, did_you_mean(name, _SECTIONS)
    what = f"the key {shown(name)!r} stands outside of any table"
    homes = [table for table in keys.TABLES if name in {key.name for key in table.keys}]
    return what, f"move it below {_either(homes)}" if homes else did_you_mean(name, _SECTIONS)


def _either(homes: list[Table]) -> str:
    return " or ".join(table.header for table in homes)
