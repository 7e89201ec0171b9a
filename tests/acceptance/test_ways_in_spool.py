"""The spool: `alertd receive` writes whole mails or none, and the daemon takes in any Maildir."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import random
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
import structlog.testing

from alertd.clock import ManualClock, SystemClock, real_monotonic, real_sleep, real_wait
from alertd.errors import StoreUnavailableError
from alertd.postmaster import maildir
from alertd.postmaster.maildir import UnreadableError
from alertd.postmaster.receive import (
    EX_DATAERR,
    EX_OK,
    EX_TEMPFAIL,
    EX_USAGE,
    envelope_from_environment,
    main,
    parse_arguments,
    receive,
)
from alertd.postmaster.spool import Spool
from alertd.store.engines import Store
from tests.acceptance.ways_in import MAX_SIZE, intake_for, mail, rows, until

PIPE = """
import sys
from pathlib import Path
from alertd.postmaster.receive import receive
code, what = receive(sys.stdin.buffer, spool=Path(sys.argv[1]), max_size=10_000_000, recipient="alerts@example.org", sender="")
sys.stderr.write(what)
raise SystemExit(code)
"""


def run_receive(folder: Path, data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", PIPE, folder], input=data, capture_output=True, check=False, timeout=60
    )


def put(folder: Path, raw: bytes, **envelope: str | None) -> Path:
    return maildir.deliver(folder, raw, **{"recipient": "", "sender": None, **envelope})


async def swept(store: Store, clock: ManualClock, folder: Path) -> int:
    return await Spool(folder, intake_for(store, clock)).sweep()


def foreign(folder: Path, name: str, raw: bytes, *, into: str = "new") -> Path:
    """A file as another delivery agent would leave it."""
    maildir.create(folder)
    path = folder / into / name
    path.write_bytes(raw)
    return path


async def test_from_pipe_to_store(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A mail that is piped in lies in new/ alone, private, and is taken in with its envelope; then the file is gone."""
    done = run_receive(tmp_path / "spool", mail())
    assert (done.returncode, done.stderr) == (EX_OK, b"")
    (path,) = (tmp_path / "spool" / "new").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list((tmp_path / "spool" / "tmp").iterdir()) == []
    assert await swept(store, clock, tmp_path / "spool") == 1
    ((row, raw),) = await rows(store)
    assert (row.via, row.recipient, row.sender, raw) == ("spool", "alerts@example.org", "", mail())
    assert not path.exists()


