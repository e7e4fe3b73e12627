"""A worker process of the engine, as the executor has them: `python -m bench.worker [fallback]`.

It reads one JSON request per line, loads the request's tables, and answers with one line. The two
databases come from the environment, as everywhere in the project. With the argument `fallback` it
uses the core in Python, as on a machine where the compiled one was not built.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from include import settings
from include.catalog.targets import LoadTarget
from include.engine import EngineConnections, load_pinned
from include.engine import connections as engine_connections
from include.transcoder.core import load_core


def main() -> None:
    """Answer requests until the input ends."""
    if "fallback" in sys.argv[1:]:
        vars(engine_connections)["load_core"] = partial(load_core, compiled=False)
    source, warehouse = settings.source_endpoint(), settings.warehouse_endpoint()
    idle = _memory("VmRSS")
    # Resets the peak of the resident memory, so that VmHWM covers the loads only.
    Path("/proc/self/clear_refs").write_text("5")
    _answer({"idle_bytes": idle})
    with ExitStack() as stack:
        connections: EngineConnections | None = None
        for line in sys.stdin:
            request = json.loads(line)
            started, cpu = time.perf_counter(), time.process_time()
            if connections is None:
                connections = stack.enter_context(EngineConnections(source, warehouse))
            loads = [
                load
                for target in request["targets"]
                if (
                    load := load_pinned(
                        connections, run_id=request["run_id"], target=LoadTarget(**target)
                    )
                )
            ]
            _answer(
                {
                    "seconds": time.perf_counter() - started,
                    "cpu": time.process_time() - cpu,
                    "peak_bytes": _memory("VmHWM") - idle,
                    "rows": sum(load.rows_read for load in loads),
                    "bytes": sum(load.bytes_read for load in loads),
                    "moved": sum(load.moved for load in loads),
                    "chunks": sum(load.chunks_read for load in loads),
                    "chunks_changed": sum(load.chunks_changed for load in loads),
                }
            )


def _memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise KeyError(field)


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
