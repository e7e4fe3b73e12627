"""A warehouse with two small tables that a run has just loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.warehouse.session import connect
from tests.validation.loaded_warehouse import PATIENT, PROCEDURE, LoadedWarehouse
from tests.validation.records import record_asked


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


@pytest.fixture
def asked(loaded: LoadedWarehouse, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is counted after a first validation, in which some rows break rules."""
    loaded.execute("update raw.procedurelog set procstatus = 99 where procnum <= 3")
    loaded.execute("update raw.procedurelog set patnum = 4000 where procnum in (3, 4)")
    loaded.execute("update raw.procedurelog set procdate = '1066-10-14' where procnum = 5")
    loaded.execute("update raw.procedurelog set note = note")
    loaded.validate()
    asked = record_asked(monkeypatch)
    loaded.validate()
    assert asked == []
    return asked
