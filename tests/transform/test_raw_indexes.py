"""Which indexes of raw the dbt project can use, read from its compiled models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, LiteralString

import pytest

from include.catalog.model import IndexConfig
from include.endpoints import Endpoint
from include.transform.raw_indexes import (
    RAW_INDEXES,
    derive_indexes,
    dump_indexes,
    read_indexes,
)
from include.warehouse.session import WarehouseConnection, connect
from tests.transform.raw_copy import create_raw

VISITS = "select visitnum as visit_id, nullif(patnum, 0) as patient_id, upper(kind) as kind, day, "
VISITS += "case when born >= date '1880-01-01' then born end as born_on, fee::numeric as fee, "
VISITS += "_batch_id from raw.visit where _deleted_at is null"
PATIENTS = "select patnum as patient_id, guarantor as family_id from raw.patient"
# Through this one a constant is pushed down, and a join is not.
FENCED = "with source as (select * from raw.log) select lognum as log_id, nullif(patnum, 0) as "
FENCED += "patient_id from source"

# The n-th value of a column that does not hold whole numbers, by its type in the source.
OTHER_VALUES = {
    "date": "date '2000-01-01' + g",
    "datetime": "timestamp '2000-01-01' + g * interval '1 day'",
    "timestamp": "timestamptz '2000-01-01' + g * interval '1 day'",
    **dict.fromkeys(("char", "varchar", "text"), "g::text"),
}


def _columns(sql: str, **models: tuple[str, str]) -> set[str]:
    """Return what is indexed for one model above staging, as table.column or table.expression."""
    listed = {
        "stg_visits": ("view", VISITS),
        "stg_patients": ("view", PATIENTS),
        "stg_logs": ("view", FENCED),
        **models,
        "mart": ("table", sql),
    }
    manifest: dict[str, Any] = {
        "sources": {
            name: {"schema": "raw", "identifier": name} for name in ("visit", "patient", "log")
        },
        "nodes": {
            name: {
                "resource_type": "model",
                "name": name,
                "alias": name,
                "schema": "dbt",
                "config": {"materialized": kind},
                "compiled_code": text,
            }
            for name, (kind, text) in listed.items()
        },
        "parent_map": {
            name: [n for n in listed if n != name and f"dbt.{n}" in text]
            for name, (_, text) in listed.items()
        },
    }
    found = derive_indexes(manifest)
    assert dump_indexes(derive_indexes(manifest)) == dump_indexes(found)
    return {
        f"{table}.{index.expression or index.columns[0]}"
        for table, indexes in found.items()
        for index in indexes
    }


BY_PATIENT = 'visit.NULLIF("patnum", 0)'


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "select * from dbt.stg_visits v join dbt.stg_patients p on v.patient_id = p.patient_id",
            {BY_PATIENT, "patient.patnum"},
        ),
        (
            "with v as (select patient_id as p from dbt.stg_visits), "
            "w as (select * from v) select * from w left join dbt.stg_patients using (patient_id) "
            "where w.p between 1 and 5 and day > '2024-01-01'",
            {BY_PATIENT, "patient.patnum"},
        ),
        (
            "select * from dbt.stg_visits where kind = 'A' and born_on < date '1990-01-01'",
            {
                'visit.UPPER("kind")',
                'visit.CASE WHEN "born" >= CAST(\'1880-01-01\' AS DATE) THEN "born" END',
            },
        ),
        ("select * from dbt.stg_visits where _batch_id > 5", {"visit._batch_id"}),
        (
            "select * from dbt.stg_patients p where exists (select 1 from dbt.stg_visits v "
            "where v.patient_id = p.patient_id) and family_id in (select visit_id from "
            "dbt.stg_visits)",
            {BY_PATIENT, "patient.patnum", "patient.guarantor", "visit.visitnum"},
        ),
        (
            "select * from dbt.stg_patients p where not exists (select 1 from dbt.stg_visits v "
            "where v.patient_id = p.patient_id)",
            {BY_PATIENT},
        ),
        (
            "select * from dbt.stg_visits v left join dbt.stg_patients p "
            "on v.patient_id = p.patient_id and v.day > '2024-01-01' and p.family_id > 3",
            {"patient.patnum", "patient.guarantor"},
        ),
        (
            "select * from dbt.stg_logs l join dbt.stg_visits v on l.log_id = v.visit_id "
            "where l.patient_id = 5",
            {"visit.visitnum", 'log.NULLIF("patnum", 0)'},
        ),
        (
            "select * from (select visit_id as id from dbt.stg_visits union all "
            "select patient_id from dbt.stg_patients) as both_ where id = 3",
            {"visit.visitnum", "patient.patnum"},
        ),
    ],
)
def test_joins_and_filters_are_followed_through_views_and_renames(
    sql: str, expected: set[str]
) -> None:
    assert _columns(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "select * from dbt.stg_visits where fee > 5",
        "select * from dbt.stg_visits where visit_id + 1 = 5 or visit_id = 2",
        "select * from dbt.stg_visits where visit_id is not null and patient_id is null",
        "select * from dbt.stg_visits where visit_id <> 3 and patient_id not in (1, 2)",
        "select * from (select visit_id from dbt.stg_visits group by visit_id) g where visit_id=1",
        "select * from (select visit_id from dbt.stg_visits limit 3) g where visit_id = 1",
        "select * from (select visit_id, row_number() over () from dbt.stg_visits) g "
        "where visit_id = 1",
        "with v as (select * from dbt.stg_visits) select * from v as a cross join v as b "
        "where a.visit_id = 1",
        "select * from dbt.kept where visit_id = 1",
        "select * from dbt.stg_visits v full join dbt.stg_patients p on v.patient_id=p.patient_id",
        "select * from dbt.stg_logs l join dbt.kept k on l.log_id = k.visit_id",
        "select visit_id from dbt.stg_visits union select 1",
        "select * from generate_series(1, 3) as n (visit_id) where visit_id = 1",
        "select * from nowhere.known where visit_id = 1",
    ],
)
def test_what_hides_a_column_from_an_index_asks_for_none(sql: str) -> None:
    assert _columns(sql, kept=("incremental", "select * from dbt.stg_visits")) == set()


def test_a_model_that_cannot_be_read_is_named_and_the_others_are_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sql = "select * from dbt.stg_visits where visit_id = 1"
    assert _columns(sql, broken=("table", "select ((")) == {"visit.visitnum"}
    assert "model broken: cannot be read" in caplog.text


def test_postgresql_can_use_every_index_that_the_project_asks_for(
    baked_project: Path, warehouse: Endpoint
) -> None:
    manifest = json.loads((baked_project / "manifest.json").read_text(encoding="utf-8"))
    indexes = read_indexes(baked_project / RAW_INDEXES)
    assert indexes is not None
    assert IndexConfig(("chargetype",)) in indexes["payplancharge"]
    assert IndexConfig(("patnum",)) in indexes["patient"]
    with connect(warehouse) as connection:
        queries = dict(_build_models(connection, manifest))
        for setting in ("seqscan", "hashjoin", "mergejoin", "bitmapscan", "sort", "material"):
            connection.execute(f"set enable_{setting} = off".encode())
        for table, listed in indexes.items():
            # One table has rows, so that reaching into it by an index is what costs least.
            _fill(connection, table, listed)
            for index in listed:
                parts = f"({index.expression})" if index.expression else index.columns[0]
                connection.execute(f'create index alone on raw."{table}" ({parts})'.encode())
                is_used = any("alone" in _indexes_used(connection, q) for q in queries.values())
                assert is_used, f"{table}: {parts} costs every load and helps no model"
                connection.execute(b"drop index raw.alone")
            connection.execute(f'truncate raw."{table}"'.encode())


def _build_models(
    connection: WarehouseConnection, manifest: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Create every model over empty raw tables; yield names and queries."""
    from include.open_dental.schema import tables
    from include.transform.naming import entities

    for name in entities():
        create_raw(connection, tables()[name])
    connection.execute(
        "create table staging.open_dental_codes (code_list text, code text, label text)"
    )
    done: set[str] = set()
    models = {k: n for k, n in manifest["nodes"].items() if n["resource_type"] == "model"}
    while len(done) < len(models):
        for unique_id, node in models.items():
            waits = [p for p in node["depends_on"]["nodes"] if p in models and p not in done]
            if unique_id in done or waits:
                continue
            query = node["compiled_code"].replace('"nowhere".', "")
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(
                f'create {kind} {node["schema"]}."{node["alias"]}" as {query}'.encode()
            )
            done.add(unique_id)
            yield node["name"], query


def _fill(connection: WarehouseConnection, table: str, listed: tuple[IndexConfig, ...]) -> None:
    from include.open_dental.schema import tables

    types = {column.name.lower(): column.data_type for column in tables()[table].columns}
    columns = sorted({index.columns[0] for index in listed})
    values = [OTHER_VALUES.get(types.get(column, ""), "g") for column in columns]
    connection.execute(
        f'insert into raw."{table}" ({", ".join(columns)}) '
        f"select {', '.join(values)} from generate_series(1, 5000) as g".encode()
    )
    connection.execute(f'analyze raw."{table}"'.encode())


def _indexes_used(connection: WarehouseConnection, query: str) -> set[str]:
    explain: LiteralString = "explain (format json) "
    row = connection.execute(explain.encode() + query.encode()).fetchone()
    assert row is not None
    used = set()
    waiting = [row[0][0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.get("Plans", ()))
        if "Index Cond" in node:
            used.add(node["Index Name"])
    return used
