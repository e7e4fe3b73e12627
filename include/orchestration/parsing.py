"""Which parts of a DAG file a process needs.

Every task parses its DAG file again before it runs, and only ever looks at itself. Rendering the
dbt project takes longer than most tables take to load. The tasks of its models run in no worker, so
that whoever is about to run a task needs none of them.
"""

from __future__ import annotations

from airflow.sdk import get_parsing_context

STAGING = "staging"
DBT_GROUPS = (STAGING, "intermediate", "marts")
# The task that runs dbt, and the one that speaks for all views of the group `staging`.
BUILD = "build"
VIEWS = "views"


def are_models_rendered() -> bool:
    """Whether the tasks of dbt's models are wanted: always, unless a task is about to run."""
    return get_parsing_context().task_id is None
