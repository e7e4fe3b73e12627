"""Which parts of a DAG file a process needs."""

from __future__ import annotations

from airflow.sdk import get_parsing_context

DBT_GROUPS = ("staging", "intermediate", "marts")


def is_dbt_parsed() -> bool:
    """Say whether the dbt project has to be rendered.

    Every task parses its DAG file again before it runs. Rendering takes longer than most tables
    take to load, and a task outside of dbt's groups only looks at itself.
    """
    task_id = get_parsing_context().task_id
    return task_id is None or task_id.partition(".")[0] in DBT_GROUPS
