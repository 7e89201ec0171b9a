"""From what a person typed to wishes: topics by name or title, else queries; what cannot be read is told with a mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.errors import QuerySyntaxError
from alertd.model import Kind, Schedule
from alertd.postmaster.acting.pages import Page
from alertd.postmaster.acting.words import echoed
from alertd.query import Query, parse
from alertd.store import topics
from alertd.store.topics import TopicRow
from alertd.subscribers.enrol import Wish
from alertd.subscribers.topics import restricted

DEFAULT = Schedule(Kind.DAILY, minute=480)
"""Daily at 08:00, for who says nothing about timing; the zone is the reader's."""

_QUOTES = "\"“”„‘’'「」《》"


@dataclass(frozen=True, slots=True)
class Understood:
    """A text that was understood.

    Attributes:
        text: as typed.
        query: what it asks for; of a topic, its restriction (see `Wish`).
        topic: the topic it names, None when it is a query.
    """

    text: str
    query: Query
    topic: TopicRow | None = None

    @property
    def name(self) -> str:
        """What a mail calls it."""
        return (self.topic.title or self.topic.name) if self.topic else self.query.typed

    def wish(self, schedule: Schedule) -> Wish:
        """The wish for it on a schedule."""
        if self.topic is None:
            return Wish(self.query, schedule)
        return Wish(self.query, schedule, "", (self.topic.id, self.topic.version), self.topic.title)


async def read(connection: AsyncConnection, typed: Sequence[str], page: Page) -> list[Understood]:
    """What these texts mean, each meaning once; the page gets a line for each that cannot be read."""
    known = await topics.all_rows(connection)
    found: dict[tuple[object, ...], Understood] = {}
    for text in typed:
        topic = find_topic(known, text)
        if topic is not None:
            understood = Understood(text, restricted(parse(topic.typed), ()), topic)
        elif (query := read_query(text, page)) is not None:
            understood = Understood(text, query)
        else:
            continue
        found.setdefault(understood.wish(DEFAULT).identity, understood)
    return list(found.values())


def find_topic(known: Mapping[str, TopicRow], text: str) -> TopicRow | None:
    """The topic of this name or title, however it is capitalised or quoted."""
    wanted = text.strip().strip(_QUOTES).casefold()
    names = {name.casefold(): row for name, row in known.items()}
    titles = {row.title.casefold(): row for row in known.values()}
    return names.get(wanted) or names.get(wanted.replace(" ", "-")) or titles.get(wanted)


def read_query(text: str, page: Page) -> Query | None:
    """A query, or None with a line on the page that says where it went wrong."""
    try:
        return parse(text)
    except QuerySyntaxError as error:
        key = "bad_query_mend" if error.suggestion else "bad_query"
        page.could_not(
            key,
            query=echoed(text),
            column=error.column,
            expected=error.expected,
            suggestion=echoed(error.suggestion),
        )
        return None
