"""What the task of a model says, by what dbt did; on the manifest of the project itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from include.orchestration.outcome import outcomes
from include.transform.lineage import Lineage

MODEL = "model.open_dental."


@pytest.fixture(scope="module")
def project(manifest: Path, airflow_home: Path) -> dict[str, Any]:
    assert airflow_home.exists()
    return dict(json.loads(manifest.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def lineage(project: dict[str, Any]) -> Lineage:
    return Lineage(project)


def attached_tests(project: dict[str, Any], model: str) -> list[str]:
    return [
        unique_id
        for unique_id, node in project["nodes"].items()
        if node["resource_type"] == "test" and node.get("attached_node") == MODEL + model
    ]


def test_a_model_that_was_built_and_tested_has_nothing_wrong(
    project: dict[str, Any], lineage: Lineage
) -> None:
    statuses = {MODEL + "dim_patients": "success"} | dict.fromkeys(
        attached_tests(project, "dim_patients"), "pass"
    )
    assert outcomes(statuses, lineage) == {MODEL + "dim_patients": ""}


def test_a_model_whose_own_test_failed_is_not_right_although_it_was_built(
    project: dict[str, Any], lineage: Lineage
) -> None:
    failed, *others = attached_tests(project, "dim_patients")
    statuses = {MODEL + "dim_patients": "success", failed: "fail"} | dict.fromkeys(others, "pass")
    verdict = outcomes(statuses, lineage)[MODEL + "dim_patients"]
    assert verdict == f"built, but the test {failed.split('.')[2]} failed"


def test_a_model_behind_a_broken_one_names_it_and_one_beside_it_is_right(
    lineage: Lineage,
) -> None:
    statuses = {
        MODEL + "int_ledger_entries_unioned": "error",
        MODEL + "od_aging": "skipped",
        MODEL + "dim_providers": "success",
    }
    assert outcomes(statuses, lineage) == {
        MODEL + "int_ledger_entries_unioned": "its own SQL failed; it keeps its rows",
        MODEL + "od_aging": "not built, it keeps its rows: int_ledger_entries_unioned could not be "
        "built",
        MODEL + "dim_providers": "",
    }


def test_a_model_behind_a_blocked_table_names_the_table(
    project: dict[str, Any], lineage: Lineage
) -> None:
    gate = next(
        unique_id
        for unique_id in project["nodes"]
        if unique_id.startswith("test.open_dental.source_is_publishable_open_dental_adjustment_")
    )
    statuses = {gate: "fail", MODEL + "od_aging": "skipped"}
    verdict = outcomes(statuses, lineage)[MODEL + "od_aging"]
    assert verdict == "not built, it keeps its rows: the table adjustment is blocked"
