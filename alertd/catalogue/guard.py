"""Which addresses and ports a catalogue may be fetched from (CWE-918, server-side request forgery). Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

WEB_PORTS = frozenset({80, 443})
# Networks whose addresses carry an IPv4 address in their last 32 bits (RFC 6052, RFC 4291 section 2.5.5.1, RFC 8215)
_CARRIERS = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
_NEVER = (
    IPv6Network("64:ff9b:1::/48"),
    IPv6Network("2002::/16"),
    IPv6Network("2001::/32"),
    IPv6Network("fec0::/10"),
)


def is_public(address: str) -> bool:
    """Whether a literal address is one of the public internet.

    An IPv4 address inside an IPv6 one (v4-mapped, NAT64, v4-compatible) is judged as what it is; tunnels (6to4, Teredo),
    local NAT64, multicast and everything that is not globally reachable are not public.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        inner = _inner(parsed)
        if inner is not None:
            parsed = inner
        elif parsed.scope_id is not None or any(parsed in network for network in _NEVER):
            return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def allowed_ports(feed: str, *, allow_private: bool) -> frozenset[int] | None:
    """The ports that may be connected to: the web's, and the one the operator wrote into the feed's URL; None is any."""
    if allow_private:
        return None
    port = urlsplit(feed).port
    return WEB_PORTS | {port} if port else WEB_PORTS


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if any(address in network for network in _CARRIERS):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
