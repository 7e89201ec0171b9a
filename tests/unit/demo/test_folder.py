"""The demo's folder is a good alertd folder, and never mixes with another's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.clock import FastClock
from alertd.config import load, unset
from alertd.demo.folder import DemoFolder, open_folder
from alertd.demo.pace import StoryClock
from alertd.demo.story import START
from alertd.errors import RefusedError


def test_it_passes_every_check(tmp_path: Path) -> None:
    """The configuration has no faults and lacks nothing."""
    folder = open_folder(tmp_path / "new" / "demo")
    folder.fill(feed="http://127.0.0.1:81/feed.xml", relay_port=2525)
    settings, declared = load(folder.settings)
    assert unset(settings, declared) == ()
    assert len(declared.subscribers) >= 6
    assert settings.intake.spool == folder.spool
    assert len({each.time_zone for each in declared.subscribers}) >= 5
    assert {each.language for each in declared.subscribers} == {"en", "zh"}


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    """Whatever lies there is left alone."""
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(RefusedError, match="not empty"):
        open_folder(tmp_path)


def test_without_a_name_it_is_a_new_one() -> None:
    """A temporary folder for us alone."""
    folder: DemoFolder = open_folder(None)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.path.rmdir()


async def test_the_clock_waits_for_the_story() -> None:
    """It stands until told to go, and then runs fast from the same instant."""
    clock = StoryClock(START, speed=100_000)
    await clock.sleep(1000)
    assert clock.now() == START
    clock.go()
    await clock.sleep(1000)
    assert clock.now() >= FastClock(start=START, anchor=START, speed=0).now()
    assert (clock.now() - START).total_seconds() >= 1000
