"""What a poll means: tables of cases, and laws over histories of polls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertd.catalogue.decide import MAX_REVISIONS, Known, Past, PollDecision, decide
from alertd.catalogue.entry import Entry
from alertd.catalogue.identity import Candidate
from alertd.config.settings import Catalogue
from alertd.model import ReportId, ReportState
from tests.unit.catalogue.feeds import made

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SETTINGS = Catalogue(name="drc", flood_limit=5)


class Memory:
    """What the store would know: a decision's effects on it."""

    def __init__(self, settings: Catalogue = SETTINGS, *, baseline: bool = True) -> None:
        self.settings = settings
        self.baseline = baseline
        self.known: dict[str, Known] = {}
        self.titles: dict[ReportId, str] = {}

    def past(self) -> Past:
        """As a poll reads it."""
        holding = any(each.state is ReportState.HELD for each in self.known.values())
        lately: dict[str, list[Known]] = {}
        for each in self.known.values():
            lately.setdefault(each.content_hash, []).append(each)
        return Past(self.baseline, holding, self.known, lately)

    def poll(self, *found: Candidate, now: datetime = NOW) -> PollDecision:
        """Decide and remember."""
        decision = decide(self.past(), found, self.settings, now)
        for each in decision.new:
            assert each.identity not in self.known
            number = ReportId(len(self.known) + 1)
            state = ReportState.ANNOUNCED if each.state is ReportState.NEW else each.state
            self.known[each.identity] = Known(number, each.identity, 1, state, each.content_hash)
            self.titles[number] = each.fields.title
        by_id = {each.report_id: each for each in self.known.values()}
        for change in decision.revised:
            before = by_id[change.report_id]
            self.known[before.identity] = replace(
                before,
                revision=change.revision,
                content_hash=change.content_hash,
                state=ReportState.HELD if change.hold else before.state,
            )
        self.baseline = True
        return decision


def entry(number: int, **changes: str) -> Candidate:
    """The entry of a report of these days."""
    values = {
        "guid": f"g{number}",
        "title": f"Report {number}",
        "link": f"https://r.example/{number}",
        "published": f"2026-11-{1 + number % 20:02}",
    }
    return made(Entry(**(values | changes)))


def titles(decision: PollDecision, state: ReportState) -> list[str]:
    """Titles of the new reports in a state, in their order."""
    return [each.fields.title for each in decision.new if each.state is state]


def test_new_revised_seen() -> None:
    """An unknown entry is new, a changed one revised, the same one seen."""
    memory = Memory()
    first = memory.poll(entry(2), entry(1))
    assert titles(first, ReportState.NEW) == ["Report 1", "Report 2"]
    second = memory.poll(entry(3), entry(2, title="Report 2, corrected"), entry(1))
    assert titles(second, ReportState.NEW) == ["Report 3"]
    assert [(each.fields.title, each.revision, each.announce) for each in second.revised] == [
        ("Report 2, corrected", 2, False)
    ]
    assert len(second.seen) == 2


def test_first_poll_is_the_baseline() -> None:
    """Of the first poll only the newest `announce_last` are announced, by date and then the feed's order."""
    found = [entry(1), entry(9), entry(5), entry(2)]
    assert titles(Memory(baseline=False).poll(*found), ReportState.NEW) == []
    memory = Memory(replace(SETTINGS, announce_last=2), baseline=False)
    decision = memory.poll(*found)
    assert titles(decision, ReportState.NEW) == ["Report 5", "Report 9"]
    assert titles(decision, ReportState.BASELINE) == ["Report 1", "Report 2"]
    undated = [entry(number, published="") for number in (4, 3, 2)]
    last = Memory(replace(SETTINGS, announce_last=1), baseline=False).poll(*undated)
    assert titles(last, ReportState.NEW) == ["Report 4"]
    everything = Memory(replace(SETTINGS, announce_last=99), baseline=False).poll(*found)
    assert everything.count(ReportState.NEW) == 4


def test_baseline_is_never_a_flood() -> None:
    """A long feed at the first poll is held by nobody."""
    decision = Memory(baseline=False).poll(*map(entry, range(20)))
    assert (decision.count(ReportState.BASELINE), decision.alarm, decision.why) == (20, (), "")


def test_flood_is_held_whole() -> None:
    """One more than flood_limit in one poll: all are held, and the alarm has their titles; at the limit none is."""
    memory = Memory()
    assert memory.poll(*map(entry, range(5))).count(ReportState.NEW) == 5
    flood = memory.poll(*map(entry, range(10, 16)))
    assert flood.count(ReportState.HELD) == 6
    assert flood.count(ReportState.NEW) == 0
    assert sorted(flood.alarm) == sorted(f"Report {number}" for number in range(10, 16))
    assert flood.why == "brought 6 new reports, more than its flood_limit of 5"


