"""The control socket: a command ends alike through the daemon and without one."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alertd import errors
from alertd.clock import ManualClock
from alertd.config import settings as config
from alertd.control.client import perform
from alertd.control.commands import ping
from alertd.control.door import bind, door, reachable
from alertd.control.server import peer_uid, serving
from alertd.control.services import Services, open_services
from alertd.control.wire import pack_error, unpack_error
from alertd.errors import AlertdError, ConfigError, Fault, QuerySyntaxError, RefusedError, StoreBusyError
from alertd.mail.keys import KeyRing
from alertd.store.engines import Store


def _settings(folder: Path) -> config.Settings:
    key_file = folder / "alertd.key"
    if not key_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        KeyRing.create(key_file)
    return config.Settings(
        file=folder / "alertd.toml",
        service=config.Service(address="alerts@example.org", owner="owner@example.org", key_file=key_file),
        store=config.Store(url=f"sqlite:///{folder}/var/alertd.db"),
        paths=config.Paths(config=folder / "config", run=folder / "var"),
    )


async def _double(_services: Services, *, number: int) -> dict[str, Any]:
    return {"twice": number * 2, "by": os.getpid()}


async def _fail(_services: Services, *, how: str) -> None:
    raise {
        "refused": RefusedError("not today"),
        "faults": ConfigError((Fault("a.toml", 3, "service.name", "is wrong", "Mend it"),)),
        "query": QuerySyntaxError("what?", column=4, expected="a word"),
        "bug": KeyError("a fault of ours"),
    }[how]


COMMANDS = {"ping": ping, "double": _double, "fail": _fail}


@asynccontextmanager
async def _daemon(settings: config.Settings, clock: ManualClock) -> AsyncIterator[Services]:
    async with open_services(settings, clock) as services, serving(services, COMMANDS):
        yield services


async def _do(settings: config.Settings, name: str, patience: float = 0.3, **arguments: Any) -> Any:
    there = ManualClock(datetime(1999, 1, 1, tzinfo=UTC))
    return await perform(settings, name, arguments, clock=there, commands=COMMANDS, patience=patience)


async def test_through_the_daemon(tmp_path: Path, clock: ManualClock) -> None:
    """A running daemon does the command, on its own clock, while it holds the store."""
    settings = _settings(tmp_path)
    async with _daemon(settings, clock):
        assert (await _do(settings, "ping"))["now"] == clock.now().isoformat()
        assert (await _do(settings, "double", number=21))["twice"] == 42
    assert not door(settings).exists()


async def test_without_a_daemon(tmp_path: Path) -> None:
    """Without one the same function is called here, with the store taken and migrated, then given back."""
    settings = _settings(tmp_path)
    assert (await _do(settings, "ping"))["now"].startswith("1999")
    assert (await _do(settings, "double", number=21))["twice"] == 42


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("how", ["refused", "faults", "query"])
async def test_errors_arrive_whole(running: bool, how: str, tmp_path: Path, clock: ManualClock) -> None:
    """An error of ours has the same type, message, exit code and attributes on both ways."""
    settings = _settings(tmp_path)
    with pytest.raises(AlertdError) as expected:
        await _fail(None, how=how)  # type: ignore[arg-type]
    async with _daemon(settings, clock) if running else nullcontext():
        with pytest.raises(type(expected.value)) as caught:
            await _do(settings, "fail", how=how)
    assert (str(caught.value), vars(caught.value)) == (str(expected.value), vars(expected.value))
    assert caught.value.exit_code == expected.value.exit_code


async def test_a_fault_of_ours_spares_the_daemon(tmp_path: Path, clock: ManualClock) -> None:
    """A command that breaks by a bug is told as such, and the daemon goes on."""
    settings = _settings(tmp_path)
    async with _daemon(settings, clock):
        with pytest.raises(AlertdError, match="see its log"):
            await _do(settings, "fail", how="bug")
        with pytest.raises(errors.NotFoundError, match="restart it after an upgrade"):
            await perform(settings, "unheard-of", {}, clock=clock)
        assert (await _do(settings, "double", number=1))["twice"] == 2


async def test_the_door_is_private(tmp_path: Path, clock: ManualClock) -> None:
    """The socket is 0600, and its other end is known by its user id."""
    settings = _settings(tmp_path)
    async with _daemon(settings, clock):
        assert stat.S_IMODE(door(settings).stat().st_mode) == 0o600
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.geteuid()


def _call_as_nobody(path: Path) -> bytes:
    """What a forked child under another user id reads from the socket."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            with socket.socket(socket.AF_UNIX) as caller:
                caller.connect(str(path))
                caller.sendall(b"POST /perform HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                os.write(writing, caller.recv(100) or b"closed")
        except (ConnectionResetError, BrokenPipeError):
            os.write(writing, b"closed")
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123 - a descriptor, not a path
        heard = pipe.read()
    os.waitpid(child, 0)
    return heard


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can call as another user")
async def test_another_user_is_turned_away(clock: ManualClock) -> None:
    """Even where the modes were opened by mistake, another user's process gets no answer."""
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder))
        async with _daemon(settings, clock):
            for path in (Path(folder), door(settings).parent, door(settings)):
                path.chmod(0o777)
            assert await asyncio.to_thread(_call_as_nobody, door(settings)) == b"closed"


