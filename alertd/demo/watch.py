"""Looking at what happens: new reports in the catalogue, announcements in the store, mails at the relay."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from alertd.clock import Clock
from alertd.demo.catalogue import SandboxCatalogue
from alertd.demo.events import Announced, Event, Published, Sent
from alertd.demo.mails import CaughtMail, read_mail
from alertd.demo.relay import Relay
from alertd.demo.reports import SandboxReport
from alertd.store.engines import Store
from alertd.store.tables import announcement, catalogue, match, revision


class Watch:
    """Remembers what was seen, and gives what is new.

    Args:
        source: the sandbox's catalogue.
        relay: the sandbox's.
        clock: the demo's.
        reports: by number.

    Attributes:
        mails: all that the relay caught.
        store: the daemon's, once it has opened it; only read here.
    """

    def __init__(
        self, source: SandboxCatalogue, relay: Relay, clock: Clock, reports: Mapping[int, SandboxReport]
    ) -> None:
        self._source = source
        self._relay = relay
        self._clock = clock
        self._reports = reports
        self._known = {report.number for report, _ in source.published()}
        self._last_no = 0
        self.mails: list[CaughtMail] = []
        self.store: Store | None = None

    async def news(self) -> list[Event]:
        """What happened since the last look.

        Raises:
            StoreUnavailableError: the store cannot be read.
        """
        return [*self._published(), *await self._announced(), *self._sent()]

    async def has_baseline(self) -> bool:
        """Whether the daemon has polled the catalogue once, so that what appears from now on is new to it."""
        if self.store is None:
            return False
        polled = select(func.count()).select_from(catalogue).where(catalogue.c.baseline_at.is_not(None))
        async with self.store.read() as connection:
            return bool((await connection.execute(polled)).scalar_one())

    def _published(self) -> list[Event]:
        fresh = [each for each in self._source.published() if each[0].number not in self._known]
        self._known.update(report.number for report, _ in fresh)
        return [Published(instant, report) for report, instant in fresh]

    async def _announced(self) -> list[Event]:
        if self.store is None:
            return []
        queries = select(func.count()).select_from(match).where(match.c.no == announcement.c.no)
        statement = (
            select(announcement.c.no, announcement.c.at, revision.c.fields, queries.scalar_subquery())
            .join(
                revision,
                (revision.c.report_id == announcement.c.report_id)
                & (revision.c.revision == announcement.c.revision),
            )
            .where(announcement.c.no > self._last_no)
            .order_by(announcement.c.no)
        )
        async with self.store.read() as connection:
            rows = (await connection.execute(statement)).all()
        found: list[Event] = []
        for no, at, fields, count in rows:
            self._last_no = no
            report = self._reports.get(int(fields["number"] or 0))
            if report is not None:
                found.append(Announced(at, report, count))
        return found

    def _sent(self) -> list[Event]:
        fresh = self._relay.caught[len(self.mails) :]
        found: list[Event] = []
        for each in fresh:
            mail = read_mail(each.data, to=each.recipients[0], file=each.file)
            self.mails.append(mail)
            found.append(Sent(self._clock.now(), mail))
        return found
