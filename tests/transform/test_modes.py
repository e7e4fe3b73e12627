"""Marts that hold a report several times, once in each mode, are never added up over their modes.

A mart names the columns of its modes in `meta: {modes: [...]}`. Whatever reads it filters on each,
or keeps it in what it selects or groups by.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp, parse_one

from include.transform.worked_queries import name_relations

# What the reports can be asked for, one choice at a time.
MODES = {"report_name", "writeoff_mode_code", "date_basis", "match_kind", "basis", "presentation"}
READERS = {"model", "analysis"}


@pytest.fixture(scope="module")
def manifest(baked_project: Path) -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads((baked_project / "manifest.json").read_text())
    return content


def test_a_mart_with_modes_says_so(manifest: Mapping[str, Any]) -> None:
    marts = [n for n in manifest["nodes"].values() if n["schema"] == "marts"]
    declared = {n["name"]: set(n["config"]["meta"].get("modes", ())) for n in marts}
    assert declared == {n["name"]: MODES & set(n["columns"]) for n in marts}
    assert {"report_name", "writeoff_mode_code"} == declared["od_production_income"]


def test_whatever_reads_a_mart_with_modes_chooses_one_or_keeps_them_apart(
    manifest: Mapping[str, Any],
) -> None:
    checked = set()
    for reader, read in _readers_of_modes(manifest):
        checked.add(reader["name"])
        assert _mixed_modes(_sql(reader), read["config"]["meta"]["modes"]) == set(), (
            f"{reader['name']} adds up rows of {read['name']}"
        )
    assert {"mart_production_income", "od_production_goals", "od_writeoffs"} <= checked


@pytest.mark.parametrize(
    ("where", "mixed"),
    [
        ("report_name = 'daily' and writeoff_mode_code = 1", set()),
        ("report_name = 'daily' and is_default_writeoff_mode", set()),
        ("report_name = 'daily' -- of one writeoff_mode_code", {"writeoff_mode_code"}),
        ("amount > 0", {"report_name", "writeoff_mode_code"}),
    ],
)
def test_a_sum_over_several_modes_is_found(where: str, mixed: set[str]) -> None:
    sql = f"with rows as (select * from mart) select sum(amount) from rows where {where}"
    assert _mixed_modes(sql, ["report_name", "writeoff_mode_code"]) == mixed


def test_a_count_of_modes_keeps_none_apart() -> None:
    assert _mixed_modes("select count(distinct basis) from mart", ["basis"]) == {"basis"}
    assert _mixed_modes("select basis, count(*) from mart group by basis", ["basis"]) == set()


def _readers_of_modes(
    manifest: Mapping[str, Any],
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield each query that reads a model with modes, with that model."""
    nodes = manifest["nodes"]
    for reader in nodes.values():
        if reader["resource_type"] in READERS:
            for parent in reader["depends_on"]["nodes"]:
                if parent in nodes and nodes[parent]["config"].get("meta", {}).get("modes"):
                    yield reader, nodes[parent]


def _sql(node: Mapping[str, Any]) -> str:
    """Return a model as it was compiled, or an analysis, which baking does not compile."""
    return str(node.get("compiled_code") or name_relations(node["raw_code"]))


def _mixed_modes(sql: str, modes: list[str]) -> set[str]:
    """Return the modes that a query neither compares nor keeps."""
    seen = {
        column.name
        for column in parse_one(sql, dialect="postgres").find_all(exp.Column)
        if column.find_ancestor(exp.AggFunc) is None
    }
    return {mode for mode in modes if not {mode, f"is_default_{mode.removesuffix('_code')}"} & seen}
