"""The process that parses one feed: `python -m alertd.catalogue.worker`, started and killed by parse.py.

In: one line of JSON (`url`, `content_type`, `language`, `size`, `parent`), then `size` bytes of feed. Out: a `Parsed` as
JSON. It imports feedparser, the standard library and the clean-up beside it, nothing else of the service; it limits its
own memory and CPU time before it looks at the first byte, and it dies with its parent.
"""

from __future__ import annotations

import calendar
import ctypes
import io
import json
import os
import re
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.sax import SAXException

import feedparser
import feedparser.api

from alertd.catalogue.decoding import to_xml
from alertd.catalogue.entry import MAX_ENTRIES, MAX_FIELD, Entry, Parsed, parsed_to_json
from alertd.catalogue.text import cut, has_markup, html_to_text, one_line, tidy

MEMORY = 512 * 1024 * 1024
CPU_SECONDS = 20
MOST_ENTRIES = 4 * MAX_ENTRIES
TOO_MANY = 3
"""Exit code: parsing more than `MOST_ENTRIES` would take minutes, only to leave most of them out."""
MAX_NAME = 1_000
MAX_NAMES = 100
_PR_SET_PDEATHSIG = 1
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}")
_NAMED_ADDRESS = re.compile(
    r"^\s*[\w.+-]{1,64}@[\w.-]{1,255}\s*\(([^()]{1,200})\)\s*$"
)  # RSS: reader@example.org (Name)


def main() -> None:
    """Parse what stands on stdin and print it; exit 1 when the input was cut short or our parent is gone."""
    header = json.loads(sys.stdin.buffer.readline(10_000))
    confine(parent=header["parent"])
    body = sys.stdin.buffer.read(header["size"])
    if len(body) != header["size"]:
        sys.exit(1)
    parsed = read(body, url=header["url"], content_type=header["content_type"], language=header["language"])
    sys.stdout.buffer.write(json.dumps(parsed_to_json(parsed)).encode("ascii"))


