"""Which parts of a DAG file a process needs.

Every task parses its DAG file again before it runs, and only ever looks at itself. Rendering the
dbt project takes longer than most tables take to load, so a task renders its own layer at most.
"""

from __future__ import annotations

from airflow.sdk import get_parsing_context

STAGING = "staging"
DBT_GROUPS = (STAGING, "intermediate", "marts")
BUILD = "build"  # the task of each group that runs dbt


def rendered_dbt_groups() -> tuple[str, ...]:
    """Return the layers to render: all of them, unless a task is about to run."""
    task_id = get_parsing_context().task_id
    if task_id is None:
        return DBT_GROUPS
    group = task_id.partition(".")[0]
    return (group,) if group in DBT_GROUPS else ()
