"""config/*.toml: every kind of fault at its line and key, and declared subscribers with all defaults filled in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alertd import config
from alertd.config.settings import Labels
from alertd.errors import ConfigError
from alertd.schedule import format_schedule
from tests.unit.config.folder import CATALOGUES, TOPICS, faults, good, write

READER = '[[subscriber]]\naddress = "reader@example.org"\n'

FAULTY = [
    (
        "catalogues",
        '[catalogues.drc]\nfeed = "https://e.org"',
        1,
        "catalogues",
        "no table 'catalogues'",
        "Did you mean 'catalogue'?",
    ),
    (
        "catalogues",
        '[[catalogue]]\nfeed = "https://e.org"',
        1,
        "catalogue",
        "a catalogue needs a name",
        "[catalogue.NAME]",
    ),
    (
        "catalogues",
        '[catalogue]\nfeed = "https://e.org"',
        2,
        "catalogue.feed",
        "outside of any catalogue",
        "[catalogue.NAME]",
    ),
    (
        "catalogues",
        '[catalogue.DRC]\nfeed = "https://e.org"',
        1,
        "catalogue.DRC",
        "'DRC' cannot be the name",
        "a-z, 0-9",
    ),
    ("catalogues", '[catalogue."a b"]\nfeed = "https://e.org"', 1, "catalogue.a b", "cannot be the name", ""),
    ("catalogues", "[catalogue.a]\n", 1, "catalogue.a", "feed is missing", "feed = ..."),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "reports.xml"',
        2,
        "catalogue.a.feed",
        "not an http or https URL",
        "",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "file:///etc/passwd"',
        2,
        "catalogue.a.feed",
        "not an http or https URL",
        "",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "https://e.org"\npol_every = "1h"',
        3,
        "catalogue.a.pol_every",
        "no key",
        "'poll_every'",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "https://e.org"\npoll_every = "0s"',
        3,
        "catalogue.a.poll_every",
        "too short",
        "1s",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "https://e.org"\npoll_every = "59s"',
        3,
        "catalogue.a.poll_every",
        "too often",
        "at least 1m",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "https://e.org"\nlanguage = "English"',
        3,
        "catalogue.a.language",
        "not a language",
        "",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "https://e.org"\nflood_limit = 0',
        3,
        "catalogue.a.flood_limit",
        "out of range",
        "",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "https://e.org"\non_revision = "mail"',
        3,
        "catalogue.a.on_revision",
        "not known",
        "",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "https://e.org"\nallow_private = 1',
        3,
        "catalogue.a.allow_private",
        "true or false",
        "",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "https://e.org"\n[catalogue.a.fields]\nkeyword = ["x"]',
        4,
        "catalogue.a.fields.keyword",
        "no key",
        "'keywords'",
    ),
    (
        "catalogues",
        '[catalogue.a]\nfeed = "https://e.org"\nfields.date = "x"',
        3,
        "catalogue.a.fields.date",
        "expected a list",
        "",
    ),
    ("topics", "[topic.a]\n", 1, "topic.a", "query is missing", ""),
    ("topics", '[topic.a]\nquery = "(a"', 2, "topic.a.query", "column", "expected"),
    ("topics", '[topic.a]\nquery = ""', 2, "topic.a.query", "column", "expected"),
    ("topics", '[topic.a]\nquery = "a"\ntitle = ""', 3, "topic.a.title", "empty", ""),
    ("topics", '[[topic]]\nname = "a"', 1, "topic", "a topic needs a name", ""),
    (
        "subscribers",
        '[subscriber]\naddress = "a@example.org"',
        1,
        "subscriber",
        "each subscriber is an element",
        "[[subscriber]]",
    ),
    (
        "subscribers",
        '[[subscribers]]\naddress = "a@example.org"',
        1,
        "subscribers",
        "no table 'subscribers'",
        "'subscriber'",
    ),
    ("subscribers", 'address = "a@example.org"', 1, "address", "outside of [[subscriber]]", ""),
    ("subscribers", "subscriber = [1]", 1, "subscriber", "each subscriber is an element", ""),
    ("subscribers", "[[subscriber]]\n", 1, "subscriber[1]", "address is missing", ""),
    (
        "subscribers",
        READER + '\n[[subscriber]]\naddress = "READER@Example.org"',
        5,
        "subscriber[2].address",
        "line 2 means the same",
        "merge",
    ),
    ("subscribers", READER + 'querys = ["a"]', 3, "subscriber[1].querys", "no key 'querys'", "'queries'"),
    ("subscribers", READER + 'queries = "a"', 3, "subscriber[1].queries", "expected a list", '["pension"]'),
    (
        "subscribers",
        READER + 'queries = [\n  "a",\n  "b OR",\n]',
        5,
        "subscriber[1].queries[2]",
        "(column ",
        "expected",
    ),
    ("subscribers", READER + "queries = [1]", 3, "subscriber[1].queries[1]", "this is a number", ""),
    (
        "subscribers",
        READER + 'queries = [{ label = "x" }]',
        3,
        "subscriber[1].queries[1]",
        "query is missing",
        "",
    ),
    (
        "subscribers",
        READER + 'queries = [{ query = "a", lable = "x" }]',
        3,
        "subscriber[1].queries[1].lable",
        "no key 'lable' in a query",
        "'label'",
    ),
    (
        "subscribers",
        READER + 'queries = [{ query = "a", schedule = "hourly" }]',
        3,
        "subscriber[1].queries[1].schedule",
        "not a schedule",
        "",
    ),
    (
        "subscribers",
        READER + 'topics = ["rurl"]',
        3,
        "subscriber[1].topics[1]",
        "no topic 'rurl' in topics.toml",
        "Did you mean 'rural'?",
    ),
    (
        "subscribers",
        READER + 'topics = ["rural", "rural"]',
        3,
        "subscriber[1].topics[2]",
        "stands here twice",
        "",
    ),
    (
        "subscribers",
        READER + 'catalogues = ["drc",\n "dcr"]',
        4,
        "subscriber[1].catalogues[2]",
        "no catalogue 'dcr'",
        "'drc'",
    ),
    (
        "subscribers",
        READER + 'schedule = "daily at 25:00"',
        3,
        "subscriber[1].schedule",
        "25:00 is not a time of day",
        "daily at HH:MM",
    ),
    (
        "subscribers",
        READER + 'schedule = "dayly"',
        3,
        "subscriber[1].schedule",
        "not a schedule",
        "did you mean 'daily'",
    ),
    ("subscribers", READER + 'time_zone = "Mars"', 3, "subscriber[1].time_zone", "no time zone 'Mars'", ""),
    ("subscribers", READER + 'language = "fr"', 3, "subscriber[1].language", "not known", ""),
    ("subscribers", READER + 'format = "rtf"', 3, "subscriber[1].format", "not known", '"html" or "text"'),
    (
        "subscribers",
        '[[subscriber]]\naddress = "a,b@example.org"',
        2,
        "subscriber[1].address",
        "not allowed",
        "",
    ),
    (
        "subscribers",
        '[[subscriber]]\naddress = "Alerts+x@example.org"',
        2,
        "subscriber[1].address",
        "the service itself",
        "",
    ),
]


@pytest.mark.parametrize("case", FAULTY, ids=[f"{case[-4]} {case[-2]}" for case in FAULTY])
def test_one_fault(case: tuple[Any, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault is the only one told, with file, line, key, what is wrong and how to mend it."""
    name, text, line, key, what, remedy = case
    monkeypatch.chdir(tmp_path)
    files = {"catalogues": CATALOGUES, "topics": TOPICS, name: text}
    (fault,) = faults(tmp_path, '[service]\naddress = "alerts@example.org"', **files)
    assert (fault.file, fault.line, fault.key) == (f"config/{name}.toml", line, key)
    assert what.casefold() in fault.what.casefold()
    assert remedy.casefold() in fault.remedy.casefold()
    assert not fault.remedy.endswith(".")


