"""What every DAG and every task of the project has to have."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.catalog.model import Tier
from include.orchestration.retries import RETRIES
from include.settings import PROJECT_ROOT, inherited_environment

DAG_FILES = sorted((PROJECT_ROOT / "dags").glob("*.py"))
DAG_IDS = [path.stem for path in DAG_FILES]
# It only repeats what the build said.
NEVER_RETRIED = {"ModelOutcome"}
# Imports the file as a task's process does, and fails it at the first connection.
PARSE_WITHOUT_NETWORK = """
import runpy, sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "sqlite3.connect"):
        raise SystemExit(f"parsing opens a connection: {event}")
sys.addaudithook(refuse)
runpy.run_path(sys.argv[1])
"""


@pytest.fixture(scope="module")
def pools() -> dict[str, Any]:
    text = (PROJECT_ROOT / "include" / "config" / "pools.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def test_the_project_has_the_dags_of_its_contract(dags: dict[str, Any]) -> None:
    assert sorted(dags) == ["discover_open_dental", "refresh_warehouse"] == DAG_IDS


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_dag_tells_what_it_is_and_how_late_it_may_be(dags: dict[str, Any], dag_id: str) -> None:
    dag = dags[dag_id]
    docstring = ast.get_docstring(ast.parse(Path(dag.fileloc).read_text(encoding="utf-8")))
    assert dag.doc_md is not None
    assert dag.doc_md.strip() == docstring
    for word in ("Reads", "Writes", "Run again", "failure"):
        assert word in dag.doc_md
    assert dag.tags
    assert dag.catchup is False
    assert dag.max_active_runs == 1
    assert dag.params.dump() is not None
    (deadline,) = dag.deadline
    assert deadline.reference.reference_name == "DagRunQueuedAtDeadline"
    assert deadline.callback.path == "include.orchestration.deadlines.mail_missed_deadline"


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_dag_runs_by_a_named_clock_and_covers_the_time_since_the_run_before(
    dags: dict[str, Any], dag_id: str
) -> None:
    schedule = dags[dag_id].timetable
    assert type(schedule).__name__ == "CronDataIntervalTimetable"
    assert str(schedule.timezone) == "UTC"


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_every_task_is_limited_in_time_slots_and_tries(
    dags: dict[str, Any], pools: dict[str, Any], dag_id: str
) -> None:
    for task in dags[dag_id].tasks:
        assert task.pool in pools, task.task_id
        assert task.pool_slots <= pools[task.pool]["slots"], task.task_id
        assert task.execution_timeout, task.task_id
        if task.task_type in NEVER_RETRIED:
            assert task.retries == 0, task.task_id
        else:
            assert task.retries == RETRIES, task.task_id
            assert task.retry_exponential_backoff > 1, task.task_id


def test_tiers_are_loaded_by_priority_each_in_its_own_pool(dags: dict[str, Any]) -> None:
    dag = dags["refresh_warehouse"]
    priorities = []
    for tier in Tier:
        select, load = dag.get_task(f"{tier}.select"), dag.get_task(f"{tier}.load")
        assert (select.pool, load.pool) == (tier, tier)
        assert select.priority_weight == load.priority_weight
        assert str(load.weight_rule) == "absolute"
        assert load.map_index_template == "{{ table }}"
        priorities.append(load.priority_weight)
    assert priorities == sorted(set(priorities), reverse=True)


def test_the_report_is_the_last_task_and_runs_however_the_others_end(dags: dict[str, Any]) -> None:
    dag = dags["refresh_warehouse"]
    assert [task.task_id for task in dag.leaves] == ["report"]
    assert dag.get_task("report").trigger_rule == "all_done"
    upstream = dag.get_task("report").get_flat_relative_ids(upstream=True)
    assert upstream == set(dag.task_ids) - {"report"}


@pytest.mark.parametrize("tier", list(Tier))
def test_no_failure_or_skip_can_keep_an_alert_back(dags: dict[str, Any], tier: Tier) -> None:
    alert = dags["refresh_warehouse"].get_task(f"alert.{tier}")
    assert alert.trigger_rule == "all_done"
    assert alert.upstream_task_ids == {f"{tier}.load", f"validate.{tier}"}
    assert dags["discover_open_dental"].get_task("alert").trigger_rule == "all_done"


def test_every_model_above_staging_has_a_task_in_the_group_of_its_business_system(
    dags: dict[str, Any], manifest: Path
) -> None:
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    expected = set()
    for node in nodes.values():
        if node["resource_type"] != "model":
            continue
        layer, system = Path(node["original_file_path"]).parts[1:-1]
        if layer != "staging":
            expected.add(f"{layer}.{system}.{node['name']}")
    outcomes = {
        task.task_id for task in dags["refresh_warehouse"].tasks if task.task_type == "ModelOutcome"
    }
    assert outcomes == {*expected, "staging.views"}
    for layer in ("intermediate", "marts"):
        assert len({task_id.split(".")[1] for task_id in expected if layer in task_id}) > 3


def test_one_task_runs_dbt_and_those_of_the_models_hang_on_it_alone(dags: dict[str, Any]) -> None:
    dag = dags["refresh_warehouse"]
    assert dag.get_task("build").upstream_task_ids == {"open_gate"}
    for task in dag.tasks:
        if task.task_type == "ModelOutcome":
            assert task.upstream_task_ids == {"build"}, task.task_id
            assert task.downstream_task_ids == {"purge"}, task.task_id
            assert task.start_from_trigger, "no worker runs it"
        else:
            assert "Dbt" not in task.task_type, task.task_id


@pytest.mark.parametrize(
    ("dag_id", "task_id"),
    [("discover_open_dental", ""), ("refresh_warehouse", ""), ("refresh_warehouse", "audit.load")],
)
def test_parsing_a_dag_needs_no_connection(
    dag_id: str, task_id: str, manifest: Path, airflow_home: Path
) -> None:
    assert manifest.exists()
    environment = {
        **inherited_environment(),
        "AIRFLOW_HOME": str(airflow_home),
        "PYTHONPATH": str(PROJECT_ROOT),
        **({"_AIRFLOW_PARSING_CONTEXT_TASK_ID": task_id} if task_id else {}),
    }
    done = subprocess.run(
        [sys.executable, "-c", PARSE_WITHOUT_NETWORK, f"dags/{dag_id}.py"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