def test_while_a_hold_is_open() -> None:
    """What is new meanwhile is announced as ever; another flood is held without another alarm."""
    memory = Memory()
    memory.poll(*map(entry, range(6)))
    later = memory.poll(*map(entry, range(8)))
    assert (titles(later, ReportState.NEW), later.alarm) == (["Report 6", "Report 7"], ())
    again = memory.poll(*map(entry, range(20, 30)))
    assert (again.count(ReportState.HELD), again.alarm) == (10, ())


def test_a_renewed_feed_is_held_even_below_the_flood_limit() -> None:
    """A feed that gives all its entries new guids is not news; real news of the same poll goes out."""
    memory = Memory()
    memory.poll(*map(entry, range(4)))
    renewed = memory.poll(entry(9), *(entry(number, guid=f"new-{number}") for number in range(4)))
    assert titles(renewed, ReportState.NEW) == ["Report 9"]
    assert renewed.count(ReportState.HELD) == 4
    assert len(renewed.alarm) == 4
    assert renewed.why == "gave 4 reports that it had before another identity"  # no flood, and not called one
    third = memory.poll(entry(9), *(entry(number, guid=f"newer-{number}") for number in range(4)))
    assert (third.new, len(third.seen)) == ((), 5), (
        "what is held already is not held again under a third guid"
    )


def test_a_corrected_guid_is_new() -> None:
    """Two reports under new guids are no renewal: rather told twice than never."""
    memory = Memory()
    memory.poll(*map(entry, range(4)))
    decision = memory.poll(entry(0), entry(1), entry(2, guid="x"), entry(3, guid="y"))
    assert titles(decision, ReportState.NEW) == ["Report 2", "Report 3"]


def test_twins_in_one_feed_are_no_renewal() -> None:
    """Entries with the same content under several guids, all still in the feed, are reports of their own."""
    memory = Memory()
    memory.poll(*(entry(number) for number in range(4)))
    both = [entry(number, guid=guid) for number in range(4) for guid in (f"g{number}", f"twin-{number}")]
    assert memory.poll(*both).count(ReportState.NEW) == 4


def test_old_reports_are_stored_and_not_announced() -> None:
    """Dated longer ago than max_age on every date it has: old. One recent date, or none at all: new."""
    memory = Memory()
    old = entry(1, published="2026-09-01")
    printed_old = entry(2, summary="Date: 2015-11-23", published="2026-11-20")
    printed_new = entry(3, summary="Date: 2026-11-20", published="2015-11-23")
    border = entry(4, published="2026-09-25")
    decision = memory.poll(old, printed_old, printed_new, border, entry(5, published=""))
    assert titles(decision, ReportState.OLD) == ["Report 1"]
    assert decision.count(ReportState.NEW) == 4
    assert decision.new[0].reason == "dated 2026-09-01, more than 60 days before it was first seen"


def test_old_ones_count_in_a_flood_and_stay_old() -> None:
    """An archive that is added to the feed holds what came with it."""
    memory = Memory()
    decision = memory.poll(*(entry(number, published="2020-01-01") for number in range(6)), entry(7))
    assert (decision.count(ReportState.OLD), titles(decision, ReportState.HELD)) == (6, ["Report 7"])


def test_dates_in_the_future_are_not_believed() -> None:
    """A date more than a day ahead is dropped; it hides neither another date nor the age."""
    memory = Memory()
    decision = memory.poll(
        entry(1, published="2027-01-01"),
        entry(2, published="2026-11-25"),
        entry(3, summary="Date: 2015-11-23", published="2099-01-01"),
    )
    dated = {each.fields.title: (each.fields.dated, each.state) for each in decision.new}
    assert dated["Report 1"] == (None, ReportState.NEW)
    assert dated["Report 2"] == (date(2026, 11, 25), ReportState.NEW)
    assert dated["Report 3"] == (date(2015, 11, 23), ReportState.OLD)
    later = memory.poll(entry(1, published="2027-01-01"), now=NOW + timedelta(days=60))
    assert later.revised == (), "a date that becomes believable is no revision"


def test_revisions_are_announced_if_configured() -> None:
    """With on_revision = announce a revision goes out, unless the report is held, old, discarded or retracted."""
    memory = Memory(replace(SETTINGS, on_revision="announce"))
    memory.poll(*map(entry, range(5)))
    quiet = (ReportState.HELD, ReportState.OLD, ReportState.DISCARDED, ReportState.RETRACTED)
    for number, state in enumerate(quiet):
        memory.known[f"g{number}"] = replace(memory.known[f"g{number}"], state=state)
    decision = memory.poll(*(entry(number, summary="changed") for number in range(5)))
    told = {memory.titles[each.report_id]: each.announce for each in decision.revised}
    assert told == {f"Report {number}": number == 4 for number in range(5)}


def test_a_flood_of_revisions_is_held() -> None:
    """A site that rewrites all its texts mails nobody before an admin says so."""
    memory = Memory(replace(SETTINGS, on_revision="announce", flood_limit=3))
    for number in range(6):
        memory.poll(entry(number))
    decision = memory.poll(*(entry(number, summary="changed") for number in range(6)))
    assert all(each.hold and not each.announce for each in decision.revised)
    assert len(decision.alarm) == 6
    assert decision.why == "brought 6 revised reports, more than its flood_limit of 3"


