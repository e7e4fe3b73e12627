"""Addresses in Airflow's web UI."""

from __future__ import annotations

from urllib.parse import quote

from airflow.sdk.configuration import conf


def web_url() -> str:
    """Return where people reach the web UI, as `[api] base_url` says."""
    return str(conf.get("api", "base_url", fallback="http://localhost:8080")).rstrip("/")


def log_url(dag_id: str, run_id: str, task_id: str, *, map_index: int = -1) -> str:
    """Return where the log of a task, or of one of its mapped instances, is shown."""
    task = f"{web_url()}/dags/{dag_id}/runs/{quote(run_id)}/tasks/{task_id}"
    return f"{task}/mapped/{map_index}" if map_index >= 0 else task
