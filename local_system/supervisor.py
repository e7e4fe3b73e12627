"""The process that starts the components of a local system in order and watches them.

There is one per state directory: it holds a lock as long as it lives. SIGHUP makes it start what
is not running, SIGTERM makes it stop everything. A component that ends by itself is named in the
status file with the end of its log; the others keep running, so that a person can inspect them.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

import httpx
import psycopg
import pymysql

from include.errors import PipelineError
from local_system import components
from local_system.components import AIRFLOW_ARGUMENTS, Component, Site
from local_system.layout import Layout, open_layout
from local_system.private_files import own_directory
from local_system.processes import end, processes_of
from local_system.secrets import choose_ports, ensure_secrets
from local_system.status import Status, read_status, write_status

log = logging.getLogger(__name__)

WATCH_SECONDS = 0.5
HEALTH_LIMIT_SECONDS = 240
# What a step may raise: the project's own errors and those of the clients that it uses.
FAILURES = (PipelineError, OSError, httpx.HTTPError, psycopg.Error, pymysql.MySQLError)


class Supervisor:
    """Starts, watches and stops the components of one system."""

    def __init__(self, site: Site, *, attempt: int) -> None:
        """Describe the supervisor; `run` starts the components."""
        self.site = site
        self.running: dict[str, Component] = {}
        self.status = Status(os.getpid(), "starting", attempt=attempt)
        self.is_start_requested = True
        self.is_stop_requested = False

    def run(self) -> None:
        """Start and watch the components until SIGTERM, then stop them all.

        The status file shows the progress.
        """
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_start)
        try:
            while not self.is_stop_requested:
                if self.is_start_requested:
                    self.is_start_requested = False
                    self._start_all()
                self._watch()
                time.sleep(WATCH_SECONDS)
        finally:
            self._stop_all()

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_stop_requested = True

    def _on_start(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_start_requested = True
        self._publish(replace(self.status, phase="starting", attempt=self.status.attempt + 1))

    def _publish(self, status: Status) -> None:
        running = {name: part.process.pid for name, part in self.running.items()}
        self.status = replace(status, running=running)
        write_status(self.site.layout.status, self.status)

    def _start_all(self) -> None:
        # A component that ended before this start was requested is started again, not reported.
        self._remove_dead()
        try:
            for name, take in self._steps():
                if self.is_stop_requested:
                    return
                self._publish(replace(self.status, phase="starting", step=name, failure=""))
                began = time.monotonic()
                take()
                self._fail_if_one_died()
                log.info("%s: %.1f s", name, time.monotonic() - began)
        except FAILURES as error:
            if not self.is_stop_requested:
                log.error("%s", error)
                self._publish(replace(self.status, phase="failed", failure=str(error)))
        else:
            self._publish(replace(self.status, phase="ready", step=""))

    def _steps(self) -> Sequence[tuple[str, Callable[[], None]]]:
        site = self.site
        return (
            ("mariadb", lambda: self._ensure("mariadb", components.start_mariadb)),
            ("postgres", lambda: self._ensure("postgres", components.start_postgres)),
            ("mail", lambda: self._ensure("mail", components.start_mail)),
            ("accounts", lambda: components.make_accounts(site)),
            ("warehouse schemas", lambda: components.migrate_warehouse(site)),
            (
                "metadata",
                lambda: components.migrate_metadata(site, lambda: self.is_stop_requested),
            ),
            ("airflow", self._ensure_airflow),
            ("health", self._wait_for_health),
            ("pools", lambda: components.make_pools(site)),
        )

    def _ensure(self, name: str, start: Callable[[Site], Component]) -> None:
        if name not in self.running:
            self.running[name] = start(self.site)

    def _ensure_airflow(self) -> None:
        for name in AIRFLOW_ARGUMENTS:
            if name not in self.running:
                self.running[name] = components.start_airflow(self.site, name)

    def _wait_for_health(self) -> None:
        api = self.site.api()
        limit = time.monotonic() + HEALTH_LIMIT_SECONDS
        while waiting_for := components.unhealthy(api):
            if self.is_stop_requested:
                return
            self._fail_if_one_died()
            if time.monotonic() > limit:
                raise PipelineError(
                    f"not healthy after {HEALTH_LIMIT_SECONDS} s; the logs are in "
                    f"{self.site.layout.logs}",
                    where=", ".join(waiting_for),
                )
            time.sleep(WATCH_SECONDS)

    def _remove_dead(self) -> str:
        dead = {
            name: part for name, part in self.running.items() if part.process.poll() is not None
        }
        for name, part in dead.items():
            del self.running[name]
            components.kill_children(part)
        return components.describe_exits(dead)

    def _fail_if_one_died(self) -> None:
        if failure := self._remove_dead():
            raise PipelineError(failure)

    def _watch(self) -> None:
        if failure := self._remove_dead():
            log.error("%s", failure)
            self._publish(replace(self.status, phase="failed", failure=failure))

    def _stop_all(self) -> None:
        self._publish(replace(self.status, phase="stopping"))
        # Airflow's components stop at the same time: none of them needs another one for that.
        airflow = [part for name in AIRFLOW_ARGUMENTS if (part := self.running.pop(name, None))]
        components.stop(airflow)
        for part in reversed(self.running.values()):
            components.stop([part])
        # Processes that the components left behind, such as a running task.
        end_strays(self.site.layout)
        self.site.layout.status.unlink(missing_ok=True)


def end_strays(layout: Layout) -> None:
    """End every process of the system but this one."""
    end([pid for pid in processes_of(layout.state) if pid != os.getpid()])


def prepare(layout: Layout, *, dags: Path, config: Path, web_port: int | None) -> Site:
    """Choose ports and secrets; raises TerminalError when the given web port is taken."""
    own_directory(layout.logs, mode=0o700)
    site = Site(
        layout=layout,
        ports=choose_ports(layout, web=web_port),
        secrets=ensure_secrets(layout),
        dags=dags,
        config=config,
    )
    components.write_environment_files(site)
    return site


def main() -> int:
    """Run the supervisor of one state directory; return 3 when another one is running there."""
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
        # The processes of a killed supervisor still hold the ports, and nothing watches them.
        end_strays(layout)
        previous = read_status(layout.status)
        attempt = previous.attempt + 1 if previous else 1
        try:
            site = prepare(
                layout,
                dags=arguments.dags,
                config=arguments.config,
                web_port=arguments.web_port,
            )
        except PipelineError as error:
            failed = Status(os.getpid(), "failed", attempt=attempt, failure=str(error))
            write_status(layout.status, failed)
            return 1
        Supervisor(site, attempt=attempt).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
