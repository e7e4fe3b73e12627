"""The rules of a model's rows: one query, and what it tells of those that are broken."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from include.endpoints import Endpoint
from include.errors import TerminalError
from include.transform.build import BuildOutcome, report_lines
from include.transform.outcomes import ModelState
from include.warehouse.session import connect
from tests.nowhere import NOWHERE
from tests.transform.small_build import Small, in_state, small_project

TEST = "rows_are_right_fct_visits"
APART = "visits_have_patients"
SECRET = "Zebrafish"
RULES = """
version: 2
sources:
  - name: practice
    schema: raw
    tables:
      - {name: visit, data_tests: &gate [is_publishable]}
      - {name: patient, data_tests: *gate}
models:
  - name: stg_visits
    data_tests: [{rules_hold: {name: visits_are_dated, arguments: {not_null: [visited_on]}}}]
  - name: fct_visits
    data_tests:
      - rows_are_right:
          name: rows_are_right_fct_visits
          arguments:
            key: visit_id
            not_null: [status]
            references: {patient_id: dim_patients.patient_id}
            codes: {status: VisitStatus}
            identities:
              nothing_is_overpaid: >-
                paid <= fee or
                note = 'it''s free'
      - rules_hold:
          name: visits_have_patients
          arguments:
            references: {patient_id: dim_patients.patient_id}
