"""Simulated practices, built once a session: they are slow to make and cheap to read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.endpoints import Endpoint
from include.source import session
from include.source.session import SourceConnection
from simulator import PracticePlan, build
from tests.simulator.simulated import PLAN, Simulate, Simulated, checksums


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
    """The same plan as `practice` in another database; `lived` advances it later."""
    return simulate("demo_twin", PLAN)


@pytest.fixture
def connection(practice: Simulated) -> Iterator[SourceConnection]:
    """A reading session on `practice`."""
    with session.connect(practice.endpoint) as opened:
        yield opened
