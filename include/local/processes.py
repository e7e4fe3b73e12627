"""Which processes belong to a local system, and how they end.

Every process of a system inherits a variable that names the system's state directory. It finds all
of them, whatever they spawned and whoever died before, and never a stranger's: a process id on its
own may have been given to another process since.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

MARKER = "DENTAL_LOCAL_SYSTEM"
PATIENCE_SECONDS = 20.0


def processes_of(state: Path) -> list[int]:
    """Return the ids of the living processes of the system in `state`, oldest first."""
    mark = f"{MARKER}={state}".encode()
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # gone meanwhile, or another user's
        if mark in environment and is_alive(int(entry.name)):
            found.append(int(entry.name))
    return sorted(found)


def is_alive(pid: int) -> bool:
    """Say whether the process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def started_at(pid: int) -> int | None:
    """Return the kernel's start time of a living process; with the id it names it for good."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def end(pids: Iterable[int], *, first: signal.Signals = signal.SIGTERM) -> None:
    """End the processes: `first` to all, and SIGKILL to those that are left after a while."""
    waiting = list(pids)
    for number in (first, signal.SIGKILL):
        for pid in waiting:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        limit = time.monotonic() + PATIENCE_SECONDS
        while waiting and time.monotonic() < limit:
            waiting = [pid for pid in waiting if is_alive(pid)]
            time.sleep(0.05)
        if not waiting:
            return
