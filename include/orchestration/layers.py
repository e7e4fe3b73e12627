"""The dbt project as task groups: staging, then intermediate and marts by business system.

Each layer is one `dbt build` that also runs the `is_publishable` tests of every source that the
layer reads, however far down: a blocked table stops its readers in every layer, and only them.
Cosmos renders the models from the baked manifest; a model's task says what the build did with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup, TriggerRule
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos import settings as cosmos_settings
from cosmos.constants import (
    DbtResourceType,
    ExecutionMode,
    InvocationMode,
    LoadMode,
    TestBehavior,
)
from cosmos.operators.local import DbtBuildLocalOperator

from include.errors import ConfigError
from include.orchestration.connections import warehouse_endpoint
from include.orchestration.outcome import ModelOutcome, push_outcomes
from include.orchestration.parsing import BUILD, STAGING
from include.orchestration.tiers import TRANSFORM_POOL
from include.settings import DBT_MANIFEST, DBT_PROFILE, DBT_PROJECT, DBT_TARGET

PROFILES = DBT_PROJECT / "profiles.yml"

# A build takes the whole pool: two builds of the same models would trip over each other.
BUILD_SLOTS = 2
BUILD_TIMEOUT = timedelta(hours=2)
OUTCOME_TIMEOUT = timedelta(minutes=5)
BUILD_FLAGS = (
    # A test is run by the layer that builds the last of the models that it looks at.
    *("--indirect-selection", "buildable"),
    # Unit tests prove the SQL, not the data; they run with the project's own tests.
    *("--exclude-resource-type", "unit_test"),
)
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
        """Yield profiles.yml and the variables that it reads, from Airflow's connection.

        Meanwhile the build of this process is ended when the warehouse stops answering.
        """
        from include.transform.dbt import environment
        from include.warehouse.session import login_arguments
        from include.warehouse.watch import psycopg2_watched

        warehouse = warehouse_endpoint()
        with psycopg2_watched(login_arguments(warehouse)):
            yield PROFILES, environment(warehouse)


def render(group_ids: Sequence[str]) -> list[TaskGroup]:
    """Return these layers, less those without models, in the order in which they are built."""
    if not DBT_MANIFEST.exists():
        raise ConfigError(
            "does not exist, so Airflow cannot show the dbt project. Nothing was run. Write it "
            "with `./dental transform --bake`.",
            where="include/dbt/target/manifest.json",
        )
    layers = []
    for group_id in group_ids:
        folder = f"models/{group_id}"
        if group_id == STAGING:
            layers.append(_staging_layer(group_id, folder))
        elif any((DBT_PROJECT / folder).rglob("*.sql")):
            layers.append(_model_layer(group_id, folder))
    return layers


def _staging_layer(group_id: str, folder: str) -> TaskGroup:
    """Return a group of one task: the code lists and all views, which hold no rows of their own."""
    with TaskGroup(group_id, tooltip="One view per source table, and the code lists") as group:
        # The sources are described in the same folder, so that their tests come along.
        _build(group, [f"path:{folder}", "resource_type:seed"], TriggerRule.ALL_SUCCESS)
    return group


def _model_layer(group_id: str, folder: str) -> TaskGroup:
    """Return a group with one build and a task per model, in a group per business system."""
    systems: dict[str, TaskGroup] = {}

    def outcome(*, node: Any, task_group: TaskGroup, **_: Any) -> BaseOperator:
        system = Path(node.original_file_path).parent.name
        if system not in systems:
            systems[system] = TaskGroup(system, parent_group=task_group)
        return ModelOutcome(
            task_id=node.name,
            task_group=systems[system],
            model_unique_id=node.unique_id,
            build_task_id=f"{group_id}.{BUILD}",
            doc_md=node.resource_name,
            pool=TRANSFORM_POOL,
            retries=0,
            execution_timeout=OUTCOME_TIMEOUT,
            trigger_rule=AFTER_A_LAYER,
        )

    group: TaskGroup = DbtTaskGroup(
        group_id,
        project_config=ProjectConfig(
            dbt_project_path=DBT_PROJECT, manifest_path=DBT_MANIFEST, install_dbt_deps=False
        ),
        profile_config=_profile(),
        execution_config=ExecutionConfig(execution_mode=ExecutionMode.LOCAL),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=[f"path:{folder}"],
            test_behavior=TestBehavior.NONE,
            node_converters={DbtResourceType.MODEL: outcome},
            emit_datasets=False,
        ),
    )
    models = [task for task in group.iter_tasks() if isinstance(task, ModelOutcome)]
    # The tests of everything below are asked again: a gate that closed, or a test that failed in
    # an earlier layer, stops the models of this one that read what it speaks about.
    selected = [f"path:{folder}", f"+path:{folder},resource_type:test"]
    build = _build(group, selected, AFTER_A_LAYER)
    for model in models:
        build >> model
    return group


def _build(group: TaskGroup, select: Sequence[str], trigger_rule: TriggerRule) -> BaseOperator:
    build: BaseOperator = DbtBuildLocalOperator(
        task_id=BUILD,
        task_group=group,
        project_dir=str(DBT_PROJECT),
        profile_config=_profile(),
        select=list(select),
        dbt_cmd_flags=list(BUILD_FLAGS),
        invocation_mode=InvocationMode.DBT_RUNNER,
        install_deps=False,
        emit_datasets=False,
        should_store_compiled_sql=False,
        # The layers share what dbt has parsed, so that only a changed project is parsed again.
        cache_dir=cosmos_settings.cache_dir / DBT_PROFILE,
        callback=push_outcomes,
        pool=TRANSFORM_POOL,
        pool_slots=BUILD_SLOTS,
        execution_timeout=BUILD_TIMEOUT,
        trigger_rule=trigger_rule,
    )
    return build


def _profile() -> WarehouseProfile:
    return WarehouseProfile(
        profile_name=DBT_PROFILE, target_name=DBT_TARGET, profiles_yml_filepath=PROFILES
    )
