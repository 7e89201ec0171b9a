"""The program as a process: whatever goes wrong ends in one clear message and an exit code."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from alertd import __version__
from tests.acceptance.cli import alertd, command, environment


def test_version_and_help(tmp_path: Path) -> None:
    """The version is told, and the help names every verb."""
    assert alertd("--version", cwd=tmp_path).stdout == f"alertd {__version__}\n"
    helped = alertd("--help", cwd=tmp_path)
    assert helped.returncode == 0
    for verb in ("init", "check", "try"):
        assert f"\n  {verb} " in helped.stdout


def test_version_imports_nothing_heavy(tmp_path: Path) -> None:
    """`alertd --version` is quick because it imports neither database nor templates nor network libraries."""
    heavy = ("sqlalchemy", "jinja2", "httpx2", "starlette", "rich", "structlog", "asyncio", "feedparser")
    told = subprocess.run(
        [command()[0], "-X", "importtime", *command()[1:], "--version"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    imported = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "click" in imported
    assert not imported & set(heavy)


@pytest.mark.parametrize(
    ("arguments", "hint"), [(["chekc"], "Did you mean 'check'?"), (["check", "--wrong"], "No such option")]
)
def test_wrong_usage(arguments: list[str], hint: str, tmp_path: Path) -> None:
    """A misspelt verb or option is told with what was probably meant; exit 2."""
    ended = alertd(*arguments, cwd=tmp_path)
    assert ended.returncode == 2
    assert hint in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("content", [None, "[service\n", "[service]\nnane = 1\n", b"\xff\xfe"])
def test_a_configuration_that_cannot_be_used(content: str | bytes | None, tmp_path: Path) -> None:
    """Missing, malformed, misspelt or in another encoding: the file is named, exit 2."""
    if content is not None:
        (tmp_path / "alertd.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    ended = alertd("check", cwd=tmp_path)
    assert ended.returncode == 2
    assert "alertd.toml" in ended.stderr
    assert "fault" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_nobody_reads_any_more(tmp_path: Path) -> None:
    """`alertd ... | head` ends quietly when head has seen enough."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        command("--help"),
        cwd=tmp_path,
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends a command with one word and exit 130."""
    os.mkfifo(tmp_path / "queries")
    with subprocess.Popen(
        command("try", "--queries", "queries", "--feed", "feed.xml"),
        cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True,
        # a suite that runs in the background has SIGINT ignored, and would hand that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing else runs here
    ) as process:  # fmt: skip
        try:
            writing = os.open(tmp_path / "queries", os.O_WRONLY)  # opens once the command reads the other end
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=30)
            os.close(writing)
        finally:
            process.kill()
    assert (process.returncode, told) == (130, "interrupted\n")
