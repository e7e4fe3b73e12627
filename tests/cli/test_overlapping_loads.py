"""Four refreshes at once, with the practice at work: each ends well, and both sides are equal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from include.discovery import discover
from include.endpoints import Endpoint
from include.settings import PROJECT_ROOT, SOURCE_VARIABLE, WAREHOUSE_VARIABLE
from include.warehouse import session as warehouse_session
from tests.engine.practice import writing

RUNS = 4
TABLES = (
    """
    create table patient (
        PatNum bigint primary key, LName varchar(50), PatStatus tinyint not null default 0
    )
    """,
    """
    create table procedurelog (
        ProcNum bigint primary key auto_increment, PatNum bigint not null, ProcFee double
    )
    """,
    "create table journal (Line int, What varchar(50)) engine=myisam",
    "create table Unused (Id int primary key)",
)
ROWS = (
    "insert into patient (PatNum, LName) select seq, concat('n', seq) from seq_1_to_20000",
    "insert into procedurelog (PatNum, ProcFee) select seq, seq / 4 from seq_1_to_20000",
    "insert into journal select seq % 100, 'x' from seq_1_to_3000",
)


@pytest.mark.parametrize("when", ["first", "later"])
def test_runs_at_once_agree_on_what_stands(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path, when: str
) -> None:
    with writing(source) as cursor:
        for statement in (*TABLES, *ROWS):
            cursor.execute(statement)
    discover(source, warehouse, config_directory=tmp_path)
    if when == "later":
        assert ended(start(source, warehouse, tmp_path)) == (0, "")
    with practice_at_work(source):
        loads = [start(source, warehouse, tmp_path) for _ in range(RUNS)]
        outcomes = [ended(one) for one in loads]
    assert outcomes == [(0, "")] * RUNS
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        gates = connection.execute(
            "select table_name, blocked_reason from ops.table_state where not is_publishable"
        ).fetchall()
        assert gates == []
        states = connection.execute("select distinct state from ops.run").fetchall()
        assert states == [("succeeded",)]
    assert ended(start(source, warehouse, tmp_path)) == (0, "")
    assert ended(start(source, warehouse, tmp_path, command="verify")) == (0, "")


class practice_at_work:  # noqa: N801 - reads as a verb
    """Rows come, change and go, one small transaction after the other, until the body has ended."""

    def __init__(self, source: Endpoint) -> None:
        self.source = source
        self.is_over = threading.Event()
        self.edits = 0
        self.thread = threading.Thread(target=self._live)

    def __enter__(self) -> practice_at_work:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()
        assert self.edits

    def _live(self) -> None:
        with writing(self.source) as cursor:
            while not self.is_over.wait(0.01):
                number = self.edits = self.edits + 1
                cursor.execute(
                    "insert into procedurelog (PatNum, ProcFee) values (%s, 1)", (number,)
                )
                cursor.execute("update patient set PatStatus = 1 where PatNum = %s", (number,))
                cursor.execute("delete from procedurelog where ProcNum = %s", (3 * number,))
                cursor.execute("insert into journal values (%s, 'y')", (number,))


def start(
    source: Endpoint, warehouse: Endpoint, config: Path, *, command: str = "load"
) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "include.cli", command, "--config", str(config)],
        cwd=PROJECT_ROOT,
        env={
            "PATH": os.environ["PATH"],
            SOURCE_VARIABLE: source.uri(),
            WAREHOUSE_VARIABLE: warehouse.uri(),
            "DENTAL_DATA_DOCS_DIRECTORY": str(config / "docs"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the process; return its exit code, and what it complained about."""
    output, complaints = process.communicate()
    alarms = [line for line in complaints.splitlines() if "ephemeral docs site" not in line]
    return process.returncode, "\n".join(alarms) + ("" if not process.returncode else output)
