"""A service's folder on a given store, and command lines run in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from alertd.cli.shell import run
from alertd.store.engines import Store

T = TypeVar("T")


@dataclass(frozen=True)
class Ended:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


class Folder:
    """A folder that `alertd init` made, set up as far as it can be without a network."""

    def __init__(self, path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self.url = url
        self._capsys = capsys
        assert self.run("init", str(path)).code == 0
        self.write("config/subscribers.toml", "")
        self.settings()

    def settings(self, more: str = "") -> None:
        """Write alertd.toml."""
        self.write(
            "alertd.toml",
            '[service]\naddress = "alerts@example.org"\nowner = "owner@example.org"\ntime_zone = "UTC"\n'
            f'[store]\nurl = "{self.url}"\n{more}',
        )

    def write(self, name: str, content: str) -> None:
        """Write a file of the folder."""
        (self.path / name).write_text(content, "utf-8")

    def run(self, *arguments: str) -> Ended:
        """Run a command line to its end."""
        self._capsys.readouterr()
        code = run(["--config", str(self.path / "alertd.toml"), *arguments])
        told = self._capsys.readouterr()
        return Ended(code, told.out, told.err)

    def store(self, act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do something to the store in a writing transaction."""

        async def do() -> T:
            store = Store(self.url)
            try:
                async with store.write() as connection:
                    return await act(connection)
            finally:
                await store.close()

        return asyncio.run(do())