async def test_a_socket_left_behind_is_replaced(tmp_path: Path, clock: ManualClock) -> None:
    """A killed daemon leaves its socket; the next one binds all the same, and until then commands act directly."""
    settings = _settings(tmp_path)
    bind(door(settings)).close()
    assert door(settings).exists()
    assert (await _do(settings, "double", number=2))["twice"] == 4
    async with _daemon(settings, clock):
        assert (await _do(settings, "double", number=3))["twice"] == 6


async def test_two_daemons_and_other_files_are_refused(tmp_path: Path, clock: ManualClock) -> None:
    """A second daemon does not take over the socket of a living one, nor does any file get lost."""
    settings = _settings(tmp_path)
    async with _daemon(settings, clock):
        with pytest.raises(StoreBusyError, match="another alertd daemon"):
            bind(door(settings))
    door(settings).write_text("somebody's notes")
    with pytest.raises(RefusedError, match="in the way"):
        bind(door(settings))
    assert door(settings).read_text() == "somebody's notes"


async def test_a_held_store_without_an_answer(tmp_path: Path) -> None:
    """A process that holds the store and answers nothing is waited for, then told in clear words."""
    settings = _settings(tmp_path)
    other = Store(settings.store.url)
    other.lock()
    with pytest.raises(StoreBusyError, match="another alertd process"):
        await _do(settings, "ping")
    waiting = asyncio.create_task(_do(settings, "ping", patience=20))
    await asyncio.sleep(0.3)  # noqa: TID251 - a real wait on a real lock
    await other.close()
    assert (await waiting)["pid"] == os.getpid()


async def test_paths_beyond_the_kernels_limit(tmp_path: Path, clock: ManualClock) -> None:
    """A folder so deep that the socket's path has over 107 bytes works like any other."""
    settings = _settings(tmp_path / ("deep" * 25) / ("deeper" * 10))
    assert len(os.fsencode(door(settings))) > 200
    async with _daemon(settings, clock):
        assert (await _do(settings, "double", number=4))["twice"] == 8
    with reachable(tmp_path / "short.sock") as spelled:
        assert spelled == str(tmp_path / "short.sock")


def test_every_error_type_crosses() -> None:
    """Each type of the tree unpacks to itself; an unknown one keeps its words and exit code."""
    made: list[AlertdError] = [
        errors.FetchError("slow", status=503, retry_after=7.5),
        errors.RelayTemporaryError("later", stage="rcpt", code=450, enhanced="4.2.0"),
        errors.StoreUnavailableError("full"),
        errors.NotFoundError("no such report"),
    ]
    for error in made:
        back = unpack_error(pack_error(error))
        assert (type(back), str(back), back.exit_code) == (type(error), str(error), error.exit_code)
        assert (vars(back), back.temporary) == (vars(error), error.temporary)
    odd = unpack_error(
        {"type": "Fault", "message": "m", "exit_code": 9, "temporary": False, "attributes": {}}
    )
    assert (type(odd), str(odd), odd.exit_code) == (AlertdError, "m", 9)
