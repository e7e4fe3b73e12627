"""What the dbt project keeps beside the rules of `dbt-bouncer.yml`, read from its manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from include.errors import TerminalError
from include.settings import DBT_PROJECT
from include.transform import dbt
from include.transform.manifest import bake_manifest
from include.transform.naming import staged_tables
from include.transform.staging import generated_files
from tests.nowhere import NOWHERE

Node = Mapping[str, Any]


@pytest.fixture(scope="module")
def manifest(baked_project: Path) -> Mapping[str, Any]:
    text = (baked_project / "manifest.json").read_text(encoding="utf-8")
    content: Mapping[str, Any] = json.loads(text)
    return content


def test_the_generated_models_are_current_and_byte_stable() -> None:
    files = generated_files()
    assert generated_files() == files
    stale = [
        str(path)
        for path, content in files.items()
        if (DBT_PROJECT / path).read_text(encoding="utf-8") != content
    ]
    assert not stale, "run `python -m include.transform.staging` and review the diff"
    folder = DBT_PROJECT / "models" / "staging" / "open_dental"
    written = {path.relative_to(DBT_PROJECT) for path in folder.glob("*.sql")}
    assert written == {
        path
        for path in files
        if path.parent == folder.relative_to(DBT_PROJECT) and path.suffix == ".sql"
    }


def test_a_manifest_that_cannot_be_baked_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "project"
    broken.mkdir()
    (broken / "dbt_project.yml").write_text("name: [")
    (tmp_path / "manifest.json").write_text("the old one")
    monkeypatch.setattr(dbt, "DBT_PROJECT", broken)
    with pytest.raises(TerminalError, match="does not compile; the manifest is as it was"):
        bake_manifest(tmp_path, NOWHERE)
    assert (tmp_path / "manifest.json").read_text() == "the old one"
    assert {path.name for path in tmp_path.iterdir()} == {"project", "manifest.json"}


def test_every_source_has_the_gate_and_every_test_is_an_error(manifest: Node) -> None:
    gates = {
        parent
        for node in _nodes(manifest, "test")
        if (node.get("test_metadata") or {}).get("name") == "is_publishable"
        for parent in node["depends_on"]["nodes"]
    }
    assert gates == set(manifest["sources"])
    for node in _nodes(manifest, "test"):
        assert node["config"]["severity"].lower() == "error", node["name"]
        assert node["config"]["where"] is None, node["name"]
        assert node["config"]["enabled"], node["name"]


def test_the_rows_of_a_model_have_one_test_and_readers_wait_for_what_is_its_own(
    manifest: Node,
) -> None:
    for model, tests in _row_tests(manifest).items():
        node = manifest["nodes"][model]
        names = [f"{test['test_metadata']['name']}_{node['name']}" for test in tests]
        assert [test["name"] for test in tests] == names, "a failure names the model"
        is_read = any(child.startswith("model.") for child in manifest["child_map"][model])
        if node["schema"] == "staging" or not is_read:
            assert len(tests) == 1, model
            continue
        # dbt lets a reader wait for a test if it reads all that the test does.
        apart = [test for test in tests if test["depends_on"]["nodes"] != [model]]
        assert len(tests) - len(apart) == 1, model
        for test in apart:
            assert test["test_metadata"]["kwargs"].keys() <= {"model", "references", "codes"}, model


def test_a_reference_names_the_key_of_what_it_refers_to(manifest: Node) -> None:
    # Where two rows could match, every count of the test would be too high.
    keys = {f"{table.model}.{table.key}" for table in staged_tables()}
    targets = set()
    for model, tests in _row_tests(manifest).items():
        for test in tests:
            rules = test["test_metadata"]["kwargs"]
            if "key" in rules:
                keys.add(f"{manifest['nodes'][model]['name']}.{rules['key']}")
            targets.update(rules.get("references", {}).values())
    assert targets
    assert targets <= keys


def test_every_model_lists_its_columns(manifest: Node) -> None:
    for node in _nodes(manifest, "model"):
        assert node["columns"], node["name"]


def test_a_model_above_staging_is_in_the_group_of_its_folder(manifest: Node) -> None:
    for node in _nodes(manifest, "model"):
        layer, system = Path(node["original_file_path"]).parts[1:-1]
        assert layer == "staging" or node["group"] == system, node["name"]


def test_only_dimensions_and_the_list_of_prescriptions_hold_health_information(
    manifest: Node,
) -> None:
    marts = [node for node in _nodes(manifest, "model") if node["schema"] == "marts"]
    assert len(marts) >= 7
    for node in marts:
        protected = {
            name for name, column in node["columns"].items() if column["config"]["meta"].get("phi")
        }
        may_hold = node["name"].startswith("dim_") or node["name"] == "od_prescriptions"
        assert not protected or may_hold, node["name"]


def test_no_constraint_of_the_database_can_put_a_row_into_a_log(manifest: Node) -> None:
    # PostgreSQL repeats the failing row in the message of a violated constraint, and dbt logs it.
    for node in _nodes(manifest, "model"):
        assert not node["constraints"], node["name"]
        assert not any(column["constraints"] for column in node["columns"].values()), node["name"]


def _row_tests(manifest: Node) -> dict[str, list[Node]]:
    """Return the tests of rules by the model that they are attached to."""
    found: dict[str, list[Node]] = {}
    for node in _nodes(manifest, "test"):
        if (node.get("test_metadata") or {}).get("name") in ("rows_are_right", "rules_hold"):
            found.setdefault(node["attached_node"], []).append(node)
    return found


def _nodes(manifest: Node, kind: str) -> Iterator[Node]:
    return (node for node in manifest["nodes"].values() if node["resource_type"] == kind)