def test_a_counter_in_the_text_stops_making_revisions() -> None:
    """A text that changes at every poll is not stored for ever."""
    memory = Memory()
    for number in range(MAX_REVISIONS + 5):
        memory.poll(entry(1, summary=f"{number} readers"))
    assert memory.known["g1"].revision == MAX_REVISIONS


def test_duplicate_guids() -> None:
    """The same guid with the same content is one report; with other content none is lost, and all are known next time."""
    memory = Memory()
    assert len(memory.poll(entry(1), entry(1), entry(2)).new) == 2
    same = [entry(number, guid="const") for number in (12, 11, 10)]
    decision = memory.poll(*same)
    assert titles(decision, ReportState.NEW) == ["Report 10", "Report 11", "Report 12"]
    assert decision.conflicts == 2
    again = memory.poll(entry(13, guid="const"), *same)
    assert titles(again, ReportState.NEW) == ["Report 13"]
    assert again.revised == ()
    left = memory.poll(entry(14, guid="const"), entry(13, guid="const"), entry(12, guid="const"))
    assert titles(left, ReportState.NEW) == ["Report 14"]
    alone = memory.poll(entry(13, guid="const"))
    assert (alone.new, alone.revised) == ((), ())


def test_nameless_entries_that_differ_in_their_text_alone() -> None:
    """The same title and day, no guid, no link: as many reports as texts, and all known next time."""
    memory = Memory()
    found = [entry(1, guid="", link="", summary=text) for text in ("x", "y", "z")]
    assert memory.poll(*found).count(ReportState.NEW) == 3
    again = memory.poll(entry(1, guid="", link="", summary="w"), *found)
    assert (again.count(ReportState.NEW), again.revised) == (1, ())
    alone = memory.poll(found[1])
    assert (alone.new, alone.revised) == ((), ())


def test_a_held_report_stands_for_its_twins() -> None:
    """Content that is held under a guid the feed no longer has is not stored again under two others, nor at the next poll."""
    memory = Memory()
    memory.poll(*map(entry, range(6)))
    found = [entry(0, guid="x"), entry(0, guid="y")]
    for _ in range(2):
        decision = memory.poll(*found)
        assert (decision.new, decision.alarm) == ((), ())


ENTRIES = st.lists(
    st.builds(
        lambda guid, link, title, text, day: made(
            Entry(
                guid=guid,
                link=f"https://r.example/{link}" if link else "",
                title=title,
                summary=text,
                published=day,
            )
        ),
        guid=st.sampled_from(["", "g1", "g2", "g3", "g4"]),
        link=st.sampled_from(["", "1", "2"]),
        title=st.sampled_from(["A", "B"]),
        text=st.sampled_from(["", "x", "y"]),
        day=st.sampled_from(["", "2026-11-20", "2026-01-01", "2027-11-20"]),
    ),
    max_size=6,
)
CONFIGS = st.builds(
    Catalogue,
    name=st.just("drc"),
    flood_limit=st.integers(0, 4),
    announce_last=st.integers(0, 3),
    on_revision=st.sampled_from(["ignore", "announce"]),
)


@given(CONFIGS, st.booleans(), ENTRIES, ENTRIES)
def test_the_same_poll_twice_brings_nothing(
    settings: Catalogue, baseline: bool, before: Sequence[Candidate], found: Sequence[Candidate]
) -> None:
    """Idempotence: a poll after any history, repeated, has nothing new and nothing revised."""
    memory = Memory(settings, baseline=baseline)
    memory.poll(*before)
    memory.poll(*found)
    again = memory.poll(*found)
    assert (again.new, again.revised, again.alarm) == ((), (), ())


@given(CONFIGS, ENTRIES, ENTRIES)
def test_nothing_is_forgotten_and_nothing_lost(
    settings: Catalogue, before: Sequence[Candidate], found: Sequence[Candidate]
) -> None:
    """An empty poll in between changes nothing; every different content of a poll is stored under some report."""
    memory = Memory(settings)
    memory.poll(*before)
    known = dict(memory.known)
    assert memory.poll() == PollDecision()
    assert memory.known == known
    decision = memory.poll(*found)
    assert set(known) <= set(memory.known)
    held = {each.content_hash for each in memory.known.values()}
    assert {each.content_hash for each in found} <= held | {each.content_hash for each in decision.revised}


@given(CONFIGS, ENTRIES, ENTRIES)
def test_never_more_than_the_limit_is_announced(
    settings: Catalogue, before: Sequence[Candidate], found: Sequence[Candidate]
) -> None:
    """After the baseline no poll announces more new reports, or more revisions, than flood_limit."""
    memory = Memory(settings)
    memory.poll(*before)
    decision = memory.poll(*found)
    assert decision.count(ReportState.NEW) <= settings.flood_limit
    assert sum(each.announce for each in decision.revised) <= settings.flood_limit
