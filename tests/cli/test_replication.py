from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from include import settings
from include.cli import main
from include.discovery import discover
from include.endpoints import Endpoint
from include.warehouse import session as warehouse_session
from tests.engine.practice import writing

MARK = "Wilhelmina-Marked"


@pytest.fixture
def config(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A discovered practice of three tables, one of them empty, named by the environment."""
    with writing(source) as cursor:
        cursor.execute("create table Patient (PatNum bigint primary key, LName varchar(50))")
        cursor.execute("create table Recall (RecallNum bigint primary key, PatNum bigint)")
        cursor.execute("create table Unused (Id int primary key)")
        cursor.execute(f"insert into Patient values (1, '{MARK}'), (2, 'Long')")
        cursor.execute("insert into Recall values (1, 1), (2, 2)")
    discover(source, warehouse, config_directory=tmp_path)
    monkeypatch.setenv(settings.SOURCE_VARIABLE, source.uri())
    monkeypatch.setenv(settings.WAREHOUSE_VARIABLE, warehouse.uri())
    monkeypatch.setenv("DENTAL_DATA_DOCS_DIRECTORY", str(tmp_path / "docs"))
    return tmp_path


def dental(config: Path, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, [command, *arguments, "--config", str(config)])


def test_load_and_verify_follow_the_source_and_say_so(
    config: Path, source: Endpoint, warehouse: Endpoint
) -> None:
    done = dental(config, "load", "--no-validate")
    assert done.exit_code == 0, done.output
    assert "empty on both sides: 1 table\n" in done.output
    assert [line.split()[:4] for line in done.stdout.splitlines() if " rows " in line] == [
        ["Patient", "2", "rows", "2"],
        ["Recall", "2", "rows", "2"],
    ]
    assert dental(config, "verify").exit_code == 0

    with writing(source) as cursor:
        cursor.execute("update Patient set LName = 'Longer' where PatNum = 2")
        cursor.execute("delete from Recall where RecallNum = 1")
    stale = dental(config, "verify", "--keys")
    assert stale.exit_code == 1
    assert "0 missing, 0 surplus, 1 different in 1 key range" in stale.stdout
    assert "  PatNum: 2\n" in stale.stdout
    assert "  RecallNum: 1\n" in stale.stdout
    assert "PatNum: 2" not in dental(config, "verify", "patient").output

    only = dental(config, "load", "patient", "--full", "--no-validate")
    assert only.exit_code == 0, only.output
    assert "Recall" not in only.stdout
    assert dental(config, "verify", "Patient").exit_code == 0
    assert dental(config, "verify").exit_code == 1
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        runs = connection.execute(
            "select mode, requested_tables, finished_at is not null from ops.run order by run_id"
        ).fetchall()
    assert runs == [("compare", [], True), ("full", ["patient"], True)]


def test_one_failing_table_stops_no_other_and_fails_the_command(
    config: Path, source: Endpoint, warehouse: Endpoint
) -> None:
    assert dental(config, "load", "--no-validate").exit_code == 0
    with (
        writing(source) as cursor,
        warehouse_session.connect(warehouse, autocommit=True) as connection,
    ):
        cursor.execute(f"update Patient set LName = concat('{MARK}', '!')")
        cursor.execute("insert into Recall values (3, 3)")
        connection.execute(f"alter table raw.patient add check (lname not like '{MARK}!')".encode())
        done = dental(config, "load", "--no-validate")
        assert done.exit_code == 1
        assert "Patient: failed: table Patient in postgres" in done.stderr
        assert "SQLSTATE 23514" in done.stderr
        assert MARK not in done.output
        assert connection.execute("select count(*) from raw.recall").fetchone() == (3,)
        assert connection.execute(
            "select table_name, is_publishable from ops.table_state "
            "where blocked_reason like 'load failed%'"
        ).fetchall() == [("patient", False)]


def test_a_table_in_quarantine_fails_the_commands_that_were_to_load_it(
    config: Path, source: Endpoint
) -> None:
    assert dental(config, "load", "--no-validate").exit_code == 0
    with writing(source) as cursor:
        cursor.execute("drop table Recall")
    other = dental(config, "load", "patient", "--no-validate")
    assert (other.exit_code, other.stderr) == (0, "")
    for arguments in (["recall"], []):
        missed = dental(config, "load", *arguments, "--no-validate")
        assert missed.exit_code == 1
        assert "Recall: in quarantine: the source no longer has this table" in missed.stderr


def test_an_unknown_table_is_refused_before_anything_happens(config: Path) -> None:
    for command in ("load", "verify"):
        refused = dental(config, command, "Patiens")
        assert refused.exit_code == 1
        assert "Patiens" in str(refused.exception)


def test_verify_reports_a_table_with_broken_keys_and_compares_the_others(
    config: Path, source: Endpoint, warehouse: Endpoint
) -> None:
    with writing(source) as cursor:
        # Half of a surrogate pair, which MariaDB takes and no UTF-8 text holds.
        cursor.execute("create table Broken (Code varchar(20) primary key) charset utf8mb4")
        cursor.execute("insert into Broken values ('a'), (_utf8mb4 x'EDA0BD')")
    discover(source, warehouse, config_directory=config)
    loaded = dental(config, "load", "--no-validate")
    assert "Broken: failed" in loaded.stderr
    assert "Recall" in loaded.stdout
    found = dental(config, "verify")
    assert found.exit_code == 1
    assert "Broken: not compared: Broken.Code: belongs to the key" in found.stderr
    assert [line.split()[0] for line in found.stdout.splitlines() if " equal" in line] == [
        *("Patient", "Recall", "Unused")
    ]
    for output in (loaded.output, found.output, dental(config, "verify", "--keys").output):
        assert "eda0bd" not in output.lower()


def test_verify_goes_on_after_an_error_that_nobody_foresaw(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dental(config, "load", "--no-validate")

    def fail(*arguments: object) -> None:
        del arguments
        raise UnicodeDecodeError("utf-8", MARK.encode(), 0, 1, MARK)

    monkeypatch.setattr("include.engine.verify._Tally.count", fail)
    found = dental(config, "verify")
    assert found.exit_code == 1
    assert found.stderr.count("not compared: UnicodeDecodeError in include/engine/verify.py") == 3
    assert MARK not in found.output


def test_loaded_tables_are_judged_so_that_marts_may_read_them(
    config: Path, warehouse: Endpoint
) -> None:
    done = dental(config, "load")
    assert done.exit_code == 0, done.output
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        states = connection.execute(
            "select table_name, is_publishable from ops.table_state order by 1"
        ).fetchall()
    assert states == [("patient", True), ("recall", True), ("unused", True)]
