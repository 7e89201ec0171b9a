"""Which addresses are public, and where redirects may lead."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.catalogue.guard import allowed_ports, is_public
from alertd.catalogue.redirects import (
    credentials,
    next_url,
    read_retry_after,
    same_origin,
    show,
    without_credentials,
)
from alertd.errors import FetchError

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.255.0.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
     "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
     "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "::7f00:1", "::a00:1",
     "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "", "localhost", "0x7f.1", "127.1"],
)  # fmt: skip
def test_not_public(address: str) -> None:
    """Loopback, private, link-local, shared, reserved, multicast, and all of these inside an IPv6 address."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public(address: str) -> None:
    """Addresses of the public internet, plain, mapped and through NAT64."""
    assert is_public(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_no_wrapping_helps(inner: object) -> None:
    """A private IPv4 address is refused in every IPv6 form that carries it."""
    number = int(inner)  # type: ignore[call-overload]
    for prefix in ("::ffff:", "64:ff9b::", "::"):
        assert not is_public(f"{prefix}{number >> 16:x}:{number & 0xFFFF:x}")


def test_ports() -> None:
    """80 and 443, and the one the operator wrote; any for a catalogue of one's own network."""
    assert allowed_ports("https://r.example/", allow_private=False) == {80, 443}
    assert allowed_ports("https://r.example:8443/", allow_private=False) == {80, 443, 8443}
    assert allowed_ports("http://r.example/", allow_private=True) is None


@pytest.mark.parametrize(
    ("current", "location", "url"),
    [
        ("https://r.example/a/feed", "/b?x=1#f", "https://r.example/b?x=1"),
        ("https://r.example/a/feed", "b", "https://r.example/a/b"),
        ("http://r.example/", "https://u:p@other.example/", "https://other.example/"),
        ("http://r.example/", "//other.example:81/x", "http://other.example:81/x"),
        ("http://r.example/", "http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/"),
    ],
)
def test_next_url(current: str, location: str, url: str) -> None:
    """A location is resolved; its credentials and fragment are dropped."""
    assert next_url(current, location) == url


@pytest.mark.parametrize(
    ("current", "location"),
    [
        ("https://r.example/", "http://r.example/"),
        ("http://r.example/", "file:///etc/passwd"),
        ("http://r.example/", "gopher://x/"),
        ("http://r.example/", "http://x:99999/"),
        ("http://r.example/", "http://["),
        ("http://r.example/", ""),
        ("http://r.example/", None),
        ("http://r.example/", "/" + "x" * 5_000),
    ],
)
def test_redirects_that_are_not_followed(current: str, location: str | None) -> None:
    """From https to http, to other schemes, to nowhere, and to monsters."""
    with pytest.raises(FetchError):
        next_url(current, location)


def test_urls_are_shown_without_secrets() -> None:
    """Credentials and queries do not reach logs; credentials belong to one origin."""
    url = "https://u%40x:p%3Aw@r.example:8443/feed?key=secret#f"
    assert show(url) == "https://r.example:8443/feed?…"
    assert without_credentials(url) == "https://r.example:8443/feed?key=secret"
    assert credentials(url) == ("u@x", "p:w")
    assert credentials("https://r.example/") is None
    assert same_origin(url, "https://r.example:8443/other")
    assert not same_origin(url, "https://r.example/feed")
    assert not same_origin("http://r.example/", "https://r.example/")
    assert show("http://[") == "(a URL that cannot be read)"


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("120", None, 120.0),
        (" 0 ", None, 0.0),
        ("Tue, 24 Nov 2026 00:01:00 GMT", None, 60.0),
        ("Tue, 24 Nov 2026 00:01:00 GMT", "Tue, 24 Nov 2026 00:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 00:00:00 GMT", None, 0.0),
        ("soon", None, None),
        ("-5", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_retry_after(value: str | None, date: str | None, seconds: float | None) -> None:
    """Seconds, or a date counted from the answer's own clock; nonsense is none."""
    assert read_retry_after(value, date=date, now=NOW) == seconds
