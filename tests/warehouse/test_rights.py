"""Rights that the warehouse's role lacks: one line says which, on what, and how to grant it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.ops.migrate import migrate
from include.settings import PROJECT_ROOT, SOURCE_VARIABLE, WAREHOUSE_VARIABLE
from include.warehouse.session import connect
from tests.engine.practice import writing


def execute(warehouse: Endpoint, *statements: str) -> None:
    with connect(warehouse, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.fixture
def low(empty_warehouse: Endpoint) -> Iterator[Endpoint]:
    """A role that may connect to the database, and no more."""
    execute(empty_warehouse, "create role low login password 'low'")
    yield replace(empty_warehouse, user="low", password="low")
    execute(
        empty_warehouse,
        "reassign owned by low to current_user",
        "drop owned by low",
        "drop role low",
    )


@pytest.fixture
def owner(low: Endpoint, empty_warehouse: Endpoint) -> Endpoint:
    """The same role as the owner of a warehouse, as the documents have it."""
    execute(empty_warehouse, f"grant create on database {empty_warehouse.database} to low")
    migrate(low)
    return low


@pytest.fixture
def practice(source: Endpoint) -> Endpoint:
    with writing(source) as cursor:
        cursor.execute("create table patient (PatNum int primary key, LName varchar(9))")
        cursor.execute("create table recall (RecallNum int primary key)")
        cursor.execute("insert into patient values (1, 'Wilhelmina')")
        cursor.execute("insert into recall values (1)")
    return source


def dental(
    source: Endpoint, warehouse: Endpoint, directory: Path, *command: str
) -> tuple[int, str, list[str]]:
    config = () if command[0] in ("migrate", "transform") else ("--config", str(directory))
    done = subprocess.run(
        [sys.executable, "-m", "include.cli", *command, *config],
        cwd=PROJECT_ROOT,
        env={
            "PATH": os.environ["PATH"],
            SOURCE_VARIABLE: source.uri(),
            WAREHOUSE_VARIABLE: warehouse.uri(),
            "DENTAL_DATA_DOCS_DIRECTORY": str(directory / "docs"),
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "Wilhelmina" not in done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if "no manifest" not in line]
    return done.returncode, done.stdout, lines


def test_a_role_without_create_is_one_line(
    practice: Endpoint, low: Endpoint, tmp_path: Path
) -> None:
    code, _, (line,) = dental(practice, low, tmp_path, "migrate")
    assert code == 1
    assert f"the role low lacks CREATE on the database {low.database}" in line
    assert "Nothing was changed" in line
    assert f"grant create on database {low.database} to low" in line
    for command in ("discover", "load", "verify"):
        code, _, (line,) = dental(practice, low, tmp_path, command)
        assert code == 1
        assert "./dental" in line


@pytest.mark.parametrize(
    ("taken", "named", "remedy"),
    [
        (
            "alter schema raw owner to postgres",
            "USAGE and CREATE on the schema raw",
            "grant usage, create on schema raw to low",
        ),
        (
            "alter table ops.run owner to postgres",
            "the ownership of ops.run, which belongs to postgres",
            "alter table ops.run owner to low",
        ),
        (
            "alter table ops.run owner to postgres; alter table ops.quarantine owner to postgres",
            "the ownership of ops.quarantine",
            "alter table ops.run owner to low",
        ),
    ],
)
def test_what_a_command_lacks_is_one_line(
    practice: Endpoint,
    owner: Endpoint,
    empty_warehouse: Endpoint,
    tmp_path: Path,
    taken: str,
    named: str,
    remedy: str,
) -> None:
    assert dental(practice, owner, tmp_path, "discover")[0] == 0
    execute(empty_warehouse, *taken.split(";"))
    code, _, (line,) = dental(practice, owner, tmp_path, "load")
    assert code == 1
    assert named in line
    assert remedy in line


def test_what_dbt_lacks_is_named_behind_its_own_errors(
    practice: Endpoint, owner: Endpoint, empty_warehouse: Endpoint, tmp_path: Path
) -> None:
    for command in ("discover", "load"):
        assert dental(practice, owner, tmp_path, command)[0] == 0
    execute(
        empty_warehouse,
        "revoke create on schema staging from low",
        "alter schema staging owner to postgres",
    )
    model = "stg_open_dental__recalls"
    code, output, lines = dental(practice, owner, tmp_path, "transform", "--select", model)
    assert code == 1
    said = output.splitlines() + lines
    (named,) = [line for line in said if "USAGE and CREATE on the schema staging" in line]
    assert "grant usage, create on schema staging to low" in named


def test_a_raw_table_of_another_role_stops_nothing_but_itself(
    practice: Endpoint, owner: Endpoint, empty_warehouse: Endpoint, tmp_path: Path
) -> None:
    dental(practice, owner, tmp_path, "discover")
    assert dental(practice, owner, tmp_path, "load", "--no-validate")[0] == 0
    execute(empty_warehouse, "alter table raw.patient owner to postgres")
    with writing(practice) as cursor:
        cursor.execute("insert into patient values (2, 'Wilhelmina')")
        cursor.execute("insert into recall values (2)")
    code, output, lines = dental(practice, owner, tmp_path, "load", "--no-validate")
    assert code == 1
    assert [line.split()[:4] for line in output.splitlines() if " rows " in line] == [
        ["recall", "2", "rows", "1"]
    ]
    (failed,) = [line for line in lines if line.startswith("patient: failed")]
    assert "the ownership of raw.patient, which belongs to postgres" in failed
    assert "alter table raw.patient owner to low" in failed
    code, output, lines = dental(practice, owner, tmp_path, "verify")
    assert code == 1
    assert "recall" in output
    assert any("the ownership of raw.patient" in line for line in lines)
    # It would have to be altered as well.
    with writing(practice) as cursor:
        cursor.execute("alter table patient add Age int")
        cursor.execute("alter table recall add Age int")
    code, output, lines = dental(practice, owner, tmp_path, "load", "--no-validate")
    assert code == 1
    assert "recall" in output
    assert any("raw.patient cannot follow: it belongs to the role postgres" in x for x in lines)


def test_a_warehouse_that_takes_no_writes_is_one_line(
    practice: Endpoint, owner: Endpoint, empty_warehouse: Endpoint, tmp_path: Path
) -> None:
    dental(practice, owner, tmp_path, "discover")
    read_only = (
        f"alter role low in database {owner.database} set default_transaction_read_only = on"
    )
    execute(empty_warehouse, read_only)
    for command in ("discover", "load"):
        code, _, lines = dental(practice, owner, tmp_path, command)
        assert code == 1
        assert ["takes no writes" in line for line in lines] == [True], lines
    execute(empty_warehouse, "drop schema ops cascade")
    code, _, lines = dental(practice, owner, tmp_path, "migrate")
    assert code == 1
    assert ["takes no writes" in line for line in lines] == [True], lines
