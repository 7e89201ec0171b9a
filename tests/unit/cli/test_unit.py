"""The systemd unit that init writes."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from alertd.cli.unit import steps, unit


def _parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def test_the_unit_starts_this_alertd_here() -> None:
    """Absolute paths, told by notify, reloaded by SIGHUP, shut in its own var/."""
    text = unit(Path("/srv/alerts"), program=("/opt/alertd/bin/alertd",), user="alertd")
    service = _parsed(text)["Service"]
    assert service["ExecStart"] == "/opt/alertd/bin/alertd --config /srv/alerts/alertd.toml run"
    assert service["WorkingDirectory"] == "/srv/alerts"
    assert (service["Type"], service["User"]) == ("notify", "alertd")
    assert (service["ProtectSystem"], service["ReadWritePaths"]) == ("strict", "/srv/alerts/var")
    assert "HUP" in service["ExecReload"]


def test_the_head_says_how_to_install_it() -> None:
    """The user is made, then owns the folder, then the unit is copied and started; where the program must live is said."""
    text = unit(Path("/srv/our alerts"), program=("/opt/alertd/bin/alertd",), user="alertd")
    head = text.partition("[Unit]")[0]
    order = [
        "useradd --system --home-dir '/srv/our alerts'", "chown -R alertd: '/srv/our alerts'",
        "cp '/srv/our alerts/alertd.service' /etc/systemd/system/", "systemctl enable --now alertd",
    ]  # fmt: skip
    places = [head.index(each) for each in order]
    assert places == sorted(places)
    assert "alertd must be able to read /opt/alertd/bin/alertd" in head
    assert all(line.startswith("#") for line in head.strip().splitlines())
    own = steps(Path("/home/maria/alerts"), user="maria")
    assert not any("useradd" in step or "chown" in step for step in own)


def test_odd_folders_are_quoted() -> None:
    """A folder with spaces, percent and dollar signs comes out as systemd reads it."""
    text = unit(Path("/srv/my 100% $alerts"), program=("/usr/bin/python3", "-m", "alertd"), user="alertd")
    service = _parsed(text)["Service"]
    assert (
        service["ExecStart"] == '/usr/bin/python3 -m alertd --config "/srv/my 100%% $$alerts/alertd.toml" run'
    )
    assert service["WorkingDirectory"] == "/srv/my 100%% $alerts"
    assert service["ReadWritePaths"] == '"/srv/my 100%% $alerts/var"'


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """Systemd itself finds no fault in the unit and calls its exposure low."""
    path = tmp_path / "alertd.service"
    path.write_text(unit(tmp_path, program=("/bin/true",), user="daemon"))
    checked = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    assert "alertd.service" not in checked.stderr, checked.stderr
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-300:]
