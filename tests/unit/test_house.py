"""The house keeps its shape: floors, pure rooms, small files and functions, one clock, plain words."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import alertd
from alertd.store.migrate import FOLDER as MIGRATIONS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "alertd"

FLOORS = (
    ("__main__",),
    ("cli",),
    ("demo",),
    ("daemon",),
    ("work",),
    ("control",),
    ("ops",),
    ("web", "postmaster", "delivery", "catalogue"),
    ("subscribers", "digest"),
    ("matching",),
    ("mail", "store"),
    ("config",),
    ("query", "schedule"),
    ("model", "addresses"),
    ("clock", "log", "metrics", "packaged"),
    ("errors",),
)
"""From the top, as docs/architecture.md draws them: a room imports only from floors below it (and from itself)."""

PURE = re.compile(
    r"(query|schedule)/.*|(errors|model|addresses)\.py|config/settings\.py|digest/(render|plan)\.py|matching/naive\.py|ops/health\.py"
    r"|.*/(decide|decisions?|retry|fields|identity|guard|arithmetic|commands/.*|wording|redirects|backoff)\.py"
)
"""Modules that decide: same answer for the same arguments, on any machine, at any time."""

ACTING = {
    "aioimaplib", "aiosmtpd", "aiosmtplib", "aiosqlite", "anyio", "apscheduler", "asyncio", "httpx2", "io", "logging",
    "multiprocessing", "os", "psycopg", "random", "secrets", "select", "shutil", "signal", "smtplib", "socket", "sqlite3",
    "ssl", "starlette", "structlog", "subprocess", "tempfile", "time", "uvicorn",
    "alertd.log", "alertd.metrics", "alertd.store.engines",
}  # fmt: skip
"""What a pure module does not import."""

HARMLESS = {"io.StringIO", "io.BytesIO", "random.Random", "os.PathLike"}
"""Parts of them that act on nothing: `random.Random` is passed in, seeded by the caller."""

LINES = 400
LONG = {"alertd/store/tables.py"}
"""The schema, which is read as a whole."""

FUNCTION_LINES = 60
MOCKS = ("unittest", "mock.", "pytest_mock")


def _sources(*folders: Path) -> list[Path]:
    found = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [path for path in found if MIGRATIONS / "versions" not in path.parents]


CODE = _sources(PACKAGE)
ALL = _sources(PACKAGE, ROOT / "tests")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything a file imports."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(path)}:{node.lineno}: imports are absolute here"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _room(dotted: str) -> str:
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 else ""


def _floor(room: str) -> int:
    for number, rooms in enumerate(FLOORS, start=1):
        if room in rooms:
            return number
    raise AssertionError(f"{room!r} stands on no floor: name it in FLOORS and in docs/architecture.md")


def test_floors() -> None:
    """A room imports only from floors below it."""
    faults = []
    for path in CODE:
        here = path.relative_to(PACKAGE).with_suffix("").parts[0]
        for line, name in _imports(path):
            there = _room(name) if name.split(".")[0] == "alertd" else ""
            if (
                here != "__init__"
                and there not in {"", "__version__", here}
                and _floor(there) <= _floor(here)
            ):
                faults.append(f"{_name(path)}:{line}: {here} imports {there}, which is not below it")
    assert not faults


def test_deciding_is_pure() -> None:
    """What decides imports nothing that waits, reads the clock, logs, or touches files, sockets or the database."""
    faults = []
    pure = [path for path in CODE if PURE.fullmatch(str(path.relative_to(PACKAGE)))]
    assert len(pure) > 10
    for path in pure:
        for line, name in _imports(path):
            parts = name.split(".")
            names = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
            if names & ACTING and name not in HARMLESS:
                faults.append(f"{_name(path)}:{line}: a pure module imports {name}")
        waits = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.AsyncFunctionDef | ast.Await))
        faults += [f"{_name(path)}:{node.lineno}: a pure module is synchronous" for node in waits]
    assert not faults


def test_files_and_functions_are_small() -> None:
    """No file of the package over 400 lines, no function over 60; a test's table may be longer."""
    faults = []
    for path in CODE:
        count = len(path.read_text("utf-8").splitlines())
        if count > LINES and _name(path) not in LONG:
            faults.append(f"{_name(path)}: {count} lines")
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    faults.append(f"{_name(path)}:{node.lineno}: {node.name} has {length} lines")
    assert not faults


def test_nothing_is_left_for_later() -> None:
    """No notes to ourselves and no stubs in the program."""
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XXX|HACK)\b|raise NotImplemented")
    assert not [(_name(path), mark) for path in CODE for mark in marks.findall(path.read_text("utf-8"))]


def test_fakes_are_real() -> None:
    """Nothing is mocked: fakes are small and work."""
    mocked = [(_name(path), line) for path in ALL for line, name in _imports(path) if name.startswith(MOCKS)]
    assert not mocked


def test_every_test_says_what_it_proves() -> None:
    """Each test has a sentence, and so has each module."""
    for path in _sources(ROOT / "tests"):
        if path.name == "__init__.py":
            continue
        assert ast.get_docstring(_tree(path)), _name(path)
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                assert ast.get_docstring(node), f"{_name(path)}:{node.lineno}: {node.name}"


def _public_files() -> list[Path]:
    """What a reader of the repository sees."""
    top = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".git")]
    folders = [ROOT / name for name in ("alertd", "tests", "docs", "config", "templates", ".ci")]
    inside = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in top + inside if "__pycache__" not in path.parts]


def test_files_speak_of_the_project_alone() -> None:
    """No file names the machine or place that it was written on."""
    places = [
        f"/{name[::-1]}/".encode() for name in ("krow", "toor")
    ]  # spelled so that this file is no fault
    for path in _public_files():
        data = path.read_bytes()
        assert not [place for place in places if place in data], _name(path)


def test_direct_dependencies_are_explained() -> None:
    """docs/dependencies.md names each direct dependency of pyproject.toml, and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    declared = {re.split(r"[\[<>=~!; ]", name)[0] for name in asked}
    rows = re.findall(
        r"^\| `([\w.-]+)`", (ROOT / "docs" / "dependencies.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(rows) == sorted(declared)


def test_locks_name_hashes_and_no_hosts() -> None:
    """Everything in the lock files is pinned by hash, and nothing tells where it was found."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        pins = re.findall(r"^([\w.-]+)==", text, re.MULTILINE)
        entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
        assert len(entries) == len(pins) > 20
        assert all("--hash=sha256:" in entry for entry in entries)
        assert "//" not in text


def test_the_version_is_told_once() -> None:
    """The package and pyproject.toml agree."""
    assert (
        tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        == alertd.__version__
    )
