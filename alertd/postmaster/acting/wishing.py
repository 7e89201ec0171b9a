"""From what a person typed to wishes: topics by name or title, else queries; what cannot be read is told with a mend."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.errors import QuerySyntaxError
from alertd.model import Kind, Schedule
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.words import say
from alertd.query import Query, parse
from alertd.store import topics
from alertd.store.topics import TopicRow
from alertd.subscribers.enrol import Wish
from alertd.subscribers.topics import restricted

DEFAULT = Schedule(Kind.DAILY, minute=480)
"""Daily at 08:00, for who says nothing about timing; the zone is the reader's."""


async def read(
    connection: AsyncConnection, typed: Sequence[str], schedule: Schedule, page: Page
) -> list[Wish]:
    """The wishes that these texts mean; the page gets a line for each that cannot be read."""
    known = await topics.all_rows(connection)
    found = []
    for text in typed:
        topic = find_topic(known, text)
        if topic is not None:
            whole = restricted(parse(topic.typed), ())
            found.append(Wish(whole, schedule, "", (topic.id, topic.version)))
        elif (query := read_query(text, page)) is not None:
            found.append(Wish(query, schedule))
    return found


def find_topic(known: dict[str, TopicRow], text: str) -> TopicRow | None:
    """The topic of this name or title, however it is capitalised."""
    wanted = text.strip().strip("\"“”'").casefold()
    names = {name.casefold(): row for name, row in known.items()}
    titles = {row.title.casefold(): row for row in known.values()}
    return names.get(wanted) or names.get(wanted.replace(" ", "-")) or titles.get(wanted)


def read_query(text: str, page: Page) -> Query | None:
    """A query, or None with a line on the page that says where it went wrong."""
    try:
        return parse(text)
    except QuerySyntaxError as error:
        key = "bad_query_mend" if error.suggestion else "bad_query"
        facts = {"column": error.column, "expected": error.expected, "suggestion": error.suggestion}
        page.failed.append(say(page.language, key, query=text[:200], **facts))
        return None
