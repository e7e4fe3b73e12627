"""A backfill of three runs and a run by hand at once, through Airflow, in a living practice."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from include.catalog.files import read_catalog
from include.engine import verify_table
from local_system.system import System
from tests.orchestration.running import (
    ask,
    await_end,
    begin,
    change,
    mails_about,
    refresh,
)

pytestmark = pytest.mark.soak

BACKFILLED = 3


def test_overlapping_runs_take_turns_and_raise_no_alarm(airflow_system: System) -> None:
    system = begin(airflow_system)
    is_over = threading.Event()
    life = threading.Thread(target=live, args=(system, is_over))
    life.start()
    try:
        backfill(system)
        # As the form gives it: one name a line, and a blank one.
        by_hand = refresh(system, tables=["procedurelog", " adjustment", ""])
        runs = [run for run in system.api.runs("refresh_warehouse") if run.run_type == "backfill"]
        ended = [by_hand, *(await_end(system, run) for run in runs)]
    finally:
        is_over.set()
        life.join()
    assert len(ended) == BACKFILLED + 1
    assert {one.run.state for one in ended} == {"success"}
    assert by_hand.loaded() == {"procedurelog", "adjustment"}
    spans = ask(
        system.addresses.warehouse,
        "select state, started_at, finished_at from ops.run order by started_at",
    )
    assert {state for state, _, _ in spans} == {"succeeded"}
    ends = [finished_at for _, _, finished_at in spans]
    assert all(end <= start for end, (_, start, _) in zip(ends, spans[1:], strict=False))
    for word in ("failed", "not all is right"):
        assert not mails_about(system, word)

    assert refresh(system).run.state == "success"
    for table in read_catalog(system.config).tables.values():
        compared = verify_table(system.addresses.practice, system.addresses.warehouse, table)
        assert compared.is_equal, table.name


def live(system: System, is_over: threading.Event) -> None:
    """Change money as an office does, until the runs have ended."""
    number = 0
    while not is_over.wait(0.05):
        number += 1
        change(
            system.addresses.practice_administrator,
            f"update adjustment set AdjAmt = AdjAmt + 1 where AdjNum % 7 = {number % 7}",
            f"update procedurelog set ProcFee = ProcFee + 1 where ProcNum % 50 = {number % 50}",
        )


def backfill(system: System) -> None:
    command = [sys.executable, "-m", "airflow", "backfill", "create"]
    command += ["--dag-id", "refresh_warehouse", "--reprocess-behavior", "none"]
    command += ["--from-date", "2026-06-01T00:00", "--to-date", f"2026-06-{BACKFILLED:02}T12:00"]
    command += ["--max-active-runs", str(BACKFILLED)]
    done = subprocess.run(command, env=system.airflow_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
