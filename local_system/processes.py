"""Find the processes of a local system, and end them.

Every process of a system inherits an environment variable with the system's state directory. A
search for it finds all processes, also those whose parent has died. Process ids are not stored,
because the kernel may give an id to an unrelated process later.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

MARKER = "DENTAL_LOCAL_SYSTEM"
END_LIMIT_SECONDS = 20.0
SERVER_PROGRAMS = frozenset({"mariadbd", "postgres"})


def processes_of(state: Path) -> list[int]:
    """Return the ids of the living processes of the system in `state`, oldest first.

    Airflow hides the environment of its workers even from their own user. They are recognised by
    their session: every component starts a session, and its children stay in it.
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


def commands_of(state: Path, *words: str) -> list[int]:
    """Return the ids of the system's processes whose command has all these words."""
    found = []
    for pid in processes_of(state):
        with suppress(OSError):  # gone meanwhile
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            if set(words) <= set(command.split("\0")):
                found.append(pid)
    return found


def in_session(leader: int) -> list[int]:
    """Return the ids of the living processes of the session that `leader` started."""
    found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in found if (facts := _facts(pid)) and int(facts[3]) == leader]


def servers_in(data: Path) -> list[int]:
    """Return the ids of the processes of the database server that works on `data`, oldest first.

    Both servers work in their data directory, and so do PostgreSQL's children, which leave its
    session, hide their environment and may outlive it.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # gone meanwhile, or hidden from us
                is_server = (entry / "comm").read_text().strip() in SERVER_PROGRAMS
                if is_server and (entry / "cwd").readlink() == data:
                    found.append(int(entry.name))
    return sorted(pid for pid in found if is_alive(pid))


def end_servers_in(data: Path, *, first: signal.Signals) -> None:
    """End the server that works on `data`, which `first` stops, and what a killed one left."""
    found = servers_in(data)
    leaders = [pid for pid in found if (facts := _facts(pid)) and int(facts[1]) not in found]
    end(leaders, first=first)
    end(servers_in(data), first=signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Say whether the process exists and is no zombie."""
    return _facts(pid) is not None


def end(pids: Iterable[int], *, first: signal.Signals = signal.SIGTERM) -> None:
    """Send `first` to all processes, and SIGKILL to those that live after END_LIMIT_SECONDS."""
    waiting = list(pids)
    for number in (first, signal.SIGKILL):
        for pid in waiting:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        limit = time.monotonic() + END_LIMIT_SECONDS
        while waiting and time.monotonic() < limit:
            waiting = [pid for pid in waiting if is_alive(pid)]
            time.sleep(0.05)
        if not waiting:
            return


def _facts(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the state on; None when the process has ended."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if facts[0] in {"Z", "X"} else facts
