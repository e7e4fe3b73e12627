"""Tombstones go when they are old and every incremental model has seen them, not before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.errors import ConfigError
from include.retention import TablePurge, purge
from include.sessions.locks import lock_session, table_lock
from tests.retention.kept import Kept

COUNTS = (
    "select row_count, deleted_count, (select count(*) from raw.visit), "
    "(select count(*) from raw.visit where _deleted_at is not null) "
    "from ops.table_state where table_name = 'visit'"
)
BOTH = ("visits_by_day", "visits_kept")


def test_a_tombstone_waits_for_every_incremental_model_however_far_down(kept: Kept) -> None:
    kept.delete("VisitNum <= 10", days_ago=500)
    assert kept.purge() == (TablePurge("visit", 0, 0, 10, BOTH),), "they never ran"
    assert kept.dbt("run", "--select", "stg_visits", "visits_kept").return_code == 0
    assert kept.purge() == (TablePurge("visit", 0, 0, 10, ("visits_by_day",)),)
    assert kept.dbt("run", "--select", "visits_by_day").return_code == 0
    assert kept.purge() == (TablePurge("visit", 10),)
    assert kept.practice.ask(COUNTS) == [(490, 0, 490, 0)]
    assert kept.purge() == ()

    kept.delete("VisitNum <= 30", days_ago=401)
    kept.delete("VisitNum = 31", days_ago=399)
    # A build that breaks has seen nothing; the model below it runs on rows as old as before.
    seen = "select batch_id from ops.model_input where model = 'visits_kept'"
    before = kept.practice.ask(seen)
    broken = kept.dbt("run", "--select", "visits_kept", "--vars", "is_broken: true")
    assert "division by zero" in broken.output
    assert kept.practice.ask(seen) == before
    assert kept.dbt("run", "--select", "visits_by_day").return_code == 0
    assert kept.purge() == (TablePurge("visit", 0, 0, 20, BOTH),)
    assert kept.dbt("run").return_code == 0
    assert kept.practice.ask("select count(*) from marts.visits_kept where is_deleted") == [(31,)]
    assert kept.purge() == (TablePurge("visit", 20),)
    assert kept.practice.ask(COUNTS) == [(469, 1, 470, 1)], "one is younger than 400 days"
    assert kept.practice.ask(
        "select tombstones, kept, waiting_for from ops.purge order by run_id desc limit 1"
    ) == [(20, 0, [])]

    # What is gone is gone on both sides, and a key that comes back is a new row.
    kept.practice.execute("insert into Visit values (5, 2, '2024-03-01')")
    kept.practice.refresh()
    assert kept.practice.ask(COUNTS) == [(470, 1, 471, 1)]
    assert kept.practice.ask("select patnum from raw.visit where visitnum = 5") == [(2,)]


def test_retention_is_the_table_s_own_and_nobody_waits_for_a_table_nobody_follows(
    kept: Kept, tmp_path: Path
) -> None:
    (kept.practice.config_directory / "overrides.yml").write_text(
        "defaults: {tombstone_days: 60}\ntables: {Visit: {tombstone_days: 30}}"
    )
    manifest = json.loads(kept.manifest.read_text())
    followed = tmp_path / "manifest.json"
    for node in manifest["nodes"].values():
        node["config"]["materialized"] = "table"
    followed.write_text(json.dumps(manifest))
    kept.practice.execute("delete from Patient where PatNum = 2")
    kept.delete("VisitNum = 1", days_ago=29)
    kept.practice.change_warehouse(
        "update raw.patient set _deleted_at = now() - interval '59 days' "
        "where _deleted_at is not null"
    )
    assert kept.purge(followed) == ()
    kept.practice.change_warehouse(
        "update raw.visit set _deleted_at = _deleted_at - interval '2 days'"
    )
    kept.practice.change_warehouse(
        "update raw.patient set _deleted_at = _deleted_at - interval '2 days'"
    )
    assert kept.purge(followed) == (TablePurge("patient", 1), TablePurge("visit", 1))


def test_affected_rows_go_when_they_are_seen_and_no_longer_asked_about(kept: Kept) -> None:
    kept.delete("VisitNum <= 2", days_ago=0)
    kept.practice.execute("update Visit set VisitDate = '2024-05-01' where VisitNum = 9")
    kept.practice.refresh()
    loads = "select count(distinct batch_id) from ops.affected where table_name = 'visit'"
    assert kept.practice.ask(loads) == [(3,)]
    kept.practice.change_warehouse(
        "update ops.table_load set started_at = now() - interval '15 days' where run_id < "
        "(select max(run_id) from ops.table_load)"
    )
    assert kept.purge() == (), "old, and not seen by anybody"
    kept.catch_up(*BOTH)
    # Of the first load of other tables, too, nobody asks any more.
    (visits,) = [one for one in kept.purge() if one.table == "visit"]
    assert visits.tombstones == 0
    assert visits.affected > 0
    assert kept.practice.ask(loads) == [(1,)], "the newest load's days are still asked about"


def test_a_table_that_is_being_loaded_is_left_for_the_next_run(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept.delete("VisitNum <= 10", days_ago=500)
    kept.catch_up(*BOTH)
    monkeypatch.setattr("include.sessions.locks.WAIT_LIMIT_SECONDS", 1)
    with lock_session(kept.practice.warehouse) as session, table_lock(session, "visit"):
        assert kept.purge() == ()
    assert "table Visit: not purged in this run" in caplog.text
    kept.practice.change_warehouse("update ops.table_state set state = 'loading'")
    assert kept.purge() == ()
    kept.practice.change_warehouse("update ops.table_state set state = 'loaded'")
    assert kept.purge() == (TablePurge("visit", 10),)


def test_without_a_manifest_nothing_is_purged(warehouse: Endpoint, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody can say which models read which tables"):
        purge(warehouse, run_id=1, manifest=tmp_path / "manifest.json")
