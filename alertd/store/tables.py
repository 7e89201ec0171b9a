"""The tables, as docs/data.md explains them.

`*_at` columns are instants (INTEGER milliseconds UTC). Ids are never reused (AUTOINCREMENT / identity): a reused id would
give a stranger an old Message-ID and leave token. Migrations build the same schema; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from alertd.store.columns import Instant, Json

metadata = MetaData()

_WITHOUT_ROWID: dict[str, Any] = {"sqlite_strict": True, "sqlite_with_rowid": False}
_PLAIN: dict[str, Any] = {"sqlite_strict": True}
_COUNTED: dict[str, Any] = {"sqlite_strict": True, "sqlite_autoincrement": True}
# SQLite counts only INTEGER PRIMARY KEY columns; PostgreSQL wants 64 bits.
_Id = BigInteger().with_variant(Integer(), "sqlite")
_Flag = Boolean().with_variant(Integer(), "sqlite")  # STRICT tables know no BOOLEAN


def _id() -> Column[int]:
    return Column("id", _Id, Identity(), primary_key=True)


counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("no", _Id, nullable=False),
    **_PLAIN,
)

catalogue = Table(
    "catalogue",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("feed", Text, nullable=False),
    Column("moved_to", Text),  # where a permanent redirect sent us
    Column("etag", Text),
    Column("last_modified", Text),
    Column("state", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_error", Text),
    Column("next_poll_at", Instant, nullable=False),
    Column("polled_at", Instant),  # last answer, 304 included
    Column("baseline_at", Instant),
    Column("last_new_at", Instant),
    Column("longest_gap_ms", _Id, nullable=False),  # longest wait between new reports in the last year
    Column("empty_fields", Json),  # fields empty in the last poll that nine of ten reports have
    **_COUNTED,
)

report = Table(
    "report",
    metadata,
    _id(),
    Column("catalogue_id", _Id, ForeignKey("catalogue.id"), nullable=False),
    Column("identity", Text, nullable=False),
    Column("revision", Integer, nullable=False),  # the newest stored
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    UniqueConstraint("catalogue_id", "identity"),
    Index("ix_report_state", "catalogue_id", "state"),
    Index("ix_report_seen_at", "seen_at"),
    **_COUNTED,
)

revision = Table(
    "revision",
    metadata,
    Column("report_id", _Id, ForeignKey("report.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("fields", Json, nullable=False),
    Column("seen_at", Instant, nullable=False),
    PrimaryKeyConstraint("report_id", "revision"),
    **_WITHOUT_ROWID,
)

announcement = Table(
    "announcement",
    metadata,
    Column("no", _Id, primary_key=True, autoincrement=False),
    Column("first_no", _Id, nullable=False),
    Column("report_id", _Id, ForeignKey("report.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_announcement_report_id", "report_id"),
    **_PLAIN,
)

query = Table(
    "query",
    metadata,
    _id(),
    Column("canonical", Text, nullable=False),
    Column("grammar", Integer, nullable=False),
    UniqueConstraint("grammar", "canonical"),
    **_COUNTED,
)

match = Table(
    "match",
    metadata,
    Column("no", _Id, nullable=False),
    Column("query_id", _Id, nullable=False),
    PrimaryKeyConstraint("no", "query_id"),
    **_WITHOUT_ROWID,
)

topic = Table(
    "topic",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("query_id", _Id, ForeignKey("query.id"), nullable=False),
    Column("typed", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("ended_at", Instant),
    **_COUNTED,
)

schedule = Table(
    "schedule",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("minute", Integer, nullable=False),
    Column("zone", Text, nullable=False),
    Column("next_due_at", Instant),  # NULL: immediate, due by `mark`
    Column("mark", _Id, nullable=False),  # immediate: announcements up to here are in editions
    UniqueConstraint("kind", "days", "minute", "zone"),
    Index("ix_schedule_next_due_at", "next_due_at"),
    **_COUNTED,
)

subscriber = Table(
    "subscriber",
    metadata,
    _id(),
    Column("tag", Text, nullable=False, unique=True),  # random; what tokens and links name
    Column("address", Text, nullable=False),  # as given: mail goes here
    Column("address_key", Text, nullable=False, unique=True),
    Column("language", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("pause_until", Instant),
    Column("origin", Text, nullable=False),
    Column(
        "own_settings", Json, nullable=False
    ),  # names of settings the person changed: the file leaves them alone
    Column("epoch", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("end_reason", Text),
    Index(
        "ix_subscriber_pause_until",
        "pause_until",
        sqlite_where=text("state = 'paused'"),
        postgresql_where=text("state = 'paused'"),
    ),
    Index("ix_subscriber_state", "state"),  # counted without reading a row
    **_COUNTED,
)

cursor = Table(
    "cursor",
    metadata,
    Column("subscriber_id", _Id, ForeignKey("subscriber.id"), nullable=False),
    Column("schedule_id", _Id, ForeignKey("schedule.id"), nullable=False),
    Column("active", _Flag, nullable=False),
    Column("no", _Id, nullable=False),
    Column("behind", _Flag, nullable=False),
    PrimaryKeyConstraint("subscriber_id", "schedule_id"),
    Index(
        "ix_cursor_active",
        "schedule_id",
        "subscriber_id",
        sqlite_where=text("active"),
        postgresql_where=text("active"),
    ),
    Index("ix_cursor_behind", "schedule_id", sqlite_where=text("behind"), postgresql_where=text("behind")),
    **_PLAIN,
)

subscription = Table(
    "subscription",
    metadata,
    _id(),
    Column("root_id", _Id, nullable=False),  # the first row of a chain of successors; its own id there
    Column("subscriber_id", _Id, ForeignKey("subscriber.id"), nullable=False),
    Column("schedule_id", _Id, ForeignKey("schedule.id"), nullable=False),
    Column("query_id", _Id, ForeignKey("query.id"), nullable=False),
    Column("topic_id", _Id, ForeignKey("topic.id")),
    Column("topic_version", Integer),
    Column("label", Text, nullable=False),  # "" : show what was typed (or the topic's title)
    Column("typed", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("since_no", _Id, nullable=False),
    Column("until_no", _Id),
    Column("dropped_at", Instant),
    Column("drop_reason", Text),
    Index("ix_subscription_subscriber", "subscriber_id", "query_id"),
    Index("ix_subscription_query", "query_id", "subscriber_id"),
    Index("ix_subscription_root", "root_id"),
    Index("ix_subscription_topic", "topic_id", "topic_version"),
    **_COUNTED,
)

told = Table(
    "told",
    metadata,
    Column("subscriber_id", _Id, nullable=False),
    Column("report_id", _Id, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("digest_id", _Id),  # no foreign key: dangling means purged
    Column("reason", Text, nullable=False),  # digest | skipped
    PrimaryKeyConstraint("subscriber_id", "report_id", "revision"),
    Index("ix_told_digest_id", "digest_id"),
    **_WITHOUT_ROWID,
)

edition = Table(
    "edition",
    metadata,
    _id(),
    Column("schedule_id", _Id, ForeignKey("schedule.id"), nullable=False),
    Column("occasion", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("from_no", _Id, nullable=False),  # immediate: the mark it starts above
    Column("upto_no", _Id, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_subscriber_id", _Id, nullable=False),
    Column("counts", Json, nullable=False),
    Column("completed_at", Instant),
    UniqueConstraint("schedule_id", "occasion"),
    Index(
        "ix_edition_open",
        "id",
        sqlite_where=text("completed_at IS NULL"),
        postgresql_where=text("completed_at IS NULL"),
    ),
    **_COUNTED,
)

template = Table(
    "template",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("source", Json, nullable=False),  # the whole set: {file name: text}
    **_PLAIN,
)

content = Table(
    "content",
    metadata,
    _id(),
    Column("key", Text, nullable=False, unique=True),
    Column("language", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("template_hash", Text, ForeignKey("template.hash"), nullable=False),
    Column("items", Json, nullable=False),
    **_COUNTED,
)

digest = Table(
    "digest",
    metadata,
    _id(),
    Column("edition_id", _Id, ForeignKey("edition.id"), nullable=False),
    Column("subscriber_id", _Id, ForeignKey("subscriber.id"), nullable=False),
    Column("content_id", _Id, ForeignKey("content.id")),
    Column("withdrawn_at", Instant),
    Column("reason", Text),
    UniqueConstraint("edition_id", "subscriber_id"),
    Index("ix_digest_subscriber", "subscriber_id"),
    **_COUNTED,
)

delivery = Table(
    "delivery",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("subscriber_id", _Id),
    Column("digest_id", _Id, unique=True),
    Column("inbound_id", _Id),
    Column("address", Text, nullable=False),
    Column("args", Json, nullable=False),
    Column("key_id", Text, nullable=False),  # the key that signs this mail's tokens and Message-ID
    Column("date_at", Instant, nullable=False),  # the Date header
    Column("state", Text, nullable=False),
    Column("claimed_by", _Id),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("bytes_hash", Text),
    Column("relay", Text),
    Column("code", Integer),
    Column("enhanced", Text),
    Column("reply", Text),
    Column("queued_at", Instant, nullable=False),
    Column("data_at", Instant),
    Column("done_at", Instant),
    Index(
        "uq_delivery_reply",
        "inbound_id",
        unique=True,
        sqlite_where=text("kind = 'reply'"),
        postgresql_where=text("kind = 'reply'"),
    ),
    Index(
        "ix_delivery_due",
        "priority",
        "next_at",
        "id",
        sqlite_where=text("state IN ('pending', 'in_doubt')"),
        postgresql_where=text("state IN ('pending', 'in_doubt')"),
    ),
    Index(
        "ix_delivery_claimed",
        "claimed_by",
        sqlite_where=text("state IN ('claimed', 'in_doubt')"),
        postgresql_where=text("state IN ('claimed', 'in_doubt')"),
    ),
    Index(  # nearly all rows: counted, and the last of them found, without reading one
        "ix_delivery_over",
        "state",
        "done_at",
        sqlite_where=text("state IN ('held', 'sent', 'failed', 'expired')"),
        postgresql_where=text("state IN ('held', 'sent', 'failed', 'expired')"),
    ),
    Index("ix_delivery_subscriber", "subscriber_id"),
    **_COUNTED,
)

attempt = Table(
    "attempt",
    metadata,
    _id(),
    Column("delivery_id", _Id, nullable=False),
    Column("at", Instant, nullable=False),
    Column("relay", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("code", Integer),
    Column("enhanced", Text),
    Column("text", Text, nullable=False),
    Index("ix_attempt_delivery_id", "delivery_id"),
    **_COUNTED,
)

worker = Table(
    "worker",
    metadata,
    _id(),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("roles", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("beat_at", Instant, nullable=False),
    Column("ended_at", Instant),
    **_COUNTED,
)

inbound = Table(
    "inbound",
    metadata,
    _id(),
    Column("dedupe_key", Text, nullable=False, unique=True),
    Column("via", Text, nullable=False),  # lmtp | spool | imap
    Column("sender", Text),  # envelope sender; "" is the null path, NULL when the way in does not tell
    Column("recipient", Text, nullable=False),
    Column("raw", LargeBinary),  # NULL once purged
    Column("state", Text, nullable=False),  # new | working | done | ignored | quarantined
    Column("tries", Integer, nullable=False),
    Column("kind", Text),
    Column("outcome", Json),
    Column("reason", Text),
    Column("received_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("purge_at", Instant),
    Index(
        "ix_inbound_open",
        "id",
        sqlite_where=text("state IN ('new', 'working')"),
        postgresql_where=text("state IN ('new', 'working')"),
    ),
    Index(
        "ix_inbound_state", "state"
    ),  # counted without reading a row: the state stands behind the whole mail
    **_COUNTED,
)

pending_request = Table(
    "pending_request",
    metadata,
    _id(),
    Column("purpose", Text, nullable=False),  # sign-up | change | leave
    Column("address", Text, nullable=False),
    Column("address_key", Text, nullable=False),
    Column("subscriber_id", _Id),
    Column("language", Text, nullable=False),
    Column("payload", Json, nullable=False),
    Column("payload_hash", Text, nullable=False),
    Column("inbound_id", _Id),
    Column("mails", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(
        "uq_pending_sign_up",
        "address_key",
        unique=True,
        sqlite_where=text("purpose = 'sign-up' AND used_at IS NULL"),
        postgresql_where=text("purpose = 'sign-up' AND used_at IS NULL"),
    ),
    **_COUNTED,
)

bounce = Table(
    "bounce",
    metadata,
    _id(),
    Column("delivery_id", _Id),
    Column("subscriber_id", _Id),
    Column("inbound_id", _Id, unique=True),
    Column("class", Text, nullable=False),  # hard | soft | delayed | ours
    Column("status", Text),
    Column("reason", Text, nullable=False),
    Column("weight", Integer, nullable=False),  # hundredths of a point
    Column("at", Instant, nullable=False),
    Index("ix_bounce_subscriber", "subscriber_id"),
    **_COUNTED,
)

suppression = Table(
    "suppression",
    metadata,
    Column("address_hash", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("evidence", Text),
    Column("since_at", Instant, nullable=False),
    Column("until_at", Instant),
    **_PLAIN,
)

consent = Table(
    "consent",
    metadata,
    _id(),
    Column("subscriber_id", _Id),
    Column("address_hash", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("inbound_id", _Id),
    Column("network", Text),
    Column("wording", Text),
    Column("at", Instant, nullable=False),
    Index("ix_consent_address_hash", "address_hash"),
    **_COUNTED,
)

quota = Table(
    "quota",
    metadata,
    Column("bucket", Text, nullable=False),
    Column("window_at", Instant, nullable=False),
    Column("n", Integer, nullable=False),
    PrimaryKeyConstraint("bucket", "window_at"),
    **_PLAIN,
)

audit = Table(
    "audit",
    metadata,
    _id(),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", Json),
    Column("after", Json),
    **_COUNTED,
)

config_applied = Table(
    "config_applied",
    metadata,
    Column("hash", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("hash", "host"),
    **_PLAIN,
)