async def test_a_forged_trace_field_chooses_nothing(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """Our own field at the top of somebody's mail is text of that mail, by the pipe and in a foreign file."""
    forged = maildir.TRACE + b'{"recipient": "alerts+forged@example.org", "sender": "boss@example.org"}\r\n'
    put(tmp_path, forged + mail(number=1), recipient="alerts@example.org", sender="")
    foreign(tmp_path, "9999999999999999.P1.host", forged + mail(number=2))
    assert await swept(store, clock, tmp_path) == 2
    assert [(row.recipient, row.sender, raw) for row, raw in await rows(store)] == [
        ("alerts@example.org", "", forged + mail(number=1)),
        ("alerts@example.org", None, forged + mail(number=2)),
    ]


@pytest.mark.parametrize(
    ("head", "recipient", "sender"),
    [
        ("", "alerts@example.org", None),
        ("Return-Path: <>\nDelivered-To: alerts@example.org\n", "alerts@example.org", ""),
        (
            "Return-Path: <a@example.net>\nX-Original-To: alerts+help@example.org\nDelivered-To: vmail@example.org\n",
            "alerts+help@example.org",
            "a@example.net",
        ),
        ("Cc: Boss <boss@example.org>, Alerts <Alerts+Stop@Example.org>\n", "Alerts+Stop@Example.org", None),
        ("Delivered-To: \n alerts+folded@example.org\n", "alerts+folded@example.org", None),
        ("Delivered-To: alerts+x@example.com\nX-To: alerts+y@example.org\n", "alerts@example.org", None),
    ],
)
async def test_any_maildir_is_a_way_in(
    *, store: Store, clock: ManualClock, tmp_path: Path, head: str, recipient: str, sender: str | None
) -> None:
    """A file that another agent left, in new/ or seen in cur/, is taken in; its own fields tell the envelope."""
    path = foreign(tmp_path, "1600000000.V1.host:2,S", mail(extra=head), into="cur")
    assert await swept(store, clock, tmp_path) == 1
    ((row, _),) = await rows(store)
    assert (row.recipient, row.sender) == (recipient, sender)
    assert not path.exists()


async def test_the_same_mail_by_two_ways_acts_once(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """Trace fields, line ends and the recipient differ; the mail does not."""
    put(tmp_path, mail(), recipient="alerts@example.org", sender="reader@example.net")
    foreign(tmp_path, "9.host", b"Return-Path: <reader@example.net>\n" + mail().replace(b"\r\n", b"\n"))
    foreign(
        tmp_path,
        "8.host",
        b"Received: by x; now\r\nDelivered-To: alerts+stop@example.org\r\n" + mail() + b"\r\n",
    )
    assert await swept(store, clock, tmp_path) == 3
    assert len(await rows(store)) == 1
    assert list((tmp_path / "new").iterdir()) == []


async def test_a_mail_without_date_and_id_counts_once_a_day(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """A bare "stop" has the same bytes each time it is meant."""
    for days in (0, 0, 1):
        clock.advance(timedelta(days=days))
        put(tmp_path, b"From: reader@example.net\n\nstop\n")
        await swept(store, clock, tmp_path)
    assert len(await rows(store)) == 2


async def test_what_is_no_mail_is_set_aside(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A folder, a link, a FIFO and a broken file of ours go to failed/, the mail among them is taken in."""
    maildir.create(tmp_path)
    (tmp_path / "secret").write_text("not a mail")
    (tmp_path / "new" / "1.link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "new" / "2.fifo")
    (tmp_path / "new" / "3.folder").mkdir()
    good = put(tmp_path, mail())
    good.with_name("4.P1R0,alertd=1").write_bytes(b"no trace here\n\n")
    good.with_name("5.P1R0,alertd=1").write_bytes(maildir.TRACE + b'{"recipient": 7, "sender": null}\nx')
    assert await swept(store, clock, tmp_path) == 1
    assert list((tmp_path / "new").iterdir()) == []
    assert sorted(path.name[0] for path in (tmp_path / "failed").iterdir()) == ["1", "2", "3", "4", "5"]
    assert len(await rows(store)) == 1


def test_what_is_no_mail_is_not_left_open(tmp_path: Path) -> None:
    """A folder can be opened but not read: its descriptor is given back."""
    for _ in range(10):
        before = len(list(Path("/proc/self/fd").iterdir()))
        with pytest.raises(UnreadableError, match="not a regular file"):
            maildir.read(tmp_path, limit=1)
        assert len(list(Path("/proc/self/fd").iterdir())) <= before


async def test_a_file_that_cannot_be_moved_stops_nobody(
    store: Store, clock: ManualClock, tmp_path: Path
) -> None:
    """When failed/ cannot be used, the file stays, is said once, and the others are taken in."""
    maildir.create(tmp_path)
    (tmp_path / "failed").write_text("in the way")
    (tmp_path / "new" / "1.folder").mkdir()
    put(tmp_path, mail())
    spool = Spool(tmp_path, intake_for(store, clock))
    quiet = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        with structlog.testing.capture_logs() as logged:
            assert [await spool.sweep() for _ in range(3)] == [1, 0, 0]
    finally:
        structlog.configure(wrapper_class=quiet)
    assert [entry["event"] for entry in logged] == ["spool.stuck"]


async def test_too_large_goes_to_quarantine(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A foreign mail over the limit is kept by its beginning with the reason, and as a whole in failed/."""
    foreign(tmp_path, "1.host", mail(body="x" * MAX_SIZE))
    assert await swept(store, clock, tmp_path) == 0
    ((row, raw),) = await rows(store)
    assert row.state == "quarantined"
    assert "more than [intake] max_size" in (row.reason or "")
    assert raw == mail(body="x" * MAX_SIZE)[:65536]
    assert len(list((tmp_path / "failed").iterdir())) == 1


async def test_trashed_and_hidden_files_are_left(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """What a reader deleted is not a mail to us, nor is a dot file."""
    foreign(tmp_path, "1.host:2,ST", mail(), into="cur")
    foreign(tmp_path, ".nfs1", mail())
    assert await swept(store, clock, tmp_path) == 0
    assert await swept(store, clock, tmp_path / "missing") == 0


async def test_old_drafts_are_cleaned_up(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """A draft that a killed writer left 36 hours ago goes; a fresh one stays."""
    old, fresh = (foreign(tmp_path, name, b"half", into="tmp") for name in ("old", "fresh"))
    yesterday = SystemClock().now().timestamp() - 37 * 3600
    os.utime(old, (yesterday, yesterday))
    await swept(store, clock, tmp_path)
    assert (old.exists(), fresh.exists()) == (False, True)


async def test_store_down_leaves_the_files(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """While the store cannot be written nothing leaves the spool; later all of it is taken in."""
    for number in range(3):
        put(tmp_path, mail(number=number))
    intake = intake_for(store, clock)
    intake.store = Store("sqlite:////dev/null/nowhere.db")
    spool = Spool(tmp_path, intake)
    with pytest.raises(StoreUnavailableError):
        await spool.sweep()
    await intake.store.close()
    assert len(list((tmp_path / "new").iterdir())) == 3
    intake.store = store
    assert await spool.sweep() == 3


async def test_run_takes_in_what_comes_and_stops(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    """The loop finds mails that come later, survives a folder that is missing at first, and ends when told to."""
    stop = asyncio.Event()
    running = asyncio.create_task(Spool(tmp_path / "later", intake_for(store, clock)).run(stop))
    await real_sleep(0)
    put(tmp_path / "later", mail())

    async def taken() -> bool:
        return len(await rows(store)) == 1

    await until("the mail in the store", taken)
    stop.set()
    await asyncio.wait_for(running, 5)


def test_exit_codes(tmp_path: Path) -> None:
    """0 only when the mail is on the disk; 65 for one too large; 75 for every doubt, and nothing is left behind."""

    def code(raw: bytes, folder: Path) -> int:
        return receive(io.BytesIO(raw), spool=folder, max_size=200, recipient="", sender=None)[0]

    assert code(b"x" * 201, tmp_path / "a") == EX_DATAERR
    assert code(b" \n", tmp_path / "a") == EX_TEMPFAIL
    assert not (tmp_path / "a").exists()
    (tmp_path / "file").write_text("")
    assert code(mail(), tmp_path / "file") == EX_TEMPFAIL
    assert code(mail(), tmp_path / "b") == EX_OK


def test_a_full_disk_leaves_no_half_mail(tmp_path: Path) -> None:
    """When the file cannot grow the exit code is 75, and tmp/ and new/ are empty."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)); {PIPE}".replace(
        "; \n", "\n"
    )
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + limited,
            tmp_path,
        ],
        input=mail(body="x" * 100_000),
        capture_output=True,
        check=False,
    )
    assert run.returncode == EX_TEMPFAIL, run.stderr
    assert b"File too large" in run.stderr
    assert [*(tmp_path / "tmp").iterdir(), *(tmp_path / "new").iterdir()] == []


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Options and the environments of MTAs; a wrong option is 64, a configuration that cannot be read 75."""
    assert parse_arguments(["--recipient=a@b", "--sender", "", "--config", "x"]) == {
        "recipient": "a@b",
        "sender": "",
        "config": "x",
    }
    assert envelope_from_environment({"RECIPIENT": "b", "ORIGINAL_RECIPIENT": "a", "SENDER": ""}) == ("a", "")
    assert envelope_from_environment({"RECIPIENT": "b"}) == ("b", None)
    assert main(["--to", "x"], default_config=tmp_path) == EX_USAGE
    assert "usage: alertd receive" in capsys.readouterr().err
    assert main(["--recipient"], default_config=tmp_path) == EX_USAGE
    assert main([], default_config=tmp_path / "alertd.toml") == EX_TEMPFAIL
    assert "alertd.toml" in capsys.readouterr().err


def test_it_starts_fast_and_alone() -> None:
    """Neither SQLAlchemy nor click nor structlog is loaded for a piped mail."""
    code = "import alertd.postmaster.receive, sys; print(*sys.modules)"
    loaded = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.decode().split()
    )
    heavy = {"sqlalchemy", "click", "structlog", "asyncio", "email", "aiosmtpd", "aioimaplib"}
    assert heavy & set(loaded) == set()


def test_killed_at_any_moment_leaves_no_half_mail(tmp_path: Path) -> None:
    """SIGKILL at random moments of 20 runs: new/ holds whole mails only, and every run that ended with 0 is among them."""
    seed = int(os.environ.get("ALERTD_TEST_SEED", "7"))
    kills = int(os.environ.get("ALERTD_TEST_KILLS", "20"))
    chance = random.Random(seed)
    started = real_monotonic()
    run_receive(tmp_path, mail(body="x" * 3_000_000, number=0))
    longest = real_monotonic() - started
    acknowledged = {0}
    for number in range(1, kills + 1):
        process = subprocess.Popen(
            [sys.executable, "-c", PIPE, tmp_path], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(mail(body="x" * 3_000_000, number=number))
        real_wait(longest * chance.random() * 0.8)
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            acknowledged.add(number)
    whole = {mail(body="x" * 3_000_000, number=number): number for number in range(kills + 1)}
    arrived = {whole[maildir.read(path, limit=10_000_000).raw] for path in (tmp_path / "new").iterdir()}
    assert acknowledged <= arrived
    assert 1 < len(arrived) < kills + 1, f"seed {seed}: the kills came all too early or all too late"
