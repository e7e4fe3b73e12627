"""What breaks by itself is whole again after one refresh, with nobody asked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest

from include.catalog.model import Tier
from include.endpoints import Endpoint
from include.engine import load_table, settle
from include.errors import SourceError
from include.planning import RefreshPlan
from include.reporting import RunReport, report_run
from include.source import session as source_session
from include.validation import validate_tier
from local_system import servers
from local_system.servers import Server
from tests.engine.oracle import assert_equal
from tests.hostile_settings import uncommitted
from tests.planning.practice import Practice

CLOSED = "select table_name, blocked_code from ops.table_state where not is_publishable order by 1"
# Bits of MyISAM's header: the table is marked as crashed, and was in use when that happened.
MARKED_AS_CRASHED = 2
FLAGS_AT, OPEN_COUNT_AT = 26, 25


@dataclass(frozen=True)
class Run:
    """One refresh from plan to report."""

    plan: RefreshPlan
    failed: dict[str, Exception]
    report: RunReport


def whole_run(practice: Practice, **request: object) -> Run:
    """Do what a refresh does: each table fails alone, and nothing is tried twice."""
    plan = practice.plan(**request)
    assert plan.run_id is not None
    failed: dict[str, Exception] = {}
    for table in plan.tables:
        try:
            load_table(practice.source, practice.warehouse, run_id=plan.run_id, table=table)
        except SourceError as error:
            failed[table] = error
    settle(practice.source, practice.warehouse, run_id=plan.run_id)
    for tier in Tier:
        validate_tier(practice.warehouse, run_id=plan.run_id, tier=tier)
    return Run(plan, failed, report_run(practice.warehouse, run_id=plan.run_id))


class CrashingServer:
    """A MariaDB that is killed, and comes back with or without the will to repair its tables."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port, self.password = servers.free_port(), servers.new_password()
        self.server = self.start(is_repairing=True)

    def start(self, *, is_repairing: bool) -> Server:
        recovery = "BACKUP,FORCE" if is_repairing else "OFF"
        return servers.start_mariadb(
            self.directory,
            port=self.port,
            password=self.password,
            settings={"myisam-recover-options": recovery},
        )

    def crash(self, *damaged: str, is_repairing: bool) -> None:
        """Kill the server while these tables are written; a table whose writer died is marked."""
        self.server.process.kill()
        self.server.process.wait()
        for table in damaged:
            with (self.directory / "data" / f"{table}.MYI").open("r+b") as index:
                header = bytearray(index.read(FLAGS_AT + 1))
                header[OPEN_COUNT_AT] = 1
                header[FLAGS_AT] |= MARKED_AS_CRASHED
                index.seek(0)
                index.write(header)
        self.server = self.start(is_repairing=is_repairing)


@pytest.fixture
def crashing(server_directory: Path) -> Iterator[CrashingServer]:
    server = CrashingServer(server_directory / "recovering-mariadb")
    yield server
    server.server.stop()
    shutil.rmtree(server.directory)


@pytest.fixture
def crashed(crashing: CrashingServer, warehouse: Endpoint, tmp_path: Path) -> Practice:
    """A practice on MyISAM that was refreshed; then its server was killed in the middle of edits.

    Three of its tables are damaged, and the server does not repair them.
    """
    endpoint = crashing.server.endpoint
    with pymysql.connect(
        host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password
    ) as connection:
        connection.cursor().execute("create or replace database practice")
    practice = Practice(endpoint.with_database("practice"), warehouse, tmp_path)
    practice.execute(
        *(
            f"create table {name} ({key} bigint primary key, {other} bigint, Note text, "
            f"key ix_other ({other})) engine=MyISAM"
            for name, key, other in (
                ("Patient", "PatNum", "Guarantor"),
                ("Visit", "VisitNum", "PatNum"),
                ("Bill", "BillNum", "PatNum"),
            )
        ),
        "create table Loose (Note text) engine=MyISAM",
        *(
            f"insert into {name} select seq, seq, 'x' from seq_1_to_500"
            for name in ("Patient", "Visit", "Bill")
        ),
        "insert into Loose values ('one'), ('one')",
    )
    practice.discover()
    assert whole_run(practice).report.is_right
    practice.execute(
        *(f"update {name} set Note = 'edited'" for name in ("Patient", "Visit", "Bill", "Loose")),
        "flush tables",
        "delete from Bill where BillNum > 400",
    )
    crashing.crash("practice/Patient", "practice/Bill", "practice/Loose", is_repairing=False)
    return practice


def test_tables_that_a_crash_has_damaged_keep_their_config_and_are_whole_after_one_run(
    crashed: Practice, crashing: CrashingServer
) -> None:
    damaged = {"Patient", "Bill", "Loose"}
    files = sorted(crashed.config_directory.iterdir())
    before = [file.read_bytes() for file in files]
    broken = whole_run(crashed)
    assert set(broken.failed) == damaged
    assert all("has not repaired it" in str(error) for error in broken.failed.values())
    assert broken.plan.quarantined == {}
    assert [code for _, code in crashed.ask(CLOSED)] == ["load_failed"] * 3
    # A discovery in the middle of it finds no reason to change a decision.
    found = crashed.discover()
    assert (found.is_changed, found.refused) == (False, {})
    assert set(found.unreadable) == damaged
    assert [file.read_bytes() for file in files] == before
    crashing.crash(is_repairing=True)
    mended = whole_run(crashed)
    assert (mended.failed, mended.plan.applied, mended.plan.quarantined) == ({}, (), {})
    assert mended.report.is_right, mended.report.text
    assert crashed.ask(CLOSED) == []
    for table in ("Patient", "Visit", "Bill", "Loose"):
        assert_equal(crashed.source, crashed.warehouse, table)


