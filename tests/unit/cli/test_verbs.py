"""The verbs on a real store, on both databases, without a daemon: they act by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.addresses import address_key
from alertd.clock import SystemClock
from alertd.model import ReportFields, ReportState
from alertd.store import catalogues, consents, reports, subscribers, tables
from alertd.store.consents import Consent
from alertd.subscribers import leave
from alertd.subscribers.forget import forget
from tests.conftest import NOW
from tests.unit.cli.folders import Folder


async def _hold(connection: AsyncConnection) -> None:
    """A catalogue with two held reports."""
    await catalogues.sync(connection, {"drc": "https://example.org/feed"}, NOW)
    (drc,) = await catalogues.all_rows(connection)
    rows = [
        reports.NewRow(
            f"guid-{number}", ReportState.HELD, "", "h", ReportFields(title=f"Rural report {number}")
        )
        for number in (1, 2)
    ]
    await reports.add(connection, drc.id, rows, NOW)


async def _acts(connection: AsyncConnection) -> list[tuple[str, str]]:
    rows = await connection.execute(
        select(tables.consent.c.act, tables.consent.c.via).order_by(tables.consent.c.id)
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]


async def _mails(connection: AsyncConnection) -> list[Any]:
    statement = select(tables.delivery.c.kind, tables.delivery.c.address, tables.delivery.c.args)
    return list((await connection.execute(statement)).all())


def test_a_subscriber_from_beginning_to_end(folder: Folder) -> None:
    """Added with a consent and a welcome, given more queries, shown, ended once."""
    added = folder.run(
        "subscriber", "add", "Reader@Example.org", "rural -steel", "--label", "ours", "--time-zone", "europe/berlin",
        "--schedule", "weekly on friday at 07:00", "--language", "zh",
    )  # fmt: skip
    assert (added.code, added.err) == (0, "")
    assert added.out == "Reader@Example.org added; 1 new query, every Friday at 07:00\n"
    ((kind, address, args),) = folder.store(_mails)
    assert (kind, address, args["language"]) == ("welcome", "Reader@Example.org", "zh")
    more = folder.run("subscriber", "add", "reader@example.org", "rural -steel", "pension", "--json")
    assert more.json == {
        "address": "reader@example.org", "new": False, "added": 1, "schedule": "every Friday at 07:00", "paused": False,
    }  # fmt: skip
    assert len(folder.store(_mails)) == 1  # welcomed once
    shown = folder.run("subscriber", "show", "READER@example.org", "--json").json
    assert (shown["zone"], shown["origin"], shown["language"]) == ("Europe/Berlin", "cli", "zh")
    assert [(each["label"], each["zone"]) for each in shown["queries"]] == [
        ("ours", "Europe/Berlin"), ("pension", "Europe/Berlin"),
    ]  # fmt: skip
    assert shown["next_digest"] == shown["queries"][0]["next"]
    assert "tag" not in shown
    assert [each["act"] for each in shown["consents"]] == ["added", "added"]
    assert shown["mails"][0]["kind"] == "welcome"
    assert folder.run("subscriber", "end", "reader@example.org", "--reason", "asked by phone").out == (
        "Reader@Example.org ended\n"
    )
    assert folder.run("subscriber", "end", "reader@example.org", "--json").json["ended"] is False
    shown = folder.run("subscriber", "show", "reader@example.org", "--json").json
    assert (shown["state"], shown["end_reason"]) == ("ended", f"{leave.BY_ADMIN}: asked by phone")
    assert folder.store(_acts) == [("added", "cli"), ("added", "cli"), ("ended", "cli")]
    assert folder.run("subscriber", "add", "reader@example.org", "*", "--json").json["new"] is True


def test_an_address_that_must_not_be_mailed(folder: Folder) -> None:
    """A suppressed address is refused with the reason, exit 3, and nothing is queued."""
    folder.run("subscriber", "add", "reader@example.org", "*")

    async def suppress(connection: AsyncConnection) -> None:
        (hash_,) = (await connection.execute(select(tables.consent.c.address_hash))).scalars()
        await consents.suppress(connection, hash_, reason="complained", evidence=None, now=NOW)

    folder.store(suppress)
    refused = folder.run("subscriber", "add", "READER@example.org", "rural")
    assert refused.code == 3
    assert "complained, since 2026-11-24" in refused.err
    assert len(folder.store(_mails)) == 1


async def _suppress(connection: AsyncConnection, reason: str) -> None:
    """As the mail that comes back does it."""
    row = await subscribers.find_by_key(connection, address_key("reader@example.org"))
    assert row is not None
    (hash_,) = (await connection.execute(select(tables.consent.c.address_hash).distinct())).scalars()
    await leave.end(connection, [row.id], reason=leave.BOUNCED, now=NOW, suppressed=True)
    await consents.suppress(connection, hash_, reason=reason, evidence="5 points", now=NOW)


async def _audit(connection: AsyncConnection) -> list[Any]:
    rows = (await connection.execute(select(tables.audit).order_by(tables.audit.c.id))).all()
    return [(row.verb, row.before, row.after) for row in rows]


def test_a_suppression_is_lifted(folder: Folder) -> None:
    """The address may be mailed again, the reader stays ended, and it is kept who lifted what and why; a second time tells so."""
    folder.run("subscriber", "add", "reader@example.org", "*")
    folder.store(lambda connection: _suppress(connection, "bounce: unknown user"))
    assert folder.run("subscriber", "list", "--state", "suppressed", "--json").json != []
    told = folder.run("subscriber", "lift", "READER@example.org", "--reason", "new server")
    assert told.code == 0
    first, second = told.out.splitlines()
    assert first == (
        "READER@example.org may be mailed again; it was suppressed since 2026-11-24: bounce: unknown user"
    )
    assert "subscriber add READER@example.org QUERY... --force" in second
    shown = folder.run("subscriber", "show", "reader@example.org", "--json").json
    assert (shown["state"], shown["end_reason"], shown["queries"]) == ("ended", leave.BOUNCED, [])
    assert folder.store(_acts)[-1] == (consents.LIFTED, "cli")
    verb, before, after = folder.store(_audit)[-1]
    assert (verb, before["reason"], after) == (
        "subscriber.lifted",
        "bounce: unknown user",
        {"reason": "new server"},
    )
    again = folder.run("subscriber", "lift", "reader@example.org", "--json").json
    assert (again["lifted"], again["state"]) == (False, "ended")
    assert "was not suppressed" in folder.run("subscriber", "lift", "reader@example.org").out
    assert folder.run("subscriber", "add", "reader@example.org", "*").code == 3
    assert folder.run("subscriber", "add", "reader@example.org", "*", "--force").code == 0
    assert len(folder.store(_mails)) == 2  # both welcomes, none of them by lifting


def test_a_complaint_is_lifted_only_with_force(folder: Folder) -> None:
    """Who said no must have said otherwise; who is unknown is told as such."""
    folder.run("subscriber", "add", "reader@example.org", "*")
    folder.store(lambda connection: _suppress(connection, "complaint: abuse"))
    refused = folder.run("subscriber", "lift", "reader@example.org")
    assert (refused.code, "complaint: abuse" in refused.err, "--force" in refused.err) == (3, True, True)
    assert folder.run("subscriber", "add", "reader@example.org", "*", "--force").code == 3
    lifted = folder.run("subscriber", "lift", "reader@example.org", "--force", "--json").json
    assert (lifted["lifted"], lifted["reason"]) == (True, "complaint: abuse")
    assert folder.run("subscriber", "lift", "nobody@example.org").code == 1


def test_lifting_says_nothing_of_what_a_person_wants(folder: Folder) -> None:
    """Somebody who left stays away from the file and from a careless admin, whatever an admin lifted since."""
    folder.run("subscriber", "add", "reader@example.org", "*")

    async def leave_then_lift(connection: AsyncConnection) -> tuple[str, dict[str, str]]:
        (hash_,) = (await connection.execute(select(tables.consent.c.address_hash))).scalars()
        rows = [
            Consent(None, hash_, act, "mail", SystemClock().now()) for act in (consents.LEFT, consents.LIFTED)
        ]
        await consents.note(connection, rows)
        return hash_, await consents.last_acts(connection, [hash_])

    hash_, last = folder.store(leave_then_lift)
    assert last == {hash_: consents.LEFT}
    assert consents.is_unproven(consents.LIFTED)


@pytest.mark.parametrize(
    ("reason", "told"), [(leave.BY_THEMSELVES, "left on"), (leave.BOUNCED, "does not work")]
)
def test_who_left_is_not_brought_back_by_mistake(reason: str, told: str, folder: Folder) -> None:
    """Somebody who left, or whose address died, is refused with the reason and the day; --force means it."""
    folder.run("subscriber", "add", "reader@example.org", "*")

    async def end(connection: AsyncConnection) -> None:
        row = await subscribers.find_by_key(connection, address_key("reader@example.org"))
        assert row is not None
        await leave.end(connection, [row.id], reason=reason, now=NOW)

    folder.store(end)
    refused = folder.run("subscriber", "add", "Reader@example.org", "rural")
    assert refused.code == 3
    assert told in refused.err
    assert "2026-11-24" in refused.err
    assert "--force" in refused.err
    assert folder.run("subscriber", "show", "reader@example.org", "--json").json["state"] == "ended"
    assert (
        folder.run("subscriber", "add", "reader@example.org", "rural", "--force", "--json").json["new"]
        is True
    )


def test_who_was_forgotten_is_not_brought_back_by_mistake(folder: Folder) -> None:
    """Of somebody who was forgotten only a keyed hash tells that they left; that is enough to ask for --force."""
    folder.run("subscriber", "add", "reader@example.org", "*")

    async def forget_them(connection: AsyncConnection) -> None:
        row = await subscribers.find_by_key(connection, address_key("reader@example.org"))
        assert row is not None
        (hash_,) = (await connection.execute(select(tables.consent.c.address_hash))).scalars()
        later = SystemClock().now()
        await leave.end(connection, [row.id], reason=leave.BY_THEMSELVES, now=later)
        await consents.note(connection, [Consent(row.id, hash_, consents.LEFT, "mail", later)])
        await forget(connection, row, hash_address=lambda _: hash_, inbound_id=None, now=later)

    folder.store(forget_them)
    refused = folder.run("subscriber", "add", "reader@example.org", "rural")
    assert (refused.code, "left, and is forgotten since" in refused.err) == (3, True)
    assert folder.run("subscriber", "add", "reader@example.org", "rural", "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["reader", "*"], "expected one @"),
        (["reader@example.org", "(rural"], "column 1"),
        (["reader@example.org", "*", "--schedule", "sometimes"], "expected immediate, daily"),
        (["reader@example.org", "*", "--time-zone", "Berlin/Europe"], "no time zone"),
        (["reader@example.org", "*", "--language", "fr"], "'fr' is not one of 'en', 'zh'"),
        (["reader@example.org"], "QUERY"),
    ],
)
def test_wrong_usage_of_add(arguments: list[str], told: str, folder: Folder) -> None:
    """What cannot be read is told with what was expected, exit 2, before the store is touched."""
    ended = folder.run("subscriber", "add", *arguments)
    assert ended.code == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_a_long_list_comes_page_by_page(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every subscriber is listed once over the pages, as JSON and as lines with one header; the limit holds."""
    monkeypatch.setattr("alertd.control.subscribers.PAGE", 2)
    addresses = [f"reader{number}@example.org" for number in range(5)]
    for address in addresses:
        folder.run("subscriber", "add", address, "*")
    listed = folder.run("subscriber", "list", "--json").json
    assert [each["address"] for each in listed] == addresses
    lines = folder.run("subscriber", "list").out.splitlines()
    assert [line.split("\t")[1] for line in lines] == ["address", *addresses]
    assert len(folder.run("subscriber", "list", "--limit", "3", "--json").json) == 3
    after = folder.run("subscriber", "list", "--after", str(listed[2]["id"]), "--json").json
    assert [each["address"] for each in after] == addresses[3:]
    assert folder.run("subscriber", "list", "--state", "paused").out == "no subscribers\n"


