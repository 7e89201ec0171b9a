"""The sandbox catalogue: a real HTTP server on loopback, whose reports appear as the demo's clock passes their moment."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from email.utils import format_datetime, parsedate_to_datetime

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from alertd.clock import Clock, real_sleep
from alertd.demo import pages
from alertd.demo.reports import SandboxReport

FEED_LENGTH = 30
"""The feed has the newest so many, as feeds do."""


class SandboxCatalogue:
    """Serves the feed and a page for each report.

    Args:
        reports: all that will ever appear.
        clock: the demo's.
        start: when the story begins; what `appears` counts from.
    """

    def __init__(self, reports: Sequence[SandboxReport], clock: Clock, start: datetime) -> None:
        self._reports = {each.path: each for each in reports}
        self._clock = clock
        self._start = start
        self._server: _QuietServer | None = None
        self._task: asyncio.Task[None] | None = None
        self.base = ""

    def published(self) -> list[tuple[SandboxReport, datetime]]:
        """What has appeared by now, each with its instant, oldest first."""
        now = self._clock.now()
        instants = ((each, self.instant(each)) for each in self._reports.values())
        return [(each, instant) for each, instant in instants if instant <= now]

    def instant(self, report: SandboxReport) -> datetime:
        """When a report appears."""
        if report.appears is None:
            return datetime.combine(report.day, time(9), UTC)
        return self._start + report.appears

    async def start(self) -> str:
        """Listen on a free port of 127.0.0.1; returns the catalogue's address."""
        bound = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{bound.getsockname()[1]}"
        routes = [
            Route("/", self._index),
            Route("/feed.xml", self._feed),
            Route("/reports/{name}", self._report),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # the server's own is the machine's time
            timeout_graceful_shutdown=1,
        )
        self._server = _QuietServer(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[bound]), name="sandbox-catalogue")
        while not self._server.started and not self._task.done():
            await real_sleep(0.005)
        if self._task.done():
            self._task.result()
        return self.base

    async def stop(self) -> None:
        """Close the door."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
        self._server = self._task = None

    async def _feed(self, request: Request) -> Response:
        newest = sorted(self.published(), key=lambda each: each[1])[-FEED_LENGTH:]
        body = pages.feed(newest, base=self.base)
        modified = max(instant for _, instant in newest)
        headers = {
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:20]}"',
            "Last-Modified": format_datetime(modified, usegmt=True),
            "Date": format_datetime(self._clock.now(), usegmt=True),
            "Cache-Control": "no-cache",
        }
        if _is_known(request, headers["ETag"], modified):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/rss+xml", headers=headers)

    async def _report(self, request: Request) -> Response:
        found = self._reports.get(request.url.path)
        if found is None or self.instant(found) > self._clock.now():
            return HTMLResponse("There is no such report.", status_code=404)
        return HTMLResponse(pages.report_page(found))

    async def _index(self, _request: Request) -> Response:
        return HTMLResponse(pages.index_page([report for report, _ in self.published()]))


def _is_known(request: Request, etag: str, modified: datetime) -> bool:
    """Whether the client has this already: If-None-Match decides when it is there (RFC 9110 section 13.2.2)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return etag in known or "*" in known
    since = request.headers.get("if-modified-since", "")
    with contextlib.suppress(ValueError, TypeError):
        return modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    return False


class _QuietServer(uvicorn.Server):
    """Leaves signals to whoever runs the demo."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield
