"""Run dbt on the warehouse, as a process of its own with its own environment."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.endpoints import Endpoint
from include.errors import PipelineError, WarehouseError
from include.settings import (
    DBT_PROFILE,
    DBT_PROJECT,
    DBT_TARGET,
    TELEMETRY_OFF,
    inherited_environment,
)
from include.transform.messages import is_outage, said, without_values
from include.warehouse.session import login_arguments, proof_options, tls_options
from include.warehouse.watch import Patience, SilentWarehouseError

RUN_LIMIT_SECONDS = 3600
_LOOK_SECONDS = 1
_LAST_LINES = 20
# Two builds at once would drop each other's relations: one whose starter is gone must not go on.
_DIES_WITH_US = (
    "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, signal.SIGKILL);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
# The words of dbt for a node that did not succeed, by itself; "skipped" is no fault of its own.
FAILED = {"error", "fail", "runtime error"}
WARNED = "warn"
# Read by the macro `should_full_refresh`.
RESTARTED_VARIABLE = "DENTAL_RESTARTED_MODELS"
# Read by the macro `waiting_models`.
WAITING_VARIABLE = "DENTAL_WAITING_MODELS"
# What the materialization of a test puts beside the words of broken rules.
_RULES = "RULES"
# Commands that ask no warehouse: what they say is the project's alone.
_OFFLINE = {"compile", "parse"}
_KEPT = "Models that it had finished are new, the others keep their rows."


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NodeResult:
    """How one model, test or seed ended; `status` is dbt's own word.

    The message holds no row's value. `is_outage` says that the warehouse was not there.
    """

    unique_id: str
    status: str
    message: str
    is_outage: bool = False

    @property
    def kind(self) -> str:
        """The resource type: model, test, seed, unit_test."""
        return self.unique_id.split(".", 1)[0]

    @property
    def name(self) -> str:
        """The name without project and hash."""
        return self.unique_id.split(".")[2]

    @property
    def line(self) -> str:
        """The message on one line."""
        lines = [line.strip() for line in self.message.splitlines()]
        return ": ".join(line for line in lines if line) or "no message"


@dataclass(frozen=True, slots=True)
class DbtRun:
    """The outcome of one dbt command; what it said holds no row's value."""

    return_code: int
    results: tuple[NodeResult, ...]
    output: str

    @property
    def failed(self) -> tuple[NodeResult, ...]:
        """What ended in an error or a failed test."""
        return tuple(result for result in self.results if result.status in FAILED)

    @property
    def warned(self) -> tuple[NodeResult, ...]:
        """The tests that found something and keep nothing back; the message says how much."""
        return tuple(result for result in self.results if result.status == WARNED)


def environment(warehouse: Endpoint) -> dict[str, str]:
    """Return what dbt is told, here and under Cosmos. It holds the password: never log it."""
    return {
        "DBT_WAREHOUSE_HOST": warehouse.host,
        "DBT_WAREHOUSE_PORT": str(warehouse.port),
        "DBT_WAREHOUSE_USER": warehouse.user,
        "DBT_WAREHOUSE_PASSWORD": warehouse.password,
        "DBT_WAREHOUSE_NAME": warehouse.database,
        **{f"DBT_WAREHOUSE_{name.upper()}": v for name, v in tls_options(warehouse).items()},
        # dbt's profile has no word for it; libpq reads it from here.
        **{"PG" + name.replace("_", "").upper(): v for name, v in proof_options(warehouse).items()},
        **TELEMETRY_OFF,
        "DBT_USE_COLORS": "false",
    }


