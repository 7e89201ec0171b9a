"""Poll a catalogue: fetch, parse, and store and announce in one transaction."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random

from alertd import log
from alertd.catalogue.backoff import next_poll
from alertd.catalogue.entry import Parsed
from alertd.catalogue.fetch import Fetched, FetchRequest, fetch
from alertd.catalogue.identity import Candidate, candidates
from alertd.catalogue.intake import Alarms, Announcer, Taken, take_in
from alertd.catalogue.parse import parse
from alertd.catalogue.redirects import show
from alertd.clock import Clock
from alertd.config.settings import Catalogue
from alertd.errors import FetchError, NotFoundError, ParseError
from alertd.model import CatalogueState, ReportState
from alertd.store import catalogues
from alertd.store.catalogues import CatalogueRow, Success
from alertd.store.engines import Store

AT_ONCE = 4
"""Catalogues polled at the same time."""
_PATIENCE_WITH_MOVE = 3
_FETCHING = 0x616C_6366  # "alcf": the catalogues that a daemon fetches now
_LARGE = 200
_log = log.get("catalogue")


class Outcome(StrEnum):
    """How a poll ended."""

    STORED = "stored"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    GONE = "gone"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class PollResult:
    """What a poll brought.

    Attributes:
        announced: new reports that were announced.
        revised: revisions stored (announced if the catalogue is set so).
        alarm: titles of held reports, when this poll opened the hold.
        error: one sentence when it failed or was skipped, or what is odd about a good answer; "" for nothing.
    """

    catalogue: str
    outcome: Outcome
    next_poll_at: datetime
    entries: int = 0
    announced: int = 0
    baseline: int = 0
    held: int = 0
    old: int = 0
    revised: int = 0
    alarm: tuple[str, ...] = ()
    error: str = ""


class Poller:
    """Polls catalogues.

    Args:
        store: open for writing.
        clock: the service's.
        announcer: makes reports effective.
        alarms: tells the owner of holds.
        settings: the configured catalogues.
        contact: a person's address for the User-Agent, or "".
        chance: the source of jitter.
        trust: whom TLS trusts; None is the system's authorities.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        announcer: Announcer,
        alarms: Alarms,
        *,
        settings: tuple[Catalogue, ...],
        contact: str,
        chance: Random,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._announcer = announcer
        self._alarms = alarms
        self._settings: Mapping[str, Catalogue] = {}
        self._contact = contact
        self._chance = chance
        self._trust = trust
        self._busy: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.use(settings)

    def use(self, settings: tuple[Catalogue, ...]) -> None:
        """Go on with another configuration; polls under way end with the one they began with."""
        self._settings = {each.name: each for each in settings}

    async def sync(self) -> catalogues.Synced:
        """Make the store's catalogues agree with the configuration."""
        feeds = {name: each.feed for name, each in self._settings.items()}
        async with self._store.write() as connection:
            return await catalogues.sync(connection, feeds, self._clock.now())

    async def poll_due(self) -> list[PollResult]:
        """Poll every catalogue whose time has come, a few at once; one that fails does not stop the others.

        What another daemon on the same store fetches now, or has fetched meanwhile, is left out.
        """
        async with self._store.read() as connection:
            names = [
                name for name in await catalogues.due(connection, self._clock.now()) if name in self._settings
            ]
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> PollResult | None:
            async with slots:
                settings = self._settings.get(name)  # it may have been taken out meanwhile
                return await self._alone(name, settings, due=True) if settings is not None else None

        ended = await asyncio.gather(*map(one, names), return_exceptions=True)
        for each in ended:
            if isinstance(each, BaseException):
                raise each
        found = [each for each in ended if isinstance(each, PollResult)]
        return [each for each in found if each.outcome is not Outcome.SKIPPED]

    async def poll(self, name: str) -> PollResult:
        """Poll one catalogue now, whether it is due or gone; it is skipped while another daemon fetches it.

        Raises:
            NotFoundError: it is not configured.
            StoreUnavailableError: the result cannot be stored; the next poll brings it again.
        """
        settings = self._settings.get(name)
        if settings is None:
            known = ", ".join(sorted(self._settings)) or "none"
            raise NotFoundError(f"there is no catalogue {name!r} in config/catalogues.toml; it has: {known}")
        return await self._alone(name, settings, due=False)

    async def _alone(self, name: str, settings: Catalogue, *, due: bool) -> PollResult:
        """Poll, unless another daemon is at it; with `due` only what is still due by then."""
        async with self._busy[name]:
            row = await self._row(name)
            async with self._store.alone(_FETCHING, row.id) as alone:
                if not alone:
                    return _skipped(row, "another daemon fetches it now")
                row = await self._row(name)
                if due and (row.state is not CatalogueState.ACTIVE or row.next_poll_at > self._clock.now()):
                    return _skipped(row, "another daemon has just fetched it")
                return await self._poll(row, settings)

    async def _row(self, name: str) -> CatalogueRow:
        async with self._store.read() as connection:
            return await catalogues.get(connection, name)

    async def _poll(self, row: CatalogueRow, settings: Catalogue) -> PollResult:
        _log.debug("poll.start", catalogue=row.name, url=show(row.moved_to or settings.feed))
        try:
            fetched = await fetch(self._request(row, settings))
            _log.debug("poll.fetched", catalogue=row.name, status=fetched.status, bytes=len(fetched.body))
            if fetched.not_modified:
                return await self._unchanged(row, settings, fetched)
            parsed = await parse(
                fetched.body,
                url=fetched.url,
                content_type=fetched.content_type,
                language=fetched.language,
            )
        except (FetchError, ParseError) as error:
            return await self._failed(row, settings, error)
        found = await _read(parsed, settings)
        return await self._stored(row, settings, fetched, parsed, found)

    def _request(self, row: CatalogueRow, settings: Catalogue) -> FetchRequest:
        now = self._clock.now()
        same = row.feed == settings.feed
        # Once a day without validators: servers lie about them, and what a feed still has must be seen now and then.
        conditional = same and row.polled_at is not None and row.polled_at.date() == now.date()
        return FetchRequest(
            feed=settings.feed,
            url=row.moved_to if same else "",
            etag=row.etag if conditional else "",
            last_modified=row.last_modified if conditional else "",
            allow_private=settings.allow_private,
            contact=self._contact,
            now=now,
            trust=self._trust,
        )

    async def _stored(
        self,
        before: CatalogueRow,
        settings: Catalogue,
        fetched: Fetched,
        parsed: Parsed,
        found: tuple[Candidate, ...],
    ) -> PollResult:
        _log.debug("poll.storing", catalogue=before.name, entries=len(found))
        note = _note(parsed)
        async with self._store.write() as connection:
            await self._announcer.lock(connection)
            row = await catalogues.get(connection, before.name, lock=True)
            now = self._clock.now()
            if row.state is CatalogueState.ENDED or row.feed != before.feed:
                return PollResult(
                    row.name,
                    Outcome.FAILED,
                    row.next_poll_at,
                    error="the configuration changed during the poll",
                )
            taken = await take_in(
                connection, row, found, settings, now, announcer=self._announcer, alarms=self._alarms
            )
            next_at = next_poll(now, settings.poll_every, failures=0, chance=self._chance)
            done = Success(
                # a broken or cut document may have lost entries: the next poll must get it whole
                etag=fetched.etag if parsed.whole else "",
                last_modified=fetched.last_modified if parsed.whole else "",
                moved_to=fetched.moved_to or None,
                next_poll_at=next_at,
                empty_fields=taken.empty_fields,
                last_new_at=taken.last_new_at,
                longest_gap=taken.longest_gap,
                note=note,
            )
            await catalogues.record_success(connection, row, done, now)
        result = _result(row.name, taken, entries=len(found), next_at=next_at, note=note)
        _log.debug("poll.stored", catalogue=row.name)
        self._tell(result, before, fetched)
        return result

    async def _unchanged(self, before: CatalogueRow, settings: Catalogue, fetched: Fetched) -> PollResult:
        async with self._store.write() as connection:
            row = await catalogues.get(connection, before.name, lock=True)
            now = self._clock.now()
            next_at = next_poll(now, settings.poll_every, failures=0, chance=self._chance)
            done = Success(
                etag=fetched.etag,
                last_modified=fetched.last_modified,
                moved_to=fetched.moved_to or None,
                next_poll_at=next_at,
                empty_fields=row.empty_fields,
                last_new_at=row.last_new_at,
                longest_gap=row.longest_gap,
                note=row.last_error if not row.failures else "",
            )
            if row.feed == before.feed:
                await catalogues.record_success(connection, row, done, now)
        result = PollResult(row.name, Outcome.UNCHANGED, next_at)
        self._tell(result, before, fetched)
        return result

    async def _failed(
        self, before: CatalogueRow, settings: Catalogue, error: FetchError | ParseError
    ) -> PollResult:
        fetch_error = error if isinstance(error, FetchError) else None
        answered_no = fetch_error is not None and fetch_error.status in {404, 410}
        async with self._store.write() as connection:
            row = await catalogues.get(connection, before.name, lock=True)
            failures = row.failures + 1
            next_at = next_poll(
                self._clock.now(),
                settings.poll_every,
                failures=failures,
                retry_after=fetch_error.retry_after if fetch_error else None,
                chance=self._chance,
            )
            gone = fetch_error is not None and fetch_error.gone and not row.moved_to
            text = log.mask(str(error))
            if gone:
                text += ". It is not polled again until its feed is changed, or alertd poll finds it back"
            await catalogues.record_failure(
                connection,
                row,
                text,
                failures=failures,
                next_poll_at=next_at,
                gone=gone,
                forget_move=bool(row.moved_to) and (answered_no or failures >= _PATIENCE_WITH_MOVE),
            )
        result = PollResult(row.name, Outcome.GONE if gone else Outcome.FAILED, next_at, error=text)
        _log.warning(
            f"poll.{result.outcome}",
            catalogue=row.name,
            error=text,
            failures=failures,
            next_poll_at=str(next_at),
        )
        return result

    def _tell(self, result: PollResult, before: CatalogueRow, fetched: Fetched) -> None:
        if fetched.moved_to:
            _log.warning(
                "poll.moved",
                catalogue=result.catalogue,
                url=show(before.moved_to or before.feed),
                moved_to=show(fetched.moved_to),
            )
        if result.alarm or result.held:
            _log.warning("poll.held", catalogue=result.catalogue, reports=result.held)
        _log.info(
            "poll.done",
            catalogue=result.catalogue,
            outcome=str(result.outcome),
            entries=result.entries,
            announced=result.announced,
            revised=result.revised,
            old=result.old,
            baseline=result.baseline,
        )


