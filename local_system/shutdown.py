"""Stop a local system, and remove its state if asked. Needs nothing but the standard library."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from include.errors import PipelineError
from local_system.layout import OUTSIDE_PARENTS, Layout, open_layout, outside_directory
from local_system.private_files import remove_directory
from local_system.processes import (
    commands_of,
    end,
    end_servers_in,
    is_alive,
    processes_of,
    servers_in,
)

SUPERVISOR_LIMIT_SECONDS = 90.0
POLL_SECONDS = 0.1


def stop_system(state: Path) -> int:
    """Stop every process of the system; return how many there were.

    The supervisor stops its components in order. When it is gone, or does not end in time, the
    processes are ended directly. Raises PipelineError when one survives that.
    """
    layout = open_layout(state, create=False)
    found = processes_of(layout.state)
    supervisor = supervisor_of(layout)
    if supervisor is not None:
        stop_supervisor(supervisor)
    end_processes(layout)
    if left := processes_of(layout.state):
        raise PipelineError(f"cannot be ended: {left}", where="processes")
    layout.status.unlink(missing_ok=True)
    return len(found)


def end_processes(layout: Layout) -> None:
    """End every process of the system but this one, the database servers after their clients."""
    servers = {
        data: servers_in(data) for data in (layout.mariadb / "data", layout.postgres / "data")
    }
    clients = set(processes_of(layout.state)).difference(*servers.values())
    end(sorted(clients, reverse=True))
    # PostgreSQL does not wait for its clients on SIGINT, which MariaDB does not know.
    end_servers_in(layout.mariadb / "data", first=signal.SIGTERM)
    end_servers_in(layout.postgres / "data", first=signal.SIGINT)


def supervisor_of(layout: Layout) -> int | None:
    """Return the process id of the living supervisor, if there is one."""
    return next(iter(commands_of(layout.state, "local_system.supervisor")), None)


def stop_supervisor(supervisor: int) -> None:
    """Make the supervisor stop everything; wait for its end, SUPERVISOR_LIMIT_SECONDS at most."""
    with suppress(ProcessLookupError):
        os.kill(supervisor, signal.SIGTERM)
    limit = time.monotonic() + SUPERVISOR_LIMIT_SECONDS
    while is_alive(supervisor) and time.monotonic() < limit:
        time.sleep(POLL_SECONDS)


def remove_state(state: Path) -> None:
    """Remove everything that a stopped system left, the databases included."""
    layout = open_layout(state, create=False)
    # The record of an outside directory may be gone; its name follows from the state directory.
    outside = [outside_directory(parent, layout.state) for parent in OUTSIDE_PARENTS]
    for path in {layout.data, *outside, layout.state}:
        if not path.parent.is_symlink():  # ours never is
            remove_directory(path)
        if path in outside:
            with suppress(OSError):
                path.parent.rmdir()  # only when no other system is left in it


def main() -> int:
    """Stop the demo system of this checkout."""
    parser = argparse.ArgumentParser(description="Stop the demo system.")
    parser.add_argument("state", type=Path, nargs="?", default=None)
    parser.add_argument("--remove", action="store_true", help="remove its state, too")
    arguments = parser.parse_args()
    state = (arguments.state or Path(__file__).resolve().parents[1] / ".local").resolve()
    count = stop_system(state)
    print(f"stopped {count} processes" if count else "nothing was running")  # noqa: T201
    if arguments.remove:
        remove_state(state)
        print("removed the databases, logs and mails of the demo")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
