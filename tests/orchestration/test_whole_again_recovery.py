"""What the night broke is whole after one run, and who should know gets exactly one mail.

Run after the tests of refreshes, or alone: the first fixture brings the system to where they end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from include.sessions.locks import lock_session, table_lock
from local_system.api import DagRun, TaskInstance
from local_system.system import System
from tests.orchestration.running import (
    POLL_SECONDS,
    Ended,
    ask,
    await_end,
    begin,
    change,
    mails_about,
    refresh,
    text_of,
)

DAMAGED, LOST, RENAMED = "adjustment", "claim", "claim_put_aside"
LIMIT_SECONDS = 300
WAITING_FOR_A_LOCK = "select pid from pg_locks where locktype = 'advisory' and not granted"
UNBUILT = "select mart from ops.mart_state where state <> 'built'"
CLOSED = "select table_name from ops.table_state where not is_publishable"


@pytest.fixture(scope="module")
def system(airflow_system: System) -> System:
    """A system in which everything was discovered and refreshed."""
    return begin(airflow_system)


@contextmanager
def damage(system: System, table: str) -> Iterator[Path]:
    """Empty a MyISAM table's index file as a crash may leave it; the server cannot repair that."""
    practice = system.addresses.practice_administrator
    index = system.layout.mariadb / "data" / practice.database / f"{table}.MYI"
    change(practice, f"flush tables {table}")
    whole = index.read_bytes()
    index.write_bytes(b"\0" * len(whole))
    try:
        yield index
    finally:
        index.write_bytes(whole)
        change(practice, f"flush tables {table}")


def await_second_try(system: System, run: DagRun) -> None:
    """Return as soon as a load of a critical table is tried again, in time for its later tries.

    The log of the try is there before Airflow's API tells of it, and the tries are seconds apart.
    """
    logs = system.layout.airflow_home / "logs" / f"dag_id={run.dag_id}" / f"run_id={run.run_id}"
    end = time.monotonic() + LIMIT_SECONDS
    while not list(logs.glob("task_id=critical.load/map_index=*/attempt=2.log")):
        assert time.monotonic() < end, "no critical table was tried again"
        time.sleep(POLL_SECONDS)


def await_waiting_load(system: System, run: DagRun) -> tuple[TaskInstance, int]:
    """Return the run's only load, when it waits for the table's lock, and its server process."""
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        tasks = system.api.task_instances(run.dag_id, run.run_id)
        loads = [t for t in tasks if t.task_id == "critical.load" and t.map_index >= 0]
        waiting = ask(system.addresses.warehouse, WAITING_FOR_A_LOCK)
        if loads and waiting:
            return loads[0], waiting[0][0]
        assert time.monotonic() < end, "no load waits"
        time.sleep(POLL_SECONDS)


def assert_whole(system: System, ended: Ended) -> None:
    assert ended.failed() == []
    assert ended.run.state == "success"
    warehouse = system.addresses.warehouse
    assert ask(warehouse, UNBUILT) == ask(warehouse, CLOSED) == []
    assert ask(warehouse, "select * from ops.quarantine") == []
    assert not mails_about(system, "failed", ended.run.run_id)
    assert not mails_about(system, "not all is right", ended.run.run_id)


def test_a_table_that_is_damaged_when_a_run_starts_is_loaded_when_it_has_been_repaired(
    system: System,
) -> None:
    with damage(system, DAMAGED):
        run = system.api.trigger("refresh_warehouse", {})
        await_second_try(system, run)
    ended = await_end(system, run)
    assert ended.task("critical.load", label=DAMAGED).try_number > 1
    assert_whole(system, ended)


def test_what_airflow_calls_loaded_and_nobody_has_loaded_is_loaded_by_the_same_run(
    system: System,
) -> None:
    practice, warehouse = system.addresses.practice_administrator, system.addresses.warehouse
    change(practice, "update adjustment set AdjNote = concat(AdjNote, '.') limit 10")
    with lock_session(warehouse) as session, table_lock(session, DAMAGED):
        run = system.api.trigger("refresh_warehouse", {"phase": 1, "tables": [DAMAGED]})
        waiting, process = await_waiting_load(system, run)
        # The load ends before it has begun to write, and Airflow calls it a success.
        system.api.mark_success(waiting)
        ask(warehouse, "select pg_terminate_backend(%s)", (process,))
    ended = await_end(system, run)
    assert ended.task(waiting.task_id, label=DAMAGED).state == "success"
    assert "no task of this run has loaded it; loading it now" in system.api.log(
        ended.task("settle")
    )
    assert ask(
        warehouse,
        "select table_name, load.state, changed from ops.table_load as load join ops.run"
        " using (run_id) where dag_run_id = %s",
        (run.run_id,),
    ) == [(DAMAGED, "succeeded", 10)]
    assert_whole(system, ended)


@pytest.mark.soak
def test_a_table_that_stays_damaged_fails_alone_and_the_next_run_is_whole(system: System) -> None:
    with damage(system, DAMAGED):
        ended = refresh(system)
    assert ended.run.state == "failed"
    assert ended.loaded("failed") == {DAMAGED}
    (mail,) = mails_about(system, "1 critical table failed", ended.run.run_id)
    assert f"{DAMAGED}: " in text_of(mail)
    assert ask(system.addresses.warehouse, "select * from ops.quarantine") == []
    assert_whole(system, refresh(system))


@pytest.mark.soak
def test_a_lost_table_fails_its_tier_each_night_and_is_whole_with_the_run_that_finds_it(
    system: System,
) -> None:
    practice = system.addresses.practice_administrator
    change(practice, f"rename table {LOST} to {RENAMED}")
    for _ in range(2):
        ended = refresh(system)
        assert ended.run.state == "failed"
        (mail,) = mails_about(system, "1 critical table failed", ended.run.run_id)
        assert f"{LOST}: the source no longer has this table" in text_of(mail)
        (report,) = mails_about(system, "not all is right", ended.run.run_id)
        assert f"quarantined: {LOST}: " in text_of(report)
        assert RENAMED in ended.loaded(), "what is new is loaded by the run that sees it"
        index = system.layout.verdicts.parent / "critical" / "index.html"
        assert f"<td>{LOST}</td><td>missing</td>" in index.read_text()
    change(practice, f"rename table {RENAMED} to {LOST}")
    (system.config / "overrides.yml").write_text(
        f"exclude_tables: {{{RENAMED}: it was there for two nights}}\n"
    )
    back = refresh(system)
    assert LOST in back.loaded()
    assert back.states("marts.") <= {"success", "skipped"}
    assert ask(system.addresses.warehouse, UNBUILT) == []
    assert not mails_about(system, "failed", back.run.run_id)
    assert back.run.state == "success"
