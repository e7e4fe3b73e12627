"""Addresses in Airflow's web UI."""

from __future__ import annotations

from urllib.parse import quote

from airflow.sdk.configuration import conf


def run_url(dag_id: str, run_id: str) -> str:
    """Return where people see the run; the host is what `[api] base_url` says."""
    base = str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")
    return f"{base}/dags/{dag_id}/runs/{quote(run_id, safe='')}"


def log_url(dag_id: str, run_id: str, task_id: str, *, map_index: int = -1) -> str:
    """Return where the log of a task, or of one of its mapped instances, is shown."""
    task = f"{run_url(dag_id, run_id)}/tasks/{task_id}"
    return f"{task}/mapped/{map_index}" if map_index >= 0 else task