def test_what_is_held_is_released_or_discarded(folder: Folder) -> None:
    """Status names the held reports and the command; release announces them by title, once."""
    folder.store(_hold)
    status = folder.run("status")
    assert status.code == 1
    assert "held: Rural report 1" in status.out
    assert "alertd release drc --discard" in status.out
    assert folder.run("release", "drc", "--json").json == {
        "catalogue": "drc", "titles": ["Rural report 1", "Rural report 2"], "discarded": False,
    }  # fmt: skip
    assert folder.run("release", "drc").out == "nothing of drc is held\n"
    unknown = folder.run("release", "crd", "--discard")
    assert (unknown.code, "alertd status lists them" in unknown.err) == (1, True)


def test_status_in_json(folder: Folder) -> None:
    """The status as JSON has its verdict, and exit 1 goes with a concern."""
    ended = folder.run("status", "--json")
    assert ended.code == 1
    assert ended.json["ok"] is False
    assert ended.json["concerns"][0]["remedy"] == "start it: alertd run"


def test_explain(folder: Folder) -> None:
    """A report is found by its guid or #ID, and told up to where it stopped; several that fit are listed."""
    folder.store(_hold)
    folder.run("subscriber", "add", "reader@example.org", "rural")
    held = folder.run("explain", "guid-1", "reader@example.org", "--json").json
    assert [step["code"] for step in held["steps"]] == ["seen", "held"]
    assert held["steps"][-1]["stops"] is True
    folder.run("release", "drc")
    told = folder.run("explain", f"#{held['report']['id']}", "reader@example.org")
    assert told.code == 0
    assert "found by: rural" in told.out
    assert "waits for the next digest" in told.out
    missing = folder.run("explain", "guid-9", "reader@example.org")
    assert (missing.code, "no stored report is 'guid-9'" in missing.err) == (1, True)
    nobody = folder.run("explain", "guid-1", "nobody@example.org")
    assert (nobody.code, "no subscriber has" in nobody.err) == (1, True)


