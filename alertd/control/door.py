"""The socket in the file system: where it is, how it is bound, found stale, and reached when its path is too long."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alertd.config.settings import Settings
from alertd.errors import RefusedError, StoreBusyError, StoreUnavailableError

_LONGEST = 107  # bytes in sockaddr_un.sun_path on Linux, without the closing NUL

_PATIENCE = 2.0  # real seconds


def door(settings: Settings) -> Path:
    """The path of the daemon's control socket."""
    return settings.paths.run / "control.sock"


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A spelling of a socket's path that the kernel accepts.

    A path above 107 bytes goes through a descriptor of its folder, while the context lasts.

    Raises:
        FileNotFoundError: the folder does not exist.
    """
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def answers(path: Path) -> bool:
    """Whether a process listens there.

    Raises:
        RefusedError: it is another user's.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(_PATIENCE)
        try:
            with reachable(path) as spelled:
                caller.connect(spelled)
        except (BlockingIOError, TimeoutError):
            return True  # so many callers wait already: it hangs
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except PermissionError as error:
            raise RefusedError(
                f"{path} belongs to another user's alertd: run this as that user, or as root"
            ) from error
    return True


def bind(path: Path) -> socket.socket:
    """A socket bound there, 0600 before anybody can connect; one left behind by a killed daemon is replaced.

    Raises:
        StoreBusyError: another daemon listens there.
        RefusedError: something that is no socket has its name.
        StoreUnavailableError: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _is_stale(path):
            path.unlink()
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with reachable(path) as spelled:
                bound.bind(spelled)
            path.chmod(0o600)  # it does not listen yet: nobody was let in before
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise _cannot_be_made(path, error.strerror) from error
    return bound


def check(path: Path) -> None:
    """See whether `bind` could succeed, before anything is made. Nothing is left behind.

    Raises:
        StoreBusyError: another daemon listens there.
        RefusedError: something that is no socket has its name.
        StoreUnavailableError: its folder cannot be written, or not be made.
    """
    folder = next(each for each in path.parents if each.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise _cannot_be_made(path, f"{folder} cannot be written")
    _is_stale(path)


def _cannot_be_made(path: Path, why: str | None) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"the control socket {path} cannot be made: {why}. Make its folder writable for the user alertd"
        " runs as, or set [paths] run to another one"
    )


def _is_stale(path: Path) -> bool:
    """Whether a socket that a killed daemon left is there; what else has its name is refused."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(mode):
        raise RefusedError(
            f"{path} is in the way of the control socket: move it, or set [paths] run to another folder"
        )
    if answers(path):
        raise StoreBusyError(
            f"another alertd daemon listens on {path}: stop it, or set [paths] run to another folder"
        )
    return True
