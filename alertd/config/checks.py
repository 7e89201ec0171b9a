"""Faults that no single key shows: files beside alertd.toml, and keys that contradict each other."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
from pathlib import Path

from alertd.addresses import bare_key
from alertd.config.documents import Spot, shown_path
from alertd.config.settings import Imap, Relay, Settings

LONGEST_LOCAL = 19
"""Octets of our own local part: with `+confirm-` and a token it must fit into 64 (RFC 5321 section 4.5.3.1.1)."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_settings(settings: Settings, top: Spot, *, key_needed: bool) -> None:
    """Note what is wrong between keys and with the files they name.

    Args:
        settings: the values, good or default.
        top: alertd.toml.
        key_needed: whether the key file must exist.
    """
    _check_addresses(settings, top)
    _check_server(settings.relay, top.at("relay"))
    _check_server(settings.intake.imap, top.at("intake", "imap"))
    if settings.intake.imap.host and not settings.intake.imap.username:
        top.at("intake", "imap", "host").wrong(
            "the mailbox has no user", "set username and password_file beside it"
        )
    _check_key_file(settings.service.key_file, top.at("service", "key_file"), needed=key_needed)
    _check_folders(settings, top)
    if settings.delivery.give_up < settings.delivery.retries[0]:
        what = "a mail would be given up before its first retry"
        top.at("delivery", "give_up").wrong(what, "make it longer than the first of retries")


def is_this_host(host: str) -> bool:
    """Whether a name or address means this machine, without asking a name server."""
    name = host.casefold().rstrip(".")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        pass
    return name in {
        "localhost",
        "localhost.localdomain",
        "ip6-localhost",
        socket.gethostname().casefold(),
    } or (
        name.endswith(".localhost")  # RFC 6761 section 6.3
    )


def _check_addresses(settings: Settings, top: Spot) -> None:
    service = settings.service
    if not service.address:
        return
    spot = top.at("service", "address")
    local = service.address.rpartition("@")[0]
    if not local.isascii():
        spot.wrong(
            "the part before the @ is not ASCII, so not every server could answer", "use an ASCII address"
        )
    elif len(local) > LONGEST_LOCAL:
        what = f"the part before the @ is longer than {LONGEST_LOCAL} characters; with an extension it would not fit into mail"
        spot.wrong(what, "use a shorter address")
    if service.owner and bare_key(service.owner) == bare_key(service.address):
        what = "the owner is the service itself, so alarms would come back as commands"
        top.at("service", "owner").wrong(what, "name the address of a person")


def _check_server(server: Relay | Imap, spot: Spot) -> None:
    if server.host and server.tls == "none" and not is_this_host(server.host):
        what = f"mail and passwords would go to {server.host} unencrypted"
        named = (*spot.path, "tls") in spot.document.lines
        spot.at("tls" if named else "host").wrong(
            what, 'set tls = "starttls" or "implicit"; "none" is for a server on this host'
        )
    if server.username and server.password_file is None:
        spot.at("username").wrong(
            "there is a user and no password", "set password_file beside it, or username to empty"
        )
    if server.password_file is not None:
        _check_secret(
            server.password_file, spot.at("password_file"), "write the password into it with mode 0600"
        )
        if not server.username:
            spot.at("password_file").wrong("there is a password and no user", "set username beside it")
    if server.ca_file is not None and not os.access(server.ca_file, os.R_OK):
        what = f"{shown_path(server.ca_file)} cannot be read"
        spot.at("ca_file").wrong(what, "name a readable file of PEM certificates, or leave it empty")


def _check_key_file(path: Path, spot: Spot, *, needed: bool) -> None:
    if needed or _exists(path):
        _check_secret(path, spot, "run `alertd init` or `alertd key new`")


def _check_secret(path: Path, spot: Spot, remedy: str) -> None:
    """A secret is a readable file, closed to others; systemd's credentials are guarded by systemd (LoadCredential=)."""
    name = shown_path(path)
    try:
        status = path.stat()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        spot.wrong(
            f"{name} does not exist" if missing else f"{name} cannot be read ({error.strerror})", remedy
        )
        return
    credentials = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not stat.S_ISREG(status.st_mode):
        spot.wrong(f"{name} is not a file", remedy)
    elif status.st_mode & _OTHERS and not (credentials and path.is_relative_to(credentials)):
        spot.wrong(
            f"{name} is open to others (mode {stat.S_IMODE(status.st_mode):04o})", f"run `chmod 600 {name}`"
        )
    elif not os.access(path, os.R_OK):
        spot.wrong(f"{name} cannot be read by this user", "give the file to the user alertd runs as")
    elif not status.st_size:
        spot.wrong(f"{name} is empty", remedy)


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises where a folder above is closed to us


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - likewise


def _check_folders(settings: Settings, top: Spot) -> None:
    paths = settings.paths
    spot = top.at("paths", "templates")
    if paths.templates is not None and not _is_folder(paths.templates):
        what = f"{shown_path(paths.templates)} is not a folder"
        spot.wrong(what, "make the folder, or leave templates empty for the built-in ones")
    spot = top.at("paths", "config")
    given = isinstance(top.document.table.get("paths"), dict) and "config" in top.document.table["paths"]
    if _exists(paths.config) and not _is_folder(paths.config):
        spot.wrong(
            f"{shown_path(paths.config)} is not a folder", "name the folder that holds subscribers.toml"
        )
    elif given and not _exists(paths.config):
        spot.wrong(f"{shown_path(paths.config)} does not exist", "make the folder, or correct the path")
