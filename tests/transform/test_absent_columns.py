"""A practice whose release of Open Dental lacks tables and columns of the one that we know."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.open_dental.schema import tables
from include.ops.absent_columns import absent_columns, replace_absent_columns
from include.ops.table_states import publishable_tables
from include.settings import DBT_PROJECT
from include.transform.dbt import run_dbt
from include.transform.naming import staged_tables
from include.transform.raw_columns import staged_columns
from include.warehouse.session import WarehouseConnection, connect
from tests.ops.gates import OPEN_GATES
from tests.transform.raw_copy import create_raw
from tests.transform.view_project import SmallProject, create_small_project

STAGING = DBT_PROJECT / "models" / "staging" / "open_dental"
FILES = {
    "staging/sources.yml": """
version: 2
sources:
  - name: open_dental
    schema: raw
    tables: [{name: clinic}, {name: discountplan}]
""",
    "marts/fct_texting.sql": "select clinic_id, sms_contract_at from"
    " {{ ref('stg_open_dental__clinics') }}",
    "marts/fct_clinics.sql": "select clinic_id, sms_contract_at, description from"
    " {{ ref('stg_open_dental__clinics') }}",
    "marts/fct_plans.sql": "select discount_plan_id from"
    " {{ ref('stg_open_dental__discount_plans') }}",
    "marts/fct_no_plans.sql": "select count(*) from {{ ref('stg_open_dental__discount_plans') }}",
    "marts/marts.yml": """
version: 2
models:
  - {name: fct_texting, config: {meta: {needs: [clinic.Abbr, clinic.SmsContractDate]}}}
  - {name: fct_plans, config: {meta: {needs: [discountplan]}}}
""",
}
COLUMNS = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'staging'::regnamespace and a.attnum > 0 and c.relkind = 'v'
    order by c.relname, a.attnum
"""
IDENTITIES = """
    select relname, oid::int from pg_class
    where relnamespace = 'staging'::regnamespace and relkind = 'v'
"""


@pytest.fixture
def project(warehouse: Endpoint, tmp_path: Path) -> SmallProject:
    """Clinics without the day of their contract, with one clinic, and no discount plans."""
    project = create_small_project(tmp_path, warehouse)
    project.write(FILES)
    for model in ("clinics", "discount_plans"):
        name = f"stg_open_dental__{model}.sql"
        project.write({f"staging/{name}": (STAGING / name).read_text(encoding="utf-8")})
    with connect(warehouse) as connection:
        create_raw(connection, tables()["clinic"])
        connection.execute("insert into raw.clinic (clinicnum, description) values (1, 'x')")
        connection.execute("alter table raw.clinic drop column smscontractdate")
        note(connection, "discountplan")
    return project


def note(connection: WarehouseConnection, *missing: str) -> None:
    """Record what is lacking, as a plan does."""
    replace_absent_columns(
        connection,
        {table: staged_columns()[table] for table in ("clinic", "discountplan")},
        missing_tables=missing,
    )


def test_only_marts_that_need_what_is_lacking_stop_until_it_comes(project: SmallProject) -> None:
    assert {result.name for result in project.run().failed} == {"fct_texting", "fct_plans"}
    assert (
        "the practice's release of Open Dental lacks clinic.SmsContractDate, without which"
        " fct_texting would be wrong; it keeps the rows of its last build."
    ) in " ".join(project.said["fct_texting"].split())
    assert "lacks discountplan, without which fct_plans" in " ".join(
        project.said["fct_plans"].split()
    )
    assert project.ask("table marts.fct_clinics") == [(1, None, "x")]
    assert project.ask("table marts.fct_no_plans") == [(0,)]

    with connect(project.warehouse) as connection:
        connection.execute("alter table raw.clinic add column smscontractdate timestamp")
        connection.execute("update raw.clinic set smscontractdate = '2024-02-29 10:00'")
        create_raw(connection, tables()["discountplan"])
        connection.execute("insert into raw.discountplan (discountplannum) values (7)")
        note(connection)
    assert project.run().return_code == 0, project.said
    assert project.ask("select clinic_id, sms_contract_at::text from marts.fct_texting") == [
        (1, "2024-02-29 10:00:00")
    ]
    assert project.ask("table marts.fct_plans") == [(7,)]


