"""`alertd try QUERY... --feed FILE_OR_URL`: which reports of a feed each query matches, and which words matched where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from alertd.cli.output import json_option, plain, print_json
from alertd.cli.shell import Shell
from alertd.mail.wording import many

if TYPE_CHECKING:
    from alertd.catalogue.entry import Parsed
    from alertd.config.settings import Catalogue
    from alertd.model import ReportFields

LARGEST = 32 * 1024 * 1024
"""Bytes of a feed file that are read."""


@click.command("try")
@click.argument("queries", metavar="[QUERY]...", nargs=-1)
@click.option(
    "--queries",
    "file",
    type=click.File(encoding="utf-8-sig"),
    metavar="FILE",
    help="One query a line; - is stdin.",
)
@click.option("--feed", metavar="FILE_OR_URL", help="The feed to try them on.")
@click.option(
    "--catalogue",
    metavar="NAME",
    help="Read it as this catalogue of config/ is read; its feed when --feed is not given.",
)
@json_option
@click.pass_obj
def try_queries(
    shell: Shell,
    *,
    queries: tuple[str, ...],
    file: TextIO | None,
    feed: str | None,
    catalogue: str | None,
    as_json: bool,
) -> None:
    """Try queries on a feed; nothing is stored and nobody is mailed.

    A query that cannot be read does not stop the others. Put -- before a query that begins with a minus sign.
    """
    import asyncio

    from alertd.errors import QuerySyntaxError

    typed = [*queries, *_lines(file)]
    if not typed:
        raise click.UsageError("Give a query, or a file of them with --queries.")
    settings = _catalogue(shell, catalogue)
    if feed and catalogue is None and _is_declared(shell, feed):
        raise click.UsageError(f"{feed} is a catalogue of config/: write --catalogue {feed}.")
    where = feed or settings.feed
    if not where:
        raise click.UsageError("Say which feed to try them on with --feed.")
    reports = asyncio.run(_read(where, settings))
    answers = answer(typed, reports, catalogue=settings.name)
    if as_json:
        print_json(answers)
    else:
        _tell(answers, of=len(reports))
    if all(each["error"] for each in answers):
        raise click.exceptions.Exit(QuerySyntaxError.exit_code)


def answer(
    typed: Sequence[str], reports: Sequence[tuple[str, ReportFields]], *, catalogue: str
) -> list[dict[str, Any]]:
    """What each query finds.

    Args:
        typed: the queries.
        reports: guid (its link where it has none) and text of each report, in the feed's order.
        catalogue: the name that `catalogue:` is compared with.

    Returns:
        In the order of the queries: query, canonical (None for one that cannot be read), error (None, or what is wrong
        with it) and reports; each report with guid, its fields, and `found`: term, field, text and snippet of each hit.
    """
    from alertd.errors import QuerySyntaxError
    from alertd.matching.naive import evaluate
    from alertd.query import explain, parse, read_report

    documents = [read_report(fields, catalogue=catalogue) for _, fields in reports]
    answers: list[dict[str, Any]] = []
    for text in typed:
        try:
            query = parse(text)
        except QuerySyntaxError as error:
            answers.append({"query": text, "canonical": None, "error": describe(error), "reports": []})
            continue
        matched = [
            _report(guid, fields, explain(query, fields, catalogue=catalogue))
            for (guid, fields), document in zip(reports, documents, strict=True)
            if evaluate(query.tree, document)
        ]
        answers.append({"query": text, "canonical": query.canonical, "error": None, "reports": matched})
    return answers


def describe(error: Any) -> str:
    """A query's fault in one sentence: where, what, what was expected, and a corrected example where there is one."""
    hint = f"; try: {error.suggestion}" if error.suggestion else ""
    return f"column {error.column}: {error.message}; expected {error.expected}{hint}"


def _report(guid: str, fields: ReportFields, hits: Sequence[Any]) -> dict[str, Any]:
    found = [
        {"term": hit.term, "field": str(hit.field), "text": hit.text, "snippet": hit.snippet} for hit in hits
    ]
    return {"guid": guid, **asdict(fields), "found": found}


def _lines(file: TextIO | None) -> list[str]:
    if file is None:
        return []
    try:
        return [line.strip() for line in file if line.strip()]
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"{file.name} is not UTF-8 text ({error.reason}); save it as UTF-8."
        ) from error


def _catalogue(shell: Shell, name: str | None) -> Catalogue:
    """The named catalogue, or one of the defaults."""
    from alertd.config import load
    from alertd.config.settings import Catalogue
    from alertd.errors import NotFoundError

    if name is None:
        return Catalogue(name="feed")
    _, declared = load(shell.config)
    for catalogue in declared.catalogues:
        if catalogue.name == name:
            return catalogue
    known = ", ".join(catalogue.name for catalogue in declared.catalogues) or "none"
    raise NotFoundError(f"config/catalogues.toml has no catalogue {name!r}; it has: {known}")


def _is_declared(shell: Shell, feed: str) -> bool:
    """Whether a name stands where a file or a URL is meant, and is that of a catalogue."""
    from alertd.config import load
    from alertd.errors import ConfigError

    if _is_url(feed) or Path(feed).exists():
        return False
    try:
        return feed in {each.name for each in load(shell.config)[1].catalogues}
    except ConfigError:
        return False


async def _read(where: str, catalogue: Catalogue) -> list[tuple[str, ReportFields]]:
    from alertd.catalogue.identity import candidates

    parsed = await (_fetch(where) if _is_url(where) else _open(Path(where)))
    return [
        (each.guid or each.fields.url or each.identity, each.fields)
        for each in candidates(parsed.entries, catalogue)
    ]


def _is_url(where: str) -> bool:
    return where.lower().startswith(("http://", "https://"))


async def _fetch(where: str) -> Parsed:
    from alertd.catalogue.fetch import FetchRequest, fetch
    from alertd.catalogue.parse import parse
    from alertd.clock import SystemClock

    # asked for by hand on this machine: unlike a poll it may go to a private address
    got = await fetch(FetchRequest(feed=where, now=SystemClock().now(), allow_private=True))
    return await parse(got.body, url=got.url, content_type=got.content_type, language=got.language)


async def _open(path: Path) -> Parsed:
    from alertd.catalogue.parse import parse

    return await parse(_file(path), url="")


def _file(path: Path) -> bytes:
    from alertd.errors import ParseError

    with path.open("rb") as file:
        body = file.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise ParseError(f"{path} is larger than {LARGEST >> 20} MB")
    return body


def _tell(answers: Sequence[dict[str, Any]], *, of: int) -> None:
    for each in answers:
        click.echo(plain(each["query"]))
        if each["error"]:
            click.echo(f"  cannot be read: {plain(each['error'])}\n")
            continue
        click.echo(f"  read as {plain(each['canonical'])}")
        click.echo(f"  matches {len(each['reports'])} of {many(of, 'report')}")
        for report in each["reports"]:
            click.echo(f"  - {plain(report['title'])}")
            for hit in report["found"]:
                click.echo(f"      {hit['field']}: {plain(hit['snippet'])}")
        click.echo()
