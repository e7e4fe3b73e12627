"""What was counted once is counted again exactly when something that decides it has moved."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.catalog.model import ReferenceOrigin, Tier
from include.settings import PROJECT_ROOT, WAREHOUSE_VARIABLE, inherited_environment
from include.validation import inputs, subjects
from include.validation.scope import RunScope
from tests.validation.loaded_warehouse import PATIENT, PROCEDURE, LoadedWarehouse
from tests.validation.records import assert_as_new, record_asked, records

Change = Callable[[LoadedWarehouse], None]

VALIDATE = """
import sys
from include import settings
from include.catalog.model import Tier
from include.validation import validate_tier
for tier in Tier:
    validate_tier(settings.warehouse_endpoint(), run_id=int(sys.argv[1]), tier=tier)
print("great_expectations" in sys.modules)
"""


def edit(*statements: str) -> Change:
    def change(loaded: LoadedWarehouse) -> None:
        for statement in statements:
            loaded.execute(statement)

    return change


def configured(**changed: Any) -> Change:
    """Run with other columns of the procedures' reference."""

    def change(loaded: LoadedWarehouse) -> None:
        columns = tuple(
            replace(one, **changed) if one.name == "PatNum" else one for one in PROCEDURE.columns
        )
        loaded.start_run(PATIENT, replace(PROCEDURE, columns=columns))
        loaded.load("patient", "procedurelog")

    return change


def tightened(loaded: LoadedWarehouse) -> None:
    loaded.start_run(PATIENT, replace(PROCEDURE, quality_threshold=0.9999))
    loaded.load("patient", "procedurelog")


def alone(loaded: LoadedWarehouse) -> None:
    """Run without the patients, so that rows newer than their copy are not held against it."""
    loaded.start_run(PATIENT, PROCEDURE, phase=1)
    loaded.load("procedurelog")


def next_run(loaded: LoadedWarehouse) -> None:
    loaded.start_run(PATIENT, PROCEDURE)
    loaded.load("patient", "procedurelog")


MOVED = {
    "a row is edited": edit("update raw.procedurelog set procstatus = 2 where procnum = 1"),
    "a row is edited and is as before": edit("update raw.procedurelog set note = note"),
    "a row takes another's place": edit(
        "delete from raw.procedurelog where procnum = 9",
        "insert into raw.procedurelog (procnum, patnum) values (1001, 4000)",
    ),
    "a row that others name is deleted": edit(
        "update raw.patient set _deleted_at = now() where patnum = 7"
    ),
    "a row that others name is added": edit("insert into raw.patient values (4000)"),
    "a row that others name gets another key": edit(
        "update raw.patient set patnum = 4000 where patnum = 7"
    ),
    "the rows that others name are in quarantine": edit(
        "update ops.table_state set state = 'quarantined' where table_name = 'patient'",
        "insert into ops.quarantine values ('patient', 'the source lost it')",
    ),
    "the rows that others name are of an earlier run": alone,
    "another person told the reference": configured(reference_origin=ReferenceOrigin.CONFIRMED),
    "the reference is only guessed": configured(reference_origin=ReferenceOrigin.GUESSED),
    "the reference is taken away": configured(references=None, reference_origin=None),
    # From here on no row is written.
    "a column has been another": edit(
        "alter table raw.procedurelog drop column procfee, drop column note,"
        " drop column _loaded_at, drop column _batch_id, drop column _deleted_at",
        "alter table raw.procedurelog add column procfee double precision default 'NaN',"
        " add column note text, add column _loaded_at timestamptz, add column _batch_id bigint,"
        " add column _deleted_at timestamptz",
    ),
    "two columns change their names": edit(
        "alter table raw.procedurelog rename column procnum to number",
        "alter table raw.procedurelog rename column patnum to procnum",
        "alter table raw.procedurelog rename column number to patnum",
    ),
    "a column has another type": edit(
        "alter table raw.procedurelog alter column note type varchar"
    ),
    "a column has another collation": edit(
        'alter table raw.procedurelog alter column note type text collate "C"'
    ),
    "the server keeps the key now": edit("alter table raw.procedurelog add primary key (procnum)"),
}
UNMOVED = {
    "the table is loaded again": next_run,
    "the threshold is another": tightened,
    "a row that others name is edited": edit("update raw.patient set lname = 'other'"),
    "the rows that others name are counted again": edit(
        "vacuum (full, freeze, analyze) raw.patient"
    ),
    "a tombstone comes": edit(
        "insert into raw.procedurelog (procnum, _deleted_at) values (2000, now())"
    ),
    "the server tidies up": edit("vacuum (freeze, analyze) raw.procedurelog"),
}


@pytest.mark.parametrize("change", MOVED.values(), ids=MOVED.keys())
def test_what_decides_a_count_makes_it_new(
    loaded: LoadedWarehouse, asked: list[str], docs: Path, change: Change
) -> None:
    change(loaded)
    loaded.validate()
    assert asked == ["procedurelog"]
    assert_as_new(loaded, docs)


@pytest.mark.parametrize("change", UNMOVED.values(), ids=UNMOVED.keys())
def test_what_decides_no_count_leaves_it(
    loaded: LoadedWarehouse, asked: list[str], docs: Path, change: Change
) -> None:
    change(loaded)
    assert loaded.validate().qualities == {"procedurelog": 0.995}
    assert asked == []
    assert_as_new(loaded, docs)