def confine(*, parent: int) -> None:
    """Limit memory and CPU time, write no core, and die with the process that started us."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def read(body: bytes, *, url: str, content_type: str = "", language: str = "") -> Parsed:
    """The entries of a feed's bytes. `bozo` decides nothing: entries that are there are read."""
    xml = to_xml(body, content_type=content_type)
    if xml.count("<item") + xml.count("<entry") > MOST_ENTRIES:
        sys.exit(TOO_MANY)
    _tolerate()
    headers = {"content-type": "application/xml; charset=utf-8"}
    if language:
        headers["content-language"] = language
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = feedparser.parse(
            # never the bytes themselves: feedparser would first try to open a file of that name
            io.BytesIO(xml.encode("utf-8")),
            response_headers=headers,
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    broken = isinstance(found.get("bozo_exception"), SAXException)
    fallback = _text(found.feed, "language")
    version = found.get("version", "")
    atom = version.startswith("atom")
    entries = tuple(
        _entry(values, url=url, language=fallback, atom=atom) for values in found.entries[:MAX_ENTRIES]
    )
    return Parsed(version, not broken, entries, max(0, len(found.entries) - MAX_ENTRIES))


def _tolerate() -> None:
    """One element that feedparser trips over must not cost the entries before and after it (feedparser #599)."""
    for parser in (feedparser.api.StrictFeedParser, feedparser.api.LooseFeedParser):
        for name in (
            "unknown_starttag",
            "unknown_endtag",
            "handle_charref",
            "handle_entityref",
            "handle_data",
        ):
            method = getattr(parser, name)
            if not hasattr(method, "__wrapped__"):
                setattr(parser, name, _tolerant(method))


def _tolerant(method: Callable[..., None]) -> Callable[..., None]:
    def call(*args: Any, **options: Any) -> None:
        try:
            method(*args, **options)
        except (SAXException, MemoryError):
            raise
        except Exception:  # noqa: BLE001, S110 - whatever it is, the next element may be fine
            pass

    call.__wrapped__ = method  # type: ignore[attr-defined]
    return call


def _entry(values: dict[str, Any], *, url: str, language: str, atom: bool) -> Entry:
    summary = _rich(values, "summary", atom=atom)
    content = "\n\n".join(filter(None, (_content(part, atom=atom) for part in _list(values, "content"))))
    guid = cut(one_line(tidy(_text(values, "id"))), 4_000)
    published = (
        _text(values, "published") or _text(values, "created") or _text(values, "prism_publicationdate")
    )
    return Entry(
        guid=guid,
        link=_link(values, guid, url=url),
        title=one_line(cut(_rich(values, "title", atom=atom), MAX_NAME)),
        summary="" if summary == content else summary,
        content=cut(content, MAX_FIELD),
        authors=_names(values),
        categories=_categories(values),
        number=_short(values, "prism_number"),
        volume=_short(values, "prism_volume"),
        published=one_line(tidy(cut(published, 200))),
        published_utc=_utc(values, "published_parsed") or _utc(values, "created_parsed"),
        updated=_short(values, "updated")[:200],
        updated_utc=_utc(values, "updated_parsed"),
        language=_short(values, "language")[:35] or cut(language, 35),
    )


def _text(values: dict[str, Any], key: str) -> str:
    # dict.get: FeedParserDict maps some names onto others and warns about it
    value = dict.get(values, key)
    return cut(value, 4 * MAX_FIELD) if isinstance(value, str) else ""


def _short(values: dict[str, Any], key: str) -> str:
    return one_line(tidy(cut(_text(values, key), MAX_NAME)))


def _list(values: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = dict.get(values, key)
    return [each for each in found[:MAX_NAMES] if isinstance(each, dict)] if isinstance(found, list) else []


def _rich(values: dict[str, Any], key: str, *, atom: bool) -> str:
    detail = dict.get(values, f"{key}_detail")
    kind = dict.get(detail, "type") if isinstance(detail, dict) else ""
    return _clean(_text(values, key), kind=str(kind or "text/html"), atom=atom)


def _content(part: dict[str, Any], *, atom: bool) -> str:
    return _clean(_text(part, "value"), kind=str(dict.get(part, "type") or ""), atom=atom)


def _clean(text: str, *, kind: str, atom: bool) -> str:
    """Atom says what is markup; RSS titles and descriptions that are called plain often are not."""
    is_html = kind in {"text/html", "application/xhtml+xml"} or (not atom and has_markup(text))
    return cut(html_to_text(text) if is_html else tidy(text), MAX_FIELD)


def _link(values: dict[str, Any], guid: str, *, url: str) -> str:
    """The entry's page: its link, else a guid that is a URL, else whatever else it links to."""
    link = _text(values, "link").strip()
    if link and one_line(tidy(link)) == guid and not _is_http(link):
        link = ""  # `<guid>178</guid>` counts as a permalink by default and is none
    candidates = [
        link,
        *(_text(each, "href") for each in _list(values, "links")),
        guid if _is_http(guid) else "",
    ]
    for candidate in candidates:
        resolved = _resolved(candidate, url)
        if resolved:
            return resolved
    return ""


def _resolved(link: str, url: str) -> str:
    link = one_line(tidy(link)).replace(" ", "%20")
    try:
        resolved = urljoin(url, link) if link else ""
        return cut(resolved, 4_000) if _is_http(resolved) and urlsplit(resolved).hostname else ""
    except ValueError:
        return ""


def _is_http(link: str) -> bool:
    return link.lower().startswith(("http://", "https://"))


def _names(values: dict[str, Any]) -> tuple[str, ...]:
    people = _list(values, "authors")
    given = [_text(each, "name") or _text(each, "email") for each in people]
    if len(people) <= 1 or not any(given):
        # as written: feedparser takes addresses apart and breaks those with a long top-level domain
        given = [_text(values, "author") or "".join(given)]
    return tuple(dict.fromkeys(filter(None, map(_name, given))))


def _name(given: str) -> str:
    given = cut(given, MAX_NAME)
    in_brackets = _NAMED_ADDRESS.match(given)
    text = in_brackets[1] if in_brackets else _ADDRESS.sub("", given)
    return one_line(html_to_text(text)).strip(" <>()[],;:-")


def _categories(values: dict[str, Any]) -> tuple[str, ...]:
    def each() -> Iterator[str]:
        for tag in _list(values, "tags"):
            yield one_line(html_to_text(cut(_text(tag, "label") or _text(tag, "term"), MAX_NAME)))

    return tuple(dict.fromkeys(filter(None, each())))


def _utc(values: dict[str, Any], key: str) -> str:
    parsed = dict.get(values, key)
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), tz=UTC).isoformat() if parsed else ""
    except (ValueError, OverflowError, OSError, TypeError):
        return ""


if __name__ == "__main__":
    main()
