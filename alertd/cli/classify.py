"""`alertd classify FILE...`: what would be done about a mail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from alertd.cli.output import json_option, plain, print_json
from alertd.cli.shell import Shell

_AS = ("active", "new", "authenticated")


@click.command()
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True),
)
@click.option(
    "--recipient", default="", metavar="ADDRESS", help="The envelope's recipient [default: the mail's]."
)
@click.option(
    "--as",
    "as_",
    type=click.Choice(_AS),
    default="active",
    show_default=True,
    help="Whom the sender is taken for: a subscriber, somebody new, or a subscriber whose mail is authenticated.",
)
@click.option(
    "--keywords",
    default="",
    metavar="A,B",
    help='What the subscriber already has, for mails such as "only pensions from now on".',
)
@json_option
@click.pass_obj
def classify(
    shell: Shell, *, files: tuple[Path, ...], recipient: str, as_: str, keywords: str, as_json: bool
) -> None:
    """Say what would be done about each mail; a FILE may be a folder of them.

    Nothing is stored, sent or asked, and no configuration is needed.
    """
    from alertd.clock import clock_from_environment
    from alertd.postmaster.classify import classify as classify_mail

    address, separator = _ours(shell)
    now = clock_from_environment().now()
    has = tuple(keyword.strip() for keyword in keywords.split(",") if keyword.strip())
    found = [
        {
            "file": str(path),
            **classify_mail(
                path.read_bytes(),
                recipient,
                as_,
                now=now,
                address=address,
                separator=separator,
                keywords=has,
            ),
        }
        for path in _paths(files)
    ]
    if as_json:
        print_json(found)
        return
    for each in found:
        _tell(each)


def _paths(named: tuple[Path, ...]) -> Iterator[Path]:
    """The files, and those in the folders, in the order of their names."""
    for path in named:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        else:
            yield path


def _ours(shell: Shell) -> tuple[str, str]:
    """The service's address and separator; "" and "+" without a configuration."""
    from alertd.errors import ConfigError

    try:
        service = shell.settings().service
    except ConfigError:
        return "", "+"
    return service.address, service.separator


def _tell(each: dict[str, Any]) -> None:
    click.echo(f"{plain(each['file'])}: {each['kind']}")
    for line in each["commands"]:
        click.echo(f"  command: {plain(line)}")
    for line in each["would_do"]:
        click.echo(f"  would: {plain(line)}")
    if each["reason"]:
        click.echo(f"  why: {plain(each['reason'])}")
