"""`alertd check`: every fault of the configuration at once, and what the files would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alertd.cli.changes import tell
from alertd.cli.output import json_option, plain, print_json
from alertd.cli.shell import Shell
from alertd.mail.wording import many

if TYPE_CHECKING:
    from alertd.config.settings import Declared
    from alertd.errors import Fault
    from alertd.store.engines import Store


@click.command()
@json_option
@click.pass_obj
def check(shell: Shell, *, as_json: bool) -> None:
    """Report all faults in alertd.toml, config/ and the templates, and what the files would change in the store.

    Exits 2 when there are faults. What a fresh folder still lacks is told and is no fault: `alertd run` needs it. An edit that `alertd reload` would refuse without --force is told and is no fault. It
    starts nothing and changes nothing.
    """
    from alertd.config import unset
    from alertd.errors import ConfigError

    declared, faults = _load(shell)
    if declared is None or faults:
        if as_json:
            print_json(
                {
                    "faults": [_fault(each) for each in faults],
                    "unset": [],
                    "changes": None,
                    "refused": "",
                    "note": "",
                }
            )
            raise click.exceptions.Exit(ConfigError.exit_code)
        raise ConfigError(faults)
    changes, note = _changes(shell, declared)
    refused = changes.pop("refused") if changes else ""
    lacking = unset(shell.settings(), declared)
    if as_json:
        told = [_fault(each) for each in lacking]
        print_json({"faults": [], "unset": told, "changes": changes, "refused": refused, "note": note})
        return
    click.echo("no faults")
    for each in lacking:
        click.echo(plain(str(each)))
    if changes:
        tell(changes, done=False)
    if refused:
        click.echo(f"warning: {refused}. alertd reload refuses it without --force")
    if note:
        click.echo(note)


def _load(shell: Shell) -> tuple[Declared | None, tuple[Fault, ...]]:
    """What is declared, and the faults of the files, of the templates and of the keys together."""
    from alertd.config import load
    from alertd.errors import ConfigError
    from alertd.mail.keys import KeyRing
    from alertd.mail.templates import load_templates

    declared: Declared | None = None
    faults: set[Fault] = set()
    try:
        declared = load(shell.config)[1]
    except ConfigError as error:
        faults.update(error.faults)
    for look in (
        lambda: load_templates(shell.settings().paths.templates),
        lambda: KeyRing.load(shell.settings().service.key_file),
    ):
        try:
            look()
        except ConfigError as error:
            faults.update(error.faults)
    return declared, tuple(sorted(faults))


def _changes(shell: Shell, declared: Declared) -> tuple[dict[str, Any] | None, str]:
    """What the files would change, or a note on why that cannot be told."""
    from alertd.clock import SystemClock
    from alertd.errors import NotFoundError, StoreError
    from alertd.mail.hashing import address_hash
    from alertd.mail.keys import KeyRing
    from alertd.subscribers.declare import compare

    keys = KeyRing.load(shell.settings().service.key_file)

    async def look(store: Store) -> dict[str, Any]:
        async with store.read() as connection:
            found = await compare(
                connection,
                declared,
                hash_address=lambda address: address_hash(keys, address),
                now=SystemClock().now(),
            )
            return found.as_json()

    try:
        return shell.read(look), ""
    except NotFoundError:
        new = ", ".join(
            many(len(rows), noun)
            for rows, noun in (
                (declared.subscribers, "subscriber"),
                (declared.topics, "topic"),
                (declared.catalogues, "catalogue"),
            )
        )
        something = declared.subscribers or declared.topics or declared.catalogues
        return None, f"there is no database yet: the first run will add {new}" if something else ""
    except StoreError as error:
        return None, f"what the files would change cannot be told: {error}"


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "file": fault.file,
        "line": fault.line,
        "key": fault.key,
        "what": fault.what,
        "remedy": fault.remedy,
    }
