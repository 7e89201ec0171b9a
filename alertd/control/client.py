"""The command line's side: through the running daemon, or directly when none runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from alertd.clock import Clock, real_monotonic, real_sleep
from alertd.config import load_declared, unset
from alertd.config.settings import Declared, Settings
from alertd.control.commands import COMMANDS, Command
from alertd.control.door import answers, door, reachable
from alertd.control.services import open_services
from alertd.control.wire import unpack_error
from alertd.errors import AlertdError, ConfigError, StoreBusyError

PATIENCE = 5.0
"""Real seconds to wait for a store that another process holds without answering: it may just be starting or ending."""

_ANSWER_WITHIN = 600.0
_GLANCE = 5.0


class _SilentError(AlertdError):
    """The daemon took the call and does not answer in time."""


async def glance(settings: Settings) -> dict[str, Any] | None:
    """What a running daemon says of itself (see `commands.ping`), {} when it does not say it soon, None without one.

    Raises:
        RefusedError: its socket is another user's.
    """
    if not answers(door(settings)):
        return None
    try:
        answer: dict[str, Any] = await _ask(settings, "ping", {}, within=_GLANCE)
    except StoreBusyError:
        return None  # it ended as it was called
    except AlertdError:
        return {}
    return answer


async def perform(
    settings: Settings,
    name: str,
    arguments: Mapping[str, Any],
    *,
    clock: Clock,
    commands: Mapping[str, Command] = COMMANDS,
    patience: float = PATIENCE,
) -> Any:
    """Do a command where the store may be written: in the running daemon, or here when there is none.

    Args:
        settings: tell where the daemon's socket and the store are.
        name: a key of `commands`.
        arguments: keyword arguments that JSON can carry.
        clock: used when the command is done here; the daemon has its own.
        commands: what can be done here.
        patience: real seconds to wait for a busy store.

    Raises:
        AlertdError: what the command raised, here or there.
        ConfigError: it would be done here, and the folder is not set up yet.
        StoreBusyError: another process holds the store and does not answer, or the daemon does not.
    """
    deadline = real_monotonic() + patience
    while True:
        try:
            if answers(door(settings)):
                await _greet(settings)
                return await _ask(settings, name, arguments)
            declared = _set_up(settings, name)
            async with open_services(settings, clock, declared=declared) as services:
                return await commands[name](services, **arguments)
        except StoreBusyError:
            if real_monotonic() >= deadline:
                raise
            await real_sleep(0.1)


async def _greet(settings: Settings) -> None:
    """Ask the daemon who it is before a command that may take its time: one that is stopped must not be waited for."""
    try:
        await _ask(settings, "ping", {}, within=_GLANCE)
    except _SilentError as error:
        raise StoreBusyError(
            f"a daemon holds {door(settings)} and does not answer: see its log, then restart it"
            " (systemctl restart alertd)"
        ) from error


def _set_up(settings: Settings, name: str) -> Declared:
    """What is declared, when the folder is ready for a command: no database is made in one that is not."""
    declared = load_declared(settings)
    missing = unset(settings, declared)
    if name != "poll":
        missing = tuple(each for each in missing if each.key != "catalogue")
    if missing:
        raise ConfigError(missing)
    return declared


async def _ask(
    settings: Settings, name: str, arguments: Mapping[str, Any], *, within: float = _ANSWER_WITHIN
) -> Any:
    path = door(settings)
    timeout = httpx2.Timeout(5.0, read=within)
    try:
        with reachable(path) as spelled:
            transport = httpx2.AsyncHTTPTransport(uds=spelled)
            async with httpx2.AsyncClient(transport=transport, timeout=timeout) as client:
                asked = {"name": name, "arguments": dict(arguments)}
                answer = await client.post("http://alertd/perform", json=asked)
    except httpx2.ReadTimeout as error:
        raise _SilentError(f"the daemon did not answer {name} within {within:.0f} s: see its log") from error
    except httpx2.ConnectError as error:
        raise StoreBusyError(f"the daemon on {path} stopped as it was called; try again") from error
    except httpx2.TransportError as error:
        raise AlertdError(
            f"the daemon stopped before it answered {name}: look whether it was done"
        ) from error
    body = answer.json()
    if "error" in body:
        raise unpack_error(body["error"])
    return body["result"]