"""
FILES = {
    "dbt_project.yml": (
        "name: small\nversion: '1.0'\nprofile: open_dental\n"
        "seeds: {small: {+schema: staging, +pre-hook: '{{ record_model_input() }}'}}\n"
        "models: {small: {+pre-hook: '{{ record_model_input() }}', +schema: marts}}\n"
    ),
    "models/all.yml": RULES,
    "models/stg_visits.sql": "select * from {{ source('practice', 'visit') }}",
    "models/dim_patients.sql": "{{ config(materialized='table') }}\n"
    "select patnum as patient_id from {{ source('practice', 'patient') }}",
    "models/fct_visits.sql": "{{ config(materialized='table') }}\n"
    "select visitnum as visit_id, patnum as patient_id, status, fee, paid, note\n"
    "from {{ ref('stg_visits') }}",
    # dbt reads the empty code of the second line as null.
    "seeds/open_dental_codes.csv": (
        "code_list,code,label,flags\nVisitStatus,A,Came,\nVisitStatus,,None,\nPatientStatus,P,Is,\n"
    ),
}
RAW = {
    "visit": "visitnum int, patnum int, status text, fee int, paid int, note text, visited_on date",
    "patient": "patnum int",
}
FREE = "nothing_is_overpaid (paid <= fee or note = 'it''s free') is not true"
UNKNOWN = "patient_id names no row of dim_patients"
# What happens to the 100 visits of the mart, and what is told; true of an error.
BREACHES: dict[str, tuple[str, list[tuple[str, bool]]]] = {
    "nothing": ("note = null", []),
    "a key without a value": (
        "visit_id = null where visit_id <= 2",
        [("visit_id, the key, has no value in 2 of 100 rows", True)],
    ),
    "rows with the same key": (
        "visit_id = 5 where visit_id in (6, 7)",
        [("visit_id, the key, is that of another row in 3 of 100 rows", True)],
    ),
    "no value": (
        "status = null where visit_id = 9",
        [("status has no value in 1 of 100 rows", True)],
    ),
    "a code of another list": (
        "status = case visit_id when 1 then 'P' when 2 then 'a' end where visit_id < 4",
        [
            ("status has no value in 1 of 100 rows", True),
            ("status holds no code of VisitStatus in 2 of 99 rows", True),
        ],
    ),
    "a condition that is false, or null": (
        "paid = nullif(visit_id, 1) + 100 where visit_id < 4",
        [(f"{FREE} in 3 of 100 rows", True)],
    ),
    "an exception that the condition names": (
        "paid = 200, note = 'it''s free' where visit_id < 4",
        [],
    ),
    "two references that dangle": ("patient_id = 99 where visit_id <= 2", []),
    "three references that dangle": (
        "patient_id = 99 where visit_id <= 3",
        [(f"{UNKNOWN} in 3 of 100 rows", False)],
    ),
    "half of the references that are there": (
        "patient_id = case when visit_id <= 10 then 99 end where visit_id <= 90",
        [(f"{UNKNOWN} in 10 of 20 rows", False)],
    ),
    "most of the references that are there": (
        "patient_id = case when visit_id <= 10 then 99 end where visit_id <= 91",
        [(f"{UNKNOWN} in 10 of 19 rows", True)],
    ),
}


@pytest.fixture(scope="module")
def small(postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    with small_project(postgres, tmp_path_factory.mktemp("row_rules"), FILES, RAW) as one:
        one.execute(
            "insert into raw.patient select generate_series(1, 10)",
            "insert into raw.visit select n, 1 + n % 10, case when n % 2 = 0 then 'A' else '' end,"
            " n, n, 'a note', '2026-01-01' from generate_series(1, 100) as n",
        )
        one.bake()
        yield one


@pytest.fixture(scope="module")
def first(small: Small) -> BuildOutcome:
    return small.build()


@pytest.mark.parametrize("breach", BREACHES)
def test_a_rule_that_is_broken_is_told_with_its_columns_and_the_number_of_rows(
    small: Small, first: BuildOutcome, breach: str
) -> None:
    assert first.is_right, list(report_lines(first))
    change, told = BREACHES[breach]
    with connect(small.warehouse) as connection:
        connection.execute(f"update marts.fct_visits set {change}".encode())
        found = connection.execute(_query(small).encode()).fetchall()
        connection.rollback()
    assert [(row[0], row[2]) for row in sorted(found, key=lambda row: row[3])] == told


def test_a_test_of_rules_tells_them_wherever_it_is_named_and_never_a_value(
    small: Small, first: BuildOutcome, caplog: pytest.LogCaptureFixture
) -> None:
    assert first.is_right
    caplog.set_level(logging.INFO)
    small.execute(
        "insert into raw.visit select 100 + n, 99,"
        f" '{SECRET}', 1, 2, '{SECRET}', '2026-01-01' from generate_series(0, 4) as n"
    )
    small.move("visit")
    failed = small.build()
    told = (
        "visit_id, the key, is that of another row in 2 of 105 rows; "
        "status holds no code of VisitStatus in 5 of 105 rows; "
        f"{FREE} in 5 of 105 rows; {UNKNOWN} in 5 of 105 rows"
    )
    assert f"test {TEST} failed: {told}" in list(report_lines(failed))
    assert _why(failed, "fct_visits") == f"built, but the test {TEST} failed: {told}"
    assert f"{TEST}: {told}" in caplog.text
    assert failed.run is not None
    for text in (failed.run.output, caplog.text, repr(failed)):
        assert SECRET not in text
    small.execute(f"delete from raw.visit where note = '{SECRET}'")
    small.move("visit")
    assert small.build().is_right


def test_a_warning_is_told_as_well_and_a_broken_view_is_built_upon_by_nobody(
    small: Small, first: BuildOutcome
) -> None:
    assert first.is_right
    small.execute("update raw.visit set patnum = 99 where visitnum < 4")
    small.move("visit")
    warned = small.build()
    assert warned.is_right
    assert f"test {TEST} found: {UNKNOWN} in 3 of 100 rows" in list(report_lines(warned))
    small.execute("update raw.visit set visited_on = null where visitnum = 1")
    small.move("visit")
    stopped = small.build()
    assert _why(stopped, "fct_visits") == (
        "not built, it keeps its rows: the test visits_are_dated failed:"
        " visited_on has no value in 1 of 100 rows"
    )
    small.execute("update raw.visit set visited_on = '2026-01-01', patnum = 1 where visitnum < 4")
    small.move("visit")
    assert small.build().is_right


def test_references_into_a_model_that_waits_are_asked_when_it_need_not_wait_any_more(
    small: Small, first: BuildOutcome
) -> None:
    assert first.is_right
    small.execute(
        "insert into raw.patient select generate_series(11, 99)",
        "update raw.visit set patnum = 99 where visitnum < 60",
    )
    small.move("visit", "patient")
    small.close("patient")
    waiting = small.build()
    assert in_state(waiting, ModelState.WAITING) == {"dim_patients"}
    assert _asked(waiting) == dict.fromkeys([TEST, "visits_are_dated", APART], "pass")
    assert small.build().run is None, "it has passed as far as it could be asked"
    small.execute("delete from raw.patient where patnum > 10")
    small.open()
    opened = small.build()
    assert _asked(opened) == {TEST: "fail", APART: "fail"}
    assert f"test {TEST} failed: {UNKNOWN} in 59 of 100 rows" in list(report_lines(opened))


def test_rows_without_a_key_have_no_such_test(small: Small) -> None:
    small.write({"models/all.yml": RULES.replace("            key: visit_id\n", "")})
    with pytest.raises(TerminalError, match="names no key of the rows"):
        small.bake()
    small.write({"models/all.yml": RULES})


def _query(small: Small) -> str:
    """Return the compiled query of the test, for this warehouse."""
    nodes = json.loads(small.manifest.read_text(encoding="utf-8"))["nodes"]
    [code] = [node["compiled_code"] for node in nodes.values() if node["name"] == TEST]
    return str(code).replace(f'"{NOWHERE.database}".', "")


def _why(outcome: BuildOutcome, model: str) -> str:
    """Return what a build says of a model."""
    [why] = [one.why for node, one in outcome.models.items() if node.split(".")[2] == model]
    return why


def _asked(outcome: BuildOutcome) -> dict[str, str]:
    """Return how each test ended that a run has asked."""
    results = outcome.run.results if outcome.run else ()
    return {result.name: result.status for result in results if result.kind == "test"}
