"""`alertd key`: what signs tokens, return paths and Message-IDs."""

from __future__ import annotations

import click

from alertd.cli.output import json_option, print_json
from alertd.cli.shell import Shell


@click.group()
def key() -> None:
    """Add a key to the key file."""


@key.command("new")
@json_option
@click.pass_obj
def new(shell: Shell, *, as_json: bool) -> None:
    """Add a new key, which signs from the daemon's next start. The older ones go on proving what they signed."""
    from alertd.mail.keys import KeyRing

    path = shell.settings().service.key_file
    ring = KeyRing.add(path)
    if as_json:
        print_json({"key": ring.newest, "file": str(path), "keys": list(ring.keys)})
        return
    click.echo(
        f"{path}: key {ring.newest} added, {len(ring.keys)} in all; restart the daemon to sign with it"
    )
