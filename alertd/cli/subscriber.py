"""`alertd subscriber`: who is told what."""

from __future__ import annotations

import click

from alertd.cli.output import emit, json_option, show
from alertd.cli.shell import Shell
from alertd.model import Origin, SubscriberState


@click.group()
def subscriber() -> None:
    """List and show subscribers."""


@subscriber.command("list")
@click.option("--state", type=click.Choice([str(state) for state in SubscriberState]), help="Only those.")
@click.option(
    "--origin", type=click.Choice([str(origin) for origin in Origin]), help="Only those that came this way."
)
@click.option("--after", type=int, default=0, metavar="ID", help="Go on behind this id.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@json_option
@click.pass_obj
def list_(
    shell: Shell, *, state: str | None, origin: str | None, after: int, limit: int, as_json: bool
) -> None:
    """List subscribers in the order in which they came."""
    rows = shell.perform("subscriber.list", state=state or "", origin=origin or "", after=after, limit=limit)
    emit(rows, json=as_json, empty="no subscribers")


@subscriber.command("show")
@click.argument("address")
@json_option
@click.pass_obj
def show_(shell: Shell, *, address: str, as_json: bool) -> None:
    """Show a subscriber: settings, queries, latest mails."""
    show(shell.perform("subscriber.show", address=address), json=as_json)
