"""Every key of alertd.toml."""

from __future__ import annotations

from datetime import timedelta

from alertd.config.kinds import (
    DOMAIN,
    FLAG,
    LANGUAGE,
    LINES,
    NAME,
    OPTIONAL_ADDRESS,
    OPTIONAL_PATH,
    PATH,
    PORT,
    TEXT,
    ZONE,
    distinct,
    duration,
    list_of,
    number,
    one_of,
)
from alertd.config.schema import Key, Table
from alertd.config.settings import Delivery, Imap, Intake, Paths, Relay, Service, Store
from alertd.config.urls import ENDPOINT, HOST, OPTIONAL_HOST, PUBLIC_URL, STORE

FILE = "alertd.toml"

_SECOND, _MINUTE, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
_TLS = one_of("none", "starttls", "implicit")
_MILLION = 1_000_000

SERVICE = Table(
    FILE,
    "[service]",
    Service,
    "Who we are.",
    (
        Key("name", NAME, "What readers see as the sender's name"),
        Key(
            "address",
            OPTIONAL_ADDRESS,
            "From of every digest; commands and bounces come to it and to its extensions (`alerts+stop@...`). Empty: not set up yet",
        ),
        Key(
            "owner",
            OPTIONAL_ADDRESS,
            "A person: List-Owner of every digest, and where alarms go. Empty: not set up yet",
        ),
        Key(
            "public_url",
            PUBLIC_URL,
            "Where readers reach the web pages. Empty: no web links at all, leaving is by mail",
        ),
        Key("language", LANGUAGE, "Language of those who named none"),
        Key("time_zone", ZONE, "Time zone of those who named none (IANA name)"),
        Key(
            "key_file",
            PATH,
            "Keys that sign tokens, return paths and Message-IDs; mode 0600; the newest signs, all verify",
        ),
        Key("postal_address", LINES, "Stands at the foot of every mail, where the law asks for it"),
        Key("welcome", FLAG, "Whether a subscriber declared by file is told so once, in a mail"),
        Key(
            "separator",
            one_of("+", "-"),
            "Stands between the address and its extension, as the mail server has it",
        ),
    ),
)

STORE_TABLE = Table(
    FILE,
    "[store]",
    Store,
    "Where everything is kept, and for how long.",
    (
        Key(
            "url",
            STORE,
            "`sqlite:///PATH`, or `postgresql://USER@HOST/DATABASE` (the password in `~/.pgpass`)",
        ),
        Key("keep", duration(_DAY), "How long what was sent can be explained; then it is purged"),
    ),
)

RELAY = Table(
    FILE,
    "[relay]",
    Relay,
    "The mail server that takes our mail.",
    (
        Key("host", HOST, "Its name or IP address"),
        Key("port", PORT, "25, or 587 (starttls), or 465 (implicit)"),
        Key("tls", _TLS, "`none` is refused for a relay that is not on this host"),
        Key("username", TEXT, "Empty: no authentication"),
        Key(
            "password_file", OPTIONAL_PATH, "File that holds the password alone; readable for its owner only"
        ),
        Key("connections", number(1, 100, 4), "How many connections are open at a time"),
        Key("ca_file", OPTIONAL_PATH, "Certificates (PEM) to trust instead of the system's"),
    ),
)

DELIVERY = Table(
    FILE,
    "[delivery]",
    Delivery,
    "What happens when the relay does not take a mail at once.",
    (
        Key(
            "retries",
            list_of(duration(_SECOND), example='["5m", "30m", "2h"]', least=1),
            "Waits after the first, second, ... temporary failure; the last one repeats",
        ),
        Key("give_up", duration(_MINUTE), "A digest that was not accepted for so long is given up"),
        Key(
            "in_doubt",
            one_of("resend", "hold"),
            "When the connection broke before the reply to a whole mail: `resend` may send it twice, `hold` waits for a person",
        ),
        Key("resend_after", duration(timedelta()), "How long a mail in doubt rests before it is sent again"),
        Key("timeout", duration(_SECOND), "Patience for one SMTP command"),
        Key(
            "dot_timeout",
            duration(_SECOND),
            "Patience for the reply to a whole mail; less than 10 minutes makes duplicates (RFC 5321 section 4.5.3.2.6)",
        ),
        Key("drain", duration(timedelta()), "How long SIGTERM waits for mails under way"),
    ),
)

INTAKE = Table(
    FILE,
    "[intake]",
    Intake,
    "How mail comes in, and what is trusted of it.",
    (
        Key(
            "lmtp",
            ENDPOINT,
            "Where to listen for LMTP: `127.0.0.1:2424`, or the path of a unix socket. Empty: nowhere",
        ),
        Key("spool", PATH, "Maildir that `alertd receive` fills; any Maildir works"),
        Key(
            "trusted_authserv_id",
            TEXT,
            "Name by which our own mail server signs Authentication-Results (RFC 8601). Empty: none is trusted",
        ),
        Key(
            "max_size", number(10_000, 100 * _MILLION, _MILLION), "Bytes of one mail; larger ones are refused"
        ),
        Key("keep_raw", duration(timedelta()), "How long a mail's text is kept after it was handled"),
        Key("confirm_within", duration(timedelta(hours=1)), "How long a confirmation can be answered"),
        Key(
            "refuse_domains",
            distinct(list_of(DOMAIN, example='["example.com"]')),
            "Domains whose addresses may not sign up",
        ),
        Key("replies_per_address", number(1, _MILLION, 10), "Answers to one address in 24 hours"),
        Key("confirmations_per_domain", number(1, _MILLION, 50), "Confirmations to one domain in an hour"),
        Key("replies_per_domain", number(1, _MILLION, 200), "Answers to one domain in an hour"),
        Key("replies_per_hour", number(1, _MILLION, 1000), "Answers and confirmations in all in an hour"),
    ),
)

IMAP = Table(
    FILE,
    "[intake.imap]",
    Imap,
    "A mailbox that is read, for those who only have a mailbox.",
    (
        Key("host", OPTIONAL_HOST, "The server's name. Empty: no mailbox is read"),
        Key("port", PORT, "993, or 143 (starttls)"),
        Key("tls", _TLS, "`none` is refused for a server that is not on this host"),
        Key("username", TEXT, "The mailbox's user"),
        Key(
            "password_file", OPTIONAL_PATH, "File that holds the password alone; readable for its owner only"
        ),
        Key("folder", NAME, "Where mail comes in"),
        Key("done_folder", NAME, "Where handled mail is moved to"),
        Key("poll_every", duration(_SECOND), "How often it is looked into where the server does not tell"),
        Key("ca_file", OPTIONAL_PATH, "Certificates (PEM) to trust instead of the system's"),
    ),
)

PATHS = Table(
    FILE,
    "[paths]",
    Paths,
    "Folders.",
    (
        Key("config", PATH, "Where catalogues.toml, topics.toml and subscribers.toml are"),
        Key(
            "templates",
            OPTIONAL_PATH,
            "Templates that override the built-in ones, file by file. Empty: only those",
        ),
        Key("run", PATH, "Where the control socket is"),
    ),
)

TABLES = (SERVICE, STORE_TABLE, RELAY, DELIVERY, INTAKE, IMAP, PATHS)
