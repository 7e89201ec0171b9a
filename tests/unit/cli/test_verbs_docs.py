"""docs/operations.md keeps up with the verbs and with what status says."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from alertd.cli.shell import alertd
from alertd.ops import health

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
CONTEXT = click.Context(alertd)
SILENT = {"run", "init", "receive", "demo"}


@pytest.mark.parametrize("verb", alertd.list_commands(CONTEXT))
def test_every_verb_is_explained(verb: str) -> None:
    """Each verb stands in the table of commands, has a help text, and prints JSON where it has an answer."""
    assert re.search(rf"^\|.*`alertd {verb}\b", PAGE, re.MULTILINE)
    command = alertd.get_command(CONTEXT, verb)
    assert command is not None
    assert command.help
    if isinstance(command, click.Group):
        parts = list(command.commands.values())
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `alertd {verb}"))
        assert all(str(part.name) in row for part in parts)
    else:
        parts = [command]
    if verb not in SILENT:
        for part in parts:
            assert any("--json" in option.opts for option in part.params), part.name


def test_every_concern_is_explained() -> None:
    """What status may name stands in the table of what needs a person."""
    source = Path(health.__file__).read_text("utf-8")
    names = {name.split("{")[0] for name in re.findall(r'Concern\(\s*f?"([a-z:]+\{?)', source)}
    assert len(names) > 10
    for name in names:
        assert f"`{name}" in PAGE, name
