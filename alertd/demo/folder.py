"""The demo's folder: a complete alertd folder, as an operator would have one, set to the sandbox around it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from alertd.demo.pages import TITLE
from alertd.errors import RefusedError
from alertd.mail.keys import KeyRing

ADDRESS = "alerts@lakeside.example"
OWNER = "office@lakeside.example"

_SETTINGS = """\
# Written by `alertd demo`. The relay and the catalogue named here are the demo's own and end with it.
[service]
name = "Lakeside report alerts"
address = "{address}"
owner = "{owner}"
language = "en"
time_zone = "Europe/Lisbon"
key_file = "alertd.key"

[store]
url = "sqlite:///var/alertd.db"

[relay]
host = "127.0.0.1"
port = {port}

"""

_CATALOGUES = """\
[catalogue.lakeside]
title = "{title}"
feed = "{feed}"
poll_every = "30m"
language = "en"
allow_private = true                  # the sandbox is on this machine
"""


class DemoFolder:
    """Where the demo keeps everything.

    Args:
        path: exists and is empty.

    Attributes:
        settings: alertd.toml.
        mails: what the relay catches.
        spool: where mail to the service is put.
        log: what the daemon logs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = path / "alertd.toml"
        self.mails = path / "mails"
        self.spool = path / "var" / "spool"
        self.log = path / "var" / "alertd.log"

    def fill(self, *, feed: str, relay_port: int) -> None:
        """Write the configuration and a key file.

        Raises:
            OSError: it cannot be written.
        """
        config = self.path / "config"
        config.mkdir()
        (self.path / "var").mkdir(mode=0o700, exist_ok=True)
        here = Path(__file__).parent
        for name in ("subscribers.toml", "topics.toml"):
            shutil.copyfile(here / name, config / name)
        catalogues = _CATALOGUES.format(title=TITLE, feed=feed)
        (config / "catalogues.toml").write_text(catalogues, encoding="utf-8")
        settings = _SETTINGS.format(address=ADDRESS, owner=OWNER, port=relay_port)
        self.settings.write_text(settings, encoding="utf-8")
        KeyRing.create(self.path / "alertd.key")


def open_folder(path: Path | None) -> DemoFolder:
    """A folder for one run of the demo; a new temporary one when none is named.

    Raises:
        RefusedError: it is not empty, so the demo would mix with what is there.
        OSError: it cannot be made.
    """
    if path is None:
        return DemoFolder(Path(tempfile.mkdtemp(prefix="alertd-demo-")))
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise RefusedError(f"{path} is not empty. Name a folder that is new or empty with --dir")
    return DemoFolder(path.resolve())
