"""A folder to run command lines in; what they set up for logs is undone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.unit.cli.folders import Folder


@pytest.fixture
def folder(store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Folder]:
    """A folder on a fresh store, on each database in turn."""
    handlers, configured = logging.getLogger().handlers[:], structlog.get_config()
    (tmp_path / "service").mkdir()
    yield Folder(tmp_path / "service", store_url, capsys)
    logging.getLogger().handlers[:] = handlers
    structlog.configure(**configured)
