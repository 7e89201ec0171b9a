"""Where an answer sends us, and what of its headers counts. Pure."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

from alertd.errors import FetchError

MAX_HOPS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
_MAX_URL = 4_000
_DEFAULT_PORTS = {"http": 80, "https": 443}


def next_url(current: str, location: str | None) -> str:
    """The absolute URL a redirect leads to, without fragment and credentials.

    Raises:
        FetchError: no location, another scheme than http(s), or from https to http.
    """
    if not location:
        raise FetchError(f"{show(current)} answers with a redirect that leads nowhere (no Location)")
    try:
        target = urlsplit(urljoin(current, location.strip()))
        parts = _plain(target)
    except ValueError as error:
        raise FetchError(f"{show(current)} redirects to a URL that cannot be read: {error}") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise FetchError(
            f"{show(current)} redirects to {show(urlunsplit(parts))}, which is not http or https"
        )
    if urlsplit(current).scheme == "https" and parts.scheme == "http":
        raise FetchError(f"{show(current)} redirects to plain http, which is not followed")
    url = urlunsplit(parts)
    if len(url) > _MAX_URL:
        raise FetchError(f"{show(current)} redirects to a URL of {len(url)} characters")
    return url


def without_credentials(url: str) -> str:
    """The URL without user, password and fragment.

    Raises:
        FetchError: it cannot be read.
    """
    try:
        return urlunsplit(_plain(urlsplit(url)))
    except ValueError as error:
        raise FetchError(f"the feed's URL cannot be read: {error}") from error


def credentials(url: str) -> tuple[str, str] | None:
    """User and password of a URL, None when it has none."""
    parts = urlsplit(url)
    return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs share scheme, host and port: only then credentials of one are for the other."""
    return _origin(one) == _origin(other)


def show(url: str) -> str:
    """The URL as it may be logged and shown: without credentials and without what follows `?`."""
    try:
        parts = _plain(urlsplit(url))
    except ValueError:
        return "(a URL that cannot be read)"
    return urlunsplit(parts._replace(query="…" if parts.query else ""))


def read_retry_after(value: str | None, *, date: str | None, now: datetime) -> float | None:
    """Seconds that Retry-After asks for (RFC 9110 section 10.2.3), None when it cannot be read.

    Args:
        value: a number of seconds, or an HTTP date, which is taken relative to the answer's own `date`.
        date: the answer's Date header.
        now: aware; used when there is no Date.
    """
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    until = _http_date(value)
    if until is None:
        return None
    return max(0.0, (until - (_http_date(date or "") or now)).total_seconds())


def _http_date(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return parsed if parsed.tzinfo else None


def _plain(parts: SplitResult) -> SplitResult:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    netloc = f"{host}:{parts.port}" if parts.port is not None else host
    return parts._replace(netloc=netloc, fragment="")


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)
