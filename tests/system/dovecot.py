"""A Dovecot of our own: IMAP on two high ports, one user, mails in a Maildir."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from alertd.clock import real_monotonic, real_wait
from tests.system.services import free_port

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
imap_capability = {capability}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""


def _named_group(gid: int) -> str:
    """The name of the group: Dovecot looks its own group up by name."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        pytest.skip(f"the group {gid} of this user has no name here, and Dovecot wants one")


@dataclass
class Dovecot:
    """Start and stop it as often as you like; the mails stay."""

    folder: Path
    password: str = 'se"cr\\et pass'
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    capability: str = ""
    _process: subprocess.Popen[bytes] | None = None

    def prepare(self, authority: trustme.CA) -> None:
        """Write the configuration, a certificate for `localhost`, and a password file for the client."""
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            self.folder / "server.pem"
        )
        authority.cert_pem.write_to_path(self.folder / "ca.pem")
        (self.folder / "imap.password").write_text(self.password + "\n")
        (self.folder / "imap.password").chmod(0o600)
        owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        for name in ("mail", "home"):
            (self.folder / name).mkdir()
            if os.geteuid() == 0:
                os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        root = os.geteuid() == 0
        (self.folder / "users").write_text(f"alerts@example.org:{{PLAIN}}{self.password}::::::\n")
        text = _CONFIG.format(
            folder=self.folder,
            internal="dovecot" if root else getpass.getuser(),
            group="dovecot" if root else _named_group(owner.pw_gid),
            login="dovenull" if root else getpass.getuser(),
            owner=owner.pw_uid,
            owner_group=owner.pw_gid,
            port=self.port,
            tls_port=self.tls_port,
            capability=self.capability,
        )
        (self.folder / "dovecot.conf").write_text(text)

    def start(self) -> None:
        program = shutil.which("dovecot", path="/usr/sbin:" + os.environ.get("PATH", ""))
        assert program
        self._process = subprocess.Popen(
            [program, "-F", "-c", self.folder / "dovecot.conf"], start_new_session=True
        )
        deadline = real_monotonic() + 20
        while not (self.folder / "run" / "master.pid").exists() or not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert real_monotonic() < deadline, "Dovecot does not come up"
            real_wait(0.05)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """Stop it, and the sessions that Dovecot would let live on."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process = None
