"""The rule of what is due, held against an oracle of obligations by random histories on the real store.

Taking any clause out of the product (the look-up in `told`, the interval, `first_no`, lowering, `behind`) must turn this red.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store import running
from tests.store.histories import Histories


@pytest.mark.timeout(600)
def test_rule_of_what_is_due_on_sqlite(sqlite_template: Path) -> None:
    """Random histories on SQLite agree with the oracle."""
    running.on_sqlite(Histories, sqlite_template)


@pytest.mark.timeout(600)
def test_rule_of_what_is_due_on_postgresql(pg_server: str, pg_template: str) -> None:
    """Random histories on PostgreSQL agree with the oracle."""
    running.on_postgresql(Histories, pg_server, pg_template)
