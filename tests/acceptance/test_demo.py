"""`alertd demo` as a newcomer runs it: a real process that tells its story through, or until it is stopped."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from alertd.cli import shell
from alertd.clock import real_monotonic
from alertd.demo import run
from alertd.demo.story import Told
from tests.acceptance.cli import alertd, command, environment

READERS = ("anna", "li", "jack", "library", "priya", "chen", "sven", "maria")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path, float]:
    """One whole run with --once: what it printed, its folder and how long it took."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    began = real_monotonic()
    done = alertd("demo", "--once", "--dir", folder, cwd=folder.parent, timeout=110)
    return done, folder, real_monotonic() - began


def test_the_story_is_told_through(told) -> None:
    """Exit 0 in less than a minute, with nothing on stderr: every mail that must arrive has arrived."""
    done, _folder, seconds = told
    assert done.stderr == ""
    assert done.returncode == 0
    assert seconds < 60


def test_it_says_what_was_sent_to_whom_and_why(told) -> None:
    """Each reader with their mails, each report with the queries that found it, and a digest as a sample."""
    done, folder, _ = told
    for reader in READERS:
        assert re.search(rf"^{reader}@\S+ \(.+\)$", done.stdout, re.MULTILINE), reader
    assert "No 214 Portable Pensions: What Migrant Workers Lose When They Move <- pension" in done.stdout
    assert "No 216 Balancing the Grid: Storage Where Lines Are Full <- our industry, the grid" in done.stdout
    assert "<- every report" in done.stdout
    assert "养老" in done.stdout
    assert re.search(r"^Found by: |^    Found by: ", done.stdout, re.MULTILINE)
    assert str(folder / "mails") in done.stdout


def test_its_times_run_forwards(told) -> None:
    """The lines of what happens are in the order of their times."""
    done, _folder, _ = told
    days = {"22": 0, "23": 1, "24": 2}
    lines = re.findall(
        r"^\w{3} (\d\d) Nov (\d\d:\d\d)  (?:published|matched|mail) ", done.stdout, re.MULTILINE
    )
    assert len(lines) > 40
    assert lines == sorted(lines, key=lambda each: (days[each[0]], each[1]))


def test_the_mails_can_be_opened(told) -> None:
    """Every `.eml` is whole; every digest has a text part; the one who asked for text alone has no other."""
    done, folder, _ = told
    files = sorted((folder / "mails").glob("*.eml"))
    assert len(files) >= 20
    for file in files:
        mail = message_from_bytes(file.read_bytes(), policy=default)
        assert not mail.defects
        assert mail.get_body(("plain",)) is not None
        assert (mail.get_body(("html",)) is None) == (str(mail["To"]) == "jack@hudson.example")
        assert str(file) in done.stdout
    to = [str(message_from_bytes(file.read_bytes(), policy=default)["To"]) for file in files]
    assert to.count("sven@fjord.example") == 1


def test_the_story_begins_with_a_sign_up(told) -> None:
    """Maria writes, is asked once, says yes, is answered, and from then on gets what she asked for."""
    done, _folder, _ = told
    order = [
        "maria@tejo.example writes to alerts@lakeside.example",
        "confirmation to maria@tejo.example",
        "maria@tejo.example writes to alerts+confirm-",
        "answer to maria@tejo.example",
        "digest to maria@tejo.example",
    ]
    places = [done.stdout.index(each) for each in order]
    assert places == sorted(places)
    assert done.stdout.count("confirmation to maria@") == 1


def test_the_folder_is_kept_and_closed(told) -> None:
    """Database, key and log are there, for their owner alone; the daemon is gone and another may look."""
    _done, folder, _ = told
    for name in ("alertd.key", "var/alertd.db", "var/alertd.log"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600, name
    assert '"level": "error"' not in (folder / "var/alertd.log").read_text("utf-8")
    listed = alertd("--config", folder / "alertd.toml", "subscriber", "list", cwd=folder)
    assert listed.returncode == 0
    assert "anna@elbe.example" in listed.stdout
    again = alertd("demo", "--once", "--dir", folder, cwd=folder)
    assert again.returncode == 3
    assert "not empty" in again.stderr


def until_printed(
    process: subprocess.Popen[bytes], descriptor: int, text: bytes, *, seconds: float = 30
) -> bytes:
    """Read until a text has been printed."""
    printed, deadline = b"", real_monotonic() + seconds
    while text not in printed:
        assert real_monotonic() < deadline, printed[-2000:]
        assert process.poll() is None, printed[-2000:]
        if select.select([descriptor], [], [], 0.2)[0]:
            printed += os.read(descriptor, 65536)
    return printed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_can_be_stopped_in_the_middle(number: signal.Signals, tmp_path: Path) -> None:
    """A signal ends it within seconds: no traceback, the daemon drained, exit code of an interruption."""
    process = subprocess.Popen(
        command("demo", "--once", "--dir", tmp_path / "kept"), cwd=tmp_path, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    until_printed(process, process.stdout.fileno(), b"published")
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == b"interrupted\n"
    assert '"daemon.stopped"' in (tmp_path / "kept" / "var" / "alertd.log").read_text("utf-8")


def test_on_a_terminal_it_stays_until_ctrl_c(tmp_path: Path) -> None:
    """The view is drawn on the whole terminal; Ctrl-C gives the terminal back, tells where the files are, and is no error."""
    try:
        here, there = pty.openpty()
    except OSError:
        pytest.skip("this machine has no pseudo-terminals (/dev/ptmx)")
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("4H", 40, 150, 0, 0))
    process = subprocess.Popen(
        command("demo", "--dir", tmp_path / "kept"), cwd=tmp_path, env=environment(TERM="xterm"),
        stdin=there, stdout=there, stderr=there,
    )  # fmt: skip
    os.close(there)
    seen = until_printed(process, here, b"Portable Pensions")
    assert b"\x1b[?1049h" in seen  # the alternate screen
    assert b"The mail" in seen
    assert b"welcome" in seen
    process.send_signal(signal.SIGINT)
    rest = b""
    while True:
        try:
            rest += os.read(here, 65536)
        except OSError:
            break
    assert process.wait(timeout=20) == 0
    os.close(here)
    assert b"\x1b[?1049l" in rest
    assert b"The folder is kept" in rest
    assert b"Traceback" not in rest


@pytest.mark.parametrize(
    ("faults", "stopped", "options", "code"),
    [
        (("missing: x", "twice: y"), False, ["--once"], 1),
        ((), False, ["--once"], 0),
        ((), True, ["--once"], 130),
        ((), True, [], 0),
        (("missing: x",), False, [], 1),
    ],
)
def test_the_exit_code_says_whether_all_arrived(
    *,
    faults: tuple[str, ...],
    stopped: bool,
    options: list[str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys,
) -> None:
    """Non-zero, and on stderr what is missing; a stop is an interruption of --once and the usual end on a terminal."""

    async def show(*_: object, **__: object) -> Told:
        return Told((), faults, stopped)

    monkeypatch.setattr(run, "show", show)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert shell.run(["demo", *options]) == code
    told = capsys.readouterr().err
    assert [line.removeprefix("alertd demo: ") for line in told.splitlines() if "alertd demo" in line] == [
        *faults
    ]
