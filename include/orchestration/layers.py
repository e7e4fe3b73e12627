"""The dbt project as task groups: staging, then intermediate by business system, then marts.

Each layer is one `dbt build` that also runs the `is_publishable` tests of every source that the
layer reads, however far down: a blocked table stops its readers in every layer, and only them.
Cosmos renders the models from the baked manifest; a model's task says what the build did with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup, TriggerRule
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import (
    PRODUCER_WATCHER_TASK_ID,
    DbtResourceType,
    ExecutionMode,
    InvocationMode,
    LoadMode,
)
from cosmos.operators.local import DbtBuildLocalOperator

from include.errors import ConfigError
from include.orchestration.connections import warehouse_endpoint
from include.orchestration.outcome import ModelOutcome
from include.orchestration.parsing import DBT_GROUPS
from include.orchestration.tiers import TRANSFORM_POOL
from include.settings import DBT_PROJECT

MANIFEST = DBT_PROJECT / "target" / "manifest.json"
PROFILE = "open_dental"
TARGET = "warehouse"

# A build takes the whole pool: two builds of the same models would trip over each other.
BUILD_SLOTS = 4
BUILD_TIMEOUT = timedelta(hours=2)
OUTCOME_TIMEOUT = timedelta(minutes=5)
# Unit tests prove the SQL, not the data; they run with the project's own tests.
BUILD_FLAGS = ["--exclude-resource-type", "unit_test"]

BUILD = {
    # A retried build would be fine, but Cosmos's retry of it is not: nothing of dbt is retried.
    "retries": 0,
    "pool": TRANSFORM_POOL,
    "pool_slots": BUILD_SLOTS,
    "execution_timeout": BUILD_TIMEOUT,
    "install_deps": False,
    "dbt_cmd_flags": BUILD_FLAGS,
}
# Runs when the layer before was built in part, and not when the run skips the transformation.
AFTER_A_LAYER = TriggerRule.NONE_SKIPPED


class WarehouseProfile(ProfileConfig):  # type: ignore[misc]
    """The project's own profile; its variables are filled in when a build starts."""

    @contextmanager
    def ensure_profile(
        self,
        desired_profile_path: Path | None = None,  # noqa: ARG002
        use_mock_values: bool = False,  # noqa: ARG002
    ) -> Iterator[tuple[Path, dict[str, str]]]:
        """Yield profiles.yml and the variables that it reads, from Airflow's connection."""
        from include.transform.dbt import environment

        yield DBT_PROJECT / "profiles.yml", environment(warehouse_endpoint())


def render() -> list[TaskGroup]:
    """Return the layers that the project has, in the order in which they are built."""
    staging, *model_groups = DBT_GROUPS
    layers = [_staging_layer(staging)]
    for group_id in model_groups:
        folder = f"models/{group_id}"
        if any((DBT_PROJECT / folder).rglob("*.sql")):
            layers.append(_model_layer(group_id, folder))
    return layers


def _staging_layer(group_id: str) -> TaskGroup:
    """Return a group of one task: seeds and all staging views, which hold no rows of their own."""
    profile = _profile()
    with TaskGroup(group_id, tooltip="One view per source table, and the code lists") as group:
        DbtBuildLocalOperator(
            task_id="build",
            project_dir=str(DBT_PROJECT),
            profile_config=profile,
            # The sources are described in the same folder, so that their tests come along.
            select=["path:models/staging", "resource_type:seed"],
            invocation_mode=InvocationMode.DBT_RUNNER,
            emit_datasets=False,
            **BUILD,
        )
    return group


def _model_layer(group_id: str, folder: str) -> TaskGroup:
    """Return a group with one build and a task per model, in a group of its own per subfolder."""
    _require_manifest()
    systems: dict[str, TaskGroup] = {}

    def outcome(*, node: Any, task_group: TaskGroup, task_id: str, **_: Any) -> BaseOperator:
        parts = Path(node.original_file_path).parent.relative_to(folder).parts
        parent = task_group
        if parts:
            if parts[0] not in systems:
                systems[parts[0]] = TaskGroup(parts[0], parent_group=task_group)
            parent = systems[parts[0]]
        return ModelOutcome(
            task_id=node.name,
            task_group=parent,
            model_unique_id=node.unique_id,
            doc_md=f"{task_id}: what the layer's build did with `{node.unique_id}`.",
            pool=TRANSFORM_POOL,
            retries=0,
            execution_timeout=OUTCOME_TIMEOUT,
            trigger_rule=AFTER_A_LAYER,
        )

    group: TaskGroup = DbtTaskGroup(
        group_id,
        project_config=ProjectConfig(
            dbt_project_path=DBT_PROJECT, manifest_path=MANIFEST, install_dbt_deps=False
        ),
        profile_config=_profile(),
        execution_config=ExecutionConfig(execution_mode=ExecutionMode.WATCHER),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=[f"path:{folder}"],
            node_converters={DbtResourceType.MODEL: outcome},
            emit_datasets=False,
        ),
        operator_args={**BUILD, "trigger_rule": AFTER_A_LAYER},
    )
    build: Any = group.get_child_by_label(PRODUCER_WATCHER_TASK_ID)
    build.select = [f"path:{folder}", f"+path:{folder},resource_type:source"]
    for task in group.iter_tasks():
        if isinstance(task, ModelOutcome):
            build >> task
    return group


def _profile() -> WarehouseProfile:
    return WarehouseProfile(
        profile_name=PROFILE,
        target_name=TARGET,
        profiles_yml_filepath=DBT_PROJECT / "profiles.yml",
    )


def _require_manifest() -> None:
    if not MANIFEST.exists():
        raise ConfigError(
            "does not exist, so Airflow cannot show the dbt project. Nothing was run. Write it "
            "with `./dental transform --manifest`.",
            where="include/dbt/target/manifest.json",
        )
