"""Children of the benchmark: workers that answer requests, and programs that run to their end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.layout import PROJECT
from include import settings
from include.endpoints import Endpoint
from include.errors import PipelineError

# Switches off the telemetry of every tool that is run.
TELEMETRY_OFF = {
    **settings.TELEMETRY_OFF,
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "SLING_DISABLE_TELEMETRY": "TRUE",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that succeeded: seconds from start to end, CPU seconds, peak memory and output."""

    seconds: float
    cpu: float
    peak_bytes: int
    output: str


class Worker:
    """A child that answers one line of JSON with another."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def send(self, **request: Any) -> None:
        """Send a request without waiting for its answer."""
        assert self._process.stdin is not None  # noqa: S101  # it was opened as a pipe
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Wait for the next answer. Raises PipelineError when the worker died."""
        assert self._process.stdout is not None  # noqa: S101  # it was opened as a pipe
        line = self._process.stdout.readline()
        if not line:
            raise PipelineError(f"died; its last words:\n{_tail(self._log)}", where="a worker")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        self.send(**request)
        return self.receive()

    @property
    def output(self) -> Any:
        """The pipe that becomes readable when the worker has answered."""
        return self._process.stdout


@contextmanager
def worker(
    module: str,
    scratch: Path,
    *,
    source: Endpoint,
    warehouse: Endpoint,
    arguments: Sequence[str] = (),
) -> Iterator[Worker]:
    """Start `python -m module`, wait until it is ready, and end it with the block."""
    log = scratch / f"{module}.log"
    environment = {
        **settings.inherited_environment(),
        **TELEMETRY_OFF,
        settings.SOURCE_VARIABLE: source.uri(),
        settings.WAREHOUSE_VARIABLE: warehouse.uri(),
    }
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=PROJECT,
            env=environment,
        ) as process,
    ):
        started = Worker(process, log)
        try:
            started.receive()
            yield started
        finally:
            assert process.stdin is not None  # noqa: S101  # it was opened as a pipe
            process.stdin.close()


def run(
    command: Sequence[str | Path], scratch: Path, *, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a program to its end; raises PipelineError, with the end of its output, when it fails."""
    log = scratch / "program.log"
    with log.open("w") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=PROJECT,
            env={**settings.inherited_environment(), **TELEMETRY_OFF, **(environment or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise PipelineError(
            f"ended with code {process.returncode}; its last words:\n{_tail(log)}",
            where=Path(command[0]).name,
        )
    return Ended(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, log.read_text())


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
