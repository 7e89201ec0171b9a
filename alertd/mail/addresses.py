"""Addresses as they are written into headers, envelopes and mailto links."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from alertd.addresses import check_address, check_domain
from alertd.errors import RenderError


@lru_cache(maxsize=256)  # our own address is in every mail, several times
def wire(address: str) -> str:
    """The address as servers want it: local part as given, domain as lower-case A-labels (RFC 5891).

    Raises:
        RenderError: it is no address, or too long to be one.
    """
    try:
        local, _, domain = check_address(address).rpartition("@")
        return f"{local}@{check_domain(domain)}"
    except ValueError as error:
        raise RenderError(f"{address[:80]!r} is no address that mail can be sent to: {error}.") from error


def extend(address: str, separator: str, extension: str) -> str:
    """The address with an extension (RFC 5233): `alerts@example.org` becomes `alerts+help@example.org`.

    Raises:
        RenderError: the local part would be longer than 64 octets.
    """
    local, _, domain = address.rpartition("@")
    return wire(f"{local}{separator}{extension}@{domain}")


def domain_of(address: str) -> str:
    """The domain as A-labels."""
    return wire(address).rpartition("@")[2]


def mailto(address: str, *, subject: str = "") -> str:
    """A mailto link (RFC 6068), safe inside angle brackets and HTML attributes."""
    query = f"?subject={quote(subject, safe='')}" if subject else ""
    return f"mailto:{quote(address, safe='@+')}{query}"
