"""A Postfix of our own: its queue and configuration in a folder of the test, SMTP on a high port of loopback."""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from alertd.clock import real_monotonic, real_wait
from tests.system.services import free_port

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mail.example.org
mydestination = example.org
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
minimal_backoff_time = 1s
queue_run_delay = 1s
maximal_backoff_time = 1s
smtp_tls_security_level = none
default_transport = error:this Postfix sends nothing out
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
proxymap  unix  -       -       n       -       -       proxymap
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
local     unix  -       n       n       -       -       local
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
postlog   unix-dgram n  -       n       -       1       postlogd
"""


@dataclass
class Postfix:
    """Configured once, with what a test adds to main.cf and master.cf."""

    folder: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self, *, main: str, master: str = "") -> None:
        """Write the configuration and come up."""
        config = self.folder / "etc"
        config.mkdir()
        (self.folder / "data").mkdir()
        shutil.chown(self.folder / "data", "postfix", "postfix")
        (config / "main.cf").write_text(_MAIN.format(folder=self.folder) + main)
        (config / "master.cf").write_text(_MASTER.format(port=self.port) + master)
        (self.folder / "queue").mkdir()
        with (self.folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                ["/usr/sbin/postfix", "-c", str(config), "start-fg"],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = real_monotonic() + 30
        while not self._greets():
            assert self._process.poll() is None, self.log()
            assert real_monotonic() < deadline, self.log()
            real_wait(0.1)

    def _greets(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=5):
                return True
        except (OSError, smtplib.SMTPException):
            return False

    def stop(self) -> None:
        """Stop the master, which runs in a session of its own, and all it started."""
        pid_file = self.folder / "queue" / "pid" / "master.pid"
        if self._process is None or not pid_file.exists():
            return
        master = int(pid_file.read_text())
        with suppress(ProcessLookupError):
            os.kill(master, signal.SIGTERM)
            real_wait(0.2)
            os.killpg(master, signal.SIGKILL)
        self._process.wait(20)
        self._process = None

    def send(
        self, raw: bytes, *recipients: str, sender: str = "reader@example.net"
    ) -> dict[str, tuple[int, bytes]]:
        """Hand a mail in by SMTP; returns the recipients it refused."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
            return client.sendmail(sender, recipients, raw)

    def flush(self) -> None:
        """Try everything in the queue now."""
        subprocess.run(["/usr/sbin/postqueue", "-c", str(self.folder / "etc"), "-f"], check=False)

    def log(self) -> str:
        texts = [
            path.read_text(errors="replace")
            for path in (self.folder / "output", self.folder / "log")
            if path.exists()
        ]
        return "\n".join(texts)[-5000:]
