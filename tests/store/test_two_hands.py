"""The file and the person both own queries and settings: what the person did, no edit of the file undoes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alertd.model import Origin, SubscriberState
from alertd.query import parse
from alertd.store import consents, subscribers
from alertd.store.consents import LEFT, Consent
from alertd.store.engines import Store
from alertd.subscribers import change, leave
from alertd.subscribers.enrol import Enrolment, Wish, enrol
from tests.store.declaring import DAILY, WEEKLY, Applying, asked, files, person
from tests.store.world import START

LATER = START + timedelta(hours=1)


@pytest.fixture
def site(store: Store) -> Applying:
    """A store on each database in turn."""
    return Applying(store)


async def _end(site: Applying, name: str, reason: str, *, suppressed: bool = False) -> None:
    reader = await site.reader(name)
    async with site.store.write() as connection:
        await leave.end(connection, [reader.id], reason=reason, now=START, suppressed=suppressed)


async def _drop(site: Applying, name: str, query: str) -> None:
    roots = [row.root_id for row in await site.rows(name) if row.canonical == query]
    async with site.store.write() as connection:
        await change.drop_queries(connection, (await site.reader(name)).id, roots, now=START)


async def _by_mail(site: Applying, name: str, query: str) -> None:
    wish = Wish(parse(query), DAILY)
    async with site.store.write() as connection:
        people = [Enrolment(f"{name}@example.org", "en", "UTC", "html", (wish,))]
        await enrol(connection, people, origin=Origin.MAIL, now=LATER)


@pytest.mark.parametrize("reason", [leave.BY_THEMSELVES, leave.BY_ADMIN, leave.COMPLAINED, leave.BOUNCED])
async def test_who_left_is_not_brought_back(site: Applying, reason: str) -> None:
    """Only the file's own ending is undone by the file."""
    declared = files(person("ann"), person("bob"))
    await site.apply(declared)
    await _end(site, "ann", reason, suppressed=reason == leave.COMPLAINED)
    before = await site.everything()
    assert not await site.apply(declared)
    assert not await site.compare(files(person("ann", asked("beta"), language="zh"), person("bob")))
    assert await site.everything() == before


async def test_settings_of_their_own_stay(site: Applying) -> None:
    """Language, format and zone that a person set are theirs, also after the file ended them and gave them again."""
    await site.apply(files(person("ann"), person("bob")))
    ann = await site.reader("ann")
    async with site.store.write() as connection:
        await change.set_setting(connection, ann.id, language="zh")
        await change.set_setting(connection, ann.id, format="text")
        await change.set_zone(connection, ann.id, "Asia/Shanghai", now=START)
    declared = files(person("ann", zone="Europe/Berlin", language="en", format="html"), person("bob"))
    assert not await site.compare(declared)
    for _ in range(2):
        await site.apply(declared)
        ann = await site.reader("ann")
        assert (ann.language, ann.format, ann.zone) == ("zh", "text", "Asia/Shanghai")
        assert (await site.asks("ann"))["alpha"].zone == "Asia/Shanghai"
        assert set(ann.own_settings) == {"language", "format", "time_zone"}
        await site.apply(files(person("bob")))
        assert (await site.reader("ann")).state is SubscriberState.ENDED


async def test_schedule_of_their_own_comes_back_with_them(site: Applying) -> None:
    """Who chose a schedule and was ended by the file has that schedule when the file gives the query again."""
    declared = files(person("ann", asked("alpha"), asked("beta")), person("bob"))
    await site.apply(declared)
    async with site.store.write() as connection:
        await change.move_queries(connection, (await site.reader("ann")).id, WEEKLY, now=START)
    await site.apply(files(person("bob")))
    await site.apply(declared)
    assert await site.asks("ann") == {"alpha": WEEKLY, "beta": WEEKLY}
    assert not await site.compare(declared)


async def test_dropped_query_stays_dropped(site: Applying) -> None:
    """What a person dropped the file does not give again, whatever it changes beside it."""
    declared = files(person("ann", asked("alpha"), asked("beta")))
    await site.apply(declared)
    await _drop(site, "ann", "alpha")
    assert not await site.compare(declared)
    await site.apply(files(person("ann", asked("alpha", WEEKLY, label="x"), asked("beta"), asked("gamma"))))
    assert set(await site.asks("ann")) == {"beta", "gamma"}


async def test_dropped_query_stays_dropped_after_the_file_ended_them(site: Applying) -> None:
    """Taken out of the file and put in again, a reader gets what they had not dropped."""
    declared = files(person("ann", asked("alpha"), asked("beta")), person("bob"))
    await site.apply(declared)
    await _drop(site, "ann", "alpha")
    await site.apply(files(person("bob")))
    await site.apply(declared)
    assert set(await site.asks("ann")) == {"beta"}
    assert not await site.compare(declared)


async def test_leaving_and_returning_by_mail_keeps_the_file_away(site: Applying) -> None:
    """Who left and signed up again has what they signed up for; the file's queries went with the leaving."""
    declared = files(person("ann", asked("alpha"), asked("beta")))
    await site.apply(declared)
    await _drop(site, "ann", "alpha")
    await _end(site, "ann", leave.BY_THEMSELVES)
    await _by_mail(site, "ann", "gamma")
    assert not await site.compare(declared)
    await site.apply(declared)
    assert set(await site.asks("ann")) == {"gamma"}
    await site.apply(files(person("ann", asked("alpha"), asked("delta"))))
    assert set(await site.asks("ann")) == {"gamma", "delta"}
    await site.apply(files(person("bob")))
    assert set(await site.asks("ann")) == {"gamma"}
    assert (await site.reader("ann")).state is SubscriberState.ACTIVE


