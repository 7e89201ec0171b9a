"""`alertd outbox`: what leaves."""

from __future__ import annotations

import click

from alertd.cli.output import emit, json_option, print_json, show
from alertd.cli.shell import Shell
from alertd.model import DeliveryState, MailKind


@click.group()
def outbox() -> None:
    """List, show and release mails on their way out."""


@outbox.command("list")
@click.option(
    "--state", multiple=True, type=click.Choice([str(state) for state in DeliveryState]), help="Only these."
)
@click.option(
    "--kind", multiple=True, type=click.Choice([str(kind) for kind in MailKind]), help="Only these."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@json_option
@click.pass_obj
def list_(shell: Shell, *, state: tuple[str, ...], kind: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List mails, newest first."""
    rows = shell.perform("outbox.list", states=list(state), kinds=list(kind), limit=limit)
    emit(rows, json=as_json, empty="no mails")


@outbox.command("show")
@click.argument("id", type=int)
@json_option
@click.pass_obj
def show_(shell: Shell, *, id: int, as_json: bool) -> None:  # noqa: A002 - the word of the command line
    """Show a mail and every try that failed."""
    show(shell.perform("outbox.show", id=id), json=as_json)


@outbox.command("release")
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)
@json_option
@click.pass_obj
def release(shell: Shell, *, ids: tuple[int, ...], as_json: bool) -> None:
    """Try held or failed mails again."""
    released = shell.perform("outbox.release", ids=list(ids))
    if as_json:
        print_json(released)
    else:
        click.echo(f"tried again: {', '.join(map(str, released))}")
