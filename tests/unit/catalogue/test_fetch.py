"""Fetching from real servers on loopback: validators, redirects, limits, refusals, and the guard."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import brotli
import httpcore2
import pytest
import trustme
from backports import zstd

from alertd import __version__
from alertd.catalogue.fetch import FetchRequest, fetch
from alertd.clock import real_monotonic, real_sleep
from alertd.errors import BlockedAddressError, FetchError
from tests.unit.catalogue.serving import Answer, FeedServer, serving

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FEED = b"<rss/>"


@pytest.fixture
async def feeds() -> AsyncIterator[FeedServer]:
    """A server over plain HTTP."""
    async with serving() as server:
        yield server


def ask(feed: str, **more: Any) -> FetchRequest:
    """A request that may go to loopback."""
    return FetchRequest(feed=feed, now=NOW, allow_private=True, **more)


async def test_answer(feeds: FeedServer) -> None:
    """Body, validators as written, type and language; who asks is told, nobody is tracked."""
    headers = {
        "ETag": 'W/"a b"',
        "Last-Modified": "yesterday",
        "Content-Type": "text/xml",
        "Content-Language": "zh",
    }
    url = feeds.at("/feed", Answer(body=FEED, headers=headers))
    got = await fetch(ask(url, contact="owner@example.org"))
    assert (got.status, got.body, got.not_modified) == (200, FEED, False)
    assert (got.etag, got.last_modified, got.moved_to) == ('W/"a b"', "yesterday", "")
    assert (got.content_type, got.language, got.url) == ("text/xml", "zh", url)
    sent = feeds.requests[0].headers
    assert sent["user-agent"] == f"alertd/{__version__} (+mailto:owner@example.org)"
    assert sent["accept-encoding"] == "gzip, br, zstd"
    assert not {"if-none-match", "if-modified-since", "cookie", "authorization", "referer"} & set(sent)


async def test_conditional(feeds: FeedServer) -> None:
    """Validators go back verbatim; a 304 keeps those it does not repeat."""
    url = feeds.at("/feed", Answer(304, headers={"ETag": '"new"'}))
    got = await fetch(ask(url, etag='W/"a\xe9"', last_modified="yesterday"))
    assert (got.not_modified, got.body, got.etag, got.last_modified) == (True, b"", '"new"', "yesterday")
    assert feeds.requests[0].headers["if-none-match"] == 'W/"a\xe9"'
    assert feeds.requests[0].headers["if-modified-since"] == "yesterday"


async def test_not_modified_without_having_asked(feeds: FeedServer) -> None:
    """A server that says 304 to an unconditional request gave no answer."""
    with pytest.raises(FetchError, match="304"):
        await fetch(ask(feeds.at("/feed", Answer(304))))


def _deflated(data: bytes) -> bytes:
    return zlib.compress(data)


@pytest.mark.parametrize(
    ("coding", "encode"),
    [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstd.compress), ("deflate", _deflated)],
)
async def test_codings(feeds: FeedServer, coding: str, encode: Any) -> None:
    """gzip, Brotli, Zstandard, and deflate from servers that send it unasked."""
    body = b"<rss>" + b"text " * 1000 + b"</rss>"
    url = feeds.at("/feed", Answer(body=encode(body), headers={"Content-Encoding": coding}))
    assert (await fetch(ask(url))).body == body


def _brotli_quickly(data: bytes) -> bytes:
    packed: bytes = brotli.compress(data, quality=2)
    return packed


@pytest.mark.parametrize(
    ("coding", "encode"), [("gzip", gzip.compress), ("br", _brotli_quickly), ("zstd", zstd.compress)]
)
async def test_bombs(feeds: FeedServer, coding: str, encode: Any) -> None:
    """A small answer that decodes to a large one is stopped at the cap."""
    bomb = encode(bytes(100_000_000))
    assert len(bomb) < 200_000
    url = feeds.at("/feed", Answer(body=bomb, headers={"Content-Encoding": coding}))
    with pytest.raises(FetchError, match="20 MB decoded"):
        await fetch(ask(url))


async def test_nested_bomb(feeds: FeedServer) -> None:
    """Coded twice it is stopped all the same."""
    bomb = gzip.compress(gzip.compress(bytes(300_000_000), 1), 9)
    url = feeds.at("/feed", Answer(body=bomb, headers={"Content-Encoding": "gzip, gzip"}))
    with pytest.raises(FetchError, match="20 MB decoded"):
        await fetch(ask(url))


async def _endless(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(bytes(1 << 16))
        await writer.drain()


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b" ")
        await writer.drain()
        await real_sleep(0.05)


async def _silence(writer: asyncio.StreamWriter) -> None:
    await real_sleep(3)


async def test_endless_answer(feeds: FeedServer) -> None:
    """An answer without end is stopped at the cap on the wire."""
    url = feeds.at("/feed", Answer(headers={"Content-Length": ""}, more=_endless))
    with pytest.raises(FetchError, match="more than 10 MB"):
        await fetch(ask(url))


async def test_wire_cap_is_its_own(feeds: FeedServer) -> None:
    """Bytes as sent have a cap of their own, below that of the decoded ones."""
    url = feeds.at("/feed", Answer(body=bytes(300_000)))
    with pytest.raises(FetchError, match="answers with more than"):
        await fetch(ask(url, max_wire=200_000))
    assert len((await fetch(ask(url, max_wire=300_000))).body) == 300_000


async def test_slow_answers(feeds: FeedServer) -> None:
    """One that stalls runs into the limit of a phase, one that drips into the limit of all."""
    stalls = feeds.at("/stalls", Answer(length=10, more=_silence))
    with pytest.raises(FetchError, match="did not go on"):
        await fetch(ask(stalls, phase=0.2))
    drips = feeds.at("/drips", Answer(length=1000, more=_drip))
    start = real_monotonic()
    with pytest.raises(FetchError, match="took more than"):
        await fetch(ask(drips, overall=0.5))
    assert real_monotonic() - start < 2


async def test_cut_answers(feeds: FeedServer) -> None:
    """Half a body, no HTTP at all, broken compression, nobody there: an error that says which feed."""
    half = feeds.at("/half", Answer(body=b"<rss>", length=500))
    broken = feeds.at("/broken", Answer(body=b"not gzip", headers={"Content-Encoding": "gzip"}))
    for url in (half, broken, "http://127.0.0.1:1/feed", "http://no-such-host.invalid/feed"):
        with pytest.raises(FetchError) as caught:
            await fetch(ask(url))
        assert caught.value.temporary


@pytest.mark.parametrize(
    ("status", "headers", "retry_after", "gone"),
    [
        (429, {"Retry-After": "120"}, 120.0, False),
        (
            503,
            {"Retry-After": "Tue, 24 Nov 2026 01:00:00 GMT", "Date": "Tue, 24 Nov 2026 00:30:00 GMT"},
            1800.0,
            False,
        ),
        (410, {}, None, True),
        (404, {}, None, False),
        (500, {}, None, False),
        (204, {}, None, False),
        (206, {}, None, False),
    ],
)
async def test_refusals(
    feeds: FeedServer, status: int, headers: dict[str, str], retry_after: float | None, gone: bool
) -> None:
    """Every status but 200 and 304 is an error with the status, what the server asked for, and whether it is gone."""
    url = feeds.at("/feed", Answer(status, headers=headers))
    with pytest.raises(FetchError) as caught:
        await fetch(ask(url + "?key=secret"))
    error = caught.value
    assert (error.status, error.retry_after, error.gone) == (status, retry_after, gone)
    assert "secret" not in str(error)


def _to(url: str, status: int = 301) -> Answer:
    return Answer(status, headers={"Location": url})


async def test_permanent_redirects_are_remembered(feeds: FeedServer) -> None:
    """Permanent ones up to the first temporary one tell where the feed has moved."""
    end = feeds.at("/end", Answer(body=FEED))
    third = feeds.at("/third", _to("/end", 302))
    feeds.at("/second", _to("third", 308))
    first = feeds.at("/first", _to("/second"))
    got = await fetch(ask(first))
    assert (got.body, got.moved_to, got.url) == (FEED, third, end)
    assert (await fetch(ask(third))).moved_to == ""
    begun = await fetch(ask(first, url=third))
    assert (begun.body, begun.moved_to) == (FEED, "")
    feeds.at("/temporary", _to("/first", 307))
    assert (await fetch(ask(feeds.url + "/temporary"))).moved_to == "", (
        "after a temporary one nothing is permanent"
    )


async def test_redirects_end(feeds: FeedServer) -> None:
    """Five hops are followed, six are not, and one that leads nowhere is an error."""
    for number in range(6):
        feeds.at(f"/hop{number}", _to(f"/hop{number + 1}"))
    feeds.at("/hop6", Answer(body=FEED))
    assert (await fetch(ask(feeds.url + "/hop1"))).body == FEED
    with pytest.raises(FetchError, match="more than 5 times"):
        await fetch(ask(feeds.url + "/hop0"))
    with pytest.raises(FetchError, match="leads nowhere"):
        await fetch(ask(feeds.at("/nowhere", Answer(302))))
    with pytest.raises(FetchError, match="not http"):
        await fetch(ask(feeds.at("/file", _to("file:///etc/passwd"))))


async def test_credentials_stay_with_their_origin(feeds: FeedServer) -> None:
    """User and password of the feed's URL go to its own origin, through its redirects, and nowhere else."""
    async with serving() as other:
        elsewhere = other.at("/feed", Answer(body=FEED))
        feeds.at("/first", _to("/second"))
        feeds.at("/second", _to(elsewhere))
        got = await fetch(ask(feeds.url.replace("//", "//user:pass%20word@") + "/first"))
        assert got.moved_to == elsewhere
        assert [each.headers.get("authorization") for each in feeds.requests] == [
            "Basic dXNlcjpwYXNzIHdvcmQ="
        ] * 2
        assert "authorization" not in other.requests[0].headers


