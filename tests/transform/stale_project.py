"""A small dbt project with every kind of node that can be stale, and which of them reads what."""

from __future__ import annotations

from pathlib import Path

RAW = {
    "visit": "visitnum int, patnum int, fee text",
    "patient": "patnum int",
    "preference": "prefname text, valuestring text",
}
SOURCES = """
version: 2
sources:
  - name: practice
    schema: raw
    tables:
      - {name: visit, data_tests: &gate [is_publishable]}
      - {name: patient, data_tests: *gate}
      - {name: preference, data_tests: *gate}
models:
  - name: int_preferences_pivoted
    columns: [{name: fee_mode}, {name: day_limit}]
  - name: stg_patients
    columns:
      - {name: patnum, data_tests: [{unique: {name: patients_are_unique}}]}
  - name: fct_visits
    columns:
      - {name: visitnum, data_tests: [{not_null: {name: visits_have_numbers}}]}
"""
PROJECT = """
name: small
version: "1.0"
profile: open_dental
seeds:
  small: {+schema: staging, +pre-hook: "{{ record_model_input() }}"}
models:
  small:
    +pre-hook: "{{ record_model_input() }}"
    +materialized: table
    staging: {+schema: staging, +materialized: view}
    intermediate:
      +schema: intermediate
      int_visits_kept: {+schema: snapshots}
    marts:
      +schema: marts
      +post-hook: "{{ record_built_mart() }}"
"""
FILES = {
    "dbt_project.yml": PROJECT,
    "seeds/code_list.csv": "code,label\n1,one\n",
    "models/all.yml": SOURCES,
    "models/staging/stg_visits.sql": (
        "select visitnum, patnum, fee from {{ source('practice', 'visit') }}"
    ),
    "models/staging/stg_patients.sql": "select patnum from {{ source('practice', 'patient') }}",
    "models/intermediate/int_preferences_pivoted.sql": (
        "{{ config(materialized='view') }} select "
        "max(valuestring) filter (where prefname = 'FeeMode') as fee_mode, "
        "max(valuestring) filter (where prefname = 'DayLimit') as day_limit "
        "from {{ source('practice', 'preference') }}"
    ),
    "models/intermediate/int_visits.sql": (
        "select v.visitnum, v.patnum from {{ ref('stg_visits') }} v "
        "join {{ ref('stg_patients') }} using (patnum)"
    ),
    "models/marts/fct_visits.sql": (
        "select v.visitnum, c.label from {{ ref('int_visits') }} v "
        "left join {{ ref('code_list') }} c on c.code = v.visitnum"
    ),
    "models/marts/dim_patients.sql": "select patnum from {{ ref('stg_patients') }}",
    "models/marts/mart_fees.sql": (
        "select count(*) as patients, max(s.fee_mode) as fee_mode from {{ ref('stg_patients') }} "
        "cross join (select fee_mode from {{ ref('int_preferences_pivoted') }}) s"
    ),
    "models/marts/mart_days.sql": (
        "select patnum, {{ office_today() }} as seen_on from {{ ref('stg_patients') }}"
    ),
    "models/intermediate/int_days_listed.sql": (
        "select {{ office_today() }} as day union all "
        "select as_of_on from ops.snapshot_day where as_of_on < {{ office_today() }}"
    ),
    "models/intermediate/int_visits_by_day.sql": (
        "select day, visitnum from {{ ref('stg_visits') }} cross join {{ ref('int_days_listed') }}"
    ),
    "models/intermediate/int_visits_kept.sql": "select * from {{ ref('int_visits_by_day') }}",
    "models/marts/od_visits.sql": (
        "{{ config(materialized='view') }} select * from {{ ref('int_visits_kept') }}"
    ),
    # Reads the snapshots of today.
    "models/marts/mart_today.sql": (
        "select v.visitnum from {{ ref('od_visits') }} v join {{ ref('int_visits_by_day') }} d "
        "using (visitnum) where v.day = {{ office_today() }}"
    ),
    # A mart that is a view shows what is below it.
    "models/marts/mart_visits.sql": (
        "{{ config(materialized='view') }} select visitnum from {{ ref('int_visits') }}"
    ),
    "models/marts/mart_kept.sql": (
        "{{ config(materialized='incremental', unique_key='visitnum') }} "
        "select visitnum, 'first' as made_by from {{ ref('stg_visits') }}"
        "{% if is_incremental() %} where visitnum > 100 {% endif %}"
    ),
    "tests/as_many_visits.sql": (
        "select 1 from {{ ref('fct_visits') }} having count(*) <> "
        "(select count(*) from {{ ref('stg_visits') }})"
    ),
}
MODELS = {Path(name).stem for name in FILES if name.startswith(("models/", "seeds/"))} - {"all"}
KEPT = {"int_visits_by_day", "int_visits_kept"}
MAKE_VISITS = {"int_visits", "fct_visits", "mart_kept", "mart_today"} | KEPT
SHOW_VISITS = {"mart_visits", "od_visits"}
READ_VISITS = MAKE_VISITS | SHOW_VISITS
READ_PATIENTS = {"int_visits", "fct_visits", "mart_visits"} | {
    "dim_patients",
    "mart_fees",
    "mart_days",
}
TESTS = {"patients_are_unique", "visits_have_numbers", "as_many_visits"}