def test_explain_asks_which_report_is_meant(folder: Folder) -> None:
    """A number that several reports have lists them with their #ID; the catalogue narrows it down."""

    async def fill(connection: AsyncConnection) -> None:
        await catalogues.sync(connection, {"a": "https://a.example/", "b": "https://b.example/"}, NOW)
        for row in await catalogues.all_rows(connection):
            fields = ReportFields(title=f"Of {row.name}", number="178", year=2015)
            await reports.add(
                connection, row.id, [reports.NewRow("guid", ReportState.BASELINE, "", "h", fields)], NOW
            )

    folder.store(fill)
    folder.run("subscriber", "add", "reader@example.org", "rural")
    asked = folder.run("explain", "178", "reader@example.org")
    assert asked.code == 1
    for line in ("a: No 178/2015, Of a", "b: No 178/2015, Of b"):
        assert line in asked.err
    told = folder.run("explain", "178/2015", "reader@example.org", "--catalogue", "b", "--json")
    assert told.json["report"]["title"] == "Of b"


def test_the_outbox_by_hand(folder: Folder) -> None:
    """A mail is held, tried again and dropped; the list and the single mail say so."""
    folder.run("subscriber", "add", "reader@example.org", "*")
    assert folder.run("outbox", "hold", "1").out == "held: 1\n"
    assert folder.run("outbox", "list", "--state", "held", "--json").json[0]["reply"] == "held by an admin"
    assert folder.run("outbox", "retry", "1", "--json").json == [1]
    assert folder.run("outbox", "drop", "1").out == "dropped: 1\n"
    assert folder.run("outbox", "show", "1", "--json").json["state"] == "expired"
    assert folder.run("outbox", "drop", "1").code == 3
    for verb in ("hold", "retry", "drop"):
        unknown = folder.run("outbox", verb, "1", "9999")
        assert (unknown.code, "no delivery has the id 9999" in unknown.err) == (1, True)


