"""`alertd poll [CATALOGUE]`: look at the catalogues now."""

from __future__ import annotations

from typing import Any

import click

from alertd.cli.output import emit, json_option, plain
from alertd.cli.shell import Shell

_COUNTS = ("announced", "revised", "held", "old", "baseline")


@click.command()
@click.argument("catalogue", required=False)
@json_option
@click.pass_obj
def poll(shell: Shell, *, catalogue: str | None, as_json: bool) -> None:
    """Poll a catalogue now, or all of them, whether due or not.

    Exits 1 when one could not be polled.
    """
    results = shell.perform("poll", catalogue=catalogue or "")
    if as_json:
        emit(results, json=True)
    else:
        for each in results:
            click.echo(_line(each))
        if not results:
            click.echo("no catalogues: name one in config/catalogues.toml")
    if any(each["outcome"] in {"failed", "gone"} for each in results):
        raise click.exceptions.Exit(1)


def _line(result: dict[str, Any]) -> str:
    counted = [f"{result[name]} {name}" for name in _COUNTS if result[name]]
    if result["outcome"] == "unchanged":
        said = "nothing new"
    elif result["outcome"] == "stored":
        said = f"{result['entries']} entries: {', '.join(counted) or 'nothing new'}"
    else:
        said = str(result["outcome"])
    note = f" ({plain(result['error'])})" if result["error"] else ""
    hint = f"; alertd release {result['catalogue']} mails what is held" if result["held"] else ""
    return f"{result['catalogue']}: {said}{note}{hint}"
