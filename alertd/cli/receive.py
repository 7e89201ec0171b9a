"""`alertd receive`: a mail from an MTA's pipe. `__main__` takes a shorter way there; this is for the help and --config."""

from __future__ import annotations

import click

from alertd.cli.shell import Shell


@click.command()
@click.option("--recipient", metavar="ADDRESS", help="The envelope's recipient.")
@click.option("--sender", metavar="ADDRESS", help="The envelope's sender, '' for the null path.")
@click.pass_obj
def receive(shell: Shell, *, recipient: str | None, sender: str | None) -> None:
    """Put a mail from standard input into the spool, for an MTA's pipe; ends with sysexits codes."""
    from alertd.postmaster.receive import main

    given = {"--recipient": recipient, "--sender": sender}
    arguments = [word for name, value in given.items() if value is not None for word in (name, value)]
    raise click.exceptions.Exit(main(arguments, default_config=shell.config))
