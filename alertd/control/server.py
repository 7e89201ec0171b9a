"""The daemon's side: a small web application on the control socket, inside the daemon's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from alertd import log
from alertd.clock import real_sleep
from alertd.control.commands import COMMANDS, Command
from alertd.control.door import bind, door
from alertd.control.services import Services
from alertd.control.wire import pack_error
from alertd.errors import AlertdError, NotFoundError

_log = log.get("control")


def application(services: Services, commands: Mapping[str, Command] = COMMANDS) -> Starlette:
    """The application: `POST /perform` with `{"name", "arguments"}` answers `{"result"}` or `{"error"}`."""

    async def perform(request: Request) -> JSONResponse:
        try:
            asked = await request.json()
            result = await _find(commands, asked["name"])(services, **asked["arguments"])
            return JSONResponse({"result": result})
        except AlertdError as error:
            return JSONResponse({"error": pack_error(error)}, status_code=422)
        except Exception:  # noqa: BLE001 - a fault of ours ends this command, never the daemon
            _log.exception("control.failed")
            fault = AlertdError("the daemon failed at this by a fault of alertd's: see its log")
            return JSONResponse({"error": pack_error(fault)}, status_code=500)

    return Starlette(routes=[Route("/perform", perform, methods=["POST"])])


def _find(commands: Mapping[str, Command], name: str) -> Command:
    if name not in commands:
        raise NotFoundError(f"the running daemon knows no {name!r}: restart it after an upgrade")
    return commands[name]


def peer_uid(connection: Any) -> int:
    """The user id of the process at the other end of a unix socket."""
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


class _OwnUserProtocol(H11Protocol):
    """HTTP for our own user and root only: a second lock beside the socket's mode."""

    def connection_made(self, transport: Any) -> None:
        """Let a peer in, or close the door at once."""
        super().connection_made(transport)
        uid = peer_uid(transport.get_extra_info("socket"))
        if uid not in {0, os.geteuid()}:
            _log.warning("control.refused", uid=uid)
            transport.abort()


class _QuietServer(uvicorn.Server):
    """Leaves signals to the daemon, which drains before it stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


@asynccontextmanager
async def serving(services: Services, commands: Mapping[str, Command] = COMMANDS) -> AsyncIterator[None]:
    """Answer on the control socket while the context lasts; a command under way may finish (5 s) at its end.

    Raises:
        StoreBusyError: another daemon listens there.
        RefusedError: something that is no socket has its name.
        StoreUnavailableError: the folder cannot be written.
    """
    path = door(services.settings)
    bound = bind(path)
    config = uvicorn.Config(
        application(services, commands),
        http=_OwnUserProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[bound]), name="control")
    try:
        while not server.started and not task.done():
            await real_sleep(0.005)
        if task.done():
            task.result()
        yield
    finally:
        server.should_exit = True
        path.unlink(missing_ok=True)
        await task