def test_a_schedule_fault_says_once_what_is_expected(tmp_path: Path) -> None:
    """The spellings stand in the remedy alone."""
    (fault,) = faults(tmp_path, subscribers=READER + 'schedule = "sometimes"\n')
    assert str(fault).count("daily at HH:MM") == 1
    assert fault.remedy.startswith("Write immediate, daily at HH:MM")


def test_a_bad_name_hides_no_other_fault(tmp_path: Path) -> None:
    """What is wrong inside a table is told together with its name."""
    found = faults(
        tmp_path,
        catalogues='[catalogue.DRC]\nfeed = "x"\nlanguage = "English"\n',
        topics='[topic.Bad]\nquery = "("\n',
    )
    assert [fault.key for fault in found] == [
        "catalogue.DRC", "catalogue.DRC.feed", "catalogue.DRC.language", "topic.Bad", "topic.Bad.query",
    ]  # fmt: skip


def test_a_feed_of_our_own_network_may_be_polled_often(tmp_path: Path) -> None:
    """With allow_private a second is fine; without it a minute is."""
    often = (
        CATALOGUES
        + 'poll_every = "1s"\nallow_private = true\n[catalogue.b]\nfeed = "https://e.org"\npoll_every = "1m"\n'
    )
    assert faults(tmp_path, catalogues=often) == ()


