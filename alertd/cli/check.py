"""`alertd check`: every fault of the configuration at once."""

from __future__ import annotations

import click

from alertd.cli.shell import Shell


@click.command()
@click.pass_obj
def check(shell: Shell) -> None:
    """Report all faults in alertd.toml and config/, each with file, line, key and remedy.

    Exits 2 when there are any. It starts nothing and changes nothing.
    """
    from alertd.config import load

    load(shell.config)
    click.echo("no faults")
