"""What a build by hand leaves in `ops.mart_state`, on a small project with two marts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.endpoints import Endpoint
from include.errors import ConfigError
from include.transform.build import BuildOutcome, build, report_lines
from tests.transform.small_build import Small, small_project

RAW = {"visit": "visitnum int, patnum int", "patient": "patnum int"}
PROJECT = """
name: small
version: "1.0"
profile: open_dental
models:
  small:
    +pre-hook: "{{ record_model_input() }}"
    marts:
      +schema: marts
      +materialized: table
      +post-hook: "{{ record_built_mart() }}"
"""
BROKEN = "{% if var('broken', '') == this.name %}, no_such_column {% endif %}"
FILES = {
    "dbt_project.yml": PROJECT,
    "models/sources.yml": (
        "version: 2\nsources:\n  - name: practice\n    schema: raw\n    tables:\n"
        "      - {name: visit, data_tests: [is_publishable]}\n"
        "      - {name: patient, data_tests: [is_publishable]}\n"
    ),
    "models/stg_visits.sql": "{{ config(materialized='view', schema='staging') }} "
    "select visitnum, patnum from {{ source('practice', 'visit') }}",
    "models/stg_patients.sql": "{{ config(materialized='view', schema='staging') }} "
    "select patnum from {{ source('practice', 'patient') }}",
    "models/int_visits.sql": "{{ config(materialized='table', schema='intermediate') }} "
    f"select v.visitnum {BROKEN} from {{{{ ref('stg_visits') }}}} v "
    "join {{ ref('stg_patients') }} using (patnum)",
    "models/marts/fct_visits.sql": f"select visitnum {BROKEN} from {{{{ ref('int_visits') }}}}",
    "models/marts/dim_patients.sql": f"select patnum {BROKEN} from {{{{ ref('stg_patients') }}}}",
}
STATES = "select mart, state, blocked_by from ops.mart_state order by mart"
BUILDS = "select mart, batch_id, built_at, run_id from ops.mart_state order by mart"
BUILT: list[tuple[str, str, list[str]]] = [
    ("dim_patients", "built", []),
    ("fct_visits", "built", []),
]


def build_by_hand(small: Small, *select: str, broken: str = "") -> BuildOutcome:
    """Build as `./dental transform --select` does, with at most one model whose SQL fails."""
    return build(
        small.warehouse, select=select, variables={"broken": broken}, target_path=small.target
    )


@pytest.fixture(scope="module")
def first_build(
    postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Small, BuildOutcome]]:
    with small_project(postgres, tmp_path_factory.mktemp("states"), FILES, RAW) as small:
        yield small, build_by_hand(small)


@pytest.fixture
def small(first_build: tuple[Small, BuildOutcome]) -> Small:
    one, _ = first_build
    one.open()
    one.execute("update ops.mart_state set state = 'built', blocked_by = '{}', run_id = 7")
    return one


def test_a_mart_that_was_built_says_so(
    first_build: tuple[Small, BuildOutcome], small: Small
) -> None:
    _, outcome = first_build
    assert outcome.is_right, outcome.run and outcome.run.output
    assert outcome.kept == ()
    assert small.ask(STATES) == BUILT


def test_a_mart_above_a_closed_table_is_blocked_by_it_and_keeps_its_build(small: Small) -> None:
    before = small.ask(BUILDS)
    small.close("visit")
    outcome = build_by_hand(small)
    assert outcome.closed == {"visit": "quality 0.5"}
    assert [(one.name, one.state, one.blocked_by) for one in outcome.kept] == [
        ("fct_visits", "blocked", ("visit",))
    ]
    assert small.ask(STATES) == [BUILT[0], ("fct_visits", "blocked", ["visit"])]
    after = small.ask(BUILDS)
    assert after[1] == before[1], "its batch, its time and its run stay"
    assert after[0][2] > before[0][2]
    assert outcome.broken == ()


def test_a_mart_whose_sql_fails_has_failed(small: Small) -> None:
    outcome = build_by_hand(small, broken="dim_patients")
    assert [result.name for result in outcome.broken] == ["dim_patients"]
    assert small.ask(STATES) == [("dim_patients", "failed", []), BUILT[1]]
    said = "mart dim_patients is failed and keeps the rows of its last build: see the failures"
    assert said in report_lines(outcome)


def test_a_mart_above_a_model_that_failed_has_failed_while_every_table_is_open(
    small: Small,
) -> None:
    outcome = build_by_hand(small, broken="int_visits")
    assert [(one.name, one.state, one.blocked_by) for one in outcome.kept] == [
        ("fct_visits", "failed", ())
    ]
    assert small.ask(STATES) == [BUILT[0], ("fct_visits", "failed", [])]


def test_a_mart_that_the_build_was_not_asked_for_keeps_its_state(small: Small) -> None:
    small.execute(
        "update ops.mart_state set state = 'blocked', blocked_by = '{visit}'"
        " where mart = 'fct_visits'"
    )
    small.close("patient")
    # Nobody keeps what dbt writes, as on the command line.
    outcome = build(small.warehouse, select=("dim_patients",))
    assert [one.name for one in outcome.kept] == ["dim_patients"]
    assert small.ask(STATES) == [
        ("dim_patients", "blocked", ["patient"]),
        ("fct_visits", "blocked", ["visit"]),
    ]


def test_a_selection_that_matches_nothing_is_refused(small: Small) -> None:
    with pytest.raises(ConfigError, match="matches dim_patient; nothing was built"):
        build_by_hand(small, "dim_patient")
    assert small.ask(STATES) == BUILT
