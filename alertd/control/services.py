"""What a command works with, whether it runs inside the daemon or by itself: every room, put together once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import SystemRandom

from alertd.catalogue.poll import Poller
from alertd.clock import Clock
from alertd.config import load_declared
from alertd.config.settings import Declared, Settings
from alertd.delivery.breaker import Breaker
from alertd.digest.contents import ContentMaker
from alertd.digest.edition import Editions
from alertd.digest.render import service_facts
from alertd.mail.hashing import address_hash
from alertd.mail.keys import KeyRing
from alertd.mail.templates import load_templates
from alertd.matching.announce import Announcer
from alertd.matching.naive import NaiveMatcher
from alertd.ops.alarms import Alarms
from alertd.store.engines import Store
from alertd.store.migrate import migrate
from alertd.subscribers.letters import Letters


def _nobody() -> None:
    """No daemon is running: what was queued waits for the next one."""


@dataclass(slots=True)
class Services:
    """The things a command may use.

    Attributes:
        settings: of the daemon, or of the command's own folder.
        declared: what config/*.toml declares; replaced when it is read again.
        store: locked for writing and migrated.
        clock: the daemon's.
        keys: sign tokens, return paths and Message-IDs.
        letters: queues every mail that is not a digest.
        alarms: tells the owner.
        announcer: makes reports effective.
        contents: makes what digests hold.
        editions: opens and runs editions.
        poller: polls catalogues.
        breaker: of the sender, once there is one.
        applying: held while a configuration is applied, so that two do not mix.
        wake: tells the daemon that a command left work behind (mail queued, a poll due); returns at once.
    """

    settings: Settings
    declared: Declared
    store: Store
    clock: Clock
    keys: KeyRing
    letters: Letters
    alarms: Alarms
    announcer: Announcer
    contents: ContentMaker
    editions: Editions
    poller: Poller
    breaker: Breaker = field(default_factory=Breaker)
    applying: asyncio.Lock = field(default_factory=asyncio.Lock)
    wake: Callable[[], None] = _nobody

    def hash_address(self, address: str) -> str:
        """The key of an address in the suppression list."""
        return address_hash(self.keys, address)

    def use(self, declared: Declared) -> None:
        """Go on with another declaration."""
        self.declared = declared
        self.poller.use(declared.catalogues)
        self.contents.titles = titles(declared)


def titles(declared: Declared) -> dict[str, str]:
    """What readers call each catalogue."""
    return {each.name: each.title or each.name for each in declared.catalogues}


def build_services(settings: Settings, declared: Declared, store: Store, clock: Clock) -> Services:
    """Put the rooms together on a store.

    Raises:
        ConfigError: the key file or a template is faulty.
    """
    keys = KeyRing.load(settings.service.key_file)
    templates = load_templates(settings.paths.templates)
    letters = Letters(settings.service, service_facts(settings.service), templates, keys)
    alarms = Alarms(store, clock, letters)
    announcer = Announcer(NaiveMatcher())
    contents = ContentMaker(
        settings.service,
        templates,
        titles=titles(declared),
        key_id=keys.newest,
        give_up=settings.delivery.give_up,
    )
    poller = Poller(
        store,
        clock,
        announcer,
        alarms,
        settings=declared.catalogues,
        contact=settings.service.owner,
        chance=SystemRandom(),
    )
    return Services(
        settings=settings,
        declared=declared,
        store=store,
        clock=clock,
        keys=keys,
        letters=letters,
        alarms=alarms,
        announcer=announcer,
        contents=contents,
        editions=Editions(store, contents, alarms),
        poller=poller,
    )


@asynccontextmanager
async def open_services(
    settings: Settings, clock: Clock, *, declared: Declared | None = None
) -> AsyncIterator[Services]:
    """Services on their own store: takes it for writing, migrates it, gives it back.

    The files are read first, so that a fault in one of them leaves no new database behind.

    Raises:
        ConfigError: config/*.toml, the key file or a template is faulty.
        StoreError: busy, unavailable, newer than this alertd.
    """
    found = declared if declared is not None else load_declared(settings)
    store = Store(settings.store.url)
    try:
        services = build_services(settings, found, store, clock)
        await migrate(store)
        yield services
    finally:
        await store.close()