async def test_no_downgrade_and_names_are_verified(feeds: FeedServer) -> None:
    """TLS checks the name, trusts who it is told to, and https never leads to http."""
    authority = trustme.CA()
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(server_side)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    async with serving(server_side, host="localhost") as secure:
        good = secure.at("/feed", Answer(body=FEED))
        assert (await fetch(ask(good, trust=trust))).body == FEED
        with pytest.raises(FetchError, match="plain http"):
            await fetch(ask(secure.at("/down", _to(feeds.at("/feed", Answer(body=FEED)))), trust=trust))
        assert not feeds.requests
        with pytest.raises(FetchError, match=r"(?i)certificate"):
            await fetch(ask(good))
        with pytest.raises(FetchError, match=r"(?i)certificate|mismatch"):
            await fetch(ask(good.replace("localhost", "127.0.0.1"), trust=trust))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "127.1"],
)
async def test_loopback_is_refused(feeds: FeedServer, host: str) -> None:
    """However loopback is written, nothing is sent to it."""
    feeds.at("/feed", Answer(body=FEED))
    request = replace(ask(f"http://{host}:{feeds.port}/feed"), allow_private=False)
    with pytest.raises(BlockedAddressError, match="allow_private"):
        await fetch(request)
    assert not feeds.requests


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "[64:ff9b::7f00:1]", "[fe80::1]"])
async def test_private_networks_are_refused(host: str) -> None:
    """The cloud's metadata service, private networks, and loopback through NAT64."""
    with pytest.raises(BlockedAddressError):
        await fetch(FetchRequest(feed=f"http://{host}/latest/meta-data/", now=NOW))


