"""The service manager is told over a real datagram socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from alertd.ops.notify import notify, watchdog_seconds


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_hears_the_state(abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """READY reaches a socket in the file system and one with an abstract name."""
    name = f"alertd-notify-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name if abstract else name)
        assert notify("READY=1\nSTATUS=polling")
        assert manager.recv(100) == b"READY=1\nSTATUS=polling"


@pytest.mark.parametrize("value", ["", "relative", "/nowhere/at/all", "/" + "x" * 200])
def test_nobody_listening_stops_nothing(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a manager, with a dead one or with nonsense in the variable, telling is no error."""
    monkeypatch.setenv("NOTIFY_SOCKET", value)
    assert not notify("READY=1")


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [
        ("120000000", "", 60.0),
        ("120000000", "us", 60.0),
        ("120000000", "1", None),
        ("", "", None),
        ("x", "", None),
    ],
)
def test_watchdog_interval(
    usec: str, pid: str, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of what the manager allows, and only when it asks this very process."""
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "us" else pid)
    assert watchdog_seconds() == expected
