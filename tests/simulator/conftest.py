"""Simulated practices, built once a session: they are slow to make and cheap to read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from include.endpoints import Endpoint
from include.open_dental import schema
from include.source import session
from include.source.session import SourceConnection, quote
from simulator import PracticePlan, build

LAST_DAY = date(2026, 11, 20)
PLAN = PracticePlan(patients=150, years=1, seed=6, until=LAST_DAY)


@dataclass(frozen=True)
class Simulated:
    """A practice in a database of its own, and its truth as it was when it was built."""

    endpoint: Endpoint
    truth_path: Path
    checksums: dict[str, int]
    built_truth: str

    def truth(self) -> dict[str, Any]:
        """Return the truth as it is now."""
        truth: dict[str, Any] = json.loads(self.truth_path.read_text())
        return truth


Simulate = Callable[[str, PracticePlan], Simulated]


@pytest.fixture(scope="session")
def simulate(mariadb: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Simulate:
    """Build a practice under a database name."""

    def make(database: str, plan: PracticePlan) -> Simulated:
        endpoint = mariadb.with_database(database)
        truth = tmp_path_factory.mktemp(database) / "truth.json"
        build(endpoint, plan, truth=truth)
        with session.connect(endpoint) as connection:
            return Simulated(endpoint, truth, checksums(connection), truth.read_text())

    return make


@pytest.fixture(scope="session")
def practice(simulate: Simulate) -> Simulated:
    """The practice that tests read and never change."""
    return simulate("demo_practice", PLAN)


@pytest.fixture(scope="session")
def twin(simulate: Simulate) -> Simulated:
    """The same plan as `practice` in another database; `lived_on` advances it later."""
    return simulate("demo_twin", PLAN)


@pytest.fixture
def connection(practice: Simulated) -> Iterator[SourceConnection]:
    """A reading session on `practice`."""
    with session.connect(practice.endpoint) as opened:
        yield opened


def checksums(connection: SourceConnection) -> dict[str, int]:
    """Return the server's checksum of every table's rows."""
    names = ", ".join(map(quote, schema.tables()))
    with connection.cursor() as cursor:
        cursor.execute(f"checksum table {names} extended")
        return {str(name).split(".", 1)[1]: int(total) for name, total in cursor.fetchall()}


def rows(connection: SourceConnection) -> dict[str, dict[int, dict[str, Any]]]:
    """Return every row of the practice by table and key, as the server writes it in text."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        for table in schema.tables().values():
            cursor.execute(
                "select "
                + ", ".join(f"cast({quote(c.name)} as char)" for c in table.columns)
                + f" from {quote(table.name)}"
            )
            names = [column.name for column in table.columns]
            found[table.name] = {
                int(row[names.index(table.key)]): dict(zip(names, row, strict=True))
                for row in cursor.fetchall()
            }
    return found
