"""`alertd inbox`: mails that came in."""

from __future__ import annotations

import sys

import click

from alertd.cli.output import emit, json_option, print_json, show, tell_cut
from alertd.cli.shell import Shell

_STATES = ("new", "working", "done", "ignored", "quarantined")


@click.group()
def inbox() -> None:
    """List and show mails that came in; try one again."""


@inbox.command("list")
@click.option("--state", multiple=True, type=click.Choice(_STATES), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@json_option
@click.pass_obj
def list_(shell: Shell, *, state: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List mails, newest first."""
    from alertd.control.inbox import list_mails

    rows = shell.read(lambda store: list_mails(store, states=state, limit=limit + 1))
    emit(rows[:limit], json=as_json, empty="no mails")
    tell_cut(len(rows), limit)


@inbox.command("show")
@click.argument("id", type=int)
@click.option("--raw", "as_raw", is_flag=True, help="Print the mail itself, byte for byte.")
@json_option
@click.pass_obj
def show_(shell: Shell, *, id: int, as_raw: bool, as_json: bool) -> None:  # noqa: A002 - the word of the command line
    """Show a mail and what was decided of it."""
    from alertd.control.inbox import show_mail
    from alertd.errors import NotFoundError

    found = shell.read(lambda store: show_mail(store, id=id))
    raw = found.pop("raw")
    if not as_raw:
        show(found, json=as_json)
        return
    if raw is None:
        raise NotFoundError(f"the text of mail {id} was purged ([intake] keep_raw)")
    sys.stdout.buffer.write(raw.encode("latin-1"))


@inbox.command("retry")
@click.argument("id", type=int)
@json_option
@click.pass_obj
def retry(shell: Shell, *, id: int, as_json: bool) -> None:  # noqa: A002 - the word of the command line
    """Handle a quarantined or ignored mail again."""
    shell.perform("inbox.retry", id=id)
    if as_json:
        print_json({"id": id})
    else:
        click.echo(f"mail {id} will be handled again")
