"""`alertd demo`: the whole service at work on this machine, in half a minute."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from alertd.cli.output import plain
from alertd.cli.shell import Shell


@click.command()
@click.option("--once", is_flag=True, help="Tell the story through in lines, then exit; so it is in a pipe.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep everything in DIR, which must be new or empty [default: a temporary folder, kept too].",
)
@click.pass_obj
def demo(shell: Shell, *, once: bool, folder: Path | None) -> None:
    """See alertd at work: a made-up catalogue, a few readers, and a relay that keeps every mail.

    Two days pass in half a minute. Nothing leaves this machine. On a terminal it stays until Ctrl-C; with --once it exits
    0 when every mail that must arrive has arrived, and says what is missing otherwise.
    """
    import asyncio

    from alertd.demo.run import show

    once = once or not sys.stdout.isatty()
    told = asyncio.run(show(folder, once=once, verbose=shell.verbose, say=_say))
    if told.stopped and once:
        raise click.Abort
    for fault in told.faults:
        click.echo(f"alertd demo: {plain(fault)}", err=True)
    if told.faults:
        raise click.exceptions.Exit(1)


def _say(line: str) -> None:
    click.echo(plain(line, lines=True))
    sys.stdout.flush()
