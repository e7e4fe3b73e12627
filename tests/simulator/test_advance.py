"""The practice lives on: new rows, edits, deletions, and books that keep up."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.errors import SourceError, TerminalError
from include.open_dental import schema
from include.source import session
from local_system import servers
from simulator import PracticePlan, advance, build, memory, writer
from tests.simulator import accounts
from tests.simulator.simulated import LAST_DAY, PLAN, Simulate, Simulated, checksums, rows

DAYS = 7


@dataclass(frozen=True)
class Lived:
    """A practice after some more days, with all its rows before and after."""

    practice: Simulated
    before: Mapping[str, Mapping[int, Mapping[str, Any]]]
    after: Mapping[str, Mapping[int, Mapping[str, Any]]]
    checksums: Mapping[str, int]

    def inserted(self, table: str) -> set[int]:
        """Return the keys that are new."""
        return self.after[table].keys() - self.before[table].keys()

    def deleted(self, table: str) -> set[int]:
        """Return the keys that have gone."""
        return self.before[table].keys() - self.after[table].keys()

    def edited(self, table: str) -> list[int]:
        """Return the keys of rows that are there before and after, with other values."""
        before, after = self.before[table], self.after[table]
        return [key for key in before.keys() & after.keys() if before[key] != after[key]]


@pytest.fixture(scope="module")
def lived(twin: Simulated) -> Lived:
    with session.connect(twin.endpoint) as connection:
        before = rows(connection)
    assert advance(twin.endpoint, days=DAYS, truth=twin.truth_path) == LAST_DAY + timedelta(DAYS)
    with session.connect(twin.endpoint) as connection:
        return Lived(twin, before, rows(connection), checksums(connection))


def test_rows_come_change_and_go_in_many_tables(lived: Lived) -> None:
    tables = schema.tables()
    assert sum(bool(lived.inserted(name)) for name in tables) >= 35
    assert sum(bool(lived.edited(name)) for name in tables) >= 20
    deleted = {name for name in tables if lived.deleted(name)}
    assert {
        "claimproc", "schedule", "scheduleop", "payment", "paysplit", "adjustment", "claim",
        "commlog", "statement",
    } <= deleted  # fmt: skip


def test_some_edits_move_no_stamp(lived: Lived) -> None:
    """Both where the stamp is set back to its old value and where a table has none."""
    quiet = {
        name
        for name, table in schema.tables().items()
        if table.stamp is not None
        for key in lived.edited(name)
        if lived.before[name][key][table.stamp] == lived.after[name][key][table.stamp]
    }
    assert {"patient", "procedurelog", "adjustment", "commlog"} <= quiet
    unstamped = {n for n, table in schema.tables().items() if not table.stamp and lived.edited(n)}
    assert {"definition", "preference", "employee", "userod", "securitylog"} <= unstamped


def test_edits_move_the_stamp_to_the_simulated_day_and_not_to_the_servers(lived: Lived) -> None:
    stamps = {
        lived.after["claimproc"][key]["SecDateTEdit"][:10]
        for key in [*lived.edited("claimproc"), *lived.inserted("claimproc")]
    }
    lived_days = {(LAST_DAY + timedelta(n)).isoformat() for n in range(1, DAYS + 1)}
    assert stamps
    assert stamps <= lived_days


def test_soft_deletes_keep_their_rows(lived: Lived) -> None:
    after = lived.after
    assert [
        k for k in lived.edited("procedurelog") if after["procedurelog"][k]["ProcStatus"] == "6"
    ]
    assert [k for k in lived.edited("patient") if after["patient"][k]["PatStatus"] == "4"]


def test_entries_are_late_and_backdated(lived: Lived) -> None:
    assert [
        key
        for key in lived.inserted("procedurelog")
        if lived.after["procedurelog"][key]["ProcStatus"] == "2"
        and lived.after["procedurelog"][key]["ProcDate"] <= LAST_DAY.isoformat()
    ]
    moved = [
        key
        for key in lived.edited("payment")
        if lived.after["payment"][key]["PayDate"] < lived.before["payment"][key]["PayDate"]
    ]
    assert moved


def test_the_books_keep_up_with_every_correction(lived: Lived) -> None:
    truth = lived.practice.truth()
    assert truth["last_day"] == (LAST_DAY + timedelta(DAYS)).isoformat()
    with session.connect(lived.practice.endpoint) as connection:
        for figure, query in accounts.DAILY.items():
            told = accounts.told_by_day(truth, figure)
            assert accounts.by_day(connection, query) == told, figure
        receivables = accounts.receivables(connection, truth["last_day"])
        assert receivables == accounts.told_receivables(truth)
        aged = accounts.aging(connection, date.fromisoformat(truth["last_day"]))
        stored = accounts.aging_columns(connection)
    assert {family: amounts["BalTotal"] for family, amounts in aged.items()} == {
        family: amounts["BalTotal"] for family, amounts in stored.items() if amounts["BalTotal"]
    }
    for family, amounts in aged.items():
        assert {name: stored[family][name] for name in amounts} == amounts


def test_an_interrupted_advance_is_run_again_and_ends_in_the_same_rows(
    lived: Lived, simulate: Simulate
) -> None:
    broken = simulate("demo_interrupted", PLAN)
    endpoint, truth = broken.endpoint, broken.truth_path
    _rename(broken, "sheetfield", "sheetfield_gone")
    with pytest.raises(SourceError, match="Run the same command again"):
        advance(endpoint, days=DAYS, truth=truth)
    assert truth.read_text() == broken.built_truth
    _rename(broken, "sheetfield_gone", "sheetfield")
    with session.connect(endpoint) as connection:
        assert checksums(connection) != broken.checksums
    kept = Path(shutil.copy(memory.path_of(truth), truth.with_name("kept")))
    advance(endpoint, days=DAYS, truth=truth)
    # Once more from the same memory, as if the process had died just before keeping it.
    shutil.copy(kept, memory.path_of(truth))
    advance(endpoint, days=DAYS, truth=truth)
    with session.connect(endpoint) as connection:
        assert checksums(connection) == lived.checksums
    assert truth.read_text() == lived.practice.truth_path.read_text()


def _rename(practice: Simulated, old: str, new: str) -> None:
    with writer.connect(practice.endpoint) as connection, connection.cursor() as cursor:
        cursor.execute(f"use {session.quote(practice.endpoint.database)}")
        cursor.execute(f"rename table {session.quote(old)} to {session.quote(new)}")


def test_a_memory_that_is_missing_or_of_another_version_is_refused(
    practice: Simulated, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.json"
    with pytest.raises(TerminalError, match="demo build` first"):
        advance(practice.endpoint, days=1, truth=truth)
    memory.path_of(truth).write_bytes(b"simulated dental practice 0123\n(another)")
    with pytest.raises(TerminalError, match="another version of the simulation"):
        advance(practice.endpoint, days=1, truth=truth)
    with session.connect(practice.endpoint) as connection:
        assert checksums(connection) == practice.checksums


def test_the_practice_lives_on_after_its_server_was_killed(
    server_directory: Path, tmp_path: Path
) -> None:
    directory = server_directory / "killed-mariadb"
    port, password = servers.free_port(), servers.new_password()
    server = servers.start_mariadb(directory, port=port, password=password)
    endpoint = server.endpoint.with_database("killed")
    truth = tmp_path / "truth.json"
    build(endpoint, PracticePlan(5, 1, 1, LAST_DAY), truth=truth)
    advance(endpoint, days=1, truth=truth)
    # The tables that were written are damaged now; the server repairs each that a query opens.
    server.process.kill()
    server.process.wait()
    server = servers.start_mariadb(directory, port=port, password=password)
    try:
        assert advance(endpoint, days=1, truth=truth) == LAST_DAY + timedelta(2)
    finally:
        server.stop()
        shutil.rmtree(directory)
