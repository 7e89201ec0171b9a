"""Telling the service manager how we are: READY, STOPPING, WATCHDOG (sd_notify(3))."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """Send one state to `$NOTIFY_SOCKET`, for example `notify("READY=1")`.

    Args:
        state: lines of `NAME=value`: READY=1, STOPPING=1, WATCHDOG=1, STATUS=..., RELOADING=1.

    Returns:
        Whether a manager was told. Without one, or with one that does not listen, nothing happens: it must never stop us.
    """
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return False
    address = "\0" + path[1:] if path.startswith("@") else path  # "@": an abstract socket
    try:
        with socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        ) as manager:
            manager.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def watchdog_seconds() -> float | None:
    """How often the manager wants to hear WATCHDOG=1: half of what it allows, None when it does not ask us."""
    allowed = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", "")
    if not allowed.isdecimal() or meant_for not in {"", str(os.getpid())}:
        return None
    return int(allowed) / 2_000_000 or None