def _skipped(row: CatalogueRow, why: str) -> PollResult:
    _log.debug("poll.skipped", catalogue=row.name, reason=why)
    return PollResult(row.name, Outcome.SKIPPED, row.next_poll_at, error=why)


async def _read(parsed: Parsed, settings: Catalogue) -> tuple[Candidate, ...]:
    """The entries as candidates; many of them beside the loop, not in it."""
    if len(parsed.entries) <= _LARGE:
        return candidates(parsed.entries, settings)
    return await asyncio.to_thread(candidates, parsed.entries, settings)


def _note(parsed: Parsed) -> str:
    if parsed.left_out:
        return f"the feed has {parsed.left_out} entries more than are read ({len(parsed.entries)})"
    if not parsed.entries:
        return "the feed has no entries"
    return ""


def _result(name: str, taken: Taken, *, entries: int, next_at: datetime, note: str) -> PollResult:
    decision = taken.decision
    return PollResult(
        name,
        Outcome.STORED,
        next_at,
        entries=entries,
        announced=decision.count(ReportState.NEW),
        baseline=decision.count(ReportState.BASELINE),
        held=decision.count(ReportState.HELD) + sum(each.hold for each in decision.revised),
        old=decision.count(ReportState.OLD),
        revised=len(decision.revised),
        alarm=decision.alarm,
        error=note,
    )
