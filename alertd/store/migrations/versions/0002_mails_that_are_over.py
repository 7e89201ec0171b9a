"""Mails that are over: counted, and the last of them found, without reading a row."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_delivery_over",
        "delivery",
        ["state", "done_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'sent', 'failed', 'expired')"),
        postgresql_where=sa.text("state IN ('held', 'sent', 'failed', 'expired')"),
    )
