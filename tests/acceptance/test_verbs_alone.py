"""The verbs as processes without a daemon: they act by themselves, and print their answer alone."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.cli import alertd


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a catalogue whose feed is on a port where nobody listens."""
    assert alertd("init", ".", cwd=tmp_path).returncode == 0
    settings = tmp_path / "alertd.toml"
    text = settings.read_text().replace('address = ""', 'address = "alerts@example.org"', 1)
    settings.write_text(text.replace('owner = ""', 'owner = "owner@example.org"', 1))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        (tmp_path / "config" / "catalogues.toml").write_text(
            f'[catalogue.drc]\nfeed = "http://127.0.0.1:{port}/"\nallow_private = true\n'
        )
        yield tmp_path


def test_an_answer_alone(folder: Path) -> None:
    """What the rooms log does not stand among the answer, and does not say it a second time; --verbose shows it."""
    polled = alertd("poll", "--json", cwd=folder)
    assert (polled.returncode, polled.stderr) == (1, "")
    (result,) = json.loads(polled.stdout)
    assert (result["catalogue"], result["outcome"]) == ("drc", "failed")
    told = alertd("poll", "drc", cwd=folder)
    assert (told.returncode, told.stderr) == (1, "")
    assert told.stdout.startswith("drc: failed (")
    verbose = alertd("--verbose", "poll", "--json", cwd=folder)
    assert json.loads(verbose.stdout)[0]["outcome"] == "failed"
    assert '"event": "poll.failed"' in verbose.stderr


def test_an_unknown_catalogue(folder: Path) -> None:
    """A catalogue that is not configured is told with those that are."""
    told = alertd("poll", "crd", cwd=folder)
    assert told.returncode == 1
    assert "it has: drc" in told.stderr


def test_looking_leaves_the_folder_as_it_was(folder: Path) -> None:
    """Verbs that look make no database, and change none."""
    for verb in (["status"], ["subscriber", "list"], ["outbox", "list"], ["explain", "1", "a@b.example"]):
        assert alertd(*verb, cwd=folder).returncode == 1
    assert list((folder / "var").iterdir()) == []
    alertd("poll", cwd=folder)
    database = folder / "var" / "alertd.db"
    before = database.read_bytes(), database.stat().st_mtime_ns
    for verb in (["status"], ["subscriber", "list"], ["outbox", "list"], ["check"]):
        alertd(*verb, cwd=folder)
    assert (database.read_bytes(), database.stat().st_mtime_ns) == before


@pytest.mark.parametrize("kind", ["port", "lmtp socket", "no folder", "control", "key"])
def test_a_refused_start_leaves_nothing_behind(kind: str, folder: Path) -> None:
    """What would stop the daemon is looked at before the database is made, and the message says what it is."""
    (folder / "var").rmdir()
    with socket.socket() as port, socket.socket(socket.AF_UNIX) as listener:
        port.bind(("127.0.0.1", 0))
        port.listen()
        listener.bind(str(folder / "mta"))
        listener.listen()
        where, code, words = {
            "port": (f"127.0.0.1:{port.getsockname()[1]}", 2, "address already in use"),
            "lmtp socket": (f"{folder}/mta", 2, "another process listens on"),
            "no folder": (f"{folder}/none/mta", 2, "there is no folder"),
            "control": ("", 4, "another alertd daemon listens on"),
            "key": ("", 2, "alertd.key"),
        }[kind]
        if where:
            with (folder / "alertd.toml").open("a") as settings:
                settings.write(f'\n[intake]\nlmtp = "{where}"\n')
        if kind == "control":
            (folder / "var").mkdir()
            (folder / "mta").rename(folder / "var" / "control.sock")
        if kind == "key":
            (folder / "alertd.key").write_text("nonsense\n")
        before = sorted(folder.rglob("*"))
        refused = alertd("run", cwd=folder)
    assert (refused.returncode, words in refused.stderr) == (code, True), refused.stderr
    assert sorted(folder.rglob("*")) == before