async def test_ports_are_refused() -> None:
    """A port that is neither the web's nor written in the feed's URL; the address is not even looked up."""
    with pytest.raises(BlockedAddressError, match="port 25"):
        await fetch(
            FetchRequest(feed="http://reports.invalid/feed", url="http://reports.invalid:25/", now=NOW)
        )
    with pytest.raises(FetchError, match="does not resolve"):
        await fetch(FetchRequest(feed="http://reports.invalid:8080/feed", now=NOW))


async def test_each_hop_and_each_look_up_is_judged(
    feeds: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public feed's redirect to a name at a private address is refused; a connection goes to the address looked up."""
    names = {"public.example": ["10.0.0.1", "8.8.8.8"], "inner.example": ["127.0.0.1"]}
    looked_up: list[str] = []
    connected: list[str] = []
    to_loopback = httpcore2.AnyIOBackend.connect_tcp

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        looked_up.append(host)
        return [(2, 1, 6, "", (address, port)) for address in names[host]]

    async def connect_tcp(self: Any, host: str, *_: Any) -> Any:
        connected.append(host)
        return await to_loopback(self, "127.0.0.1", feeds.port)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect_tcp)
    feeds.at("/feed", Answer(body=FEED), _to("http://inner.example/feed"))
    request = FetchRequest(feed="http://public.example/feed", now=NOW)
    assert (await fetch(request)).body == FEED
    with pytest.raises(BlockedAddressError, match=r"inner\.example is at 127\.0\.0\.1"):
        await fetch(request)
    assert looked_up == ["public.example", "public.example", "inner.example"]
    assert connected == ["8.8.8.8", "8.8.8.8"]


async def test_proxies_of_the_environment_are_ignored(
    feeds: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would connect for us, past the guard."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    assert (await fetch(ask(feeds.at("/feed", Answer(body=FEED))))).body == FEED
