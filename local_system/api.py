"""A small client of Airflow's REST API, with the calls that the demo and the tests need."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from include.errors import PipelineError
from local_system.failures import LocalSystemError

ANSWER_LIMIT_SECONDS = 30.0
POLL_SECONDS = 1.0
READ_ATTEMPTS = 3
PAGE = 1000
UNAVAILABLE = 500
FINISHED_RUN = frozenset({"success", "failed"})
FINISHED_TASK = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


class AirflowUnavailableError(PipelineError):
    """Airflow does not answer, or answers that it cannot: it or its database is down."""


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG as the scheduler sees it."""

    dag_id: str
    run_id: str
    run_type: str
    state: str
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    conf: Mapping[str, Any]

    @property
    def is_finished(self) -> bool:
        """Whether the scheduler is done with it."""
        return self.state in FINISHED_RUN


@dataclass(frozen=True, slots=True)
class TaskInstance:
    """One task of a run; `label` is the map label, the table's name for mapped tables."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    label: str | None
    state: str | None
    try_number: int
    started_at: datetime | None
    ended_at: datetime | None
    pool: str
    queued_at: datetime | None = None

    @property
    def is_finished(self) -> bool:
        """Whether it will not run again by itself."""
        return self.state in FINISHED_TASK

    @property
    def name(self) -> str:
        """The task's name in messages."""
        if self.map_index < 0:
            return self.task_id
        return f"{self.task_id} [{self.label or self.map_index}]"


class AirflowApi:
    """A client of one api-server, logged in as one user."""

    def __init__(self, url: str, *, user: str, password: str) -> None:
        self.url = url
        self.user = user
        self._password = password
        self._client = httpx.Client(base_url=url, timeout=ANSWER_LIMIT_SECONDS, trust_env=False)
        self._token = ""

    def health(self) -> dict[str, Any]:
        """Return the health of each component (/monitor/health); needs no log-in."""
        answer = self._client.get("/api/v2/monitor/health")
        answer.raise_for_status()
        return dict(answer.json())

    def ensure_pool(self, name: str, *, slots: int, description: str = "") -> None:
        """Create the pool if it is missing; an existing one may have been changed on purpose."""
        if self._send("GET", f"/pools/{quote(name)}", allow=(404,)).status_code == 404:
            self._send(
                "POST",
                "/pools",
                {
                    "name": name,
                    "slots": slots,
                    "description": description,
                    "include_deferred": False,
                },
            )

    def resize_pool(self, name: str, slots: int) -> None:
        """Give a pool another number of slots; tasks that hold one keep it."""
        body = {"pool": name, "slots": slots, "include_deferred": False}
        self._send("PATCH", f"/pools/{quote(name)}?update_mask=slots", body)

    def dag_ids(self) -> list[str]:
        """Return the DAGs that the DAG processor has found."""
        return [str(dag["dag_id"]) for dag in self._get("/dags", limit=PAGE)["dags"]]

    def import_errors(self) -> dict[str, str]:
        """Return the DAG files that could not be read, each with its traceback."""
        errors = self._get("/importErrors", limit=PAGE)["import_errors"]
        return {str(entry["filename"]): str(entry["stack_trace"]) for entry in errors}

    def wait_for_dag(self, dag_id: str, *, limit: float = 120.0) -> None:
        """Return when the DAG can be run; raise PipelineError when it does not appear in time."""
        end = time.monotonic() + limit
        while dag_id not in self.dag_ids():
            errors = self.import_errors()
            is_broken = any(dag_id in filename for filename in errors)
            if is_broken or time.monotonic() > end:
                seen = "\n".join(f"{filename}:\n{text}" for filename, text in errors.items())
                raise LocalSystemError(
                    f"did not appear in Airflow. Import errors:\n{seen or 'none'}",
                    where=f"DAG {dag_id}",
                )
            time.sleep(POLL_SECONDS)

    def is_paused(self, dag_id: str) -> bool:
        """Return whether the DAG is paused."""
        return bool(self._get(f"/dags/{quote(dag_id)}")["is_paused"])

    def unpause(self, dag_id: str) -> None:
        """Unpause the DAG; one with a schedule starts a run at once."""
        self._send("PATCH", f"/dags/{quote(dag_id)}", {"is_paused": False})

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> DagRun:
        """Start a run with these parameters, as the UI's button does."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return _run(self._send("POST", f"/dags/{quote(dag_id)}/dagRuns", body).json())

    def runs(self, dag_id: str) -> list[DagRun]:
        """Return the latest runs of the DAG, the newest first."""
        found = self._get(f"/dags/{quote(dag_id)}/dagRuns", limit=20, order_by="-id")
        return [_run(entry) for entry in found["dag_runs"]]

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """Return one run."""
        return _run(self._get(_run_path(dag_id, run_id)))

    def wait_for_run(self, dag_id: str, run_id: str, *, limit: float) -> DagRun:
        """Return the run when it is finished; raise PipelineError when that takes too long."""
        end = time.monotonic() + limit
        while not (run := self.run(dag_id, run_id)).is_finished:
            if time.monotonic() > end:
                raise PipelineError(
                    f"is still {run.state} after {limit:.0f} s", where=f"{dag_id} {run_id}"
                )
            time.sleep(POLL_SECONDS)
        return run

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """Return every task instance of the run."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances"
        found: list[TaskInstance] = []
        while True:
            page = self._get(path, limit=PAGE, offset=len(found))
            entries = page["task_instances"]
            found += [_task_instance(entry) for entry in entries]
            if not entries or len(found) >= int(page["total_entries"]):
                return found

    def mark_success(self, task: TaskInstance) -> None:
        """Call a task a success, as a person can, whatever it has done."""
        path = f"{_run_path(task.dag_id, task.run_id)}/taskInstances/{quote(task.task_id)}"
        self._send("PATCH", f"{path}/{task.map_index}", {"new_state": "success"})

    def log(self, task: TaskInstance) -> str:
        """Return the log of the task's last try, a line per entry."""
        path = f"{_run_path(task.dag_id, task.run_id)}/taskInstances/{quote(task.task_id)}"
        answer = self._get(
            f"{path}/logs/{max(task.try_number, 1)}", map_index=task.map_index, full_content="true"
        )
        entries = [entry for entry in answer["content"] if not _is_frame(entry)]
        return "\n".join(_log_line(entry) for entry in entries)

    def xcom(self, task: TaskInstance, key: str = "return_value") -> Any:
        """Return what the task pushed."""
        path = f"{_run_path(task.dag_id, task.run_id)}/taskInstances/{quote(task.task_id)}"
        answer = self._get(f"{path}/xcomEntries/{quote(key)}", map_index=task.map_index)
        return answer["value"]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _get(self, path: str, **parameters: str | int) -> dict[str, Any]:
        return dict(self._send("GET", path, parameters=parameters).json())

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        parameters: Mapping[str, str | int] | None = None,
        allow: tuple[int, ...] = (),
    ) -> httpx.Response:
        if not self._token:
            self._log_in()
        for is_last in (False, True):
            answer = self._request(method, path, body, parameters)
            if answer.status_code == 401 and not is_last:
                self._log_in()
                continue
            break
        if answer.is_error and answer.status_code not in allow:
            raise _kind_of(answer)(
                f"Airflow answered {answer.status_code}: {answer.text[:500]}",
                where=f"{method} {path}",
            )
        return answer

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        parameters: Mapping[str, str | int] | None,
    ) -> httpx.Response:
        # Only reads are sent again: a write that failed, such as a trigger, may have taken effect.
        attempts = READ_ATTEMPTS if method == "GET" else 1
        while True:
            attempts -= 1
            try:
                return self._client.request(
                    method,
                    path if path.startswith("/auth") else f"/api/v2{path}",
                    json=body,
                    params=dict(parameters or {}),
                    headers={"Authorization": f"Bearer {self._token}"} if self._token else {},
                )
            except httpx.TransportError as error:
                if attempts == 0:
                    raise AirflowUnavailableError(
                        f"does not answer {method} {path}: {error!r}",
                        where=f"Airflow at {self.url}",
                    ) from None
            time.sleep(POLL_SECONDS)

    def _log_in(self) -> None:
        self._token = ""
        account = {"username": self.user, "password": self._password}
        answer = self._request("POST", "/auth/token", account, None)
        if answer.is_error:
            raise _kind_of(answer)(
                f"refuses the log-in of {self.user} with {answer.status_code}", where=self.url
            )
        self._token = str(answer.json()["access_token"])


