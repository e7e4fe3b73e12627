"""A warehouse with two small tables that a run has just loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.warehouse.session import connect
from tests.validation.loaded_warehouse import PATIENT, PROCEDURE, LoadedWarehouse


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the Data Docs of the test go."""
    monkeypatch.setenv("DENTAL_DATA_DOCS_DIRECTORY", str(tmp_path / "docs"))
    return tmp_path / "docs"


@pytest.fixture
def loaded(warehouse: Endpoint, docs: Path) -> Iterator[LoadedWarehouse]:
    """100 patients and 1,000 procedures without a flaw, loaded by the run."""
    del docs
    with connect(warehouse, autocommit=True) as connection:
        one = LoadedWarehouse(warehouse, connection)
        one.start_run(PATIENT, PROCEDURE)
        one.execute(
            "insert into raw.patient (patnum, lname, birthdate, patstatus)"
            " select n, 'name', '1970-01-01', 0 from generate_series(1, 100) n"
        )
        one.execute(
            "insert into raw.procedurelog (procnum, patnum, procstatus, procdate, datetstamp,"
            " procfee, note) select n, 1 + n % 100, 1 + n % 8, '2026-01-01', now(), n, n::text"
            " from generate_series(1, 1000) n"
        )
        one.load("patient", "procedurelog")
        yield one
