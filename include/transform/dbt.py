"""Run dbt on the warehouse, as a process of its own with its own environment."""

from __future__ import annotations

import json
import subprocess
import sys
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
from include.transform.messages import is_outage, readable, without_values
from include.warehouse.session import login_arguments, proof_options, tls_options
from include.warehouse.watch import Patience, SilentWarehouseError

RUN_LIMIT_SECONDS = 3600
_LOOK_SECONDS = 1
# The words of dbt for a node that did not succeed, by itself; "skipped" is no fault of its own.
FAILED = {"error", "fail", "runtime error"}
WARNED = "warn"
# Read by the macro `should_full_refresh`.
RESTARTED_VARIABLE = "DENTAL_RESTARTED_MODELS"
# Commands that ask no warehouse: what they say is the project's alone.
_OFFLINE = {"compile", "parse"}
_KEPT = "Models that it had finished are new, the others keep their rows."


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
    restarted: Collection[str] = (),
) -> DbtRun:
    """Run one dbt command on the project and return what every node did.

    The manifest, compiled files and results go to `target_path`, without a row's value.
    `restarted` are models that are built from the beginning though they keep their rows from build
    to build. Raises PipelineError when dbt ends before it has run anything, with the end of its
    output, or does not end within RUN_LIMIT_SECONDS; WarehouseError when the warehouse has stopped
    answering meanwhile.
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
    where = f"dbt {arguments[0]}"
    return_code, said = _ended(command, warehouse, restarted=restarted, where=where)
    is_offline = arguments[0] in _OFFLINE
    output = "\n".join(readable(said.splitlines(), is_complete=is_offline))
    if not results_file.exists() and arguments[0] in {"build", "run", "test", "seed"}:
        raise PipelineError(
            f"ended with code {return_code} before it ran anything; the marts are as they "
            f"were. Its last words: {_end_of(output)}",
            where=where,
        )
    return DbtRun(return_code, _results(results_file), output)


def _ended(
    command: Sequence[str], warehouse: Endpoint, *, restarted: Collection[str], where: str
) -> tuple[int, str]:
    """Run the command to its end; return its exit code and what it said.

    Kills it after RUN_LIMIT_SECONDS, and when the warehouse has stopped answering.
    """
    patience = Patience(login_arguments(warehouse))
    until = time.monotonic() + RUN_LIMIT_SECONDS
    with subprocess.Popen(
        command,
        env={
            **inherited_environment(),
            **environment(warehouse),
            RESTARTED_VARIABLE: ",".join(restarted),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            while True:
                try:
                    output, _ = process.communicate(timeout=_LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    patience.check()
                    if time.monotonic() > until:
                        raise PipelineError(
                            f"did not end within {RUN_LIMIT_SECONDS} s and was stopped. {_KEPT} "
                            "See what the warehouse is busy with, then try again.",
                            where=where,
                        ) from None
                else:
                    return process.returncode, output
        except SilentWarehouseError as error:
            raise WarehouseError(
                f"was stopped: the warehouse {error.seen}. {_KEPT} {error.advice}", where=where
            ) from None
        finally:
            process.kill()


def _results(path: Path) -> tuple[NodeResult, ...]:
    if not path.exists():
        return ()
    content = json.loads(path.read_text(encoding="utf-8"))
    found = []
    for result in content["results"]:
        message = str(result.get("message") or "")
        result["message"] = without_values(message)
        found.append(
            NodeResult(
                str(result["unique_id"]),
                str(result["status"]),
                result["message"],
                is_outage(message),
            )
        )
    path.write_text(json.dumps(content), encoding="utf-8")
    return tuple(found)


def _end_of(output: str, lines: int = 20) -> str:
    return " | ".join(output.splitlines()[-lines:])
