"""Kinds of values that name a place on a network: hosts, URLs, listening addresses, the store."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

from alertd.addresses import check_domain
from alertd.config.documents import shown
from alertd.config.kinds import Kind, text_like

_HIGHEST_PORT = 65535
_SQLITE = "sqlite:///"


def _visible(text: str) -> bool:
    return text.isprintable() and " " not in text


def check_web_url(text: str) -> str:
    """An absolute http or https URL.

    Raises:
        ValueError: it is not one; credentials in it are never repeated.
    """
    if not _visible(text):
        raise ValueError(
            "a URL holds no space or control character; write it as https://example.org/reports.xml"
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("this is not a URL; write it as https://example.org/reports.xml") from error
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise ValueError("this is not an http or https URL; write it as https://example.org/reports.xml")
    check_host(host)
    return text


def check_public_url(text: str) -> str:
    """The URL under which readers reach us, without a slash at its end.

    Raises:
        ValueError: it is not one, or has a query, a fragment or credentials.
    """
    parts = urlsplit(check_web_url(text))
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError(
            "only scheme, host and path make the public URL; write it as https://alerts.example.org"
        )
    return text.rstrip("/")


def check_host(text: str) -> str:
    """A host name or an IP address, without brackets.

    Raises:
        ValueError: it is neither.
    """
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    try:
        bare = bare.removesuffix(".")
        return check_domain(bare.replace("_", "a")) and bare  # names on private networks may hold underscores
    except ValueError as error:
        raise ValueError(
            f"{shown(text)!r} is not the name of a host; write a name such as mail.example.org, without port"
        ) from error


def _endpoint(text: str) -> str:
    if "/" in text:
        if "\0" in text:
            raise ValueError("this is no path; write the path of a unix socket")
        return text
    host, colon, port = text.rpartition(":")
    if (
        not colon
        or not (port.isascii() and port.isdigit() and len(port) <= len(str(_HIGHEST_PORT)))
        or not 1 <= int(port) <= _HIGHEST_PORT
    ):
        raise ValueError(
            f"{shown(text)!r} is no place to listen; write 127.0.0.1:2424, or the path of a unix socket with a / in it"
        )
    check_host(host)
    return text


def _settle_endpoint(text: str, folder: Path) -> str:
    return str(folder / text) if "/" in text else text


def _store(text: str) -> str:
    scheme = text.partition(":")[0]
    if scheme in {"postgresql", "postgres"}:
        try:
            _ = urlsplit(text).port
        except ValueError as error:
            raise ValueError("this is not a URL; write postgresql://user@host/database") from error
        if "://" in text and _visible(text):
            return text
    elif scheme == "sqlite":
        path = text.removeprefix(_SQLITE)
        if path == text or not path.strip("/") or path.startswith(":memory:"):
            raise ValueError("the store needs a file; write sqlite:///var/alertd.db")
        if "?" in path or "\0" in path:
            raise ValueError("the path of the store holds no question mark; choose another name")
        return text
    raise ValueError(
        "this is not the URL of a store; write sqlite:///var/alertd.db or postgresql://user@host/database"
    )


def _settle_store(text: str, folder: Path) -> str:
    return f"{_SQLITE}{folder / text.removeprefix(_SQLITE)}" if text.startswith(_SQLITE) else text


HOST = text_like(check_host, words="host", example="localhost")
OPTIONAL_HOST = text_like(check_host, words='host or ""', example="imap.example.org", empty=True)
URL = text_like(check_web_url, words="URL", example="https://example.org/reports.xml")
PUBLIC_URL = text_like(check_public_url, words='URL or ""', example="https://alerts.example.org", empty=True)
ENDPOINT = Kind(
    'host:port, path or ""',
    text_like(_endpoint, words="", example="127.0.0.1:2424", empty=True).read,
    _settle_endpoint,
)
STORE = Kind("store URL", text_like(_store, words="", example="sqlite:///var/alertd.db").read, _settle_store)