def test_faults_within_one_subscriber(tmp_path: Path) -> None:
    """A block with six faults tells all six."""
    text = '[[subscriber]]\naddress = "a"\nqueries = ["(", { query = ")", lbl = 1 }]\nformat = 1\ntopics = ["x"]\n'
    keys = [fault.key for fault in faults(tmp_path, subscribers=text)]
    assert keys == [
        "subscriber[1].address",
        "subscriber[1].queries[1]",
        "subscriber[1].queries[2].lbl",
        "subscriber[1].queries[2].query",
        "subscriber[1].format",
        "subscriber[1].topics[1]",
    ]


def test_an_unreadable_file_makes_no_unknown_names(tmp_path: Path) -> None:
    """When topics.toml is no TOML, subscribers who name its topics are not called faulty."""
    found = faults(
        tmp_path, topics="[topic", catalogues="x", subscribers=READER + 'topics = ["a"]\ncatalogues = ["b"]\n'
    )
    assert sorted(Path(fault.file).name for fault in found) == ["catalogues.toml", "topics.toml"]


def test_a_faulty_topic_is_told_once(tmp_path: Path) -> None:
    """A topic with a bad query is one fault, not one for each subscriber who has it."""
    found = faults(tmp_path, topics='[topic.a]\nquery = "("\n', subscribers=READER + 'topics = ["a"]\n')
    assert [fault.key for fault in found] == ["topic.a.query"]


def test_a_file_with_nearly_the_right_name(tmp_path: Path) -> None:
    """A misnamed file is told, another one left alone."""
    (fault,) = faults(tmp_path, subscriber=READER, notes="x")
    assert (Path(fault.file).name, fault.line) == ("subscriber.toml", 0)
    assert "did you mean subscribers.toml" in fault.what


def test_catalogues(tmp_path: Path) -> None:
    """A catalogue gets its name as title and the defaults; what is given counts."""
    text = CATALOGUES + (
        '[catalogue.other-1]\ntitle = "T"\nfeed = "http://[::1]:8080/f"\npoll_every = "1h"\nlanguage = "zh"\n'
        'announce_last = 3\non_revision = "announce"\nflood_limit = 9\nmax_age = "1y"\nallow_private = true\n'
        'fields = { keywords = ["Schlagwörter"] }\n'
    )
    first, second = good(tmp_path, catalogues=text)[1].catalogues
    assert (first.name, first.title, first.poll_every) == ("drc", "drc", timedelta(minutes=15))
    assert (first.max_age, first.flood_limit, first.fields) == (timedelta(days=60), 50, Labels())
    assert (second.title, second.feed, second.poll_every) == ("T", "http://[::1]:8080/f", timedelta(hours=1))
    assert (second.announce_last, second.on_revision, second.allow_private) == (3, "announce", True)
    assert second.fields == Labels(keywords=("Schlagwörter",))


