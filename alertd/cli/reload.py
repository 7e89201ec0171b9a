"""`alertd reload`: take up an edit of config/."""

from __future__ import annotations

import click

from alertd.cli.changes import tell
from alertd.cli.output import json_option, print_json
from alertd.cli.shell import Shell


@click.command()
@click.option(
    "--force",
    is_flag=True,
    help="Even if it ends more than a tenth of the declared subscribers, or what an absent or emptied file had given.",
)
@json_option
@click.pass_obj
def reload(shell: Shell, *, force: bool, as_json: bool) -> None:
    """Read config/ again and apply what changed, as SIGHUP does, and tell what that was.

    A faulty edit is refused whole (exit 2), and so is one that would end too many subscribers, or lacks a whole file, without --force (exit 3).
    Without a running daemon the store is changed at once. alertd.toml is read when the daemon starts: keys that were edited since are named.
    """
    changes = shell.perform("reload", force=force)
    if as_json:
        print_json(changes)
    else:
        tell(changes, done=True)
        if changes["restart"]:
            click.echo(
                f"alertd.toml was edited too; restart the daemon to take up: {', '.join(changes['restart'])}"
            )
