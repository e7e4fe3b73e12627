"""What a measurement costs: wall clock, CPU of every process that takes part, memory.

CPU comes from /proc: a server's is that of its whole tree, children that ended included, because
PostgreSQL serves each session from a process of its own.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Servers

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall clock, and of CPU by where they were spent."""

    seconds: float
    source_cpu: float
    warehouse_cpu: float
    client_cpu: float = 0.0
    peak_bytes: int | None = None

    @property
    def cpu(self) -> float:
        """CPU seconds of all processes."""
        return self.source_cpu + self.warehouse_cpu + self.client_cpu


class Meter:
    """Takes the cost of what runs between `start` and `stop`."""

    def __init__(self, servers: Servers) -> None:
        self._source = servers.source.process.pid
        self._warehouse = servers.warehouse.process.pid
        self._cpu = (0.0, 0.0)
        self._started = 0.0

    def start(self) -> None:
        """Begin."""
        self._cpu = (tree_cpu(self._source), tree_cpu(self._warehouse))
        self._started = time.perf_counter()

    def stop(self) -> Cost:
        """Return the cost since the start, without the client's."""
        seconds = time.perf_counter() - self._started
        source, warehouse = self._cpu
        return Cost(
            seconds,
            tree_cpu(self._source) - source,
            tree_cpu(self._warehouse) - warehouse,
        )


def tree_cpu(root: int) -> float:
    """Return the CPU seconds of a process and all that it has started, ended ones included."""
    children: dict[int, list[int]] = defaultdict(list)
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children[int(fields[1])].append(int(entry.name))
                # utime, stime, and those of children that were waited for
                ticks[int(entry.name)] = sum(map(int, fields[11:15]))
    total, open_pids = 0, [root]
    while open_pids:
        pid = open_pids.pop()
        total += ticks.get(pid, 0)
        open_pids.extend(children[pid])
    return total / _TICK


def _stat(pid: int) -> list[str]:
    """Return the fields behind the process's name, or nothing when it has gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()
