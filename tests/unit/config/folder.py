"""A configuration folder for a test: files written, a key made, faults read as (file, line, key)."""

from __future__ import annotations

from pathlib import Path

from alertd import config
from alertd.config import Declared, Settings
from alertd.errors import ConfigError, Fault

CATALOGUES = '[catalogue.drc]\nfeed = "https://example.org/reports.xml"\n'
TOPICS = '[topic.rural]\nquery = "rural OR farmland"\n'


def write(folder: Path, main: str = "", **files: str) -> Path:
    """Write alertd.toml, config/NAME.toml for each named text, and a key file; the path of alertd.toml."""
    (folder / "config").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "config" / f"{name}.toml").write_text(text, encoding="utf-8")
    file = folder / "alertd.toml"
    file.write_text(main, encoding="utf-8")
    secret(folder / "alertd.key")
    return file


def secret(path: Path, mode: int = 0o600) -> Path:
    """A file with something secret in it."""
    path.write_text("secret\n", encoding="utf-8")
    path.chmod(mode)
    return path


def good(folder: Path, main: str = "", **files: str) -> tuple[Settings, Declared]:
    """What a faultless folder becomes."""
    return config.load(write(folder, main, **files))


def faults(folder: Path, main: str = "", **files: str) -> tuple[Fault, ...]:
    """What is wrong with a folder."""
    file = write(folder, main, **files)
    try:
        config.load(file)
    except ConfigError as error:
        return error.faults
    return ()
