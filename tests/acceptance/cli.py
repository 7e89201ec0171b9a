"""Running the real program in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """What a process of ours inherits: a plain one, with this checkout importable."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
        **more,
    }


def command(*arguments: str | Path) -> list[str]:
    """The words that start alertd from this checkout, any warning being an error."""
    return [sys.executable, "-P", "-W", "error", "-m", "alertd", *map(str, arguments)]


def alertd(
    *arguments: str | Path, cwd: Path, timeout: float = 60, env: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run one command line to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd, env=environment(**(env or {})), capture_output=True, text=True, encoding="utf-8", timeout=timeout,
        check=False, **options,
    )  # fmt: skip
