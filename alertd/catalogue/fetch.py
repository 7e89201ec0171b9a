"""Fetch a feed: conditional, bounded, guarded.

Redirects are followed by hand so that each hop is judged; bytes are counted on the wire and decoded, chunk by chunk, so
that a small answer cannot become a large one.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import datetime

import httpx2

from alertd import __version__
from alertd.catalogue.guard import allowed_ports
from alertd.catalogue.network import guarded_transport
from alertd.catalogue.redirects import (
    MAX_HOPS,
    PERMANENT,
    REDIRECTS,
    credentials,
    next_url,
    read_retry_after,
    same_origin,
    show,
    without_credentials,
)
from alertd.errors import FetchError

MAX_WIRE = 10 * 1024 * 1024
MAX_DECODED = 20 * 1024 * 1024
_MAX_VALIDATOR = 1_000
_ACCEPT = "application/rss+xml, application/atom+xml, application/rdf+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What to fetch.

    Attributes:
        feed: the configured URL; its port and its credentials (for its own origin alone) are the operator's.
        now: aware; what a Retry-After date is compared with when the answer has no Date.
        url: where to begin: a remembered permanent redirect, or "" for `feed`.
        etag: validator of the last answer, sent back as it came (RFC 9110 section 13.1.2); "" for none.
        last_modified: likewise.
        allow_private: connect to any address and port.
        contact: a person's address for the User-Agent.
        trust: whom TLS trusts; None is the system's authorities.
        phase: seconds each of connecting, one read and one write may take.
        overall: seconds for all of it.
        max_wire: bytes as sent.
        max_decoded: bytes after decoding.
    """

    feed: str
    now: datetime
    url: str = ""
    etag: str = ""
    last_modified: str = ""
    allow_private: bool = False
    contact: str = ""
    trust: ssl.SSLContext | None = None
    phase: float = 15.0
    overall: float = 60.0
    max_wire: int = MAX_WIRE
    max_decoded: int = MAX_DECODED


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer.

    Attributes:
        status: 200 or 304.
        url: where it came from in the end.
        body: decoded from its content coding; b"" when not modified.
        etag: to be sent back next time, "" for none.
        last_modified: likewise.
        moved_to: where permanent redirects alone led, "" when there were none.
        content_type: as given.
        language: Content-Language, or "".
    """

    status: int
    url: str
    body: bytes = b""
    etag: str = ""
    last_modified: str = ""
    moved_to: str = ""
    content_type: str = ""
    language: str = ""

    @property
    def not_modified(self) -> bool:
        """Whether what we have is still current."""
        return self.status == httpx2.codes.NOT_MODIFIED


async def fetch(request: FetchRequest) -> Fetched:
    """Fetch a feed.

    Raises:
        BlockedAddressError: an address or port that is not allowed, at any hop.
        FetchError: no answer, an answer other than 200 or 304 (`gone` for 410, `retry_after` where asked for), too large,
            too slow, or too many redirects.
    """
    transport = guarded_transport(
        allow_private=request.allow_private,
        ports=allowed_ports(request.feed, allow_private=request.allow_private),
        trust=request.trust,
    )
    try:
        async with asyncio.timeout(request.overall):
            async with httpx2.AsyncClient(
                transport=transport, timeout=httpx2.Timeout(request.phase), trust_env=False
            ) as client:
                return await _follow(client, request)
    except TimeoutError as error:
        raise FetchError(f"{show(request.feed)} took more than {request.overall:.0f} s") from error
    except httpx2.TimeoutException as error:
        raise FetchError(f"{show(request.feed)} did not go on for {request.phase:.0f} s") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise FetchError(
            f"{show(request.feed)} cannot be fetched: {str(error) or type(error).__name__}"
        ) from error


async def _follow(client: httpx2.AsyncClient, request: FetchRequest) -> Fetched:
    url = without_credentials(request.url or request.feed)
    moved_to = ""
    for hop in range(MAX_HOPS + 1):
        async with client.stream("GET", url, headers=_headers(request), auth=_auth(request, url)) as answer:
            if answer.status_code not in REDIRECTS:
                return await _read(answer, request, moved_to=moved_to)
            target = next_url(url, answer.headers.get("location"))
            if answer.status_code in PERMANENT and moved_to == (url if hop else ""):
                moved_to = target
            url = target
    raise FetchError(f"{show(request.feed)} redirects more than {MAX_HOPS} times")


def _headers(request: FetchRequest) -> list[tuple[bytes, bytes]]:
    contact = request.contact.encode("ascii", "ignore").decode()
    headers = {
        "User-Agent": f"alertd/{__version__}" + (f" (+mailto:{contact})" if contact else ""),
        "Accept": _ACCEPT,
        "Accept-Encoding": "gzip, br, zstd",
    }
    if request.etag:
        headers["If-None-Match"] = request.etag
    if request.last_modified:
        headers["If-Modified-Since"] = request.last_modified
    return [(name.encode("ascii"), value.encode("latin-1", "ignore")) for name, value in headers.items()]


def _auth(request: FetchRequest, url: str) -> httpx2.BasicAuth | None:
    """The configured credentials, for the configured origin alone."""
    given = credentials(request.feed)
    return httpx2.BasicAuth(*given) if given and same_origin(request.feed, url) else None


async def _read(answer: httpx2.Response, request: FetchRequest, *, moved_to: str) -> Fetched:
    asked = bool(request.etag or request.last_modified)
    unchanged = answer.status_code == httpx2.codes.NOT_MODIFIED and asked
    if answer.status_code != httpx2.codes.OK and not unchanged:
        raise _refusal(answer, request)
    return Fetched(
        status=answer.status_code,
        url=str(answer.url),
        body=b"" if unchanged else await _body(answer, request),
        etag=_validator(answer, b"etag", before=request.etag),
        last_modified=_validator(answer, b"last-modified", before=request.last_modified),
        moved_to=moved_to,
        content_type=answer.headers.get("content-type", "")[:200],
        language=answer.headers.get("content-language", "")[:35],
    )


async def _body(answer: httpx2.Response, request: FetchRequest) -> bytes:
    chunks, size = [], 0
    async for chunk in answer.aiter_bytes():
        size += len(chunk)
        if size > request.max_decoded or answer.num_bytes_downloaded > request.max_wire:
            raise FetchError(
                f"{show(request.feed)} answers with more than {request.max_wire >> 20} MB, or"
                f" {request.max_decoded >> 20} MB decoded"
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _validator(answer: httpx2.Response, name: bytes, *, before: str) -> str:
    """A validator verbatim; a 304 need not repeat the one that was sent."""
    given = next((value.decode("latin-1") for key, value in answer.headers.raw if key.lower() == name), None)
    if given is None:
        return before if answer.status_code == httpx2.codes.NOT_MODIFIED else ""
    return given if len(given) <= _MAX_VALIDATOR else ""


def _refusal(answer: httpx2.Response, request: FetchRequest) -> FetchError:
    status = answer.status_code
    reason = f"{status} {answer.reason_phrase}".strip()
    return FetchError(
        f"{show(str(answer.url))} answers {reason}",
        status=status,
        retry_after=read_retry_after(
            answer.headers.get("retry-after"), date=answer.headers.get("date"), now=request.now
        ),
        gone=status == httpx2.codes.GONE,
    )