async def test_query_of_both_hands_is_the_persons(site: Applying) -> None:
    """A query that the person had already is not given twice, and the file cannot take it away."""
    await _by_mail(site, "ann", "alpha")
    await site.apply(files(person("ann", asked("alpha", WEEKLY, label="x"), asked("beta"))))
    assert await site.asks("ann") == {"alpha": DAILY, "beta": DAILY}
    await site.apply(files(person("bob")))
    assert await site.asks("ann") == {"alpha": DAILY}
    assert (await site.reader("ann")).origin is Origin.MAIL


async def test_address_of_their_own(site: Applying) -> None:
    """Who moved to another address stays declared under the old one; nothing is written to the old address."""
    declared = files(person("ann"), person("bob"))
    await site.apply(declared)
    ann = await site.reader("ann")
    async with site.store.write() as connection:
        await change.set_address(connection, ann.id, "new@example.org")
    assert not await site.compare(declared)
    await site.apply(files(person("ann", asked("alpha"), asked("beta")), person("bob")))
    assert set(await site.asks("new")) == {"alpha", "beta"}
    assert site.welcomed == ["ann@example.org", "bob@example.org"]
    await site.apply(files(person("bob")))
    assert (await site.reader("new")).state is SubscriberState.ENDED
    await site.apply(declared)
    assert (await site.reader("new")).state is SubscriberState.ACTIVE
    assert site.welcomed[2:] == ["new@example.org"]


async def test_old_address_of_somebody_else_now(site: Applying) -> None:
    """When both addresses are declared, each means who has it; the reader who moved keeps their own block."""
    await site.apply(files(person("ann"), person("bob")))
    ann = await site.reader("ann")
    async with site.store.write() as connection:
        await change.set_address(connection, ann.id, "new@example.org")
    both = files(person("ann", asked("beta")), person("new", asked("alpha")), person("bob"))
    await site.apply(both)
    assert (await site.reader("new")).id == ann.id
    assert (await site.reader("ann")).id != ann.id
    assert (set(await site.asks("new")), set(await site.asks("ann"))) == ({"alpha"}, {"beta"})
    assert not await site.compare(both)
    await site.apply(files(person("ann", asked("beta")), person("bob")))
    assert (await site.reader("new")).state is SubscriberState.ENDED
    assert set(await site.asks("ann")) == {"beta"}


async def test_who_left_and_was_forgotten_is_not_brought_back(site: Applying) -> None:
    """Without a row of theirs, the keyed hash of the address still says that they left; signing up again undoes it."""
    await site.apply(files(person("ann"), person("bob")))
    ann = await site.reader("ann")
    hash_ = "hash of ann@example.org"
    async with site.store.write() as connection:
        await leave.end(connection, [ann.id], reason=leave.BY_THEMSELVES, now=START)
        await consents.note(connection, [Consent(ann.id, hash_, LEFT, "mail", LATER)])
        await subscribers.take_address(connection, ann.id)
    declared = files(person("ann"), person("bob"), person("cyd"))
    told = (await site.compare(declared)).as_json()
    assert told["subscribers"]["added"] == ["cyd@example.org"]  # what is told beforehand is what is done
    assert (await site.apply(declared, now=LATER)).as_json() == told
    assert not await site.compare(declared)
    assert site.welcomed == ["ann@example.org", "bob@example.org", "cyd@example.org"]
    async with site.store.read() as connection:
        assert await subscribers.find_by_key(connection, "ann@example.org") is None


@pytest.mark.parametrize("forgotten", [True, False])
async def test_a_complaint_outlives_the_row(site: Applying, forgotten: bool) -> None:
    """Who complained is not enrolled by the file, with no row of theirs or with one that the file had ended before."""
    await site.apply(files(person("ann"), person("bob")))
    ann = await site.reader("ann")
    async with site.store.write() as connection:
        if forgotten:
            await leave.end(connection, [ann.id], reason=leave.COMPLAINED, suppressed=True, now=START)
            await subscribers.take_address(connection, ann.id)
        else:
            await leave.end(connection, [ann.id], reason=leave.OUT_OF_FILE, now=START)
        await consents.suppress(
            connection, "hash of ann@example.org", reason="complaint: abuse", evidence=None, now=START
        )
    declared = files(person("ann"), person("bob"), person("cyd"))
    told = (await site.compare(declared)).as_json()
    assert told["subscribers"]["added"] == ["cyd@example.org"]
    assert told["subscribers"]["skipped"] == [
        {"address": "ann@example.org", "reason": f"complaint: abuse, since {START:%Y-%m-%d}"}
    ]
    assert (await site.apply(declared, now=LATER)).as_json() == told
    assert site.welcomed == ["ann@example.org", "bob@example.org", "cyd@example.org"]
    again = await site.compare(declared, now=LATER)
    assert (bool(again), again.counts()["subscribers_skipped"]) == (False, 1)
    async with site.store.write() as connection:
        await consents.lift(connection, "hash of ann@example.org")
    assert (await site.apply(declared, now=LATER)).as_json()["subscribers"]["added"] == ["ann@example.org"]
    assert (await site.reader("ann")).state is SubscriberState.ACTIVE
