"""A whole local system, as the demo and the tests use it: start it, talk to it, stop it.

```python
system = System(Path("/tmp/x/state"), dags=Path("dags"), config=Path("/tmp/x/config"))
system.start()
run = system.api.trigger("refresh_warehouse", {"mode": "full"})
system.api.wait_for_run(run.dag_id, run.run_id, limit=300)
system.stop()
```
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

from include import settings
from include.errors import PipelineError
from local_system.api import AirflowApi
from local_system.environment import (
    WEB_USER,
    Addresses,
    addresses,
    airflow_environment,
    command_environment,
    simulator_environment,
)
from local_system.failures import LocalSystemError
from local_system.layout import Layout, open_layout
from local_system.mail import read_mails
from local_system.private_files import open_log, own_directory
from local_system.processes import MARKER, is_alive
from local_system.secrets import Ports, Secrets, ensure_secrets, read_ports
from local_system.servers import tail
from local_system.shutdown import stop_system, supervisor_of
from local_system.status import Status, read_status

START_LIMIT_SECONDS = 600
POLL_SECONDS = 0.2


class System:
    """One local system, identified by its state directory; it outlives this process."""

    def __init__(
        self,
        state: Path,
        *,
        dags: Path = settings.PROJECT_ROOT / "dags",
        config: Path | None = None,
        web_port: int | None = None,
    ) -> None:
        """Describe the system in `state`; nothing is created or started yet."""
        self.state = state.resolve()
        self.dags = dags.resolve()
        self.config = (config or settings.PROJECT_ROOT / "include" / "config").resolve()
        self.web_port = web_port
        self._api: AirflowApi | None = None

    def start(self, progress: Callable[[Status], None] | None = None) -> None:
        """Start what is not running, call `progress` for each step, return when all is healthy.

        Raises PipelineError that names the component that was started in vain, again and again,
        and shows the end of its log; running components keep running.
        """
        layout = self.layout
        running = supervisor_of(layout)
        before = read_status(layout.status)
        attempt = 0
        if running is None:
            layout.status.unlink(missing_ok=True)
            process = self._spawn()
            supervisor = process.pid
        elif before is None or before.phase == "failed":
            attempt = before.attempt if before else 0
            supervisor = running
            os.kill(running, signal.SIGHUP)
        else:
            supervisor = running
        limit = time.monotonic() + START_LIMIT_SECONDS
        last_step = ""
        while True:
            status = read_status(layout.status)
            if status is not None and status.supervisor == supervisor and status.attempt > attempt:
                if progress is not None and status.step not in ("", last_step):
                    last_step = status.step
                    progress(status)
                if status.phase == "ready":
                    return
                if status.phase == "failed":
                    raise LocalSystemError(status.failure)
            if not is_alive(supervisor):
                raise LocalSystemError(
                    f"ended while starting:\n{tail(self._supervisor_log)}", where="supervisor"
                )
            if time.monotonic() > limit:
                step = status.step if status else "supervisor"
                raise PipelineError(
                    f"not done {START_LIMIT_SECONDS} s after the start; the logs are in "
                    f"{layout.logs}",
                    where=step,
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop every process of the system and wait until they have gone."""
        self._close_api()
        stop_system(self.state)

    def status(self) -> Status | None:
        """Return the supervisor's status; None when no supervisor is running."""
        if supervisor_of(self.layout) is None:
            return None
        return read_status(self.layout.status)

    def restarts(self) -> list[str]:
        """Return a line for each component that died and was started again."""
        status = self.status()
        return status.restarts if status is not None else []

    def fail_if_broken(self) -> None:
        """Raise PipelineError with the end of its log when a component died and stays down."""
        status = self.status()
        if status is None:
            raise LocalSystemError(
                f"is not running:\n{tail(self._supervisor_log)}", where="supervisor"
            )
        if status.phase == "failed":
            raise LocalSystemError(status.failure)

    @cached_property
    def layout(self) -> Layout:
        """The paths of the system; creates the state directory."""
        return open_layout(self.state)

    @property
    def ports(self) -> Ports:
        """The ports of the last start; PipelineError before the first."""
        ports = read_ports(self.layout)
        if ports is None:
            raise PipelineError("was never started", where=str(self.state))
        return ports

    @property
    def secrets(self) -> Secrets:
        """The passwords of the system."""
        return ensure_secrets(self.layout)

    @property
    def addresses(self) -> Addresses:
        """The addresses of the databases and the web UI."""
        return addresses(self.ports, self.secrets)

    @property
    def api(self) -> AirflowApi:
        """A client of the system's Airflow, logged in as its administrator."""
        url = self.addresses.web
        if self._api is None or self._api.url != url:
            self._close_api()
            self._api = AirflowApi(url, user=WEB_USER, password=self.secrets.web)
        return self._api

    def _close_api(self) -> None:
        if self._api is not None:
            self._api.close()
            self._api = None

    def environment(self) -> dict[str, str]:
        """Return what `./dental` and `airflow` need to work on this system."""
        return command_environment(
            self.layout, self.ports, self.secrets, config=self.config, dags=self.dags
        )

    def simulator_environment(self) -> dict[str, str]:
        """Return what the simulator's commands need besides."""
        return simulator_environment(self.layout, self.ports, self.secrets)

    def airflow_environment(self) -> dict[str, str]:
        """Return the environment for Airflow's own command line on this system."""
        return airflow_environment(
            self.layout, self.ports, self.secrets, config=self.config, dags=self.dags
        )

    def mails(self) -> list[EmailMessage]:
        """Return every mail that was sent so far, oldest first."""
        return read_mails(self.layout.mails)

    @property
    def _supervisor_log(self) -> Path:
        return self.layout.logs / "supervisor.log"

    def _spawn(self) -> subprocess.Popen[bytes]:
        own_directory(self.layout.logs, mode=0o700)
        command = [
            *(sys.executable, "-m", "local_system.supervisor", str(self.state)),
            *("--dags", str(self.dags), "--config", str(self.config)),
        ]
        if self.web_port is not None:
            command += ["--web-port", str(self.web_port)]
        environment = settings.inherited_environment() | {
            MARKER: str(self.state),
            "PYTHONPATH": str(settings.PROJECT_ROOT),
            "SPT_NOENV": "1",
        }
        with open_log(self._supervisor_log) as output:
            return subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
