"""What reads what, on the manifest of the project itself and on small ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from include.errors import ConfigError
from include.transform.lineage import Lineage, read_lineage

MODEL = "model.open_dental."
SOURCE = "source.open_dental.open_dental."


@pytest.fixture(scope="module")
def lineage(baked_project: Path) -> Lineage:
    return read_lineage(baked_project / "manifest.json")


@pytest.fixture(scope="module")
def manifest(baked_project: Path) -> Mapping[str, Any]:
    text = (baked_project / "manifest.json").read_text(encoding="utf-8")
    content: Mapping[str, Any] = json.loads(text)
    return content


def test_a_mart_reads_the_raw_tables_of_all_models_below_it(lineage: Lineage) -> None:
    marts = lineage.marts()
    assert marts["od_procedure_fees"] == {"fee", "feesched", "procedurecode"}
    assert "adjustment" in marts["od_aging"], "through the ledger"
    above = lineage.ancestors_of(MODEL + "od_aging")
    assert {MODEL + "int_ledger_entries_unioned", SOURCE + "adjustment"} <= above
    assert MODEL + "od_aging" not in above
    assert lineage.ancestors_of(MODEL + "unknown") == frozenset()


def test_a_table_of_snapshots_follows_no_row_and_waits_for_no_tombstone(lineage: Lineage) -> None:
    kept = [model for model in lineage.models().values() if model["schema"] == "snapshots"]
    assert {model["config"]["materialized"] for model in kept} == {"incremental"}
    waiting = frozenset[str]().union(*lineage.incremental_readers().values())
    assert not waiting & {model["name"] for model in kept}


def test_a_table_that_only_staging_reads_is_not_read_beyond_it(
    lineage: Lineage, manifest: Mapping[str, Any]
) -> None:
    expected = set()
    for unique_id, source in manifest["sources"].items():
        for staged in manifest["child_map"][unique_id]:
            if any(child.startswith("model.") for child in manifest["child_map"].get(staged, ())):
                expected.add(source["identifier"])
    assert lineage.tables_read_beyond_staging() == expected
    assert {"patient", "procedurelog"} <= expected
    assert len(expected) < len(manifest["sources"]) / 3


def test_every_source_has_a_gate_that_speaks_about_it_alone(
    lineage: Lineage, manifest: Mapping[str, Any]
) -> None:
    assert sorted(lineage.gates.values()) == sorted(
        source["identifier"] for source in manifest["sources"].values()
    )
    for test, table in lineage.gates.items():
        assert lineage.subjects_of(test) == (SOURCE + table,)


def test_models_come_after_all_that_they_read(lineage: Lineage) -> None:
    seen: set[str] = set()
    for unique_id in lineage.models():
        models = {above for above in lineage.ancestors_of(unique_id) if above.startswith("model.")}
        assert models <= seen, unique_id
        seen.add(unique_id)


def test_a_test_on_two_models_speaks_about_the_one_that_it_is_attached_to() -> None:
    lineage = Lineage(
        {
            "nodes": {
                "test.p.references": {"resource_type": "test", "attached_node": "model.p.a"},
                "test.p.sums_agree": {"resource_type": "test"},
            },
            "sources": {},
            "parent_map": {
                "test.p.references": ["model.p.a", "model.p.b"],
                "test.p.sums_agree": ["model.p.a", "model.p.b"],
            },
        }
    )
    assert lineage.subjects_of("test.p.references") == ("model.p.a",)
    assert lineage.subjects_of("test.p.sums_agree") == ("model.p.a", "model.p.b")
    assert lineage.subjects_of("test.p.unknown") == ()


@pytest.mark.parametrize("content", ["", "{}", "[]"])
def test_a_file_that_is_no_manifest_says_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match="transform --bake"):
        read_lineage(path)
