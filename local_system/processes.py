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
from contextlib import suppress
from pathlib import Path

MARKER = "DENTAL_LOCAL_SYSTEM"
PATIENCE_SECONDS = 20.0


def processes_of(state: Path) -> list[int]:
    """Return the ids of the living processes of the system in `state`, oldest first.

    Airflow hides the environment of its workers even from their own user. They are known by their
    session: every component begins one of its own, and its children stay in it.
    """
    mark = f"{MARKER}={state}".encode()
    sessions: dict[int, int] = {}
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        pid = int(entry.name)
        facts = _facts(pid)
        if facts is None:
            continue
        sessions[pid] = int(facts[3])
        with suppress(OSError):  # gone meanwhile, or hidden from us
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.add(pid)
    ours = {sessions[pid] for pid in found} - {os.getsid(0)}
    return sorted(pid for pid, session in sessions.items() if pid in found or session in ours)


def is_alive(pid: int) -> bool:
    """Say whether the process exists and is no zombie."""
    return _facts(pid) is not None


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


def _facts(pid: int) -> list[str] | None:
    """Return what the kernel tells everybody about a living process, from its state on."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if facts[0] in {"Z", "X"} else facts
