"""Counts go on record if nothing moved while they were taken, and last as long as their pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.catalog.model import Tier
from include.endpoints import Endpoint
from include.errors import TerminalError
from include.validation import counting
from include.validation.suites import run_suites
from include.warehouse.session import connect
from tests.validation.loaded_warehouse import PATIENT, PROCEDURE, LoadedWarehouse
from tests.validation.records import assert_as_new, record_asked


def test_a_count_whose_page_is_gone_is_taken_again(
    loaded: LoadedWarehouse, asked: list[str], docs: Path
) -> None:
    for path in docs.rglob("validations/**/*.html"):
        path.unlink()
    loaded.validate()
    assert asked == ["procedurelog"]
    assert_as_new(loaded, docs)


def test_a_check_that_could_not_run_is_never_carried_over(
    loaded: LoadedWarehouse, asked: list[str]
) -> None:
    loaded.execute("alter table raw.procedurelog drop column procfee")
    first = loaded.validate().blocked
    assert "expectations could not run" in first["procedurelog"]
    assert loaded.validate().blocked == first
    assert asked == ["procedurelog"] * 2


def test_a_validation_that_breaks_off_puts_no_count_on_record(
    loaded: LoadedWarehouse, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs.parent.joinpath("file").write_text("")
    with monkeypatch.context() as broken:
        broken.setenv("DENTAL_DATA_DOCS_DIRECTORY", str(docs.parent / "file" / "docs"))
        with pytest.raises(TerminalError, match="stay closed"):
            loaded.validate()
    assert loaded.execute("select * from ops.rule_count") == []
    loaded.validate()
    assert_as_new(loaded, docs)


@pytest.mark.parametrize(
    "moving",
    [
        # Another run loads the patients: a row that comes and goes leaves their keys as they were.
        "update ops.table_state set batch_id = batch_id + 1 where table_name = 'patient'",
        "update ops.table_state set state = 'loading' where table_name = 'patient'",
        "insert into raw.procedurelog (procnum, procstatus) values (2000, 99)",
    ],
)
def test_what_moves_while_it_is_counted_is_counted_again(
    loaded: LoadedWarehouse, monkeypatch: pytest.MonkeyPatch, moving: str
) -> None:
    def run(warehouse: Endpoint, suites: Any, **named: Any) -> Any:
        with connect(warehouse, autocommit=True) as another:
            another.execute(moving.encode())
        return run_suites(warehouse, suites, **named)

    with monkeypatch.context() as moved:
        moved.setattr(counting, "run_suites", run)
        loaded.validate()
    assert loaded.execute("select * from ops.rule_count") == []


def test_the_pages_of_tables_outlive_a_run_that_loads_others(
    loaded: LoadedWarehouse, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(PATIENT, tier=Tier.CRITICAL)
    loaded.start_run(other, PROCEDURE)
    loaded.load("patient", "procedurelog")
    loaded.validate()
    asked = record_asked(monkeypatch)
    loaded.start_run(other, PROCEDURE, requested=("patient",))
    loaded.load("patient")
    loaded.validate()
    assert "procedurelog" not in (docs / "critical" / "index.html").read_text()
    loaded.start_run(other, PROCEDURE)
    loaded.load("patient", "procedurelog")
    loaded.validate()
    assert asked == []
    assert_as_new(loaded, docs)
    assert len(list(docs.rglob("validations/**/*.html"))) == 2
