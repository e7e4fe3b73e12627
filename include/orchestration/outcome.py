"""What a layer's build did with each model, and the task that says it.

Cosmos would let every model's task run the model by itself, at least when it is retried, and so
walk past the tests on the model's sources. These tasks never run dbt: building a model again
means clearing the layer's build.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from include.errors import WarehouseError
from include.orchestration.errors import REASON
from include.transform.dbt import FAILED
from include.transform.lineage import Lineage, read_lineage

OUTCOMES = "outcomes"


# What libpq says when the server is not there, or was not there to the end.
_GONE = re.compile(
    "server closed the connection|connection to server|connection refused|could not connect"
    "|terminating connection|connection already closed|connection has been closed"
    "|the database system is",
    re.IGNORECASE,
)


def push_outcomes(project: str, context: Context, **_: Any) -> None:
    """Keep what the build that ran in the directory `project` did; Cosmos calls it at the end.

    Raises WarehouseError when the warehouse went away, so that the build is tried again, and
    AirflowFailException for everything else that failed: it would fail again.
    """
    target = Path(project) / "target"
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    statuses = {str(result["unique_id"]): str(result["status"]) for result in results}
    verdicts = outcomes(statuses, read_lineage(target / "manifest.json"))
    context["ti"].xcom_push(key=OUTCOMES, value=verdicts)
    wrong = _wrong(statuses, verdicts)
    if not wrong:
        return
    context["ti"].xcom_push(key=REASON, value=wrong)
    if any(
        statuses[str(result["unique_id"])] in FAILED and _GONE.search(str(result.get("message")))
        for result in results
    ):
        raise WarehouseError(
            f"the warehouse went away during the build ({wrong}). Each model is whole, as it was "
            "or new. The build is tried again.",
            where="dbt",
        )
    raise AirflowFailException(wrong)


def outcomes(statuses: Mapping[str, str], lineage: Lineage) -> dict[str, str]:
    """Return what is wrong with every model of a build, by unique id; empty when it is right.

    `statuses` are dbt's words by unique id. No message of dbt is repeated: those of the database
    can hold a row's values.
    """
    broken: dict[str, list[str]] = {}
    for unique_id, status in statuses.items():
        if status in FAILED:
            subjects, reason = _blame(unique_id, lineage)
            for subject in subjects:
                broken.setdefault(subject, []).append(reason)
    return {
        unique_id: _verdict(unique_id, status, broken, lineage)
        for unique_id, status in statuses.items()
        if unique_id.startswith("model.")
    }


def _wrong(statuses: Mapping[str, str], verdicts: Mapping[str, str]) -> str:
    """Return what the mail says about a build: what failed, and what that kept back."""
    failed = sorted(_name(one) for one, status in statuses.items() if status in FAILED)
    kept = sorted(_name(one) for one, verdict in verdicts.items() if verdict)
    if not failed:
        return ""
    return f"failed: {', '.join(failed)}; models that are not right: {', '.join(kept) or 'none'}"


def _name(unique_id: str) -> str:
    return unique_id.split(".")[2]


def _blame(unique_id: str, lineage: Lineage) -> tuple[Sequence[str], str]:
    """Return the nodes that a failed node speaks about, and what it says of them."""
    if not unique_id.startswith("test."):
        return (unique_id,), f"{_name(unique_id)} could not be built"
    if unique_id in lineage.gates:
        reason = f"the table {lineage.gates[unique_id]} is blocked"
    else:
        reason = f"the test {_name(unique_id)} failed"
    return lineage.subjects_of(unique_id), reason


def _verdict(
    unique_id: str, status: str, broken: Mapping[str, Sequence[str]], lineage: Lineage
) -> str:
    own = broken.get(unique_id, ())
    if status == "success":
        return f"built, but {'; '.join(own)}" if own else ""
    if status in FAILED:
        return "its own SQL failed; it keeps its rows"
    above = sorted(
        {reason for node in lineage.ancestors_of(unique_id) for reason in broken.get(node, ())}
    )
    return f"not built, it keeps its rows: {'; '.join(above) or status}"


class ModelOutcome(BaseOperator):
    """Succeeds when the build made the model and none of the model's tests failed."""

    ui_color = "#c8e6c9"

    def __init__(self, *, model_unique_id: str, build_task_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.model_unique_id = model_unique_id
        self.build_task_id = build_task_id

    def execute(self, context: Context) -> None:
        """Read the build's answer; raise AirflowFailException when it is not a success."""
        answers = context["ti"].xcom_pull(task_ids=self.build_task_id, key=OUTCOMES) or {}
        verdict = answers.get(
            self.model_unique_id, "the build ended before it reached this model, which is as it was"
        )
        if verdict:
            raise AirflowFailException(
                f"{self.model_unique_id}: {verdict}. Read the log of {self.build_task_id}; when "
                "the cause is gone, clear that task."
            )
        self.log.info("%s: built", self.model_unique_id)
