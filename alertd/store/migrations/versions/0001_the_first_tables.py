"""The first tables."""

import sqlalchemy as sa
from alembic import op

# STRICT tables on SQLite know neither BIGINT nor BOOLEAN
Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Flag = sa.Boolean().with_variant(sa.Integer(), "sqlite")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("delivery_id", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_delivery_id", ["delivery_id"], unique=False)

    op.create_table(
        "audit",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "bounce",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("delivery_id", Big, nullable=True),
        sa.Column("subscriber_id", Big, nullable=True),
        sa.Column("inbound_id", Big, nullable=True),
        sa.Column("class", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("inbound_id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("bounce", schema=None) as batch_op:
        batch_op.create_index("ix_bounce_subscriber", ["subscriber_id"], unique=False)

    op.create_table(
        "catalogue",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("next_poll_at", Big, nullable=False),
        sa.Column("polled_at", Big, nullable=True),
        sa.Column("baseline_at", Big, nullable=True),
        sa.Column("last_new_at", Big, nullable=True),
        sa.Column("longest_gap_ms", Big, nullable=False),
        sa.Column("empty_fields", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "config_applied",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("hash", "host"),
        sqlite_strict=True,
    )
    op.create_table(
        "consent",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("subscriber_id", Big, nullable=True),
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("inbound_id", Big, nullable=True),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("ix_consent_address_hash", ["address_hash"], unique=False)

    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("no", Big, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
    )
    op.create_table(
        "delivery",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", Big, nullable=True),
        sa.Column("digest_id", Big, nullable=True),
        sa.Column("inbound_id", Big, nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("date_at", Big, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed_by", Big, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Big, nullable=False),
        sa.Column("expires_at", Big, nullable=True),
        sa.Column("bytes_hash", sa.Text(), nullable=True),
        sa.Column("relay", sa.Text(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced", sa.Text(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("queued_at", Big, nullable=False),
        sa.Column("data_at", Big, nullable=True),
        sa.Column("done_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest_id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_delivery_claimed",
            ["claimed_by"],
            unique=False,
            sqlite_where=sa.text("state IN ('claimed', 'in_doubt')"),
            postgresql_where=sa.text("state IN ('claimed', 'in_doubt')"),
        )
        batch_op.create_index(
            "ix_delivery_due",
            ["priority", "next_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('pending', 'in_doubt')"),
            postgresql_where=sa.text("state IN ('pending', 'in_doubt')"),
        )
        batch_op.create_index("ix_delivery_subscriber", ["subscriber_id"], unique=False)
        batch_op.create_index(
            "uq_delivery_reply",
            ["inbound_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'reply'"),
            postgresql_where=sa.text("kind = 'reply'"),
        )

    op.create_table(
        "inbound",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", Big, nullable=False),
        sa.Column("done_at", Big, nullable=True),
        sa.Column("purge_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedupe_key"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("inbound", schema=None) as batch_op:
        batch_op.create_index(
            "ix_inbound_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state IN ('new', 'working')"),
            postgresql_where=sa.text("state IN ('new', 'working')"),
        )

    op.create_table(
        "match",
        sa.Column("no", Big, nullable=False),
        sa.Column("query_id", Big, nullable=False),
        sa.PrimaryKeyConstraint("no", "query_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pending_request",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("subscriber_id", Big, nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.Text(), nullable=False),
        sa.Column("inbound_id", Big, nullable=True),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("expires_at", Big, nullable=False),
        sa.Column("used_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("pending_request", schema=None) as batch_op:
        batch_op.create_index(
            "uq_pending_sign_up",
            ["address_key"],
            unique=True,
            sqlite_where=sa.text("purpose = 'sign-up' AND used_at IS NULL"),
            postgresql_where=sa.text("purpose = 'sign-up' AND used_at IS NULL"),
        )

    op.create_table(
        "query",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.Column("grammar", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("grammar", "canonical"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "quota",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("window_at", Big, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "window_at"),
        sqlite_strict=True,
    )
    op.create_table(
        "schedule",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("next_due_at", Big, nullable=True),
        sa.Column("mark", Big, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "days", "minute", "zone"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("schedule", schema=None) as batch_op:
        batch_op.create_index("ix_schedule_next_due_at", ["next_due_at"], unique=False)

    op.create_table(
        "subscriber",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("pause_until", Big, nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("own_settings", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("ended_at", Big, nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address_key"),
        sa.UniqueConstraint("tag"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("subscriber", schema=None) as batch_op:
        batch_op.create_index(
            "ix_subscriber_pause_until",
            ["pause_until"],
            unique=False,
            sqlite_where=sa.text("state = 'paused'"),
            postgresql_where=sa.text("state = 'paused'"),
        )

    op.create_table(
        "suppression",
        sa.Column("address_hash", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("since_at", Big, nullable=False),
        sa.Column("until_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("address_hash"),
        sqlite_strict=True,
    )
    op.create_table(
        "template",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        sqlite_strict=True,
    )
    op.create_table(
        "told",
        sa.Column("subscriber_id", Big, nullable=False),
        sa.Column("report_id", Big, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest_id", Big, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "report_id", "revision"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("told", schema=None) as batch_op:
        batch_op.create_index("ix_told_digest_id", ["digest_id"], unique=False)

    op.create_table(
        "worker",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("started_at", Big, nullable=False),
        sa.Column("beat_at", Big, nullable=False),
        sa.Column("ended_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "content",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("template_hash", sa.Text(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["template_hash"], ["template.hash"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "cursor",
        sa.Column("subscriber_id", Big, nullable=False),
        sa.Column("schedule_id", Big, nullable=False),
        sa.Column("active", Flag, nullable=False),
        sa.Column("no", Big, nullable=False),
        sa.Column("behind", Flag, nullable=False),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"]),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"]),
        sa.PrimaryKeyConstraint("subscriber_id", "schedule_id"),
        sqlite_strict=True,
    )
    with op.batch_alter_table("cursor", schema=None) as batch_op:
        batch_op.create_index(
            "ix_cursor_active",
            ["schedule_id", "subscriber_id"],
            unique=False,
            sqlite_where=sa.text("active"),
            postgresql_where=sa.text("active"),
        )
        batch_op.create_index(
            "ix_cursor_behind",
            ["schedule_id"],
            unique=False,
            sqlite_where=sa.text("behind"),
            postgresql_where=sa.text("behind"),
        )

    op.create_table(
        "edition",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("schedule_id", Big, nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("due_at", Big, nullable=False),
        sa.Column("from_no", Big, nullable=False),
        sa.Column("upto_no", Big, nullable=False),
        sa.Column("opened_at", Big, nullable=False),
        sa.Column("last_subscriber_id", Big, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("completed_at", Big, nullable=True),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("schedule_id", "occasion"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("edition", schema=None) as batch_op:
        batch_op.create_index(
            "ix_edition_open",
            ["id"],
            unique=False,
            sqlite_where=sa.text("completed_at IS NULL"),
            postgresql_where=sa.text("completed_at IS NULL"),
        )

    op.create_table(
        "report",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("catalogue_id", Big, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("seen_at", Big, nullable=False),
        sa.Column("last_seen_at", Big, nullable=False),
        sa.ForeignKeyConstraint(["catalogue_id"], ["catalogue.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("catalogue_id", "identity"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.create_index("ix_report_seen_at", ["seen_at"], unique=False)
        batch_op.create_index("ix_report_state", ["catalogue_id", "state"], unique=False)

    op.create_table(
        "topic",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("query_id", Big, nullable=False),
        sa.Column("typed", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ended_at", Big, nullable=True),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "announcement",
        sa.Column("no", Big, autoincrement=False, nullable=False),
        sa.Column("first_no", Big, nullable=False),
        sa.Column("report_id", Big, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"]),
        sa.PrimaryKeyConstraint("no"),
        sqlite_strict=True,
    )
    with op.batch_alter_table("announcement", schema=None) as batch_op:
        batch_op.create_index("ix_announcement_report_id", ["report_id"], unique=False)

    op.create_table(
        "digest",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("edition_id", Big, nullable=False),
        sa.Column("subscriber_id", Big, nullable=False),
        sa.Column("content_id", Big, nullable=True),
        sa.Column("withdrawn_at", Big, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"]),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"]),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("edition_id", "subscriber_id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("digest", schema=None) as batch_op:
        batch_op.create_index("ix_digest_subscriber", ["subscriber_id"], unique=False)

    op.create_table(
        "revision",
        sa.Column("report_id", Big, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("seen_at", Big, nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"]),
        sa.PrimaryKeyConstraint("report_id", "revision"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subscription",
        sa.Column("id", Big, sa.Identity(always=False), nullable=False),
        sa.Column("root_id", Big, nullable=False),
        sa.Column("subscriber_id", Big, nullable=False),
        sa.Column("schedule_id", Big, nullable=False),
        sa.Column("query_id", Big, nullable=False),
        sa.Column("topic_id", Big, nullable=True),
        sa.Column("topic_version", sa.Integer(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("typed", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("since_no", Big, nullable=False),
        sa.Column("until_no", Big, nullable=True),
        sa.Column("dropped_at", Big, nullable=True),
        sa.Column("drop_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"]),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"]),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"]),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.create_index("ix_subscription_query", ["query_id", "subscriber_id"], unique=False)
        batch_op.create_index("ix_subscription_root", ["root_id"], unique=False)
        batch_op.create_index("ix_subscription_subscriber", ["subscriber_id", "query_id"], unique=False)
        batch_op.create_index("ix_subscription_topic", ["topic_id", "topic_version"], unique=False)

    op.execute(sa.text("INSERT INTO counter (name, no) VALUES ('announcement', 0)"))
