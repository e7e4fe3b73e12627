"""Every way a load fails: the message, the state of the data, and no value anywhere."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from include.catalog.model import TableConfig
from include.engine import connections
from include.errors import (
    PipelineError,
    SourceError,
    SourceRefusedError,
    StructureError,
    TerminalError,
    WarehouseError,
)
from include.warehouse import session as warehouse_session
from local_system.servers import free_port
from tests.engine.oracle import assert_equal
from tests.engine.practice import Practice
from tests.ops.gates import OPEN_GATES

MARK = "Wilhelmina-Marked"


@pytest.fixture(autouse=True)
def unsaid(server_directory: Path) -> Iterator[None]:
    """Hold that the servers' own logs say no value either."""
    yield
    logs = [path.read_text(errors="replace") for path in server_directory.glob("*/*.log")]
    assert len(logs) >= 2
    assert not [log for log in logs if MARK in log]


@pytest.fixture
def table(practice: Practice, caplog: pytest.LogCaptureFixture) -> TableConfig:
    """A table with two rows loaded, whose third row holds marked values."""
    caplog.set_level(logging.DEBUG)
    practice.execute(
        "create table T (Id int primary key, Code varbinary(60), Note varchar(60))",
        "insert into T values (1, 'a', 'a'), (2, 'b', 'b')",
    )
    table = practice.config("T")
    practice.load(table)
    practice.command(OPEN_GATES)
    practice.execute(f"insert into T values (3, '{MARK}', '{MARK}')")
    return table


def failure(practice: Practice, table: TableConfig, log: pytest.LogCaptureFixture) -> PipelineError:
    """Load, and hold what every failure must: nothing lost, gate closed, recorded, no value."""
    with pytest.raises(PipelineError) as caught:
        practice.load(table)
    error = caught.value
    assert practice.query("select id, note from raw.t order by id") == [(1, "a"), (2, "b")]
    state = practice.query(
        "select state, is_publishable, blocked_reason like 'load failed: %' from ops.table_state"
    )
    assert state == [("loaded", False, True)]
    assert practice.query("select state, error from ops.table_load") == [("failed", str(error))]
    said = "".join(traceback.format_exception(error)) + log.text
    said += repr(practice.query("select * from ops.table_load, ops.table_state"))
    assert MARK not in said
    assert error.where
    return error


def test_a_source_that_is_down(
    practice: Practice, table: TableConfig, caplog: pytest.LogCaptureFixture
) -> None:
    down = replace(practice, source=replace(practice.source, port=free_port()))
    error = failure(down, table, caplog)
    assert type(error) is SourceError
    assert "does not answer" in str(error)
    assert practice.load(table).inserted == 1
    assert practice.query("select blocked_reason from ops.table_state") == [
        ("not validated since it was loaded",)
    ]


def test_a_source_that_refuses_the_account(
    practice: Practice, table: TableConfig, caplog: pytest.LogCaptureFixture
) -> None:
    refused = replace(practice, source=replace(practice.source, password="wrong"))
    error = failure(refused, table, caplog)
    assert type(error) is SourceRefusedError
    assert "refuses the log-in" in str(error)


def test_a_table_without_the_privilege_to_read_it(
    practice: Practice, table: TableConfig, caplog: pytest.LogCaptureFixture
) -> None:
    account = f"narrow_{practice.source.database}"
    practice.execute(
        f"create user {account}@'127.0.0.1' identified by 'secret'",
        f"grant insert on {practice.source.database}.T to {account}@'127.0.0.1'",
    )
    narrow = replace(practice, source=replace(practice.source, user=account, password="secret"))
    error = failure(narrow, table, caplog)
    assert type(error) is SourceRefusedError
    assert "refuses this account the right SELECT on a table" in str(error)


