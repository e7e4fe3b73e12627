"""The warehouse's schemas are created and upgraded by one command; all others only compare."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql

from include.catalog.model import Catalog, Tier
from include.discovery import discover
from include.endpoints import Endpoint
from include.engine import load_table, settle, verify_table
from include.errors import TerminalError, WarehouseError
from include.ops import migrate as migrating
from include.ops import schema
from include.ops.blocks import DROPPED, NEVER_LOADED, REBUILT, STILL_LOADING, BlockedCode
from include.ops.config_versions import load_catalog, newest_bytes
from include.ops.migrate import migrate
from include.ops.schema import REVISION
from include.ops.table_states import blocked_tables
from include.planning import RefreshRequest, plan_refresh
from include.reporting import report_run
from include.retention import purge
from include.settings import PROJECT_ROOT, WAREHOUSE_VARIABLE
from include.transform.build import build
from include.validation import validate_tier
from include.warehouse import session
from tests.engine.practice import writing

OPS_COLUMNS = (
    "select table_name, column_name from information_schema.columns where table_schema = 'ops'"
    " order by 1, 2"
)
EARLIER = Path(__file__).with_name("before_revisions")


def ask(warehouse: Endpoint, query: str) -> list[tuple[object, ...]]:
    with session.connect(warehouse, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def set_revision(warehouse: Endpoint, revision: str) -> None:
    with session.connect(warehouse, autocommit=True) as connection:
        connection.execute("update ops.schema_version set version_num = %s", (revision,))


@pytest.fixture
def earlier(source: Endpoint, empty_warehouse: Endpoint) -> tuple[Endpoint, Endpoint]:
    """A practice, and its warehouse as the last commit without revisions left it."""
    with writing(source) as cursor:
        for statement in (EARLIER / "source.sql").read_text().splitlines():
            if statement and not statement.startswith("--"):
                cursor.execute(statement)
        cursor.execute("alter table popup drop primary key, drop column PopupNum")
        cursor.execute("update adjustment set AdjAmt = 9.5 where AdjNum = 7")
        cursor.execute("delete from patient where PatNum > 290")
    with session.connect(empty_warehouse, autocommit=True) as connection:
        connection.execute((EARLIER / "warehouse.sql").read_bytes())
    return source, empty_warehouse


def test_the_revision_that_the_code_knows_is_the_newest_script() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrating.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_an_empty_database_is_set_up_once_and_then_left_alone(empty_warehouse: Endpoint) -> None:
    first = migrate(empty_warehouse)
    assert (first.before, first.after, first.is_needed) == (None, REVISION, True)
    with session.connect(empty_warehouse, autocommit=True) as connection:
        connection.execute("insert into ops.table_state (table_name) values ('patient')")
    again = migrate(empty_warehouse)
    assert (again.before, again.is_needed) == (REVISION, False)
    rows = "select table_name, is_publishable, blocked_code from ops.table_state"
    assert ask(empty_warehouse, rows) == [("patient", False, "never_loaded")]


def test_two_that_migrate_at_once_do_it_once(empty_warehouse: Endpoint) -> None:
    command = [sys.executable, "-m", "include.cli", "migrate"]
    environment = {**os.environ, WAREHOUSE_VARIABLE: empty_warehouse.uri()}
    both = [
        subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = sorted(process.communicate(timeout=120)[0].decode() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said == [
        f"the warehouse is at revision {REVISION} already\n",
        f"the warehouse is set up, at revision {REVISION}\n",
    ]
    assert ask(empty_warehouse, "select version_num from ops.schema_version") == [(REVISION,)]


def test_an_upgrade_that_fails_half_way_leaves_the_warehouse_as_it_was(
    earlier: tuple[Endpoint, Endpoint],
) -> None:
    _, warehouse = earlier
    with session.connect(warehouse, autocommit=True) as connection:
        # In the way of the last statement of the last revision.
        connection.execute("alter table ops.load_range add column range_number integer")
    before = ask(warehouse, OPS_COLUMNS)
    with pytest.raises(WarehouseError, match=r"broke off .*SQLSTATE 42701.*Nothing was changed"):
        migrate(warehouse)
    assert ask(warehouse, OPS_COLUMNS) == before


def test_a_reader_in_the_way_is_named_and_nobody_waits_behind_the_upgrade_for_long(
    earlier: tuple[Endpoint, Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, warehouse = earlier
    monkeypatch.setattr(migrating, "LOCK_LIMIT_SECONDS", 1)
    before = ask(warehouse, OPS_COLUMNS)
    with session.connect(warehouse) as reader:
        reader.execute("select count(*) from ops.table_state")
        with pytest.raises(WarehouseError, match=r"kept a table .* locked for 1 s.*Nothing was ch"):
            migrate(warehouse)
    assert ask(warehouse, OPS_COLUMNS) == before
    assert migrate(warehouse).is_needed


def test_an_upgrade_beside_loads_is_refused(earlier: tuple[Endpoint, Endpoint]) -> None:
    _, warehouse = earlier
    with session.connect(warehouse, autocommit=True) as load:
        load.execute(f"set application_name = '{session.LOCK_APPLICATION_NAME}'".encode())
        with pytest.raises(WarehouseError, match=r"1 loads are at work.*Stop the scheduler"):
            migrate(warehouse)
    assert migrate(warehouse).is_needed


def test_a_version_table_without_a_version_is_no_reason_to_upgrade(
    empty_warehouse: Endpoint,
) -> None:
    migrate(empty_warehouse)
    with session.connect(empty_warehouse, autocommit=True) as connection:
        connection.execute("delete from ops.schema_version")
    with pytest.raises(TerminalError, match=r"schema_version is empty.*Nothing was changed"):
        migrate(empty_warehouse)


@pytest.fixture
def low(empty_warehouse: Endpoint) -> Iterator[Endpoint]:
    """The empty warehouse for a role that has no rights in it."""
    with session.connect(empty_warehouse, autocommit=True) as connection:
        connection.execute("create role low login password 'low'")
        yield replace(empty_warehouse, user="low", password="low")
        connection.execute("reassign owned by low to current_user")
        connection.execute("drop owned by low")
        connection.execute("drop role low")


def test_a_role_that_may_not_create_schemas_is_told_which_right_it_lacks(low: Endpoint) -> None:
    with pytest.raises(
        TerminalError, match=r"role low lacks CREATE on .*may not create.*grant create"
    ):
        migrate(low)


def test_a_role_that_may_not_look_into_the_schema_is_told_so(
    low: Endpoint, empty_warehouse: Endpoint
) -> None:
    migrate(empty_warehouse)
    with pytest.raises(TerminalError, match=r"role low lacks .* so it may not create or alter"):
        migrate(low)
    with pytest.raises(TerminalError, match=r"role low may not read the schema ops"):
        schema.connect(low)


def test_a_role_that_owns_the_schemas_needs_no_other_right(
    low: Endpoint, empty_warehouse: Endpoint
) -> None:
    with session.connect(empty_warehouse, autocommit=True) as connection:
        for name in ("raw", "ops", "staging", "intermediate", "snapshots", "marts"):
            connection.execute(f"create schema {name} authorization low".encode())
    assert migrate(low).is_needed
    schema.connect(low).close()


def test_whatever_stood_in_a_row_gets_a_code_that_fits_its_reason(
    earlier: tuple[Endpoint, Endpoint],
) -> None:
    _, warehouse = earlier
    rows = {
        "open_with_a_reason": ("loaded", True, "stale", None),
        "nobody_knows": ("loaded", False, None, "not_validated"),
        "by_hand": ("loaded", False, "closed by hand", "not_validated"),
        "never": ("never_loaded", False, None, "never_loaded"),
        "half": ("loading", False, None, "loading"),
        "half_and_left_out": ("loading", False, "left out by the config", "left_out"),
        "refused": ("quarantined", False, "refused: its name", "quarantined"),
        "gone": ("loaded", False, DROPPED.reason, "dropped"),
        "altered": ("loaded", False, REBUILT.reason, "rebuilt"),
    }
    with session.connect(warehouse, autocommit=True) as connection:
        connection.execute("delete from ops.table_state")
        for name, (state, is_open, reason, _) in rows.items():
            connection.execute(
                "insert into ops.table_state (table_name, state, is_publishable, blocked_reason)"
                " values (%s, %s, %s, %s)",
                (name, state, is_open, reason),
            )
    migrate(warehouse)
    found = ask(warehouse, "select table_name, blocked_code, blocked_reason from ops.table_state")
    assert {name: code for name, code, _ in found} == {
        name: code for name, (*_, code) in rows.items()
    }
    reasons = {name: reason for name, _, reason in found}
    assert reasons["open_with_a_reason"] is None
    assert (reasons["never"], reasons["half"]) == (NEVER_LOADED.reason, STILL_LOADING.reason)
    assert reasons["by_hand"] == "closed by hand"


def test_a_warehouse_from_before_revisions_is_upgraded_in_place_and_goes_on(
    earlier: tuple[Endpoint, Endpoint], docs: Path, tmp_path: Path
) -> None:
    del docs
    source, warehouse = earlier
    assert migrate(warehouse).before is None
    with session.connect(warehouse, autocommit=True) as connection:
        codes = {name: block.code for name, block in blocked_tables(connection).items()}
        config_directory = tmp_path / "config"
        config_directory.mkdir()
        (config_directory / "tables.yml").write_bytes(newest_bytes(connection)[0])
    assert codes == {
        "adjustment": BlockedCode.LOAD_FAILED,
        "appointment": BlockedCode.QUALITY,
        "claim": BlockedCode.NEVER_LOADED,
        "payment": BlockedCode.LOAD_FAILED,
        "popup": BlockedCode.QUARANTINED,
    }
    # Every check of before counted in the quality of its table.
    assert ask(warehouse, "select distinct effect from ops.validation_result") == [("blocks",)]
    assert ask(warehouse, "select range_number, state from ops.load_range order by 1") == [
        (1, "finished"),
        (2, "superseded"),
    ]
    discover(source, warehouse, config_directory=config_directory)
    plan = plan_refresh(source, warehouse, RefreshRequest(config_directory=config_directory))
    assert plan.run_id is not None
    loads = {
        table: load_table(source, warehouse, run_id=plan.run_id, table=table)
        for table in plan.tables
    }
    # What had been loaded is known by its chunks; only what had not is written.
    assert {table: load.moved for table, load in loads.items()} == {
        "adjustment": 1,
        "appointment": 0,
        "claim": 100,
        "patient": 0,
        "payment": 293,
        "popup": 0,
        "signalod": 0,
    }
    for tier in Tier:
        validate_tier(warehouse, run_id=plan.run_id, tier=tier)
    with session.connect(warehouse, autocommit=True) as connection:
        # Ten patients were deleted whom appointments and payments still name.
        assert blocked_tables(connection).keys() == {"appointment", "payment"}
        catalog = load_catalog(connection, plan.config_version or 0)
    for table in catalog.tables.values():
        assert verify_table(source, warehouse, table).is_equal, table.name


def _commands(
    source: Endpoint, warehouse: Endpoint, directory: Path, catalog: Catalog
) -> dict[str, Callable[[], object]]:
    """Return the ways into the warehouse that commands and tasks have; alerts go the same."""
    table = next(iter(catalog.tables.values()))
    manifest = directory / "manifest.json"
    manifest.write_text('{"nodes": {}, "sources": {}, "parent_map": {}}')
    return {
        "discover": lambda: discover(source, warehouse, config_directory=directory),
        "plan": lambda: plan_refresh(
            source, warehouse, RefreshRequest(config_directory=directory, dry_run=True)
        ),
        "load": lambda: load_table(source, warehouse, run_id=1, table=table.name),
        "settle": lambda: settle(source, warehouse, run_id=1),
        "validate": lambda: validate_tier(warehouse, run_id=1, tier=Tier.CRITICAL),
        "report": lambda: report_run(warehouse, run_id=1),
        "purge": lambda: purge(warehouse, run_id=1, manifest=manifest),
        "transform": lambda: build(warehouse),
        "verify": lambda: verify_table(source, warehouse, table),
    }


@pytest.mark.parametrize(
    ("revision", "advice"),
    [
        ("0001", "of an older release.*Run `./dental migrate`"),
        ("9999", "of a newer release.*Use the release"),
    ],
)
def test_every_command_refuses_a_warehouse_of_another_release(
    earlier: tuple[Endpoint, Endpoint], tmp_path: Path, revision: str, advice: str
) -> None:
    source, warehouse = earlier
    migrate(warehouse)
    discover(source, warehouse, config_directory=tmp_path)
    with session.connect(warehouse, autocommit=True) as connection:
        catalog = load_catalog(connection, 1)
    set_revision(warehouse, revision)
    state = "select max(run_id), (select sum(row_count) from ops.table_state) from ops.run"
    before = ask(warehouse, state)
    for name, command in _commands(source, warehouse, tmp_path, catalog).items():
        with pytest.raises(TerminalError, match=advice):
            command()
        assert ask(warehouse, state) == before, name
    if revision > REVISION:
        with pytest.raises(TerminalError, match=advice):
            migrate(warehouse)


def test_a_gate_is_open_or_says_why_it_is_not(warehouse: Endpoint) -> None:
    with session.connect(warehouse, autocommit=True) as connection:
        connection.execute("insert into ops.table_state (table_name) values ('patient')")
        for columns in (
            "is_publishable = true",
            "blocked_code = null",
            "blocked_reason = null",
            "blocked_code = 'whatever'",
        ):
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute(
                    sql.SQL("update ops.table_state set {}").format(sql.SQL(columns))
                )
        known = {code.value for code in BlockedCode}
        for code in known:
            connection.execute("update ops.table_state set blocked_code = %s", (code,))
