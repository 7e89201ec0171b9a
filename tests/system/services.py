"""Real servers for the tests: whether they are here, folders they can reach, ports, snippets of the documentation."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "postfix.md"
_SNIPPET = re.compile(r"<!-- tested: ([^>]+?) -->\n```\w*\n(.*?)```", re.DOTALL)


def require(program: str, package: str, *, root: bool = False) -> None:
    """Skip, visibly, where a server is not installed; with ALERTD_REQUIRE_SYSTEM=1 that is a failure."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = ""
    if shutil.which(program, path=path) is None:
        missing = f"{program} is not installed: apt-get install {package}"
    elif root and os.geteuid() != 0:
        missing = f"{program} must be started by root"
    if missing and os.environ.get("ALERTD_REQUIRE_SYSTEM") == "1":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that unprivileged servers can reach: pytest's own is closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="alertd-system-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def snippet(name: str) -> str:
    """A block of docs/postfix.md that is marked as tested, as it stands."""
    return dict(_SNIPPET.findall(DOCUMENT.read_text("utf-8")))[name]


def every_snippet() -> set[str]:
    """The names of all blocks that are marked as tested."""
    return {name for name, _ in _SNIPPET.findall(DOCUMENT.read_text("utf-8"))}


def reachable_alertd(folder: Path, *, user: str) -> str:
    """What a shell calls so that this user runs alertd, wherever Python and the checkout are.

    Below /root both are closed to others; then what `alertd receive` needs is copied into `folder`.
    """
    call = f"env PYTHONPATH={ROOT} {sys.executable} -m alertd"
    reach = subprocess.run(
        ["sh", "-c", f"{call} --version"], user=user, cwd="/", capture_output=True, check=False
    )
    return call if reach.returncode == 0 else _copied_alertd(folder / "python")


def _copied_alertd(home: Path) -> str:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    unneeded = shutil.ignore_patterns(
        "test", "site-packages", "__pycache__", "idlelib", "ensurepip", "config-*", "tkinter"
    )
    shutil.copytree(Path(sys.base_prefix) / "lib" / version, home / "lib" / version, ignore=unneeded)
    for library in Path(sys.base_prefix).glob("lib/libpython*.so*"):
        shutil.copy(library, home / "lib")
    (home / "bin").mkdir()
    shutil.copy(Path(sys.executable).resolve(), home / "bin" / "python")
    shutil.copytree(ROOT / "alertd", home / "site" / "alertd", ignore=unneeded)
    for package in _packages_of_receive():
        shutil.copytree(
            package, home / "site" / package.name, ignore=unneeded
        ) if package.is_dir() else shutil.copy(package, home / "site")
    environment = f"PYTHONHOME={home} PYTHONPATH={home}/site LD_LIBRARY_PATH={home}/lib"
    return f"env {environment} {home}/bin/python -m alertd"


def _packages_of_receive() -> list[Path]:
    """The folders and files in site-packages that `alertd receive` imports from."""
    code = "import alertd.postmaster.receive, alertd.config, sys; print(*(getattr(m, '__file__', '') for m in sys.modules.values()), sep=chr(10))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    site = Path(sysconfig.get_path("purelib"))
    loaded = (Path(line) for line in run.stdout.splitlines() if line)
    return sorted({site / path.relative_to(site).parts[0] for path in loaded if path.is_relative_to(site)})
