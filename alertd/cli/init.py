"""`alertd init DIR`: a folder to begin with."""

from __future__ import annotations

import getpass
import os
import shutil
import sys
from pathlib import Path

import click

from alertd.cli.unit import SERVICE_USER, steps, unit

_NEXT = """
Next:
  1. edit [service] address, [service] owner and [relay] host in {folder}/alertd.toml,
     and name a catalogue in {folder}/config/catalogues.toml
  2. cd {folder} && alertd check
  3. alertd run
     or, as a service that starts with the machine, as root:
{steps}"""

_UNREADABLE = """
Note: {program} lies in a home folder, which the user {user} cannot read. For a service install alertd in
/opt/alertd (python3 -m venv /opt/alertd && /opt/alertd/bin/pip install .), remove {folder}/alertd.service
and run /opt/alertd/bin/alertd init {folder}: it writes the unit anew."""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Write commented example files, a key file and a systemd unit into DIR.

    What is there already is kept as it is, so it can be called again, for example after a key file was lost.
    """
    from alertd.errors import AlertdError

    try:
        _prepare(folder)
    except OSError as error:
        raise AlertdError(
            f"{error.filename or folder}: {error.strerror}. Choose a folder that you may write"
        ) from error
    user = _user()
    told = "\n".join(f"       {step}" for step in steps(folder.resolve(), user=user))
    click.echo(_NEXT.format(folder=folder, steps=told))
    start = Path(program()[0])
    if user == SERVICE_USER and set(start.parts[:2]) & {"home", "root"}:
        click.echo(_UNREADABLE.format(program=start, user=user, folder=folder.resolve()))


def _user() -> str:
    """Whom a service runs as: a user of its own when root installs it."""
    return SERVICE_USER if os.geteuid() == 0 else getpass.getuser()


def _prepare(folder: Path) -> None:
    from alertd.mail.keys import KeyRing
    from alertd.packaged import packaged

    (folder / "config").mkdir(parents=True, exist_ok=True)
    (folder / "var").mkdir(mode=0o700, exist_ok=True)
    _write(folder / "alertd.toml", packaged("alertd.toml").read_text("utf-8"))
    for example in sorted(packaged("config").glob("*.toml")):
        _write(folder / "config" / example.name, example.read_text("utf-8"))
    key_file = _key_file(folder)
    if key_file.exists():
        _say("kept", key_file)
    else:
        KeyRing.create(key_file)
        _say("wrote", key_file)
    _write(folder / "alertd.service", unit(folder.resolve(), program=program(), user=_user()))


def _key_file(folder: Path) -> Path:
    """Where the configuration wants the key file; the usual place while it cannot be read."""
    from alertd.config import load_settings
    from alertd.errors import ConfigError

    try:
        return load_settings(folder / "alertd.toml", key_needed=False).service.key_file
    except ConfigError:
        return folder / "alertd.key"


def program() -> tuple[str, ...]:
    """The words that start this alertd from anywhere."""
    called = shutil.which(sys.argv[0])
    if called is not None and Path(called).name == "alertd":
        return (str(Path(called).absolute()),)
    return (sys.executable, "-P", "-m", "alertd")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _say("kept", path)
    else:
        _say("wrote", path)


def _say(what: str, path: Path) -> None:
    click.echo(f"{what:5} {path}")
