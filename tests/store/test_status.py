"""Looking at a store: nothing can be written, a database that is not ours is told as such, and the status sees it all."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.exc import DBAPIError

from alertd.config import load_declared
from alertd.config.settings import Paths, Settings
from alertd.errors import NotFoundError, StoreError, StoreUnavailableError
from alertd.model import DeliveryState, Kind, MailKind, Origin, ReportFields, ReportState, Schedule
from alertd.ops.health import Seen, concerns
from alertd.ops.status import look, record
from alertd.query import parse
from alertd.store import catalogues, configs, deliveries, reports, tables, workers
from alertd.store.engines import Store
from alertd.store.migrate import revisions
from alertd.store.reading import reading
from alertd.subscribers.enrol import Enrolment, Wish, enrol
from tests.conftest import NOW

HOST = socket.gethostname()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A folder whose config/ is empty."""
    (tmp_path / "config").mkdir(exist_ok=True)
    return Settings(file=tmp_path / "alertd.toml", paths=Paths(config=tmp_path / "config", run=tmp_path))


async def _look(store: Store, settings: Settings) -> Seen:
    async with reading(store.url) as seen_by:
        return await look(seen_by, settings, said=None, now=NOW)


async def test_nothing_can_be_written(store: Store) -> None:
    """A store opened for reading reads beside the writing process, and refuses every write."""
    async with store.write() as connection:
        await configs.note(connection, hash_="x", host="here", now=NOW)
    async with reading(store.url) as looking:
        async with looking.read() as connection:
            assert await configs.last(connection, host="here") == "x"
        for engine in (looking.read, looking.write):
            with pytest.raises((StoreUnavailableError, DBAPIError), match=r"read-?only"):
                async with engine() as connection:
                    await configs.note(connection, hash_="y", host="here", now=NOW)
    async with store.write() as connection:  # and nothing of it is in the writer's way
        assert await configs.last(connection, host="here") == "x"


async def test_databases_that_are_not_ours(store: Store) -> None:
    """A database at a migration unknown here, and one without our tables, are each told with what to do."""
    for version in ("0000", "9999"):
        async with store.write() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        with pytest.raises(StoreError, match="newer alertd"):
            async with reading(store.url):
                pass
    async with store.write() as connection:
        await connection.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(NotFoundError, match="alertd run"):
        async with reading(store.url):
            pass


