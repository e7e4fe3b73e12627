"""Ends a local system as a power cut does."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

from local_system.processes import is_alive, processes_of, servers_in
from local_system.system import System


def cut_power(system: System) -> None:
    """Kill every process of the system at once, and return when all have gone."""
    layout = system.layout
    pids = set(processes_of(system.state))
    pids.update(servers_in(layout.mariadb / "data"), servers_in(layout.postgres / "data"))
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while any(is_alive(pid) for pid in pids):
        time.sleep(0.01)