def test_subscriber_with_everything(tmp_path: Path) -> None:
    """Own queries come first, then topics; each has its own schedule or the subscriber's, in the subscriber's zone."""
    text = (
        '\n[[subscriber]]\naddress = " Reader@Example.org "\n'
        'queries = ["Zhejiang pension", { query = "rural", label = "ours", schedule = "immediate" },\n'
        '  { query = "tax", schedule = "weekly on friday" }]\n'
        'topics = ["rural"]\ncatalogues = ["drc"]\nschedule = "monthly on 1 at 09:30"\n'
        'time_zone = "Europe/Berlin"\nlanguage = "zh"\nformat = "text"\n'
    )
    _, declared = good(tmp_path, catalogues=CATALOGUES, topics=TOPICS, subscribers=text)
    (reader,) = declared.subscribers
    assert (reader.address, reader.line, reader.catalogues) == ("Reader@Example.org", 2, ("drc",))
    assert (reader.time_zone, reader.language, reader.format) == ("Europe/Berlin", "zh", "text")
    assert [
        (one.query, one.topic, one.label, format_schedule(one.schedule), one.schedule.zone)
        for one in reader.queries
    ] == [
        ("Zhejiang pension", "", "", "monthly on 1 at 09:30", "Europe/Berlin"),
        ("rural", "", "ours", "immediate", "UTC"),
        ("tax", "", "", "weekly on friday at 08:00", "Europe/Berlin"),
        ("rural OR farmland", "rural", "", "monthly on 1 at 09:30", "Europe/Berlin"),
    ]


def test_subscriber_with_an_address_alone(tmp_path: Path) -> None:
    """Everything else comes from [service]: every report, daily at 08:00 there."""
    main = '[service]\nlanguage = "zh"\ntime_zone = "Asia/Shanghai"'
    (reader,) = good(tmp_path, main, subscribers=READER)[1].subscribers
    (query,) = reader.queries
    assert (query.query, query.topic, query.label) == ("*", "", "")
    assert (format_schedule(reader.schedule), reader.schedule.zone) == ("daily at 08:00", "Asia/Shanghai")
    assert (query.schedule, reader.time_zone, reader.language) == (reader.schedule, "Asia/Shanghai", "zh")
    assert (reader.format, reader.catalogues) == ("html", ())


def test_subscriber_with_topics_alone(tmp_path: Path) -> None:
    """One who has a topic does not get every report besides."""
    (reader,) = good(tmp_path, topics=TOPICS, subscribers=READER + 'topics = ["rural"]\nqueries = []\n')[
        1
    ].subscribers
    assert [query.topic for query in reader.queries] == ["rural"]


def test_absent_files_are_named(tmp_path: Path) -> None:
    """A file that is not there is no fault, and is told as missing."""
    _, declared = good(tmp_path, topics=TOPICS)
    assert declared.missing == ("catalogues.toml", "subscribers.toml")
    assert (declared.catalogues, declared.subscribers) == ((), ())


def test_hash_follows_the_bytes(tmp_path: Path) -> None:
    """The hash changes with any file, with its absence and with the defaults it is read by; else it stays."""
    hashes = [
        good(tmp_path)[1].files_hash,
        good(tmp_path, topics="")[1].files_hash,
        good(tmp_path, topics=TOPICS)[1].files_hash,
        good(tmp_path, '[service]\ntime_zone = "Asia/Shanghai"')[1].files_hash,
        good(tmp_path, '[service]\nlanguage = "zh"')[1].files_hash,
        good(tmp_path, subscribers="# new")[1].files_hash,
    ]
    assert len(set(hashes)) == len(hashes)
    assert good(tmp_path, "[relay]\nport = 26")[1].files_hash == hashes[-1]


def test_declared_alone(tmp_path: Path) -> None:
    """The folder can be read again by itself, as SIGHUP does, and a faulty edit raises."""
    file = write(tmp_path, subscribers=READER)
    settings = config.load_settings(file)
    assert config.load_declared(settings).subscribers[0].address == "reader@example.org"
    (tmp_path / "config" / "subscribers.toml").write_text("[[subscriber]]\n")
    with pytest.raises(ConfigError, match="address is missing"):
        config.load_declared(settings)
