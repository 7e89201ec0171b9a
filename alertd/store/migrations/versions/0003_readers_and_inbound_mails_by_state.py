"""Readers and inbound mails by state: counted without reading a row, or the mail that it holds."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_subscriber_state", "subscriber", ["state"], unique=False)
    op.create_index("ix_inbound_state", "inbound", ["state"], unique=False)
