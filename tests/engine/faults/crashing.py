"""Servers of one's own that crash and start again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from local_system import servers


class CrashingWarehouse:
    """A PostgreSQL of one's own that loses power and starts again."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self._directory = directory
        self._port, self._password = servers.free_port(), servers.new_password()
        # A commit that was answered is on the disk, as in production.
        self._settings = {"synchronous_commit": "on", **settings}
        self.server = self._start()

    def crash(self) -> None:
        """Kill the server and all that it started, at once; start it again."""
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self.server.process.wait()
        self.server = self._start()

    def start_again(self) -> None:
        """Stop it if it still runs, and start it."""
        self.server.stop()
        self.server = self._start()

    def _start(self) -> servers.Server:
        return servers.start_postgres(
            self._directory, port=self._port, password=self._password, settings=self._settings
        )


class CrashingSource:
    """A MariaDB of one's own that is killed and starts again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port, self._password = servers.free_port(), servers.new_password()
        self.server = self._start()

    def crash(self) -> None:
        """Kill the server at once; start it again."""
        self.server.process.kill()
        self.server.process.wait()
        self.server = self._start()

    def _start(self) -> servers.Server:
        return servers.start_mariadb(self._directory, port=self._port, password=self._password)
