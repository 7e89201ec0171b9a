"""The systemd unit that `alertd init` writes."""

from __future__ import annotations

import shlex
from pathlib import Path

SERVICE_USER = "alertd"
"""Whom a service runs as that root installs."""

_UNIT = """\
# A systemd unit for this folder's alertd, which runs as the user {user}. As root, once `alertd check` is content:
{steps}
# {user} must be able to read {start}: keep the program out of home folders, as in /opt/alertd.
# `systemctl reload alertd` applies edits of config/.

[Unit]
Description=alertd: e-mail alerts for a catalogue of reports
Wants=network-online.target
After=network-online.target postfix.service postgresql.service

[Service]
Type=notify
NotifyAccess=main
User={user}
WorkingDirectory={folder}
ExecStart={program} --config {config} run
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5s
# a faulty configuration or a refusal is not mended by trying again
RestartPreventExitStatus=2 3
WatchdogSec=2min
# mails under way are finished first ([delivery] drain)
TimeoutStopSec=45s
UMask=0077

# What it may touch: its own var/ and nothing else. Add a line here if [store], [paths] run or [intake] point elsewhere.
ProtectSystem=strict
ReadWritePaths={var}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid

# What it may do: speak IP and unix sockets. To listen below port 1024 set both to CAP_NET_BIND_SERVICE instead.
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def steps(folder: Path, *, user: str) -> tuple[str, ...]:
    """The commands that make a service of a folder, for root, in their order.

    Args:
        folder: absolute path of the folder that holds alertd.toml.
        user: whom to run as; the one of the name "alertd" is made for it.
    """
    where = shlex.quote(str(folder))
    made = (
        f"id {user} >/dev/null 2>&1 || useradd --system --home-dir {where} --shell /usr/sbin/nologin {user}",
        f"chown -R {user}: {where}",
    )
    unit_file = shlex.quote(str(folder / "alertd.service"))
    return (
        *(made if user == SERVICE_USER else ()),
        f"cp {unit_file} /etc/systemd/system/",
        "systemctl daemon-reload && systemctl enable --now alertd",
    )


def unit(folder: Path, *, program: tuple[str, ...], user: str) -> str:
    """The unit's text.

    Args:
        folder: absolute path of the folder that holds alertd.toml.
        program: the words that start alertd, the first an absolute path.
        user: whom to run as.
    """
    return _UNIT.format(
        folder=_path(folder),
        config=_argument(str(folder / "alertd.toml")),
        var=_word(str(folder / "var")),
        program=" ".join(_argument(word) for word in program),
        start=program[0],
        steps="\n".join(f"#   {step}" for step in steps(folder, user=user)),
        user=user,
    )


def _path(path: Path) -> str:
    """For settings that take the rest of the line: only specifiers need care."""
    return str(path).replace("%", "%%")


def _word(word: str) -> str:
    """One word of a list, quoted where systemd.syntax(7) would split or expand it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if set(word) & set(" \t'\"\\;$") else escaped


def _argument(word: str) -> str:
    """One word of a command line, where variables are expanded too."""
    return _word(word).replace("$", "$$")
