"""The files we ship: valid as they are, valid with their examples, and told to be not set up yet; the documentation."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from alertd import config
from alertd.config import keys, settings
from alertd.config.declared_keys import TABLES as DECLARED_TABLES
from tests.unit.config.folder import secret, write

ROOT = Path(__file__).parents[3]
EXAMPLE = re.compile(r"^# (?=\[|\]|    |[a-z_]+ = )", re.MULTILINE)


def shipped(folder: Path) -> Path:
    shutil.copy(ROOT / "alertd.toml", folder)
    shutil.copytree(ROOT / "config", folder / "config")
    secret(folder / "alertd.key")
    return folder / "alertd.toml"


def test_untouched_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no fault, polls and mails nobody, and says which three lines to edit."""
    monkeypatch.chdir(tmp_path)
    loaded, declared = config.load(shipped(tmp_path))
    assert (declared.catalogues, declared.topics, declared.subscribers, declared.missing) == ((), (), (), ())
    lacking = config.unset(loaded, declared)
    assert [(fault.file, fault.key) for fault in lacking] == [
        ("alertd.toml", "service.address"),
        ("alertd.toml", "service.owner"),
        ("config/catalogues.toml", "catalogue"),
    ]
    for fault, start in zip(lacking, ('address = ""', 'owner = ""', "# [catalogue.drc]"), strict=True):
        assert (tmp_path / fault.file).read_text().splitlines()[fault.line - 1].startswith(start)


def test_the_three_edits_suffice(tmp_path: Path) -> None:
    """With an address, an owner and a catalogue nothing is lacking."""
    file = shipped(tmp_path)
    text = (
        file.read_text()
        .replace('address = ""', 'address = "a@example.org"')
        .replace('owner = ""', 'owner = "o@example.org"')
    )
    file.write_text(text)
    catalogues = tmp_path / "config/catalogues.toml"
    catalogues.write_text(EXAMPLE.sub("", catalogues.read_text()))
    assert config.unset(*config.load(file)) == ()


def test_lines_of_what_is_commented_out_or_absent(tmp_path: Path) -> None:
    """A key that is only a comment is found there; one that is absent is told at its table; a lost file at line 0."""
    file = write(tmp_path, '\n[service]\n  # address = "x"\n')
    lacking = config.unset(*config.load(file))
    assert [fault.line for fault in lacking] == [3, 2, 0]
    loaded = config.load(file)
    file.unlink()
    assert [fault.line for fault in config.unset(*loaded)] == [0, 0, 0]


def test_examples_are_valid(tmp_path: Path) -> None:
    """Every example that is commented out can be used as it stands."""
    file = shipped(tmp_path)
    for path in (file, *(tmp_path / "config").iterdir()):
        path.write_text(EXAMPLE.sub("", path.read_text()))
    for name in ("relay.password", "imap.password"):
        secret(tmp_path / name)
    loaded, declared = config.load(file)
    assert loaded.intake.imap.host == "imap.example.org"
    assert loaded.intake.lmtp == "127.0.0.1:2424"
    assert [catalogue.name for catalogue in declared.catalogues] == ["drc", "zhongwen"]
    assert [topic.name for topic in declared.topics] == ["rural-economy", "pensions"]
    assert [len(subscriber.queries) for subscriber in declared.subscribers] == [3, 1]


def test_values_in_the_examples_are_the_defaults(tmp_path: Path) -> None:
    """alertd.toml as shipped says nothing that an empty file would not say."""
    as_shipped = config.load_settings(shipped(tmp_path))
    (tmp_path / "alertd.toml").write_text("")
    assert as_shipped == config.load_settings(tmp_path / "alertd.toml")


def test_every_field_has_a_key() -> None:
    """No field of the settings is without a key that sets it, and no key is without a field."""
    elsewhere = {"file", "imap", "fields", "line", "topic"}
    for table in (*keys.TABLES, *DECLARED_TABLES):
        fields = {field.name for field in dataclasses.fields(table.cls)} - elsewhere
        if table.cls in {settings.Catalogue, settings.Topic}:
            fields -= {"name"}
        if table.cls is settings.DeclaredSubscriber:
            fields |= {"topics"}
        assert {key.name for key in table.keys} == fields, table.header


def test_documentation() -> None:
    """docs/configuration.md tells every key of every file with its type, default and meaning, as the code has them."""
    text = (ROOT / "docs/configuration.md").read_text()
    assert config.markdown_tables() in text
    for line in config.describe_keys():
        assert f"| `{line.name}` | {line.kind} | {line.default} | {line.meaning} |" in text
