"""A warehouse after a run over two tables of different tiers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.endpoints import Endpoint
from include.warehouse.session import connect
from tests.ops.gates import OPEN_GATES
from tests.validation.loaded_warehouse import PATIENT, PROCEDURE, LoadedWarehouse


@pytest.fixture
def refreshed(warehouse: Endpoint) -> Iterator[LoadedWarehouse]:
    """Both tables loaded and publishable."""
    with connect(warehouse, autocommit=True) as connection:
        one = LoadedWarehouse(warehouse, connection)
        one.start_run(PATIENT, PROCEDURE)
        one.load("patient", "procedurelog")
        one.execute(OPEN_GATES + ", quality = 1")
        yield one
