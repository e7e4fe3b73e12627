"""What the task `build` does: builds what is stale, and tells the tasks of the models."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from include.errors import WarehouseError
from include.orchestration.connections import warehouse_endpoint
from include.orchestration.errors import REASON
from include.orchestration.outcome import OUTCOMES
from include.orchestration.parsing import STAGING, VIEWS
from include.orchestration.refresh import run_id
from include.settings import DBT_MANIFEST
from include.transform.outcomes import ModelOutcome, ModelState

if TYPE_CHECKING:
    from include.transform.build import BuildOutcome

log = logging.getLogger(__name__)


def build_models() -> None:
    """Build what is stale and need not wait, record what became of each model, and say it.

    Skips the tasks of models that are unchanged. Raises WarehouseError when the warehouse went
    away, so that the build is tried again, and AirflowFailException for everything else that
    failed: it would fail again. A blocked table is no failure of the build; those that wait for it
    are told by their own tasks and in the report.
    """
    from include.transform.build import build_stale, report_lines
    from include.transform.lineage import read_lineage

    outcome = build_stale(warehouse_endpoint(), run_id=run_id(), manifest=DBT_MANIFEST)
    for line in report_lines(outcome):
        log.info("%s", line)
    models = read_lineage(DBT_MANIFEST).models()
    above = {node: outcome.models[node] for node in models if models[node]["schema"] != STAGING}
    views = {node: one for node, one in outcome.models.items() if node not in above}
    told = {**above, STAGING: _sum(views)}
    ti = get_current_context()["ti"]
    ti.xcom_push(key=OUTCOMES, value={name: [one.state, one.why] for name, one in told.items()})
    if outcome.broken:
        _fail(outcome)
    unchanged = [
        f"{STAGING}.{VIEWS}" if subject == STAGING else _task_of(models[subject])
        for subject, one in told.items()
        if one.state is ModelState.UNCHANGED
    ]
    if unchanged:
        raise DownstreamTasksSkipped(tasks=unchanged)  # type: ignore[no-untyped-call]


def _task_of(model: Mapping[str, Any]) -> str:
    """Return the id of the task that speaks for a model above staging."""
    layer, system = Path(model["original_file_path"]).parts[1:-1]
    return f"{layer}.{system}.{model['name']}"


def _sum(views: Mapping[str, ModelOutcome]) -> ModelOutcome:
    """Return what became of the staging views and the code lists together.

    A view that waits shows what is there; the tier of its table says what is wrong.
    """
    named: dict[ModelState, list[str]] = {state: [] for state in ModelState}
    for node, one in sorted(views.items()):
        named[one.state].append(node.split(".")[2])
    why = "; ".join(
        f"{len(names)} {state}"
        + (f" ({', '.join(names)})" if state is not ModelState.UNCHANGED else "")
        for state, names in named.items()
        if names
    )
    for state in (ModelState.FAILED, ModelState.BUILT):
        if named[state]:
            return ModelOutcome(state, why)
    return ModelOutcome(ModelState.UNCHANGED, why)


def _fail(outcome: BuildOutcome) -> None:
    """Raise what the failures of a build mean, and keep it for the mail."""
    failed = sorted(
        f"{result.name} ({result.line})" if result.kind == "test" else result.name
        for result in outcome.broken
    )
    wrong = sorted(
        node.split(".")[2] for node, one in outcome.models.items() if one.state is ModelState.FAILED
    )
    said = f"failed: {', '.join(failed)}; models that are not right: {', '.join(wrong) or 'none'}"
    get_current_context()["ti"].xcom_push(key=REASON, value=said)
    if outcome.is_outage:
        raise WarehouseError(
            f"the warehouse went away during the build ({said}). Each model is whole, as it was or "
            "new. The build is tried again.",
            where="dbt",
        )
    raise AirflowFailException(said)
