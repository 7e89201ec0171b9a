"""The listing verbs as processes, on a fresh folder without a daemon, and `receive` as an MTA calls it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.acceptance.cli import alertd


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that `alertd init` made, with an address and an owner."""
    assert alertd("init", ".", cwd=tmp_path).returncode == 0
    settings = tmp_path / "alertd.toml"
    text = settings.read_text().replace('address = ""', 'address = "alerts@example.org"', 1)
    settings.write_text(text.replace('owner = ""', 'owner = "owner@example.org"', 1))
    return tmp_path


@pytest.mark.parametrize("verb", [("subscriber", "list"), ("outbox", "list"), ("inbox", "list")])
def test_an_empty_store(verb: tuple[str, ...], folder: Path) -> None:
    """Before the first run there is nothing to look at and looking makes nothing; an empty store lists nothing."""
    early = alertd(*verb, cwd=folder)
    assert (early.returncode, early.stdout) == (1, "")
    assert "there is no database yet" in early.stderr
    assert not (folder / "var" / "alertd.db").exists()
    assert alertd("reload", cwd=folder).returncode == 0
    told = alertd(*verb, cwd=folder)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("no ")
    assert json.loads(alertd(*verb, "--json", cwd=folder).stdout) == []
    assert (folder / "var" / "alertd.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("subscriber", "show", "nobody@example.org"), 1, "no subscriber has the address"),
        (("outbox", "show", "7"), 1, "no delivery has the id 7"),
        (("outbox", "retry", "7"), 1, "no delivery has the id 7"),
        (("inbox", "retry", "7"), 1, "no inbound mail has the id 7"),
        (("outbox", "list", "--state", "lost"), 2, "'lost' is not one of"),
    ],
)
def test_what_is_not_there(arguments: tuple[str, ...], code: int, told: str, folder: Path) -> None:
    """What does not exist is named, with the exit code of its kind."""
    assert alertd("reload", cwd=folder).returncode == 0  # makes the store
    ended = alertd(*arguments, cwd=folder)
    assert ended.returncode == code
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_store_that_cannot_be_used(folder: Path) -> None:
    """A damaged database ends in one message and exit 4 or 1, not in a driver's traceback."""
    (folder / "var" / "alertd.db").write_bytes(b"this is no database, whatever its name says" * 100)
    ended = alertd("outbox", "list", cwd=folder)
    assert ended.returncode in {1, 4}
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_receive_spools_a_mail(folder: Path) -> None:
    """A mail from a pipe lies in the spool; what cannot be taken now is given back to the MTA with 75."""
    mail = "From: reader@example.org\n\nsubscribe rural\n"
    for options in ([], ["--config", "alertd.toml"]):  # the short way and the one through the global options
        taken = alertd(*options, "receive", "--recipient", "alerts@example.org", cwd=folder, input=mail)
        assert (taken.returncode, taken.stderr) == (0, "")
    spooled = list((folder / "var" / "spool" / "new").iterdir())
    assert len(spooled) == 2
    assert all(mail.encode() in path.read_bytes() for path in spooled)
    (folder / "alertd.toml").write_text("broken")
    assert alertd("receive", cwd=folder, input=mail).returncode == os.EX_TEMPFAIL
