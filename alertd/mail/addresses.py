"""Addresses as they are written into headers, envelopes and mailto links."""

from __future__ import annotations

import re
from urllib.parse import quote

import idna

from alertd.errors import RenderError

MAX_LOCAL = 64
"""Octets of a local part, RFC 5321 section 4.5.3.1.1."""

MAX_ADDRESS = 254
"""Octets of an address, RFC 5321 section 4.5.3.1.3 less the angle brackets."""

# Dot-atoms only (RFC 5322 section 3.2.3, with the UTF-8 of RFC 6531): quoted local parts are more often attacks than people.
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def wire(address: str) -> str:
    """The address as servers want it: local part as given, domain as lower-case A-labels (RFC 5891).

    Raises:
        RenderError: it is no address, or too long to be one.
    """
    local, at, domain = address.rpartition("@")
    try:
        ascii_domain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise RenderError(f"{domain!r} is no domain that mail can be sent to ({error}).") from error
    whole = f"{local}@{ascii_domain}"
    fits = len(local.encode()) <= MAX_LOCAL and len(whole.encode()) <= MAX_ADDRESS
    if not (at and fits and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(ascii_domain)):
        raise RenderError(f"{address[:80]!r} is no address that mail can be sent to.")
    return whole


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
