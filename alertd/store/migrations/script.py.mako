"""${message}."""

import sqlalchemy as sa
from alembic import op

# STRICT tables on SQLite know neither BIGINT nor BOOLEAN
Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Flag = sa.Boolean().with_variant(sa.Integer(), "sqlite")

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
