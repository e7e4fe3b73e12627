"""Tests of a model that restates accounts look at all rows where those not yet seen do not do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from include.ops.node_states import NodeState
from include.transform.dbt import NodeResult
from include.transform.lineage import Lineage, read_lineage
from include.transform.looks import looked_at_whole, row_tests, seen_by_all_tests
from include.transform.staleness import Decision, Reason, Seen

LEDGER = "model.open_dental.int_ledger_entries_unioned"
SERVICE_DATES = "model.open_dental.int_service_date_entries_unioned"
FACTS = "model.open_dental.fct_procedures"
PATIENTS = "model.open_dental.dim_patients"
STATE = NodeState("sql", "settings", "inputs", None)
NOTHING_SEEN = Seen(frozenset(), {}, {}, {}, {}, {}, None, (), None)


@pytest.fixture(scope="module")
def lineage(baked_project: Path) -> Lineage:
    return read_lineage(baked_project / "manifest.json")


@dataclass(frozen=True, slots=True)
class Night:
    """What a build of the facts decides, and by what their tests have passed before."""

    stale: Mapping[str, Reason]
    held: NodeState | None = STATE
    is_whole: bool = True


NIGHTS = {
    "rows moved": Night({FACTS: Reason.INPUT, PATIENTS: Reason.INPUT}, is_whole=False),
    "what the test asks is another": Night(
        {FACTS: Reason.INPUT}, replace(STATE, sql_digest="another")
    ),
    "a setting that the test reads is another": Night(
        {FACTS: Reason.INPUT}, replace(STATE, settings_digest="another")
    ),
    "other inputs moved": Night(
        {FACTS: Reason.INPUT}, replace(STATE, inputs_digest="another"), is_whole=False
    ),
    "the test has not passed": Night({FACTS: Reason.INPUT}, None),
    "what the rows refer to is made by other SQL": Night(
        {FACTS: Reason.INPUT, PATIENTS: Reason.SQL}
    ),
    "the model is not built": Night({PATIENTS: Reason.INPUT}),
}


@pytest.mark.parametrize("name", NIGHTS)
def test_all_rows_are_looked_at_where_some_are_not_enough(lineage: Lineage, name: str) -> None:
    night, tests = NIGHTS[name], row_tests(lineage)[FACTS]
    decision = Decision(night.stale, {}, tests, dict.fromkeys(tests, STATE))
    held = dict.fromkeys(tests, night.held) if night.held else {}
    seen = replace(NOTHING_SEEN, states=held)
    expected = {"fct_procedures"} if night.is_whole else set()
    assert looked_at_whole(lineage, decision, seen) == expected


def test_a_model_was_seen_when_all_that_look_at_it_passed_with_all_that_they_ask(
    lineage: Lineage,
) -> None:
    tests = row_tests(lineage)
    assert "test.open_dental.integrity_ledger_conserves" in tests[LEDGER]
    shown = {lineage.nodes[test]["name"] for test in tests[SERVICE_DATES]}
    assert shown >= {"rows_are_right_od_service_dates", "integrity_service_dates_conserve"}

    decision = Decision({}, {}, tests[LEDGER], {})
    results = [NodeResult(test, "pass", "", False) for test in sorted(tests[LEDGER])]
    assert seen_by_all_tests(lineage, decision, results) == {"int_ledger_entries_unioned"}
    for status in ("warn", "fail", "error", "skipped"):
        others = [replace(results[0], status=status), *results[1:]]
        assert seen_by_all_tests(lineage, decision, others) == set()
    assert seen_by_all_tests(lineage, decision, results[1:]) == set()
    (parent, *_) = lineage.parents_of(results[0].unique_id)
    waits = replace(decision, waiting={parent: frozenset({"patient"})})
    assert seen_by_all_tests(lineage, waits, results) == set()
