"""What a build did with each model: built, unchanged, waiting for a blocked table, or failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from include.transform.dbt import FAILED, NodeResult
from include.transform.lineage import Lineage
from include.transform.staleness import Decision

SUCCEEDED = "success"


class ModelState(StrEnum):
    """What became of a model in a build."""

    BUILT = "built"
    # Nothing that it is made by has changed since it was made.
    UNCHANGED = "unchanged"
    # It keeps its rows, because a table that it reads may not be read.
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelOutcome:
    """The state, and why, without a row's value."""

    state: ModelState
    why: str = ""


def outcomes(
    lineage: Lineage, decision: Decision, results: Sequence[NodeResult]
) -> dict[str, ModelOutcome]:
    """Return what became of every model and seed, by unique id.

    `results` say what dbt did; there are none if it was not started.
    """
    statuses = {result.unique_id: result.status for result in results}
    broken: dict[str, list[str]] = {}
    for result in results:
        if result.status in FAILED:
            subjects, reason = _blame(result, lineage)
            for subject in subjects:
                broken.setdefault(subject, []).append(reason)
    return {
        unique_id: _outcome(unique_id, lineage, decision, statuses.get(unique_id), broken)
        for unique_id, node in lineage.nodes.items()
        if node["resource_type"] != "test"
    }


def _blame(result: NodeResult, lineage: Lineage) -> tuple[Sequence[str], str]:
    """Return the nodes that a failed node speaks about, and what it says of them."""
    if result.kind != "test":
        return (result.unique_id,), f"{result.name} could not be built"
    said = f"the test {result.name} failed: {result.line}"
    return lineage.subjects_of(result.unique_id), said


def _outcome(
    unique_id: str,
    lineage: Lineage,
    decision: Decision,
    status: str | None,
    broken: Mapping[str, Sequence[str]],
) -> ModelOutcome:
    own = "; ".join(broken.get(unique_id, ()))
    if tables := decision.waiting.get(unique_id):
        return ModelOutcome(
            ModelState.WAITING,
            f"it reads {', '.join(sorted(tables))}, which may not be read, and keeps its rows",
        )
    if status == SUCCEEDED:
        if own:
            return ModelOutcome(ModelState.FAILED, f"built, but {own}")
        return ModelOutcome(ModelState.BUILT, decision.stale.get(unique_id, ""))
    if status in FAILED:
        return ModelOutcome(ModelState.FAILED, "its own SQL failed; it keeps its rows")
    if status is not None:
        above = sorted(
            {reason for node in lineage.ancestors_of(unique_id) for reason in broken.get(node, ())}
        )
        why = f"not built, it keeps its rows: {'; '.join(above) or status}"
        return ModelOutcome(ModelState.FAILED, why)
    if unique_id in decision.stale:
        return ModelOutcome(ModelState.FAILED, "the build ended before it reached this model")
    if own:
        return ModelOutcome(ModelState.FAILED, f"unchanged, but {own}")
    return ModelOutcome(ModelState.UNCHANGED)
