"""What a run says of each model, by what dbt did; on the manifest of the project itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.transform.dbt import NodeResult
from include.transform.lineage import Lineage, read_lineage
from include.transform.manifest import MANIFEST
from include.transform.outcomes import ModelOutcome, ModelState, outcomes
from include.transform.staleness import Decision, Reason

MODEL = "model.open_dental."
PATIENTS = MODEL + "dim_patients"
LEDGER = MODEL + "int_ledger_entries_unioned"
AGING = MODEL + "od_aging"


@pytest.fixture(scope="module")
def lineage(baked_project: Path) -> Lineage:
    return read_lineage(baked_project / MANIFEST)


def after(
    lineage: Lineage,
    statuses: dict[str, str],
    *,
    stale: tuple[str, ...] = (),
    waiting: dict[str, frozenset[str]] | None = None,
) -> dict[str, ModelOutcome]:
    """Return what is not unchanged after a build with these stale and waiting nodes."""
    decision = Decision(dict.fromkeys(stale, Reason.INPUT), waiting or {}, frozenset(), {})
    results = [NodeResult(node, status, "two\n  rows") for node, status in statuses.items()]
    found = outcomes(lineage, decision, results)
    return {
        node: outcome
        for node, outcome in found.items()
        if outcome.state is not ModelState.UNCHANGED
    }


def attached_tests(lineage: Lineage, model: str) -> list[str]:
    return [
        node
        for node in lineage.nodes
        if node.startswith("test.") and lineage.subjects_of(node) == (model,)
    ]


def test_where_dbt_was_not_started_every_model_is_unchanged(lineage: Lineage) -> None:
    assert after(lineage, {}) == {}


def test_a_model_that_was_built_and_tested_says_why_it_was_stale(lineage: Lineage) -> None:
    statuses = {PATIENTS: "success"} | dict.fromkeys(attached_tests(lineage, PATIENTS), "pass")
    assert after(lineage, statuses, stale=(PATIENTS,)) == {
        PATIENTS: ModelOutcome(ModelState.BUILT, "rows of what it reads have moved")
    }


@pytest.mark.parametrize(
    ("status", "word"), [("success", "built"), (None, "unchanged")], ids=["built", "unchanged"]
)
def test_a_model_whose_own_test_failed_has_failed_although_it_holds_its_rows(
    lineage: Lineage, status: str | None, word: str
) -> None:
    [failed] = attached_tests(lineage, PATIENTS)
    statuses = {failed: "fail"}
    if status:
        statuses[PATIENTS] = status
    assert after(lineage, statuses)[PATIENTS] == ModelOutcome(
        ModelState.FAILED, f"{word}, but the test rows_are_right_dim_patients failed: two: rows"
    )


def test_a_model_behind_a_broken_one_names_it_and_one_beside_it_is_right(lineage: Lineage) -> None:
    statuses = {LEDGER: "error", AGING: "skipped", PATIENTS: "success"}
    found = after(lineage, statuses, stale=(LEDGER, AGING, PATIENTS))
    assert {node: outcome.state for node, outcome in found.items()} == {
        LEDGER: ModelState.FAILED,
        AGING: ModelState.FAILED,
        PATIENTS: ModelState.BUILT,
    }
    assert found[LEDGER].why == "its own SQL failed; it keeps its rows"
    assert found[AGING].why == (
        "not built, it keeps its rows: int_ledger_entries_unioned could not be built"
    )


def test_a_model_that_waits_names_the_table_and_is_no_failure(lineage: Lineage) -> None:
    waiting = {AGING: frozenset({"adjustment"})}
    assert after(lineage, {}, stale=(AGING,), waiting=waiting) == {
        AGING: ModelOutcome(
            ModelState.WAITING, "it reads adjustment, which may not be read, and keeps its rows"
        )
    }


def test_a_model_that_dbt_did_not_reach_says_so(lineage: Lineage) -> None:
    assert after(lineage, {PATIENTS: "success"}, stale=(PATIENTS, AGING))[AGING] == ModelOutcome(
        ModelState.FAILED, "the build ended before it reached this model"
    )
