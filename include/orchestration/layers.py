"""The dbt project as task groups: staging, then intermediate and marts by business system.

Cosmos renders the models from the baked manifest. None of these tasks runs dbt: one task before
them builds what is stale, and each says what that did with its model (`include.orchestration.
outcome`). They all hang on the build alone, so that a model that is unchanged hides none behind it.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup, TriggerRule
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import DbtResourceType, ExecutionMode, LoadMode, TestBehavior

from include.errors import ConfigError
from include.orchestration.outcome import ModelOutcome
from include.orchestration.parsing import DBT_GROUPS, STAGING, VIEWS
from include.orchestration.tiers import TRANSFORM_POOL
from include.settings import DBT_PROFILE, DBT_PROJECT, DBT_SHOWN, DBT_TARGET

OUTCOME_TIMEOUT = timedelta(minutes=5)
# Also when the build has failed, and not when the run skips it.
TASK_ARGUMENTS: dict[str, Any] = {
    "pool": TRANSFORM_POOL,
    "retries": 0,
    "execution_timeout": OUTCOME_TIMEOUT,
    "trigger_rule": TriggerRule.NONE_SKIPPED,
}


def render() -> list[TaskGroup]:
    """Return the groups, less those without models."""
    if not DBT_SHOWN.exists():
        raise ConfigError(
            "does not exist, so Airflow cannot show the dbt project. Nothing was run. Write it "
            "with `./dental transform --bake`.",
            where=str(DBT_SHOWN),
        )
    groups = []
    for group_id in DBT_GROUPS:
        if group_id == STAGING:
            groups.append(_views())
        elif any((DBT_PROJECT / "models" / group_id).rglob("*.sql")):
            groups.append(_models(group_id))
    return groups


def _views() -> TaskGroup:
    """Return a group of one task: hundreds of views that hold no rows would hide the rest."""
    with TaskGroup(STAGING, tooltip="One view per source table, and the code lists") as group:
        ModelOutcome(task_id=VIEWS, task_group=group, subject=STAGING, **TASK_ARGUMENTS)
    return group


def _models(group_id: str) -> TaskGroup:
    """Return a group with a task per model, in a group per business system."""
    systems: dict[str, TaskGroup] = {}

    def outcome(*, node: Any, task_group: TaskGroup, **_: Any) -> BaseOperator:
        system = Path(node.original_file_path).parent.name
        if system not in systems:
            systems[system] = TaskGroup(system, parent_group=task_group)
        return ModelOutcome(
            task_id=node.name,
            task_group=systems[system],
            subject=node.unique_id,
            doc_md=node.resource_name,
            **TASK_ARGUMENTS,
        )

    group: TaskGroup = DbtTaskGroup(
        group_id,
        project_config=ProjectConfig(
            dbt_project_path=DBT_PROJECT, manifest_path=DBT_SHOWN, install_dbt_deps=False
        ),
        profile_config=ProfileConfig(
            profile_name=DBT_PROFILE,
            target_name=DBT_TARGET,
            profiles_yml_filepath=DBT_PROJECT / "profiles.yml",
        ),
        execution_config=ExecutionConfig(execution_mode=ExecutionMode.LOCAL),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=[f"path:models/{group_id}"],
            test_behavior=TestBehavior.NONE,
            node_converters={DbtResourceType.MODEL: outcome},
            emit_datasets=False,
        ),
    )
    for task in group.iter_tasks():
        task.upstream_task_ids.clear()
        task.downstream_task_ids.clear()
    return group