def test_a_listing_says_that_it_was_cut(folder: Folder) -> None:
    """With more than --limit, stderr says so and stdout has so many; with as many it says nothing."""
    for number in range(3):
        folder.run("subscriber", "add", f"reader{number}@example.org", "*")
    cut = folder.run("outbox", "list", "--limit", "2", "--json")
    assert (len(cut.json), "there are more" in cut.err) == (2, True)
    assert folder.run("outbox", "list", "--limit", "3").err == ""

    async def come_in(connection: AsyncConnection) -> None:
        values = {
            "via": "lmtp",
            "recipient": "a@example.org",
            "tries": 0,
            "received_at": NOW,
            "raw": b"x",
            "state": "new",
        }
        await connection.execute(insert(tables.inbound), [{**values, "dedupe_key": key} for key in "abc"])

    folder.store(come_in)
    cut = folder.run("inbox", "list", "--limit", "2", "--json")
    assert (len(cut.json), "there are more" in cut.err) == (2, True)
    assert folder.run("inbox", "list", "--limit", "3").err == ""


def test_a_new_key_signs(folder: Folder) -> None:
    """A key is added to the ring, and the hint says when it signs."""
    told = folder.run("key", "new", "--json").json
    assert len(told["keys"]) == 2
    assert told["key"] == told["keys"][-1]
    assert "restart the daemon" in folder.run("key", "new").out


