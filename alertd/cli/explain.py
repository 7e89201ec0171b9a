"""`alertd explain REPORT ADDRESS`: why somebody did (not) get a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alertd.cli.output import json_option, plain, print_json
from alertd.cli.shell import Shell

if TYPE_CHECKING:
    from alertd.digest.explain import Step
    from alertd.model import Report
    from alertd.store.engines import Store
    from alertd.store.subscribers import SubscriberRow

_MOST = 20


@click.command()
@click.argument("report", metavar="REPORT")
@click.argument("address")
@click.option("--catalogue", metavar="NAME", help="The report's catalogue, where several have one like it.")
@json_option
@click.pass_obj
def explain(shell: Shell, *, report: str, address: str, catalogue: str | None, as_json: bool) -> None:
    """Tell every step of a report's way to a subscriber, from the poll to the relay's answer, or where it stopped.

    REPORT is its guid, URL, number (178 or 178/2015), total number, or #ID.
    """
    from alertd.digest.explain_words import say

    found, reader, steps = shell.read(lambda store: _look(store, report, address, catalogue))
    words = say(steps, language="en", zone=reader.zone)
    if as_json:
        print_json(_record(found, reader, steps, words))
        return
    click.echo(f"{plain(found.fields.title)} ({found.catalogue}, #{found.id}) for {reader.address}:")
    for line in words:
        click.echo(f"  {plain(line)}")


async def _look(
    store: Store, text: str, address: str, catalogue: str | None
) -> tuple[Report, SubscriberRow, tuple[Step, ...]]:
    from alertd.control.subscribers import named
    from alertd.digest.explain import explain as explain_pair
    from alertd.store import reports

    async with store.read() as connection:
        found = await reports.find(connection, text, limit=_MOST)
        report = _the_one(found, text, catalogue)
        reader = await named(connection, address)
        return report, reader, await explain_pair(connection, report, reader)


def _the_one(found: list[Report], text: str, catalogue: str | None) -> Report:
    """The report that is meant.

    Raises:
        NotFoundError: none, or several.
    """
    from alertd.errors import NotFoundError

    meant = [each for each in found if catalogue in (None, each.catalogue)]
    if not meant:
        where = f" in {catalogue}" if catalogue else ""
        raise NotFoundError(
            f"no stored report is {text!r}{where}: give its guid, URL, number, total number, or #ID"
        )
    if len(meant) > 1:
        raise NotFoundError(
            "\n".join([f"{text!r} may be several reports; name one by its #ID:", *map(_line, meant)])
        )
    return meant[0]


def _line(report: Report) -> str:
    number = f"No {report.fields.number}/{report.fields.year or '-'}, " if report.fields.number else ""
    return f"  #{report.id}  {report.catalogue}: {number}{report.fields.title}"


def _record(
    report: Report, reader: SubscriberRow, steps: tuple[Step, ...], words: list[str]
) -> dict[str, Any]:
    return {
        "report": {
            "id": report.id,
            "catalogue": report.catalogue,
            "identity": report.identity,
            "revision": report.revision,
            "state": str(report.state),
            "title": report.fields.title,
        },
        "address": reader.address,
        "steps": [
            {"code": step.code, "at": step.at, "stops": step.stops, "facts": step.facts, "words": line}
            for step, line in zip(steps, words, strict=True)
        ],
    }
