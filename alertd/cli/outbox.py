"""`alertd outbox`: what leaves."""

from __future__ import annotations

import click

from alertd.cli.output import emit, json_option, print_json, show, tell_cut
from alertd.cli.shell import Shell
from alertd.model import DeliveryState, MailKind

_ids = click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)


@click.group()
def outbox() -> None:
    """List and show mails on their way out; try again, hold or drop them."""


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
    from alertd.control.outbox import list_deliveries

    rows = shell.read(lambda store: list_deliveries(store, states=state, kinds=kind, limit=limit + 1))
    emit(rows[:limit], json=as_json, empty="no mails")
    tell_cut(len(rows), limit)


@outbox.command("show")
@click.argument("id", type=int)
@json_option
@click.pass_obj
def show_(shell: Shell, *, id: int, as_json: bool) -> None:  # noqa: A002 - the word of the command line
    """Show a mail and every try that failed."""
    from alertd.control.outbox import show_delivery

    show(shell.read(lambda store: show_delivery(store, id=id)), json=as_json)


@outbox.command("retry")
@_ids
@json_option
@click.pass_obj
def retry(shell: Shell, *, ids: tuple[int, ...], as_json: bool) -> None:
    """Try held or failed mails again, now."""
    _tell(shell.perform("outbox.retry", ids=list(ids)), "tried again", as_json=as_json)


@outbox.command("hold")
@_ids
@json_option
@click.pass_obj
def hold(shell: Shell, *, ids: tuple[int, ...], as_json: bool) -> None:
    """Stop mails that wait, until they are retried or dropped."""
    _tell(shell.perform("outbox.hold", ids=list(ids)), "held", as_json=as_json)


@outbox.command("drop")
@_ids
@json_option
@click.pass_obj
def drop(shell: Shell, *, ids: tuple[int, ...], as_json: bool) -> None:
    """Never send these mails. The reports of a dropped digest count as told and do not come again."""
    _tell(shell.perform("outbox.drop", ids=list(ids)), "dropped", as_json=as_json)


def _tell(done: list[int], what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        click.echo(f"{what}: {', '.join(map(str, done))}")