def run_dbt(
    arguments: Sequence[str],
    warehouse: Endpoint,
    *,
    target_path: Path,
    variables: Mapping[str, Any] | None = None,
    named: Mapping[str, Collection[str]] | None = None,
) -> DbtRun:
    """Run one dbt command on the project and return what every node did.

    The manifest, compiled files and results go to `target_path`, without a row's value.
    `named` has models by the variable in which a macro reads them: those that are built from the
    beginning though they keep their rows from build to build (RESTARTED_VARIABLE; without it, all
    that compute some accounts alone), and those that no test may hold a reference against
    (WAITING_VARIABLE). Raises PipelineError when dbt ends
    without a result, with the end of its output, or does not end within RUN_LIMIT_SECONDS;
    WarehouseError when the warehouse has stopped answering meanwhile.
    """
    results_file = target_path / "run_results.json"
    results_file.unlink(missing_ok=True)
    command = [str(Path(sys.executable).with_name("dbt")), *arguments]
    command += ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    command += ["--profile", DBT_PROFILE, "--target", DBT_TARGET]
    # A log file would hold the database's own words.
    command += ["--target-path", str(target_path), "--log-level-file", "none"]
    command += ["--log-path", str(target_path / "logs"), "--log-format", "json"]
    if variables:
        command += ["--vars", json.dumps(dict(variables))]
    return_code, lines = _ended(command, warehouse, named or {})
    output = "\n".join(lines)
    if not results_file.exists() and arguments[0] in {"build", "run", "test", "seed"}:
        raise PipelineError(
            f"ended with code {return_code} without a result. {_KEPT} Its last words: "
            f"{' | '.join(lines[-_LAST_LINES:])}",
            where=f"dbt {arguments[0]}",
        )
    return DbtRun(return_code, _results(results_file), output)


def _ended(
    command: Sequence[str], warehouse: Endpoint, named: Mapping[str, Collection[str]]
) -> tuple[int, list[str]]:
    """Run the command to its end; return its exit code and what it said, line by line.

    Logs how each node ended, as soon as dbt says it. Kills dbt after RUN_LIMIT_SECONDS, when the
    warehouse has stopped answering, and when this process ends.
    """
    where = f"dbt {command[1]}"
    patience = Patience(login_arguments(warehouse))
    until = time.monotonic() + RUN_LIMIT_SECONDS
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _DIES_WITH_US, *command],
        env={
            **inherited_environment(),
            **environment(warehouse),
            **{variable: ",".join(models) for variable, models in named.items()},
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        listener = threading.Thread(
            target=_listen, args=(process, lines, command[1] in _OFFLINE), daemon=True
        )
        listener.start()
        try:
            while True:
                try:
                    process.wait(timeout=_LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    patience.check()
                    if time.monotonic() > until:
                        raise PipelineError(
                            f"did not end within {RUN_LIMIT_SECONDS} s and was stopped. {_KEPT} "
                            "See what the warehouse is busy with, then try again.",
                            where=where,
                        ) from None
                else:
                    return process.returncode, lines
        except SilentWarehouseError as error:
            raise WarehouseError(
                f"was stopped: the warehouse {error.seen}. {_KEPT} {error.advice}", where=where
            ) from None
        finally:
            process.kill()
            listener.join()


def _listen(process: subprocess.Popen[str], lines: list[str], is_offline: bool) -> None:
    for line in process.stdout or ():
        one = said(line, is_offline=is_offline)
        if one.text:
            lines.append(one.text)
        if one.is_result:
            log.info("%s", one.text)


def _results(path: Path) -> tuple[NodeResult, ...]:
    if not path.exists():
        return ()
    content = json.loads(path.read_text(encoding="utf-8"))
    found = []
    for result in content["results"]:
        message, status = str(result.get("message") or ""), str(result["status"])
        if status in FAILED:
            result["message"] = without_values(message)
        response = result.get("adapter_response") or {}
        if response.get("code") == _RULES and status in (*FAILED, WARNED):
            result["message"] = response["_message"]
        found.append(
            NodeResult(
                str(result["unique_id"]),
                status,
                str(result["message"] or ""),
                status in FAILED and is_outage(message),
            )
        )
    path.write_text(json.dumps(content), encoding="utf-8")
    return tuple(found)
