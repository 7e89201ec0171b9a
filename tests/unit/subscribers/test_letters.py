"""What a welcome says."""

from __future__ import annotations

from datetime import UTC, datetime

from alertd.model import Kind, Schedule, TopicId
from alertd.query import parse
from alertd.subscribers.enrol import Enrolment, Wish
from alertd.subscribers.letters import welcome_context
from alertd.subscribers.topics import restricted

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DAILY = Schedule(Kind.DAILY, minute=480, zone="Asia/Shanghai")
WEEKLY = Schedule(Kind.WEEKLY, days=3, minute=30, zone="Asia/Shanghai")


def _person(*wishes: Wish, language: str = "en") -> Enrolment:
    return Enrolment("ann@example.org", language, "Asia/Shanghai", "html", wishes)


def test_queries_as_they_were_typed() -> None:
    """Each query with its label and its schedule in words, and the first digest in the reader's zone."""
    said = welcome_context(
        _person(Wish(parse("Alpha or  beta"), WEEKLY, "mine"), Wish(parse("*"), DAILY)), NOW
    )
    assert said == {
        "queries": [
            {"label": "mine", "query": "Alpha or  beta", "schedule": "every Wednesday at 00:30"},
            {"label": "", "query": "*", "schedule": "every day at 08:00"},
        ],
        "first_at": "2026-11-25T00:30",
        "zone": "Asia/Shanghai",
    }


def test_topic_by_its_title() -> None:
    """A topic is named by its title, not by the catalogues it is restricted to, and not as every report."""
    for catalogues in ([], ["drc"]):
        query = restricted(parse("rural OR farmland"), catalogues)
        wish = Wish(query, DAILY, topic=(TopicId(1), 1), title="Rural economy")
        (said,) = welcome_context(_person(wish), NOW)["queries"]
        assert said["query"] == "Rural economy"


def test_told_at_once() -> None:
    """Who has a query that is told at once, or none, is promised no hour."""
    at_once = Wish(parse("alpha"), Schedule(Kind.IMMEDIATE))
    said = welcome_context(_person(at_once, Wish(parse("beta"), DAILY), language="zh"), NOW)
    assert said["first_at"] == ""
    assert said["queries"][0]["schedule"] == "报告发布后立即发送"
    assert welcome_context(_person(), NOW)["first_at"] == ""
