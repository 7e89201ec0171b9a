"""What an edit of config/ changes in the store, in words: `alertd check` before, `alertd reload` after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from alertd.cli.output import plain

MOST = 20
"""Names shown of each; --json has all."""


def tell(changes: Mapping[str, Any], *, done: bool) -> None:
    """Print them; `done` when they have been made."""
    said = False
    for noun in ("catalogues", "topics", "subscribers"):
        for verb in ("added", "changed", "ended"):
            if names := changes[noun][verb]:
                _names(f"{noun} {verb if done else f'to be {verb}'}", names)
                said = True
    if skipped := changes["subscribers"]["skipped"]:
        _names(
            "subscribers not added, because they must not be mailed (alertd subscriber lift takes an address off the list)",
            [f"{each['address']}: {each['reason']}" for each in skipped],
        )
    if not said:
        click.echo("nothing changed" if done else "nothing to change in the store")


def _names(what: str, names: Sequence[str]) -> None:
    click.echo(f"{what}: {len(names)}")
    for name in names[:MOST]:
        click.echo(f"  {plain(name)}")
    if len(names) > MOST:
        click.echo(f"  ... and {len(names) - MOST} more")