async def test_a_database_to_be_migrated(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database from before an upgrade is not read with this version's eyes."""
    monkeypatch.setattr("alertd.store.reading.revisions", lambda: (*revisions(), "9999"))
    with pytest.raises(StoreError, match="restart the daemon"):
        async with reading(store.url):
            pass


async def test_no_database_is_made(tmp_path: Path) -> None:
    """Looking for a database that is not there leaves nothing behind."""
    with pytest.raises(NotFoundError, match="there is no database yet"):
        async with reading(f"sqlite:///{tmp_path}/none.db"):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_a_fresh_store(store: Store, settings: Settings) -> None:
    """Nothing is there and nobody ran: that is the one concern."""
    seen = await _look(store, settings)
    assert [each.name for each in concerns(seen)] == ["daemon"]
    assert not seen.alive
    told = record(seen, concerns(seen))
    assert (told["ok"], told["catalogues"], told["outbox"]["states"]["sent"]) == (False, [], 0)


async def _fill(store: Store) -> None:
    """A catalogue with a hold, a reader, mails in several states, a mail that came in, a worker."""
    fields = [ReportFields(title=f"Report {number} 浙江") for number in range(3)]
    states = (ReportState.HELD, ReportState.BASELINE, ReportState.HELD)
    wish = Wish(parse("rural"), Schedule(Kind.DAILY, minute=480, zone="Asia/Shanghai"))
    row = {
        "kind": MailKind.DIGEST, "priority": 2, "address": "reader@example.org", "key_id": "k2", "queued_at": NOW,
    }  # fmt: skip
    async with store.write() as connection:
        await catalogues.sync(connection, {"drc": "https://u:secret@example.org/feed?token=1"}, NOW)
        (drc,) = await catalogues.all_rows(connection)
        await catalogues.record_failure(connection, drc, "HTTP 500", failures=4, next_poll_at=NOW)
        new = [
            reports.NewRow(str(number), state, "", "h", each)
            for number, (state, each) in enumerate(zip(states, fields, strict=True))
        ]
        await reports.add(connection, drc.id, new, NOW)
        person = Enrolment("reader@example.org", "en", "Asia/Shanghai", "text", (wish,))
        await enrol(connection, [person], origin=Origin.CLI, now=NOW)
        wanted = [{}, {"state": DeliveryState.HELD}, {"queued_at": NOW - timedelta(hours=2), "priority": 0}]
        ids = await deliveries.queue(connection, [{**row, **more} for more in wanted])
        await connection.execute(
            insert(tables.attempt).values(
                delivery_id=ids[0],
                at=NOW,
                relay="mx:25",
                stage="rcpt",
                code=450,
                enhanced="4.2.0",
                text="grey",
            )
        )
        await connection.execute(
            insert(tables.inbound).values(
                dedupe_key="k",
                via="lmtp",
                recipient="a@b.example",
                state="quarantined",
                tries=2,
                received_at=NOW,
            )
        )
        await workers.register(connection, host="host", pid=42, roles=["send"], now=NOW)


async def test_everything_is_seen(store: Store, settings: Settings) -> None:
    """The status tells catalogues, holds by title, next editions, mails by state and the last errors, without secrets."""
    await _fill(store)
    seen = await _look(store, settings)
    told = json.loads(json.dumps(record(seen, concerns(seen)), default=str))
    names = {each["name"] for each in told["concerns"]}
    assert names >= {"held:drc", "failing:drc", "outbox:held", "outbox:old:0", "inbox:quarantined"}
    assert ("daemon" in names) is store.is_sqlite  # on PostgreSQL its heartbeat says that it runs, somewhere
    (drc,) = told["catalogues"]
    assert drc["held"] == ["Report 0 浙江", "Report 2 浙江"]
    assert drc["reports"]["baseline"] == 1
    assert (drc["failures"], drc["error"], drc["feed"]) == (4, "HTTP 500", "https://example.org/feed?…")
    (coming,) = told["next_editions"]
    assert coming == {
        "schedule": "every day at 08:00", "zone": "Asia/Shanghai", "due_at": "2026-11-25T00:00:00+00:00", "readers": 1,
    }  # fmt: skip
    assert told["outbox"]["states"]["pending"] == 2
    assert told["outbox"]["oldest_waiting_at"] == (NOW - timedelta(hours=2)).isoformat()
    (error,) = told["outbox"]["errors"]
    assert (error["stage"], error["code"], error["text"]) == ("rcpt", 450, "grey")
    assert told["inbox"] == {"quarantined": 1}
    assert told["subscribers"] == {"active": 1}


async def test_mails_are_counted_exactly(store: Store) -> None:
    """Each state is counted once, whatever part of the outbox it belongs to, and the last mail sent is found."""
    row = {
        "kind": MailKind.DIGEST, "priority": 2, "address": "reader@example.org", "key_id": "k2", "queued_at": NOW,
    }  # fmt: skip
    wanted = {state: number for number, state in enumerate(DeliveryState, start=1)}
    async with store.write() as connection:
        await deliveries.queue(
            connection,
            [
                {**row, "state": state, "done_at": NOW + timedelta(minutes=number)}
                for state, count in wanted.items()
                for number in range(count)
            ],
        )
    async with store.read() as connection:
        assert await deliveries.counts(connection) == wanted
        last = timedelta(minutes=wanted[DeliveryState.SENT] - 1)
        assert await deliveries.last_sent_at(connection) == NOW + last
        doubted = await deliveries.doubted(connection)
    assert doubted is not None
    assert doubted.count == wanted[DeliveryState.IN_DOUBT]


async def _plans(store: Store, settings: Settings) -> list[tuple[str, list[str]]]:
    """Each statement that the status asks, with the steps by which the database answers it from indexes."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    event.listen(store._reader.sync_engine, "before_cursor_execute", note)
    await look(store, settings, said=None, now=NOW)
    event.remove(store._reader.sync_engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
    plans = []
    async with store.read() as connection:
        if not store.is_sqlite:  # where nothing else is left to it, PostgreSQL still scans
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
        for statement, parameters in asked:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                plan = (await connection.exec_driver_sql(explain + statement, parameters)).all()
                plans.append((statement, [str(step[-1]) for step in plan]))
    return plans


async def test_no_statement_reads_the_whole_outbox(store: Store, settings: Settings) -> None:
    """What the status asks of the outbox is answered from indexes: a hundred thousand sent mails cost it nothing."""
    await _fill(store)
    of_outbox = [each for each in await _plans(store, settings) if "FROM delivery" in each[0]]
    assert len(of_outbox) >= 4
    for statement, steps in of_outbox:
        scans = [
            step
            for step in steps
            if ("SCAN delivery" in step or "SEARCH delivery" in step or "on delivery" in step)
            and "INDEX ix_delivery" not in step
            and "using ix_delivery" not in step
            and "Bitmap Heap Scan" not in step
        ]
        assert not scans, (statement, steps)


async def test_readers_and_inbound_mails_are_counted_in_indexes(store: Store, settings: Settings) -> None:
    """No row of theirs is read for their numbers, of which there may be a million, and with whole mails in them."""
    await _fill(store)
    tables_counted = set()
    for statement, steps in await _plans(store, settings):
        for table in ("subscriber", "inbound"):
            if f"GROUP BY {table}.state" in statement:
                plan = " ".join(steps)
                assert f"ix_{table}_state" in plan, plan
                assert "COVERING INDEX" in plan or "Index Only Scan" in plan, plan
                tables_counted.add(table)
    assert tables_counted == {"subscriber", "inbound"}


async def test_files_that_are_not_applied(store: Store, settings: Settings) -> None:
    """An edit that nobody applied is a concern, a faulty one with its faults; files as applied are none."""
    declared = load_declared(settings)
    async with store.write() as connection:
        await configs.note(connection, hash_=declared.files_hash, host=HOST, now=NOW)
        await configs.note(connection, hash_="another", host="another host", now=NOW + timedelta(days=1))
    assert not (await _look(store, settings)).unapplied
    topics = settings.paths.config / "topics.toml"
    topics.write_text('[topic.rural]\nquery = "rural"\n')
    assert (await _look(store, settings)).unapplied
    topics.write_text('[topic.rural]\nquery = "(rural"\n')
    seen = await _look(store, settings)
    assert [fault.line for fault in seen.faults] == [2]
    assert "config:faults" in [each.name for each in concerns(seen)]


@pytest.mark.parametrize(
    ("said", "alive", "relay"),
    [
        ({"relay": None}, True, None),
        ({"relay": {"since": "2026-11-24T00:00:00+00:00", "until": "2026-11-24T01:00:00+00:00", "reason": "refused",
                    "ours": True}}, True, "refused"),
        ({}, False, None),
    ],
)  # fmt: skip
async def test_what_the_daemon_says(
    said: dict[str, object], alive: bool, relay: str | None, store: Store, settings: Settings
) -> None:
    """A daemon that answers is alive whatever its heartbeat says, and tells of the relay; one that hangs is a concern."""
    seen = await look(store, settings, said=said, now=NOW)
    assert seen.alive is alive
    assert (seen.relay.reason if seen.relay else None) == relay
    found = [each.name for each in concerns(seen)]
    assert found == (["stuck"] if not alive else ["relay"] if relay else [])
