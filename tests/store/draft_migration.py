"""Draft a migration: what alertd/store/tables.py has that the migrations do not make yet.

`make migration NAME="what changes"` writes alertd/store/migrations/versions/NNNN_what_changes.py. Read it before you commit
it: a draft knows nothing of renames, of data to be moved, or of checks. tests/store/test_migrations.py then tells whether
tables and migrations agree.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, create_engine, event

from alertd.store import columns
from alertd.store.migrate import config, revisions
from alertd.store.tables import metadata


def _render(kind: str, thing: Any, _context: Any) -> str | bool:
    """Our column types by the names that the template gives them: a migration imports no live code."""
    if kind != "type":
        return False
    plain = thing.impl if isinstance(thing, columns.Instant | columns.Json) else thing
    named = {"BigInteger": "Big", "Boolean": "Flag", "Text": "sa.Text()"}
    return named.get(type(plain).__name__, False)


def _draft(connection: Connection, name: str) -> None:
    drafting = {"render_item": _render, "compare_type": False}
    settings = config(connection=connection, metadata=metadata, drafting=drafting)
    number = f"{int(revisions()[-1]) + 1:04}" if revisions() else "0001"
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    command.upgrade(settings, "head")
    command.revision(settings, name, autogenerate=True, rev_id=number)


def main(name: str) -> None:
    """Write the draft against an empty SQLite database that has all migrations so far."""
    if not re.fullmatch(r"[A-Za-z][\w ,-]{2,60}", name):
        sys.exit('say what changes: make migration NAME="queries know their language"')
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(
            f"sqlite:///{Path(folder) / 'draft.db'}", connect_args={"isolation_level": None}
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        with engine.connect() as connection:
            _draft(connection, name)
        engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
