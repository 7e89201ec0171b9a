"""The frozen settings that alertd.toml and config/*.toml become.

The defaults stand here and nowhere else; docs/configuration.md is checked against them by a test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from alertd.model import Schedule

LANGUAGES = ("en", "zh")
"""The languages that mails come in."""

DEFAULT_SCHEDULE = "daily at 08:00"
"""When digests go for a declared subscriber who names no schedule."""


@dataclass(frozen=True, slots=True)
class Service:
    """`[service]`: who we are.

    Attributes:
        address: From of the digests; commands and bounces come to it and its extensions.
        owner: a person: List-Owner, and where alarms go.
        public_url: "" means no web links at all.
        key_file: absolute path of the key ring.
        welcome: whether a subscriber declared by file gets a welcome mail.
        separator: between the address and its extension, "+" or "-".
    """

    name: str = "Report alerts"
    address: str = ""
    owner: str = ""
    public_url: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    key_file: Path = Path("alertd.key")
    postal_address: str = ""
    welcome: bool = True
    separator: str = "+"


@dataclass(frozen=True, slots=True)
class Store:
    """`[store]`: where everything is kept, and for how long.

    Attributes:
        url: `sqlite:///path` (made absolute) or `postgresql://...`.
    """

    url: str = "sqlite:///var/alertd.db"
    keep: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Relay:
    """`[relay]`: the next server.

    Attributes:
        tls: none (refused unless the relay is on this host), starttls or implicit.
        password_file: absolute path, None when no password is used.
        ca_file: absolute path of a CA bundle to trust instead of the system's, None for the system's.
    """

    host: str = "localhost"
    port: int = 25
    tls: str = "none"
    username: str = ""
    password_file: Path | None = None
    connections: int = 4
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """`[delivery]`: what happens when the relay does not take a mail at once.

    Attributes:
        retries: waits after the first, second, ... temporary failure; the last one repeats.
        give_up: a digest not accepted for this long is given up.
        in_doubt: "resend" or "hold": what to do when the connection broke between our final dot and the reply.
        resend_after: how long an in-doubt mail rests before it is sent again.
        timeout: per SMTP command; the reply to the final dot gets 600 s (RFC 5321 section 4.5.3.2.6).
        drain: how long SIGTERM waits for mails under way.
    """

    retries: tuple[timedelta, ...] = (
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=2),
        timedelta(hours=4),
    )
    give_up: timedelta = timedelta(days=4)
    in_doubt: str = "resend"
    resend_after: timedelta = timedelta(minutes=30)
    timeout: timedelta = timedelta(seconds=60)
    dot_timeout: timedelta = timedelta(seconds=600)
    drain: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Imap:
    """`[intake.imap]`: a mailbox that is read. `host` "" means none."""

    host: str = ""
    port: int = 993
    tls: str = "implicit"
    username: str = ""
    password_file: Path | None = None
    folder: str = "INBOX"
    done_folder: str = "alertd-done"
    poll_every: timedelta = timedelta(minutes=1)
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """`[intake]`: how mail comes in, and what is trusted of it.

    Attributes:
        lmtp: "" (off), "host:port" or the path of a unix socket.
        spool: absolute path of the Maildir that `alertd receive` fills; any Maildir works.
        trusted_authserv_id: the authserv-id of our own MTA (RFC 8601); "" trusts no Authentication-Results.
        max_size: bytes of one mail; larger ones are refused.
        keep_raw: how long raw mails are kept after they were handled.
        confirm_within: how long a confirmation can be answered.
        refuse_domains: domains that may not sign up (disposable ones, for example).
        replies_per_address: answers to one address in 24 hours.
        confirmations_per_domain: confirmations to one domain in an hour.
        replies_per_domain: answers to one domain in an hour.
        replies_per_hour: answers and confirmations in all in an hour.
    """

    lmtp: str = ""
    spool: Path = Path("var/spool")
    imap: Imap = field(default_factory=Imap)
    trusted_authserv_id: str = ""
    max_size: int = 1_000_000
    keep_raw: timedelta = timedelta(days=7)
    confirm_within: timedelta = timedelta(days=3)
    refuse_domains: tuple[str, ...] = ()
    replies_per_address: int = 10
    confirmations_per_domain: int = 50
    replies_per_domain: int = 200
    replies_per_hour: int = 1000


@dataclass(frozen=True, slots=True)
class Paths:
    """`[paths]`: folders, absolute. `templates` None means only the built-in ones; `run` holds the control socket."""

    config: Path = Path("config")
    templates: Path | None = None
    run: Path = Path("var")


@dataclass(frozen=True, slots=True)
class Settings:
    """alertd.toml as a whole. `file` is its absolute path."""

    file: Path
    service: Service = field(default_factory=Service)
    store: Store = field(default_factory=Store)
    relay: Relay = field(default_factory=Relay)
    delivery: Delivery = field(default_factory=Delivery)
    intake: Intake = field(default_factory=Intake)
    paths: Paths = field(default_factory=Paths)


@dataclass(frozen=True, slots=True)
class Labels:
    """`[catalogue.NAME.fields]`: the labels found in an entry's text, per field; added to the built-in ones."""

    abstract: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    department: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    total_number: tuple[str, ...] = ()
    date: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`[catalogue.NAME]` of config/catalogues.toml."""

    name: str
    title: str = ""
    feed: str = ""
    poll_every: timedelta = timedelta(minutes=15)
    language: str = "en"
    announce_last: int = 0
    on_revision: str = "ignore"
    flood_limit: int = 50
    max_age: timedelta = timedelta(days=60)
    allow_private: bool = False
    fields: Labels = field(default_factory=Labels)


@dataclass(frozen=True, slots=True)
class Topic:
    """`[topic.NAME]` of config/topics.toml."""

    name: str
    title: str
    query: str


@dataclass(frozen=True, slots=True)
class DeclaredQuery:
    """One of a declared subscriber's queries.

    Attributes:
        query: as typed.
        topic: name of the topic it comes from, "" for a query of their own.
        label: "" means the query (or the topic's title) itself.
        schedule: resolved: the query's own, else the subscriber's.
    """

    query: str
    topic: str
    label: str
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class DeclaredSubscriber:
    """`[[subscriber]]` of config/subscribers.toml, resolved: defaults filled in, topics as queries, schedules parsed.

    Attributes:
        queries: own queries first, then topics, in the file's order; never empty (`*` when the file gives neither).
        catalogues: names; empty means all. They are not yet part of the queries: whoever stores a query restricts it.
        line: where the block begins in the file.
    """

    address: str
    queries: tuple[DeclaredQuery, ...]
    catalogues: tuple[str, ...] = ()
    schedule: Schedule = field(kw_only=True)
    time_zone: str = field(kw_only=True)
    language: str = field(kw_only=True)
    format: str = "html"
    line: int = 0


@dataclass(frozen=True, slots=True)
class Declared:
    """config/*.toml as a whole: what admins declare.

    Attributes:
        files_hash: hex digest of the files' bytes, so that an unchanged folder is not applied again.
        missing: names of files that are not there ("subscribers.toml"); an absent file never ends anyone.
    """

    catalogues: tuple[Catalogue, ...] = ()
    topics: tuple[Topic, ...] = ()
    subscribers: tuple[DeclaredSubscriber, ...] = ()
    files_hash: str = ""
    missing: tuple[str, ...] = ()
