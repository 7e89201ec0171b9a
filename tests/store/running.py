"""Run random histories, each on a fresh store."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from alertd.store.engines import Store
from tests.conftest import pg_url
from tests.store.histories import Histories

EXAMPLES = int(os.environ.get("ALERTD_DUE_EXAMPLES", "40"))
STEPS = int(os.environ.get("ALERTD_DUE_STEPS", "30"))


def _run(machine: type[Histories], opener: Callable[[], Store], *, share: float) -> None:
    run_state_machine_as_test(
        type("HistoriesHere", (machine,), {"open_store": staticmethod(opener)}),
        settings=settings(
            max_examples=max(5, int(EXAMPLES * share)),
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


def on_sqlite(machine: type[Histories], template: Path, *, share: float = 1) -> None:
    """Each history on its own copy of a SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        count = iter(range(10**9))

        def fresh() -> Store:
            path = Path(folder) / f"{next(count)}.db"
            path.write_bytes(template.read_bytes())
            return Store(f"sqlite:///{path}")

        _run(machine, fresh, share=share)


def on_postgresql(machine: type[Histories], server: str, template: str, *, share: float = 0.4) -> None:
    """Each history on its own copy of a PostgreSQL database."""
    made: list[str] = []

    def fresh() -> Store:
        name = f"{machine.__name__.lower()}_{len(made)}_{os.getpid()}"
        with psycopg.connect(server, autocommit=True) as connection:
            for old in made[-1:]:
                connection.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        made.append(name)
        return Store(pg_url(server, name))

    _run(machine, fresh, share=share)
