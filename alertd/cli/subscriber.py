"""`alertd subscriber`: who is told what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alertd.cli.output import Stream, json_option, plain, print_json, show
from alertd.cli.shell import Shell
from alertd.config.settings import DEFAULT_SCHEDULE, LANGUAGES
from alertd.mail.wording import many
from alertd.model import Origin, SubscriberState

if TYPE_CHECKING:
    from alertd.store.engines import Store


@click.group()
def subscriber() -> None:
    """List, show, add and end subscribers; lift suppressions."""


@subscriber.command("list")
@click.option("--state", type=click.Choice([str(state) for state in SubscriberState]), help="Only those.")
@click.option(
    "--origin", type=click.Choice([str(origin) for origin in Origin]), help="Only those that came this way."
)
@click.option("--after", type=int, default=0, metavar="ID", help="Go on behind this id.")
@click.option("--limit", type=click.IntRange(min=1), help="So many at most [default: all].")
@json_option
@click.pass_obj
def list_(
    shell: Shell, *, state: str | None, origin: str | None, after: int, limit: int | None, as_json: bool
) -> None:
    """List subscribers in the order in which they came."""
    from alertd.control.subscribers import pages

    stream = Stream(json=as_json)

    async def look(store: Store) -> None:
        async for page in pages(store, state=state or "", origin=origin or "", after=after, limit=limit):
            stream.add(page)

    shell.read(look)
    stream.end(empty="no subscribers")


@subscriber.command("show")
@click.argument("address")
@json_option
@click.pass_obj
def show_(shell: Shell, *, address: str, as_json: bool) -> None:
    """Show a subscriber: settings, queries and when they come, consents, latest mails and bounces."""
    from alertd.control.subscribers import show_subscriber

    show(shell.read(lambda store: show_subscriber(store, address=address)), json=as_json)


@subscriber.command("add")
@click.argument("address")
@click.argument("queries", metavar="QUERY...", nargs=-1, required=True)
@click.option(
    "--schedule",
    default="",
    metavar="WHEN",
    help=f"When the digests go [default: as their first query, or {DEFAULT_SCHEDULE}].",
)
@click.option("--language", type=click.Choice(LANGUAGES), help="[default: the service's]")
@click.option(
    "--time-zone", default="", metavar="ZONE", help="As in Europe/Berlin [default: theirs, or the service's]."
)
@click.option("--label", default="", help="What the mails call these queries [default: as typed].")
@click.option("--force", is_flag=True, help="Even if they left or were ended: they asked you to come back.")
@json_option
@click.pass_obj
def add(
    shell: Shell,
    *,
    address: str,
    queries: tuple[str, ...],
    schedule: str,
    language: str | None,
    time_zone: str,
    label: str,
    force: bool,
    as_json: bool,
) -> None:
    """Add a subscriber who asked you for it, or give one more queries. A new one is welcomed by mail.

    Who left, was ended or asked to be forgotten is refused without --force, with the day and the reason. Put -- before a
    query that begins with a minus sign.
    """
    _check(address, queries, schedule=schedule, time_zone=time_zone)
    done = shell.perform(
        "subscriber.add",
        address=address,
        queries=list(queries),
        schedule=schedule,
        language=language or "",
        time_zone=time_zone,
        label=label,
        force=force,
    )
    if as_json:
        print_json(done)
        return
    who = "added" if done["new"] else "was there already"
    click.echo(
        f"{done['address']} {who}; {many(done['added'], 'new query', 'new queries')}, {done['schedule']}"
    )
    if done["paused"]:
        click.echo("they have paused: nothing is sent before they resume")


@subscriber.command("end")
@click.argument("address")
@click.option("--reason", default="", help="Kept with the subscriber.")
@json_option
@click.pass_obj
def end(shell: Shell, *, address: str, reason: str, as_json: bool) -> None:
    """End a subscriber: nothing more is sent to them. config/subscribers.toml does not bring them back."""
    done = shell.perform("subscriber.end", address=address, reason=reason)
    if as_json:
        print_json(done)
    else:
        click.echo(f"{done['address']} {'ended' if done['ended'] else 'had ended already'}")


@subscriber.command("lift")
@click.argument("address")
@click.option("--reason", default="", help="Kept with the act.")
@click.option(
    "--force", is_flag=True, help="Even if the person complained: they asked you to be mailed again."
)
@json_option
@click.pass_obj
def lift(shell: Shell, *, address: str, reason: str, force: bool, as_json: bool) -> None:
    """Lift a suppression: ADDRESS may be mailed again, and its earlier bounces count no more.

    It brings nobody back: their queries were dropped. `subscriber add --force` gives them new ones, or they sign up themselves.
    Where a person complained it is refused without --force.
    """
    done = shell.perform("subscriber.lift", address=address, reason=reason, force=force)
    if as_json:
        print_json(done)
    elif not done["lifted"]:
        click.echo(f"{done['address']} was not suppressed")
    else:
        click.echo(
            f"{done['address']} may be mailed again; it was suppressed since {done['since'][:10]}: {plain(done['reason'])}"
        )
        if done["state"] == SubscriberState.ENDED:
            click.echo(
                f"they stay ended: alertd subscriber add {done['address']} QUERY... --force brings them back"
            )


def _check(address: str, queries: tuple[str, ...], *, schedule: str, time_zone: str) -> None:
    """Faults of the command line are told as such, before anything is asked of the daemon."""
    from alertd.addresses import check_address
    from alertd.cli.try_queries import describe
    from alertd.errors import QuerySyntaxError
    from alertd.query import parse
    from alertd.schedule import check_zone, parse_schedule

    try:
        check_address(address)
        parse_schedule(schedule or DEFAULT_SCHEDULE, zone=check_zone(time_zone) if time_zone else "UTC")
        for text in queries:
            parse(text)
    except QuerySyntaxError as error:
        raise click.BadParameter(describe(error)) from error
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
