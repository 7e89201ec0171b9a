"""`alertd preview ADDRESS`: the digest as it would be sent."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alertd.cli.output import json_option, plain, print_json
from alertd.cli.shell import Shell
from alertd.mail.wording import many

if TYPE_CHECKING:
    from alertd.config.settings import Settings
    from alertd.digest.preview import Shown
    from alertd.store.engines import Store


_HEAD = """\
A preview: what the queries find in the reports of the last {since} that are stored, also those from before they asked.
A real digest has only what is announced after that.
"""


@click.command()
@click.argument("address")
@click.option(
    "--since", default="30d", show_default=True, help="Look at the reports of so long: 30d, 2w, 12h."
)
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write digest.eml, digest.html and digest.txt there.",
)
@json_option
@click.pass_obj
def preview(shell: Shell, *, address: str, since: str, folder: Path | None, as_json: bool) -> None:
    """Show the digest that a subscriber would get from the reports of the last days, all of their queries in one.

    Nothing is sent or stored, and the preview's links do nothing: it is signed with a key of its own.
    """
    from alertd.schedule import parse_duration

    try:
        length = parse_duration(since)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error
    shown = _make(shell, address, length)
    parts = _parts(shown)
    files = _write(folder, parts) if folder else []
    if as_json:
        print_json(_record(shown, parts, files))
    else:
        _tell(shown, parts, files, since=since)


def _make(shell: Shell, address: str, length: timedelta) -> Shown:
    from alertd.clock import clock_from_environment
    from alertd.control.subscribers import named
    from alertd.digest.preview import Source, gather, make
    from alertd.mail.templates import load_templates

    settings = shell.settings()
    templates = load_templates(settings.paths.templates)
    now = clock_from_environment().now()

    async def look(store: Store) -> Source:
        async with store.read() as connection:
            reader = await named(connection, address)
            return await gather(connection, reader, since=now - length)

    source = shell.read(look)
    return make(source, _contents(settings, templates), templates, now=now)


def _contents(settings: Settings, templates: Any) -> Any:
    from alertd.config import load_declared
    from alertd.control.services import titles
    from alertd.digest.contents import ContentMaker
    from alertd.digest.preview import KEY

    return ContentMaker(
        settings.service,
        templates,
        titles=titles(load_declared(settings)),
        key_id=KEY,
        give_up=settings.delivery.give_up,
    )


def _parts(shown: Shown) -> dict[str, bytes]:
    """The files of a preview by their suffix; no .html for a reader of plain text, nothing when nothing was found."""
    if shown.mail is None:
        return {}
    message = message_from_bytes(shown.mail.data, policy=policy.default)
    if not isinstance(message, EmailMessage):  # what this policy makes
        raise TypeError(type(message).__name__)
    found = {"eml": shown.mail.data}
    for kind, suffix in (("plain", "txt"), ("html", "html")):
        part = message.get_body((kind,))
        if part is not None:
            found[suffix] = part.get_content().replace("\r\n", "\n").encode()
    return found


def _write(folder: Path, parts: dict[str, bytes]) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"digest.{suffix}" for suffix in parts]
    for path, content in zip(paths, parts.values(), strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def _subject(parts: dict[str, bytes]) -> str:
    if "eml" not in parts:
        return ""
    return str(message_from_bytes(parts["eml"], policy=policy.default)["Subject"])


def _record(shown: Shown, parts: dict[str, bytes], files: list[str]) -> dict[str, Any]:
    return {
        "subject": _subject(parts),
        "looked_at": shown.looked_at,
        "queries": [{"label": label, "found": count} for label, count in shown.queries],
        "reports": [
            {
                "id": each.id,
                "catalogue": each.catalogue,
                "title": each.fields.title,
                "url": each.fields.url,
                "dated": each.fields.dated,
                "found_by": list(shown.found.found_by[each.id]),
            }
            for each in shown.reports
        ],
        "files": files,
    }


def _tell(shown: Shown, parts: dict[str, bytes], files: list[str], *, since: str) -> None:
    click.echo(_HEAD.format(since=since))
    if not files and "txt" in parts:
        click.echo(f"Subject: {plain(_subject(parts))}\n")
        click.echo(plain(parts["txt"].decode(), lines=True))
    click.echo(f"{len(shown.reports)} of {many(shown.looked_at, 'report')} of the last {since}:")
    for label, count in shown.queries:
        click.echo(f"  {count:5} {plain(label)}")
    for path in files:
        click.echo(f"wrote {path}")
    if shown.mail is None:
        click.echo("nothing found, so no digest would be sent")