def _kind_of(answer: httpx.Response) -> type[PipelineError]:
    return AirflowUnavailableError if answer.status_code >= UNAVAILABLE else PipelineError


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"


def _run(entry: Mapping[str, Any]) -> DagRun:
    return DagRun(
        dag_id=entry["dag_id"],
        run_id=entry["dag_run_id"],
        run_type=entry["run_type"],
        state=entry["state"],
        queued_at=_moment(entry["queued_at"]),
        started_at=_moment(entry["start_date"]),
        ended_at=_moment(entry["end_date"]),
        conf=entry.get("conf") or {},
    )


def _task_instance(entry: Mapping[str, Any]) -> TaskInstance:
    return TaskInstance(
        dag_id=entry["dag_id"],
        run_id=entry["dag_run_id"],
        task_id=entry["task_id"],
        map_index=entry["map_index"],
        label=entry.get("rendered_map_index"),
        state=entry["state"],
        try_number=entry["try_number"],
        started_at=_moment(entry["start_date"]),
        ended_at=_moment(entry["end_date"]),
        pool=entry["pool"],
        queued_at=_moment(entry["queued_when"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _is_frame(entry: object) -> bool:
    # These lines only mark the parts of a log that Airflow's UI folds.
    return isinstance(entry, dict) and str(entry.get("event")).startswith(("::group", "::endgroup"))


def _log_line(entry: object) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    lines = [f"{str(entry.get('timestamp') or '')[:19]} {entry.get('event') or ''}".strip()]
    for error in entry.get("error_detail") or ():
        lines.append(f"    {error.get('exc_type')}: {error.get('exc_value')}")
    return "\n".join(lines)
