"""`alertd run`: the daemon, or once all that is due."""

from __future__ import annotations

from datetime import datetime

import click

from alertd.cli.shell import Shell

_EXAMPLE = "2026-11-24T08:00:00+08:00"


def _instant(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no instant; write {_EXAMPLE}") from error
    if found.tzinfo is None:
        raise click.BadParameter(f"{value!r} has no offset; write {value}+00:00 or {value}Z")
    return found


@click.command()
@click.option("--once", is_flag=True, help="Do all that is due now, then exit.")
@click.option(
    "--now",
    callback=_instant,
    metavar="INSTANT",
    help=f"With --once: as if it were this instant, as in {_EXAMPLE}.",
)
@click.option(
    "--sandbox",
    is_flag=True,
    help="With --once: on a copy of the store; no mail leaves, it is kept in a folder.",
)
@click.pass_obj
def run(shell: Shell, once: bool, now: datetime | None, sandbox: bool) -> None:
    """Run the service: poll catalogues, make digests, send mail, until SIGTERM.

    With --once it does all that is due at this instant and exits: 0 when nothing failed.
    """
    import asyncio

    from alertd import log
    from alertd.clock import clock_from_environment

    log.set_up(verbose=shell.verbose)
    if once:
        from alertd.cli.once import run_once

        failures = asyncio.run(
            run_once(shell.config, clock=clock_from_environment(), now=now, sandbox=sandbox, tell=click.echo)
        )
        if failures:
            raise click.exceptions.Exit(1)
        return
    if now is not None or sandbox:
        raise click.UsageError("--now and --sandbox go with --once.")
    from alertd.daemon import run as run_daemon

    asyncio.run(run_daemon(shell.config, clock=clock_from_environment()))
