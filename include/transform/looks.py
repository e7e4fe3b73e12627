"""How much of a model that restates accounts its tests look at: all rows, or some accounts.

They look at all rows of a model after a full build, where anything that they ask has changed, and
once a week; else at those of the accounts that were computed since they passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from include.transform.dbt import NodeResult
from include.transform.lineage import Lineage
from include.transform.staleness import Decision, Reason, Seen

RESTATING = "restated_accounts"
_TESTS_OF_ROWS = ("rows_are_right", "rules_hold")
_PASSED = "pass"
# What was asked of the rows of before was another question then.
_CHANGED = {Reason.MISSING, Reason.UNKNOWN, Reason.SQL, Reason.SETTING, Reason.COLUMNS}


def row_tests(lineage: Lineage) -> Mapping[str, frozenset[str]]:
    """Return the tests that look at some accounts, by the unique id of the model they look at.

    A view names the model whose rows it shows (`meta: {shows: ...}`), and a test of several models
    the one that it looks at by account (`meta: {rows_of: ...}`).
    """
    restating = {
        str(model["name"]): unique_id
        for unique_id, model in lineage.models().items()
        if model["config"].get("incremental_strategy") == RESTATING
    }
    tests: dict[str, set[str]] = {unique_id: set() for unique_id in restating.values()}
    for unique_id, node in lineage.nodes.items():
        name = _meta(node).get("rows_of")
        if (node.get("test_metadata") or {}).get("name") in _TESTS_OF_ROWS:
            (subject,) = (lineage.nodes[one] for one in lineage.subjects_of(unique_id))
            name = _meta(subject).get("shows", subject["name"])
        if name in restating:
            tests[restating[name]].add(unique_id)
    return {model: frozenset(asking) for model, asking in tests.items() if asking}


def looked_at_whole(lineage: Lineage, decision: Decision, seen: Seen) -> frozenset[str]:
    """Return the models whose tests have to look at all rows now, by name; pure.

    They do where a test is due though its model is not built, where it asks something else than it
    did, and where it has not passed.
    """
    changed = {node for node, reason in decision.stale.items() if reason in _CHANGED}
    return frozenset(
        str(lineage.nodes[model]["name"])
        for model, tests in row_tests(lineage).items()
        for test in tests & decision.tests
        if model not in decision.built
        or not changed.isdisjoint(lineage.parents_of(test))
        or (held := seen.states.get(test)) is None
        or held.sql_digest != decision.states[test].sql_digest
        or held.settings_digest != decision.states[test].settings_digest
    )


def seen_by_all_tests(
    lineage: Lineage, decision: Decision, results: Iterable[NodeResult]
) -> frozenset[str]:
    """Return the models whose tests have all passed, each with all that it asks, by name.

    One that warns has to be heard again, and one that left out what waits has not asked it.
    """
    passed = {
        result.unique_id
        for result in results
        if result.status == _PASSED
        and decision.waiting.keys().isdisjoint(lineage.parents_of(result.unique_id))
    }
    return frozenset(
        str(lineage.nodes[model]["name"])
        for model, tests in row_tests(lineage).items()
        if tests <= passed
    )


def _meta(node: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Mapping[str, str]:
    return (node.get("config") or {}).get("meta") or {}