def test_a_load_that_met_a_damaged_table_succeeds_when_it_is_tried_again(
    crashed: Practice, crashing: CrashingServer
) -> None:
    plan = crashed.plan()
    assert plan.run_id is not None
    with pytest.raises(SourceError, match="has not repaired it"):
        load_table(crashed.source, crashed.warehouse, run_id=plan.run_id, table="Bill")
    crashing.crash(is_repairing=True)
    load_table(crashed.source, crashed.warehouse, run_id=plan.run_id, table="Bill")
    assert_equal(crashed.source, crashed.warehouse, "Bill")
    assert crashed.ask("select state, attempt from ops.table_load where run_id = 2") == [
        ("succeeded", 2)
    ]


def test_a_new_table_that_cannot_be_read_is_taken_in_by_the_first_run_that_can(
    crashed: Practice, crashing: CrashingServer
) -> None:
    crashed.execute(
        "create table Recall (RecallNum bigint primary key) engine=MyISAM",
        "insert into Recall values (1)",
        "flush tables",
    )
    crashing.crash("practice/Recall", is_repairing=False)
    assert "the server could not read" in crashed.discover().refused["Recall"]
    assert "Recall" not in whole_run(crashed).plan.tables
    crashing.crash(is_repairing=True)
    mended = whole_run(crashed)
    assert "table Recall: taken in, tier reference" in mended.plan.applied
    assert mended.report.is_right, mended.report.text
    assert_equal(crashed.source, crashed.warehouse, "Recall")
    assert not crashed.discover().is_changed


def test_a_locked_table_keeps_its_config_and_holds_the_others_up_for_one_wait_only(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_session, "LOCK_LIMIT_SECONDS", 2)
    practice.refresh()
    with uncommitted(practice.source) as cursor:
        cursor.execute("lock tables Visit write, Loose write")
        found = practice.discover()
        assert (found.is_changed, found.refused) == (False, {})
        assert found.unreadable == ("Loose", "Visit")
        plan = practice.plan()
        assert plan.quarantined == {}
        assert {"Visit", "Loose", "Patient"} <= set(plan.tables)
    assert practice.discover().unreadable == ()


def test_a_right_that_comes_back_is_enough(practice: Practice) -> None:
    whole_run(practice)
    config = practice.config("Visit")
    database, host = practice.source.database, practice.source.host
    account = f"reader_{database}@'{host}'"
    practice.execute(
        f"create or replace user {account} identified by 'x'",
        *(
            f"grant select on {database}.{table} to {account}"
            for table in ("Patient", "Visit", "Empty", "Loose")
        ),
    )
    reader = Practice(
        Endpoint("mysql", host, practice.source.port, f"reader_{database}", "x", database),
        practice.warehouse,
        practice.config_directory,
    )
    assert whole_run(reader).report.is_right
    practice.execute(f"revoke select on {database}.Visit from {account}", "delete from Visit")
    denied = whole_run(reader)
    assert set(denied.plan.quarantined) == {"Visit"}
    assert denied.plan.lost == {config.tier: ("Visit",)}
    assert denied.report.quarantined.keys() == {"visit"}
    assert practice.ask("select count(*) from raw.visit where _deleted_at is null") == [(500,)]
    reader.discover()
    assert practice.config("Visit") == config
    practice.execute(f"grant select on {database}.Visit to {account}")
    back = whole_run(reader)
    assert back.report.is_right, back.report.text
    assert practice.ask("select count(*) from raw.visit where _deleted_at is null") == [(0,)]
    practice.execute(f"drop user {account}")


def test_a_verdict_from_a_time_when_a_referenced_table_was_empty_does_not_outlive_it(
    practice: Practice,
) -> None:
    practice.execute("create table Kept as select * from Patient")
    (practice.config_directory / "overrides.yml").write_text(
        "tables: {Visit: {columns: {PatNum: {references: Patient}}}}"
    )
    assert practice.discover().catalog.tables["Visit"].column("PatNum").references == "Patient"
    assert whole_run(practice).report.is_right
    practice.execute("delete from Patient")
    hit = whole_run(practice)
    assert "patnum names no row of patient" in hit.report.blocked["visit"]
    # What reads the table waits; the report of a run that did not touch it says so, too.
    practice.execute("insert into Patient select * from Kept")
    mended = whole_run(practice, tables=("Patient",))
    assert {"Patient", "Visit"} <= set(mended.plan.tables)
    assert "Loose" not in mended.plan.tables
    assert mended.report.is_right, mended.report.text
    assert practice.ask(CLOSED) == []


def test_what_refers_to_a_table_that_was_lost_for_a_while_refers_to_it_again(
    practice: Practice,
) -> None:
    assert whole_run(practice).report.is_right
    practice.execute("rename table Patient to tmp_patient")
    assert set(whole_run(practice).plan.quarantined) == {"Patient"}
    practice.execute("alter table Visit add Room int")
    practice.discover()
    assert practice.config("Visit").column("PatNum").references == "Patient"
    practice.execute("rename table tmp_patient to Patient")
    assert whole_run(practice).report.is_right
    assert practice.config("Visit").column("PatNum").references == "Patient"
