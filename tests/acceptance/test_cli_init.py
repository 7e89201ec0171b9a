"""`alertd init` and `alertd check`, as somebody would begin."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.acceptance.cli import alertd

FILES = ["alertd.key", "alertd.service", "alertd.toml", "config", "var"]


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_to_begin_with(tmp_path: Path) -> None:
    """The files are there, commented, the key is private, and check finds no fault in them."""
    made = alertd("init", "service", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    assert "systemctl enable --now alertd" in made.stdout
    assert ("useradd --system" in made.stdout) is (os.geteuid() == 0)
    folder = tmp_path / "service"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert {path.name for path in (folder / "config").iterdir()} == {
        "catalogues.toml", "subscribers.toml", "topics.toml",
    }  # fmt: skip
    assert stat.S_IMODE((folder / "alertd.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "var").stat().st_mode) == 0o700
    assert f"ReadWritePaths={folder.resolve()}/var\n" in (folder / "alertd.service").read_text()
    for path in [folder / "alertd.toml", *(folder / "config").iterdir()]:
        assert path.read_text("utf-8").count("#") > 3, path
    checked = alertd("check", cwd=folder)
    assert (checked.returncode, checked.stdout.splitlines()[0]) == (0, "no faults"), checked.stderr
    assert checked.stdout.count("not set up yet") == 3


def test_init_again_overwrites_nothing(tmp_path: Path) -> None:
    """A second call keeps every edit and the key, and brings back only what is missing."""
    alertd("init", ".", cwd=tmp_path)
    (tmp_path / "alertd.toml").write_text('[service]\nname = "Ours"\nkey_file = "secret/ring.key"\n')
    (tmp_path / "secret").mkdir()
    (tmp_path / "config" / "topics.toml").unlink()
    before = _files(tmp_path)
    again = alertd("init", ".", cwd=tmp_path)
    assert again.returncode == 0
    assert f"kept  {Path('alertd.toml')}" in again.stdout
    after = _files(tmp_path)
    assert {path: after[path] for path in before} == before
    new = {str(path.relative_to(tmp_path)) for path in after.keys() - before.keys()}
    assert new == {"config/topics.toml", "secret/ring.key"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    """Where we may not write, one line says so."""
    tmp_path.chmod(0o500)
    refused = alertd("init", "service", cwd=tmp_path)
    tmp_path.chmod(0o700)
    assert refused.returncode == 1
    assert "Permission denied" in refused.stderr
    assert "you may write" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_file_in_the_way(tmp_path: Path) -> None:
    """A file where the folder should be is refused and stays."""
    (tmp_path / "service").write_text("notes")
    refused = alertd("init", "service", cwd=tmp_path)
    assert refused.returncode == 2
    assert (tmp_path / "service").read_text() == "notes"


def test_check_tells_all_faults_at_once(tmp_path: Path) -> None:
    """Faults of both kinds of files come in one run, each with file, line and remedy; exit 2."""
    alertd("init", ".", cwd=tmp_path)
    (tmp_path / "alertd.toml").write_text(
        '[service]\nlanguage = "en"\nadress = "alerts@example.org"\n[relay]\nport = "x"\n'
    )
    (tmp_path / "config" / "topics.toml").write_text('[topic.rural]\ntitle = "Rural"\nquery = "(rural"\n')
    ended = alertd("check", cwd=tmp_path)
    assert ended.returncode == 2
    assert "alertd.toml:3: service.adress:" in ended.stderr
    assert "alertd.toml:5: relay.port:" in ended.stderr
    assert "topics.toml:3: topic.rural.query:" in ended.stderr
    assert "faults" in ended.stderr.splitlines()[-1]