def test_the_keys_of_a_table_of_the_same_tier_decide_as_well(
    loaded: LoadedWarehouse, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.start_run(replace(PATIENT, tier=Tier.CRITICAL), PROCEDURE)
    loaded.load("patient", "procedurelog")
    loaded.validate()
    asked = record_asked(monkeypatch)
    loaded.execute("update raw.patient set lname = 'other'")
    loaded.validate()
    assert asked == ["patient"]
    loaded.execute("update raw.patient set patnum = 4000 where patnum = 7")
    loaded.validate()
    assert asked == ["patient", "patient", "procedurelog"]
    assert_as_new(loaded, docs)


def test_the_year_and_another_release_make_every_count_new(
    loaded: LoadedWarehouse, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.execute("update raw.procedurelog set procdate = '2201-01-01' where procnum = 8")
    loaded.validate()
    assert loaded.breaches("procedurelog")["date procdate"] == 2
    monkeypatch.setattr(RunScope, "year", 2101)
    loaded.validate()
    assert loaded.breaches("procedurelog")["date procdate"] == 1
    monkeypatch.setattr(inputs, "judge_digest", lambda: "of another release")
    loaded.validate()
    assert asked == ["procedurelog"] * 3


def test_a_release_is_known_by_its_code_and_its_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest() -> str:
        inputs.judge_digest.cache_clear()
        return inputs.judge_digest()

    before = digest()
    monkeypatch.setattr("importlib.metadata.version", lambda _: "9.9.9")
    assert digest() != before
    monkeypatch.undo()
    monkeypatch.setattr(inputs, "SESSION_SETTINGS", {"TimeZone": "America/New_York"})
    assert digest() != before
    monkeypatch.undo()
    for path in inputs.CODE.glob("*.py"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(inputs, "CODE", tmp_path)
    assert digest() == before
    (tmp_path / "suites.py").write_text("# nothing\n")
    assert digest() != before
    monkeypatch.undo()
    assert digest() == before


def test_a_server_of_another_version_counts_for_itself(
    loaded: LoadedWarehouse, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_another_server(*rules: Any, **named: Any) -> str | None:
        return inputs.inputs_digest(*rules, **{**named, "server_version": 990000})

    monkeypatch.setattr(subjects, "inputs_digest", of_another_server)
    loaded.validate()
    assert asked == ["procedurelog"]


def test_a_table_that_is_blocked_for_its_quality_stays_so_without_being_counted(
    loaded: LoadedWarehouse, asked: list[str], docs: Path
) -> None:
    tightened(loaded)
    verdict = loaded.validate()
    assert "quality 0.9950 is below its threshold 0.9999: 5 of" in verdict.blocked["procedurelog"]
    assert loaded.breaches("procedurelog") == {
        "code procstatus": 3,
        "reference patnum": 2,
        "date procdate": 1,
        "quality": 5,
    }
    tightened(loaded)
    assert loaded.validate() == verdict
    next_run(loaded)
    assert loaded.validate().blocked == {}
    assert asked == []
    assert_as_new(loaded, docs)


def test_a_finding_is_told_once_though_every_run_has_it_on_record(
    loaded: LoadedWarehouse, asked: list[str], docs: Path
) -> None:
    guessed = configured(reference_origin=ReferenceOrigin.GUESSED)
    guessed(loaded)
    loaded.validate()
    [told] = records(loaded.connection, docs, loaded.run_id)["new findings"]
    assert told.place == "procedurelog.patnum"
    loaded.execute("update ops.run set summary = '{}'")
    guessed(loaded)
    loaded.validate()
    found = records(loaded.connection, docs, loaded.run_id)
    assert (found["new findings"], found["standing findings"]) == ((), (told,))
    assert asked == ["procedurelog"]
    assert_as_new(loaded, docs)


def test_rows_that_no_validation_has_seen_are_counted_by_the_next_one(
    loaded: LoadedWarehouse, asked: list[str], docs: Path
) -> None:
    loaded.execute("update raw.procedurelog set procstatus = 99 where procnum > 500")
    loaded.load("procedurelog")
    next_run(loaded)
    assert loaded.validate().qualities == {"procedurelog": 0.495}
    assert asked == ["procedurelog"]
    assert_as_new(loaded, docs)


def test_a_row_that_is_missing_from_raw_is_found_though_nothing_was_loaded(
    loaded: LoadedWarehouse, asked: list[str]
) -> None:
    [row] = loaded.execute("delete from raw.procedurelog where procnum = 500 returning *")
    assert loaded.validate().blocked["procedurelog"].startswith("raw holds 999 living rows")
    assert asked == []
    places = ", ".join(["%s"] * len(row))
    loaded.execute(f"insert into raw.procedurelog values ({places})", *row)
    assert loaded.validate().blocked == {}


def test_where_nothing_has_moved_great_expectations_is_not_even_imported(
    loaded: LoadedWarehouse,
) -> None:
    next_run(loaded)

    def validate() -> str:
        return subprocess.run(
            [sys.executable, "-c", VALIDATE, str(loaded.run_id)],
            cwd=PROJECT_ROOT,
            env={**inherited_environment(), WAREHOUSE_VARIABLE: loaded.endpoint.uri()},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    assert validate() == "True"
    next_run(loaded)
    assert validate() == "False"


def test_a_table_without_a_rule_is_carried_over_as_well(
    loaded: LoadedWarehouse, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = replace(PROCEDURE, name="plain", key=(), columns=PROCEDURE.columns[-1:])
    loaded.start_run(plain)
    loaded.execute("insert into raw.plain (note) values ('a'), ('a')")
    loaded.load("plain")
    asked = record_asked(monkeypatch)
    for _ in range(2):
        assert loaded.validate().qualities == {"plain": 1}
    assert asked == ["plain"]
    assert_as_new(loaded, docs)