def test_what_is_lacking_is_listed_with_the_time_since_when(project: SmallProject) -> None:
    with connect(project.warehouse) as connection:
        assert absent_columns(connection) == {
            "clinic": {"smscontractdate"},
            "discountplan": {"*"},
        }
        connection.execute("update ops.absent_column set since = '2020-01-01'")
        connection.execute("alter table raw.clinic drop column abbr")
        # The source has dropped it; raw keeps it, empty.
        connection.execute(
            "comment on column raw.clinic.city is 'retired: the source no longer has this column'"
        )
        note(connection, "discountplan")
        since: dict[str, bool] = dict(
            connection.execute(
                "select column_name, since = '2020-01-01' from ops.absent_column"
            ).fetchall()
        )
        assert since == {"*": True, "smscontractdate": True, "abbr": False, "city": False}


def test_a_table_that_the_release_lacks_is_open_and_one_that_was_not_loaded_is_not(
    project: SmallProject,
) -> None:
    with connect(project.warehouse) as connection:
        assert publishable_tables(connection) == {"discountplan"}
        # The source hides it, or overrides.yml excludes it.
        note(connection)
        assert publishable_tables(connection) == frozenset()
        # Its rows are known: the source lost it.
        connection.execute("insert into ops.table_state (table_name) values ('discountplan')")
        note(connection, "discountplan")
        assert absent_columns(connection) == {"clinic": {"smscontractdate"}}
        assert publishable_tables(connection) == frozenset()


@pytest.fixture
def lagging(warehouse: Endpoint) -> tuple[Endpoint, dict[str, set[str]]]:
    """All tables, less a third of them and a third of the columns of the others."""
    chance = random.Random(24)  # noqa: S311 - nothing is secret
    taken: dict[str, set[str]] = {}
    with connect(warehouse) as connection:
        for table in staged_tables():
            if chance.random() < 1 / 3:
                continue
            facts = tables()[table.source]
            create_raw(connection, facts)
            others = [name for name in staged_columns()[table.source] if name != facts.key.lower()]
            taken[table.source] = {name for name in others if chance.random() < 1 / 3}
            for name in taken[table.source]:
                connection.execute(f'alter table raw.{facts.name} drop column "{name}"'.encode())
        connection.execute(OPEN_GATES)
    return warehouse, taken


def test_every_view_shows_what_a_release_lacks_as_nulls_of_the_type_that_it_will_have(
    lagging: tuple[Endpoint, dict[str, set[str]]], tmp_path: Path
) -> None:
    warehouse, taken = lagging
    command = ("run", "--select", "path:models/staging")
    first = run_dbt(command, warehouse, target_path=tmp_path)
    assert first.return_code == 0, first.output
    with connect(warehouse) as connection:
        lagging_columns = connection.execute(COLUMNS).fetchall()
        identities: dict[str, int] = dict(connection.execute(IDENTITIES).fetchall())
        assert set(identities) == {table.model for table in staged_tables()}
        for table in staged_tables():
            facts = tables()[table.source]
            if table.source not in taken:
                create_raw(connection, facts)
                continue
            for name in sorted(taken[table.source]):
                kind = staged_columns()[table.source][name]
                connection.execute(
                    f'alter table raw.{facts.name} add column "{name}" {kind}'.encode()
                )
    second = run_dbt(command, warehouse, target_path=tmp_path)
    assert second.return_code == 0, second.output
    with connect(warehouse) as connection:
        # Had a null another type than the column, the view could not be replaced in place.
        assert dict(connection.execute(IDENTITIES).fetchall()) == identities
        assert connection.execute(COLUMNS).fetchall() == lagging_columns