def test_before_it_is_set_up(folder: Folder) -> None:
    """Polling in a folder that names no catalogue is refused as `run` refuses it, and makes no database."""
    folder.url = f"sqlite:///{folder.path}/var/none.db"
    folder.settings()
    polled = folder.run("poll")
    assert (polled.code, "not set up yet: there is no catalogue" in polled.err) == (2, True)
    folder.write("alertd.toml", f'[store]\nurl = "{folder.url}"\n')
    added = folder.run("subscriber", "add", "reader@example.org", "*")
    assert (added.code, "service.address: not set up yet" in added.err) == (2, True)
    assert not (folder.path / "var" / "none.db").exists()


def test_help_shows_how_an_instant_is_written(folder: Folder) -> None:
    """The example stands in the help, and can be read."""
    helped = " ".join(folder.run("run", "--help").out.split())
    assert "2026-11-24T08:00:00+08:00" in helped
    assert folder.run("run", "--now", "2026-11-24T08:00:00+08:00").err.endswith("go with --once.\n")


def test_without_a_folder(folder: Folder) -> None:
    """Where there is no alertd.toml, the way to begin is told."""
    (folder.path / "alertd.toml").unlink()
    for verb in ("status", "check", "poll"):
        ended = folder.run(verb)
        assert ended.code == 2
        assert "alertd init DIR" in ended.err


def test_a_retracted_state_is_left_alone(folder: Folder) -> None:
    """Releasing announces what is held and nothing else."""
    folder.store(_hold)

    async def retract(connection: AsyncConnection) -> None:
        statement = (
            update(tables.report).where(tables.report.c.identity == "guid-2").values(state="retracted")
        )
        await connection.execute(statement)

    folder.store(retract)
    assert folder.run("release", "drc", "--json").json["titles"] == ["Rural report 1"]
