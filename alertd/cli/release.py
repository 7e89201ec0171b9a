"""`alertd release CATALOGUE`: decide on what a poll held."""

from __future__ import annotations

import click

from alertd.cli.output import json_option, plain, print_json
from alertd.cli.shell import Shell


@click.command()
@click.argument("catalogue")
@click.option("--discard", is_flag=True, help="Tell nobody about them: the feed only renewed old entries.")
@json_option
@click.pass_obj
def release(shell: Shell, *, catalogue: str, discard: bool, as_json: bool) -> None:
    """Announce the reports of a catalogue that are held, or discard them. `alertd status` shows their titles."""
    done = shell.perform("release", catalogue=catalogue, discard=discard)
    if as_json:
        print_json(done)
        return
    titles = done["titles"]
    if not titles:
        click.echo(f"nothing of {catalogue} is held")
        return
    click.echo(f"{len(titles)} {'discarded' if discard else 'announced'}:")
    for title in titles:
        click.echo(f"  {plain(title)}")
