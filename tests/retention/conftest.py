"""A practice, its warehouse, and a small dbt project that is built incrementally on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.retention import TablePurge, purge
from include.settings import DBT_PROJECT
from include.transform import dbt
from include.transform.dbt import DbtRun, run_dbt
from include.warehouse.session import connect
from tests.planning.practice import Practice

PROJECT = """
name: small
version: "1.0"
profile: open_dental
models:
  small:
    +pre-hook: "{{ record_model_input() }}"
"""
MODELS = {
    "sources.yml": (
        "version: 2\nsources:\n  - name: practice\n    schema: raw\n"
        "    tables: [{name: visit}, {name: patient}]\n"
    ),
    "stg_visits.sql": "{{ config(materialized='view', schema='staging') }} "
    "select visitnum, visitdate, _batch_id, _deleted_at from {{ source('practice', 'visit') }}",
    # Follows the loads: what was deleted in raw since the last build is deleted here.
    "visits_kept.sql": "{{ config(materialized='incremental', schema='marts', "
    "unique_key='visitnum', incremental_strategy='delete+insert') }} "
    "select visitnum, visitdate, _batch_id, _deleted_at is not null as is_deleted "
    "{% if var('is_broken', false) %}, 1 / 0 as broken {% endif %}"
    "from {{ ref('stg_visits') }} "
    "{% if is_incremental() %} where _batch_id > (select max(_batch_id) from {{ this }}) "
    "{% endif %}",
    "visits_by_day.sql": "{{ config(materialized='incremental', schema='marts') }} "
    "select v.visitdate, count(*) as visits from {{ ref('visits_kept') }} v "
    "join {{ source('practice', 'patient') }} p on p.patnum = 1 group by v.visitdate",
    "all_visits.sql": "{{ config(materialized='table', schema='marts') }} "
    "select * from {{ ref('stg_visits') }}",
}


NOWHERE = Endpoint("postgres", "127.0.0.1", 1, "nobody", "unused", "nowhere")


@dataclass(frozen=True)
class Kept:
    """The practice, and the small dbt project, parsed."""

    practice: Practice
    project: Path

    @property
    def manifest(self) -> Path:
        """The manifest of the project."""
        return self.project / "target" / "manifest.json"

    def dbt(self, *arguments: str) -> DbtRun:
        """Run dbt on the small project."""
        return run_dbt(arguments, self.practice.warehouse, target_path=self.project / "target")

    def catch_up(self, *models: str) -> None:
        """Record what the pre-hook records when these models are built on the loads of now."""
        with connect(self.practice.warehouse) as connection:
            connection.execute(
                "insert into ops.model_input (model, table_name, batch_id) "
                "select model, table_name, batch_id from ops.table_state "
                "cross join unnest(%s::text[]) as m (model) on conflict (model, table_name) "
                "do update set batch_id = excluded.batch_id",
                (list(models),),
            )

    def delete(self, condition: str, *, days_ago: int) -> None:
        """Delete visits in the practice and replicate that, as of some days ago."""
        self.practice.execute(f"delete from Visit where {condition}")
        self.practice.refresh()
        with connect(self.practice.warehouse) as connection:
            connection.execute(
                "update raw.visit set _deleted_at = now() - make_interval(days => %s) "
                "where _deleted_at > now() - interval '1 hour'",
                (days_ago,),
            )

    def purge(self, manifest: Path | None = None) -> tuple[TablePurge, ...]:
        """Purge as the task of a refresh does."""
        ((run_id,),) = self.practice.ask("select max(run_id) from ops.run")
        return purge(self.practice.warehouse, run_id=run_id, manifest=manifest or self.manifest)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small project with the macros of the real one."""
    directory = tmp_path_factory.mktemp("project")
    (directory / "models").mkdir()
    shutil.copy(DBT_PROJECT / "profiles.yml", directory)
    shutil.copytree(DBT_PROJECT / "macros", directory / "macros")
    (directory / "dbt_project.yml").write_text(PROJECT)
    for name, text in MODELS.items():
        (directory / "models" / name).write_text(text)
    (directory / "target").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "DBT_PROJECT", directory)
        done = run_dbt(("parse",), NOWHERE, target_path=directory / "target")
        assert done.return_code == 0, done.output
        yield directory


@pytest.fixture
def kept(source: Endpoint, warehouse: Endpoint, tmp_path: Path, project: Path) -> Kept:
    """Five hundred visits, loaded; no model was ever built."""
    practice = Practice(source, warehouse, tmp_path)
    practice.execute(
        "create table Patient (PatNum bigint primary key)",
        "create table Visit (VisitNum int primary key, PatNum bigint, VisitDate date)",
        "insert into Patient values (1), (2)",
        "insert into Visit select seq, 1, '2024-02-01' from seq_1_to_500",
    )
    practice.discover()
    practice.refresh()
    return Kept(practice, project)
