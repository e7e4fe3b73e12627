"""`./dental discover`, `plan` and `config`, as a person runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.ops.validation_results import (
    GREAT_EXPECTATIONS,
    CheckResult,
    Effect,
    record_results,
)
from include.settings import PROJECT_ROOT, SOURCE_VARIABLE, WAREHOUSE_VARIABLE
from include.warehouse.session import connect
from tests.planning.practice import Practice


def _dental(
    practice: Practice, *arguments: str, source: Endpoint | None = None
) -> tuple[int, str, str]:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "include.cli",
            *arguments,
            "--config",
            str(practice.config_directory),
        ],
        cwd=PROJECT_ROOT,
        env={
            "PATH": os.environ["PATH"],
            SOURCE_VARIABLE: (source or practice.source).uri(),
            WAREHOUSE_VARIABLE: practice.warehouse.uri(),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def fresh(source: Endpoint, warehouse: Endpoint, tmp_path: Path) -> Practice:
    """A practice that nobody has discovered."""
    practice = Practice(source, warehouse, tmp_path)
    practice.execute(
        "create table patient (PatNum bigint primary key, LName text, Password text)",
        "create table preference (PrefNum int primary key, PrefName text, ValueString text)",
        "create table tmpwork (a int)",
        "insert into patient values (1, 'a', 'b')",
    )
    return practice


def test_the_config_shows_who_told_a_reference_and_what_was_found_against_it(
    fresh: Practice,
) -> None:
    fresh.execute(
        "create table visit (VisitNum bigint primary key, PatNum bigint, ProvNum bigint)",
        "create table provider (ProvNum bigint primary key, AbbrName text)",
        "insert into visit values (1, 1, 7), (2, 5, 0)",
    )
    fresh.discover()
    run_id = fresh.refresh().run_id
    assert run_id is not None
    with connect(fresh.warehouse) as connection:
        finding = CheckResult(
            GREAT_EXPECTATIONS,
            "reference",
            is_passed=False,
            element_count=2,
            unexpected_count=1,
            column_name="patnum",
            detail="patnum names a patient",
            effect=Effect.FINDING,
        )
        record_results(connection, run_id, {"visit": [finding]})
    found = "1 of 2 rows break: patnum names a patient"
    code, output, errors = _dental(fresh, "config", "show", "visit")
    assert (code, errors) == (0, "")
    lines = {line.split()[0]: line for line in output.splitlines()}
    assert lines["PatNum"].endswith(f"-> patient (guessed), found: {found}")
    assert lines["ProvNum"].endswith("-> provider (guessed)")
    assert _dental(fresh, "config", "show", "--findings")[1] == f"visit.patnum: {found}\n"
    assert "findings: 1 (see --findings)" in _dental(fresh, "config", "show")[1]


def test_discover_then_plan_then_look_at_the_config(fresh: Practice) -> None:
    code, _, errors = _dental(fresh, "plan")
    assert code == 1
    assert "tables.yml: does not exist" in errors
    code, output, errors = _dental(fresh, "discover")
    assert code == 0, errors
    assert "config version 1; tables.yml is new" in output
    code, output, _ = _dental(fresh, "plan")
    assert code == 0
    assert "(1 table, largest first): patient" in output
    assert "would follow: 2 raw tables created" in output
    assert fresh.ask("select count(*) from ops.run") == [(0,)]
    code, output, _ = _dental(fresh, "config", "show", "--excluded")
    assert code == 0
    assert "tmpwork: scratch table" in output
    assert "patient.Password\n" in output
    assert "preference.ValueString where PrefName matches" in output
    code, output, _ = _dental(fresh, "config", "show", "PATIENT")
    assert code == 0
    assert "LName" in output
    assert "protected: identifier" in output
    code, _, errors = _dental(fresh, "config", "show", "patien")
    assert code == 1
    assert "table patien: is not in the config; the nearest is patient" in errors


def test_a_refused_or_quarantined_table_makes_the_command_fail(fresh: Practice) -> None:
    fresh.execute("create table shape (Id int primary key, Area point)")
    code, _, errors = _dental(fresh, "discover")
    assert code == 1
    assert "no rule maps to a warehouse type: Area (point)" in errors
    assert (fresh.config_directory / "tables.yml").exists(), "the others have their config"
    fresh.execute("alter table patient modify LName int")
    code, output, errors = _dental(fresh, "plan")
    assert code == 0, errors
    assert "would follow: table patient: column LName was text and is int(11) now" in output
    fresh.execute("alter table patient add xmin int")
    code, output, errors = _dental(fresh, "plan")
    assert code == 1
    assert "patient: quarantine: patient.xmin: is the name of a system column" in errors


def test_an_unreachable_practice_is_one_line_without_its_password(fresh: Practice) -> None:
    nowhere = Endpoint("mysql", "127.0.0.1", 1, "reader", "s3cret", "opendental")
    code, output, errors = _dental(fresh, "discover", source=nowhere)
    assert code == 1
    assert output == ""
    assert errors.startswith("dental: mysql reader@127.0.0.1:1/opendental: the practice database")
    assert "s3cret" not in errors
    assert errors.count("\n") == 1
