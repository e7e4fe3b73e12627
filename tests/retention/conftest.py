"""A practice, its warehouse, and a small dbt project that is built incrementally on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.settings import DBT_PROJECT
from include.transform import dbt
from include.transform.dbt import run_dbt
from tests.nowhere import NOWHERE
from tests.planning.practice import Practice
from tests.retention.kept import Kept

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
