"""Alembic's entry: upgrades the connection that `alertd.store.migrate` hands over. Never run from a shell.

SQLite wedges itself with Alembic's usual set-up: a batch migration that fails leaves its temporary table behind, and the
next try fails on that. Here each migration is one transaction on both databases (the engine begins IMMEDIATE on a
connection without the driver's own transactions), so a failed one leaves nothing.
"""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),  # given only when a migration is drafted
    render_as_batch=True,
    transaction_per_migration=True,
    transactional_ddl=True,
    **context.config.attributes.get("drafting", {}),
)
with context.begin_transaction():
    context.run_migrations()
