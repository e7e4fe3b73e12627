"""The process that starts the components of a local system in order and watches them.

There is one per state directory: it holds a lock as long as it lives. SIGHUP makes it start what
is not running, SIGTERM makes it stop everything. A component that ends by itself is named in the
status file with the end of its log; the others go on, so that people can look.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from types import FrameType

import httpx

from include import settings
from include.errors import PipelineError
from include.local import databases, servers
from include.local.api import AirflowApi
from include.local.environment import (
    WEB_USER,
    addresses,
    airflow_environment,
    environment_file,
    shared_environment,
)
from include.local.layout import Layout, make_directory, open_layout
from include.local.processes import end, processes_of
from include.local.secrets import Ports, choose_ports, ensure_secrets, write_private
from include.local.status import Status, read_status, write_status

log = logging.getLogger(__name__)

WATCH_SECONDS = 0.5
MIGRATION_LIMIT_SECONDS = 180
HEALTH_LIMIT_SECONDS = 150
STOP_LIMIT_SECONDS = 8
AIRFLOW_COMPONENTS = {
    "api-server": ("api-server",),
    # Task logs are read from the disk; their own little web servers would listen on all addresses.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
HEALTHY = ("metadatabase", "scheduler", "dag_processor", "triggerer")
POOLS = settings.PROJECT_ROOT / "include" / "config" / "pools.json"


@dataclass(frozen=True, slots=True)
class Component:
    """One running component, how it is asked to stop, and where it logs."""

    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM


class Supervisor:
    """Starts, watches and stops the components of one system."""

    def __init__(
        self, layout: Layout, *, dags: Path, config: Path, web_port: int | None = None
    ) -> None:
        self.layout = layout
        self.dags = dags
        self.config = config
        self.web_port = web_port
        self.secrets = ensure_secrets(layout)
        self.components: dict[str, Component] = {}
        self.status = Status(os.getpid(), "starting")
        self.ports: Ports | None = None
        self.is_asked_to_start = True
        self.is_asked_to_stop = False

    def run(self) -> None:
        """Serve until SIGTERM; the status file tells how it goes."""
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_start)
        # Left over from a supervisor that was killed: nobody watches them, and they hold the ports.
        end(pid for pid in reversed(processes_of(self.layout.state)) if pid != os.getpid())
        while not self.is_asked_to_stop:
            if self.is_asked_to_start:
                self.is_asked_to_start = False
                self._start_all()
            self._watch()
            time.sleep(WATCH_SECONDS)
        self._stop_all()

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_asked_to_stop = True

    def _on_start(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_asked_to_start = True
        self._say(replace(self.status, phase="starting", attempt=self.status.attempt + 1))

    def _say(self, status: Status) -> None:
        running = {name: part.process.pid for name, part in self.components.items()}
        self.status = replace(status, running=running)
        write_status(self.layout.status, self.status)

    def _start_all(self) -> None:
        try:
            for name, start in self._steps():
                if self.is_asked_to_stop:
                    return
                self._say(replace(self.status, phase="starting", step=name, failure=""))
                began = time.monotonic()
                start()
                self._fail_if_one_died()
                log.info("%s: %.1f s", name, time.monotonic() - began)
        except (PipelineError, OSError, httpx.HTTPError, subprocess.SubprocessError) as error:
            if not self.is_asked_to_stop:
                log.error("%s", error)
                self._say(replace(self.status, phase="failed", failure=str(error)))
        else:
            self._say(replace(self.status, phase="ready", step=""))

    def _steps(self) -> Sequence[tuple[str, Callable[[], None]]]:
        return (
            ("ports", self._choose_ports),
            ("mariadb", self._start_mariadb),
            ("postgres", self._start_postgres),
            ("mail", self._start_mail),
            ("accounts", self._make_accounts),
            ("metadata", self._migrate_metadata),
            ("airflow", self._start_airflow),
            ("health", self._wait_for_health),
            ("pools", self._make_pools),
        )

    def _choose_ports(self) -> None:
        if self.ports is None:
            self.ports = choose_ports(self.layout, web=self.web_port)
            shared = shared_environment(self.layout, self.ports, self.secrets, config=self.config)
            write_private(self.layout.environment, environment_file(shared))

    @property
    def _chosen_ports(self) -> Ports:
        if self.ports is None:
            raise PipelineError("are not chosen yet", where="ports")
        return self.ports

    def _start_mariadb(self) -> None:
        if "mariadb" not in self.components:
            server = servers.start_mariadb(
                self.layout.mariadb,
                port=self._chosen_ports.mariadb,
                password=self.secrets.practice_administrator,
            )
            self.components["mariadb"] = Component(server.process, server.log)

    def _start_postgres(self) -> None:
        if "postgres" not in self.components:
            server = servers.start_postgres(
                self.layout.postgres,
                port=self._chosen_ports.postgres,
                password=self.secrets.postgres,
            )
            self.components["postgres"] = Component(server.process, server.log, signal.SIGINT)

    def _start_mail(self) -> None:
        make_directory(self.layout.mails, mode=0o700)
        self._spawn(
            "mail",
            (
                "include.local.mail",
                f"--port={self._chosen_ports.mail}",
                f"--directory={self.layout.mails}",
            ),
        )

    def _make_accounts(self) -> None:
        where = addresses(self._chosen_ports, self.secrets)
        databases.ensure_practice_account(where)
        databases.ensure_database(where.postgres_administrator, where.warehouse)
        databases.ensure_database(where.postgres_administrator, where.airflow)

    def _migrate_metadata(self) -> None:
        done = self.layout.postgres / f"airflow-{version('apache-airflow')}"
        make_directory(self.layout.airflow_home, mode=0o700)
        passwords = self.layout.airflow_home / "passwords.json"
        write_private(passwords, f'{{"{WEB_USER}": "{self.secrets.web}"}}\n')
        if done.exists():
            return
        output = self.layout.logs / "metadata.log"
        with output.open("ab") as file:
            migration = subprocess.Popen(
                [sys.executable, "-m", "airflow", "db", "migrate"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        limit = time.monotonic() + MIGRATION_LIMIT_SECONDS
        while migration.poll() is None and time.monotonic() < limit:
            if self.is_asked_to_stop:
                end([migration.pid])
            time.sleep(WATCH_SECONDS / 5)
        if migration.poll() != 0:
            end([migration.pid])
            raise PipelineError(
                f"ended with code {migration.wait()}:\n{servers.tail(output)}",
                where="airflow db migrate",
            )
        done.touch()

    def _start_airflow(self) -> None:
        for name, arguments in AIRFLOW_COMPONENTS.items():
            self._spawn(name, ("airflow", *arguments))

    def _wait_for_health(self) -> None:
        api = self._api()
        limit = time.monotonic() + HEALTH_LIMIT_SECONDS
        while unhealthy := _unhealthy(api):
            if self.is_asked_to_stop:
                return
            self._fail_if_one_died()
            if time.monotonic() > limit:
                raise PipelineError(
                    f"not healthy after {HEALTH_LIMIT_SECONDS} s; the logs are in "
                    f"{self.layout.logs}",
                    where=", ".join(unhealthy),
                )
            time.sleep(WATCH_SECONDS)

    def _make_pools(self) -> None:
        api = self._api()
        for name, pool in json.loads(POOLS.read_text()).items():
            api.ensure_pool(name, slots=pool["slots"], description=pool["description"])

    def _api(self) -> AirflowApi:
        web = addresses(self._chosen_ports, self.secrets).web
        return AirflowApi(web, user=WEB_USER, password=self.secrets.web)

    def _environment(self) -> dict[str, str]:
        return airflow_environment(
            self.layout, self._chosen_ports, self.secrets, config=self.config, dags=self.dags
        )

    def _spawn(self, name: str, module: Sequence[str]) -> None:
        if name in self.components:
            return
        output = self.layout.logs / f"{name}.log"
        with output.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=self.layout.airflow_home.parent,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.components[name] = Component(process, output)

    def _remove_dead(self) -> dict[str, Component]:
        dead = {
            name: part for name, part in self.components.items() if part.process.poll() is not None
        }
        for name, part in dead.items():
            del self.components[name]
            with suppress(ProcessLookupError):
                # Its children have no use without it, and would disturb the next one.
                os.killpg(part.process.pid, signal.SIGKILL)
        return dead

    def _fail_if_one_died(self) -> None:
        if dead := self._remove_dead():
            raise PipelineError(_obituary(dead))

    def _watch(self) -> None:
        if dead := self._remove_dead():
            failure = _obituary(dead)
            log.error("%s", failure)
            self._say(replace(self.status, phase="failed", failure=failure))

    def _stop_all(self) -> None:
        self._say(replace(self.status, phase="stopping"))
        # All of Airflow at once: none of its parts needs another one to stop.
        airflow = [self.components.pop(name, None) for name in AIRFLOW_COMPONENTS]
        _stop([part for part in airflow if part is not None])
        for part in reversed(self.components.values()):
            _stop([part])
        # What the components left behind, such as a task that was running.
        end(pid for pid in processes_of(self.layout.state) if pid != os.getpid())
        self.layout.status.unlink(missing_ok=True)


def _unhealthy(api: AirflowApi) -> list[str]:
    try:
        health = api.health()
    except httpx.HTTPError:
        return ["api-server"]
    return [name for name in HEALTHY if (health.get(name) or {}).get("status") != "healthy"]


def _obituary(dead: dict[str, Component]) -> str:
    return "\n".join(
        f"{name} ended with code {part.process.returncode}. The end of {part.log}:\n"
        f"{servers.tail(part.log)}"
        for name, part in dead.items()
    )


def _stop(parts: Sequence[Component]) -> None:
    for part in parts:
        if part.process.poll() is None:
            part.process.send_signal(part.stop_signal)
    limit = time.monotonic() + STOP_LIMIT_SECONDS
    for part in parts:
        try:
            part.process.wait(max(0.0, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(part.process.pid, signal.SIGKILL)
            part.process.wait()


def main() -> int:
    """Run the supervisor of one state directory; return 3 when another one is at work there."""
    parser = argparse.ArgumentParser(description="Start and watch a local system.")
    parser.add_argument("state", type=Path)
    parser.add_argument("--dags", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--web-port", type=int)
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr, force=True
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    layout = open_layout(arguments.state)
    with (layout.state / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 3
        previous = read_status(layout.status)
        try:
            make_directory(layout.logs, mode=0o700)
            Supervisor(
                layout,
                dags=arguments.dags,
                config=arguments.config,
                web_port=arguments.web_port,
            ).run()
        except PipelineError as error:
            attempt = previous.attempt + 1 if previous else 1
            failed = Status(os.getpid(), "failed", attempt=attempt, failure=str(error))
            write_status(layout.status, failed)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
