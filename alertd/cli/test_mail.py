"""`alertd test-mail ADDRESS`: does the relay take our mail?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from alertd.cli.output import json_option, plain, print_json
from alertd.cli.shell import Shell

if TYPE_CHECKING:
    from alertd.config.settings import Settings
    from alertd.delivery.trial import Trial


@click.command("test-mail")
@click.argument("address")
@json_option
@click.pass_obj
def test_mail(shell: Shell, *, address: str, as_json: bool) -> None:
    """Send one mail through the configured relay at once, and say what the relay answered.

    It needs neither a daemon nor the store. Exits 1 when the relay did not take it, with the stage and what to do.
    """
    from alertd.addresses import check_address
    from alertd.clock import clock_from_environment
    from alertd.delivery.trial import attempt, trial_mail
    from alertd.mail.keys import KeyRing
    from alertd.mail.templates import load_templates

    try:
        checked = check_address(address)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    settings = _set_up(shell)
    keys = KeyRing.load(settings.service.key_file)
    templates = load_templates(settings.paths.templates)
    now = clock_from_environment().now()
    mail = trial_mail(settings, keys, templates, address=checked, now=now)
    trial = asyncio.run(attempt(mail, settings))
    told = _record(trial, settings, address=checked, message_id=mail.message_id)
    if as_json:
        print_json(told)
    else:
        _tell(told)
    if trial.error is not None:
        raise click.exceptions.Exit(1)


def _set_up(shell: Shell) -> Settings:
    """The settings, when the service has an address to send from.

    Raises:
        ConfigError: faulty, or not set up yet.
    """
    from alertd.config import unset
    from alertd.config.settings import Declared
    from alertd.errors import ConfigError

    settings = shell.settings()
    missing = tuple(each for each in unset(settings, Declared()) if each.key.startswith("service."))
    if missing:
        raise ConfigError(missing)
    return settings


def _record(trial: Trial, settings: Settings, *, address: str, message_id: str) -> dict[str, Any]:
    from alertd.delivery.trial import remedy

    said = trial.error or trial.reply
    return {
        "address": address,
        "relay": f"{settings.relay.host}:{settings.relay.port}",
        "accepted": trial.error is None,
        "passed": list(trial.passed),
        "failed": trial.error.stage if trial.error else None,
        "code": said.code if said else None,
        "enhanced": said.enhanced if said else "",
        "reply": said.text if said else "",
        "remedy": remedy(trial.error, settings.relay) if trial.error else "",
        "message_id": message_id,
    }


def _tell(told: dict[str, Any]) -> None:
    answer = plain(" ".join(str(each) for each in (told["code"], told["enhanced"], told["reply"]) if each))
    if told["accepted"]:
        click.echo(f"{told['relay']} took the mail to {told['address']}: {answer}")
        click.echo(f"look into that mailbox for {told['message_id']}")
        return
    for stage in told["passed"]:
        click.echo(f"{stage:8} ok")
    click.echo(f"{told['failed']:8} failed: {answer}")
    click.echo(f"what to do: {plain(told['remedy'])}")