def test_a_table_that_vanished_since_the_plan(
    practice: Practice, table: TableConfig, caplog: pytest.LogCaptureFixture
) -> None:
    practice.execute("drop table T")
    error = failure(practice, table, caplog)
    assert type(error) is StructureError
    assert "no longer has this table" in str(error)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("modify Note varchar(90)", r"Note was varchar\(60\), is varchar\(90\)"),
        ("drop column Note", "no longer has: Note"),
        ("drop primary key", r"no unique index covers exactly the config's key \(Id\)"),
    ],
)
def test_a_structure_that_changed_since_the_plan(
    practice: Practice,
    table: TableConfig,
    caplog: pytest.LogCaptureFixture,
    change: str,
    message: str,
) -> None:
    practice.execute(f"alter table T {change}")
    error = failure(practice, table, caplog)
    assert type(error) is StructureError
    with pytest.raises(StructureError, match=message):
        practice.load(table)


def test_a_type_never_seen_is_named(
    practice: Practice, table: TableConfig, caplog: pytest.LogCaptureFixture
) -> None:
    odd = replace(table.column("Note"), warehouse_type="polygon")
    error = failure(practice, replace(table, columns=(*table.columns[:2], odd)), caplog)
    assert type(error) is StructureError
    assert error.where == "T.Note"
    assert "polygon" in str(error)


def test_a_column_that_holds_something_else_than_the_config_says(
    practice: Practice, table: TableConfig, caplog: pytest.LogCaptureFixture
) -> None:
    as_text = replace(table.column("Code"), warehouse_type="text")
    columns = (table.columns[0], as_text, table.columns[2])
    error = failure(practice, replace(table, columns=columns), caplog)
    assert type(error) is StructureError
    assert error.where == "T.Code"
    assert "The next refresh follows what has changed" in str(error)


@pytest.mark.parametrize(
    ("trap", "kind", "message"),
    [
        ("alter table raw.t alter note type varchar(5)", StructureError, "SQLSTATE 22001"),
        (f"alter table raw.t add check (note <> '{MARK}')", WarehouseError, "SQLSTATE 23514"),
        ("alter table raw.t drop note", StructureError, "lacks this raw table, one of its col"),
    ],
)
def test_what_postgres_says_about_a_row_stays_there(
    practice: Practice,
    table: TableConfig,
    caplog: pytest.LogCaptureFixture,
    trap: str,
    kind: type[PipelineError],
    message: str,
) -> None:
    practice.command(trap)
    with pytest.raises(kind, match=message) as caught:
        practice.load(table)
    said = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert MARK not in said
    assert MARK not in repr(practice.query("select * from ops.table_load, ops.table_state"))


def test_a_full_disk_needs_a_person(
    practice: Practice, table: TableConfig, caplog: pytest.LogCaptureFixture
) -> None:
    # The server's own error class, raised where it would be: while rows are written.
    practice.command(
        "create function raw.full_disk() returns trigger language plpgsql as $$ begin "
        "raise exception 'could not extend file' using errcode = 'disk_full'; end $$"
    )
    practice.command(
        "create trigger full_disk before insert on raw.t "
        "for each row execute function raw.full_disk()"
    )
    error = failure(practice, table, caplog)
    assert type(error) is TerminalError
    assert "disk is full" in str(error)


def test_a_raw_table_that_somebody_keeps_locked(
    practice: Practice,
    table: TableConfig,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "LOCK_TIMEOUT_SECONDS", 1)
    with warehouse_session.connect(practice.warehouse) as connection:
        connection.execute("lock table raw.t in share mode")
        error = failure(practice, table, caplog)
    assert type(error) is WarehouseError
    assert "kept the table locked" in str(error)
    assert practice.load(table).inserted == 1
    assert_equal(practice.source, practice.warehouse, "T")


def test_a_warehouse_that_is_down(practice: Practice, table: TableConfig) -> None:
    down = replace(practice.warehouse, port=free_port())
    with pytest.raises(WarehouseError, match="cannot be reached"):
        replace(practice, warehouse=down).load(table)
