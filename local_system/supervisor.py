"""The process that starts the components of a local system in order and watches them.

There is one per state directory: it holds a lock as long as it lives. A component that ends by
itself is started again, a few times with growing pauses; then it is named in the status file with
the end of its log, and the others keep running, so that a person can inspect them. SIGHUP makes it
start what is not running, SIGTERM makes it stop everything.
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

from include.errors import PipelineError, TerminalError
from local_system import components
from local_system.components import AIRFLOW_ARGUMENTS, Component, Site
from local_system.layout import Layout, open_layout
from local_system.private_files import own_directory
from local_system.restarts import LIMIT, WINDOW_SECONDS, next_pause
from local_system.secrets import choose_ports, ensure_secrets, is_free
from local_system.shutdown import end_processes
from local_system.status import Status, read_status, write_status

log = logging.getLogger(__name__)

WATCH_SECONDS = 0.5
HEALTH_LIMIT_SECONDS = 240
# What a step may raise: the project's own errors and those of the clients that it uses.
FAILURES = (PipelineError, OSError, httpx.HTTPError, psycopg.Error, pymysql.MySQLError)


class Supervisor:
    """Starts, watches and stops the components of one system."""

    def __init__(self, site: Site, *, attempt: int, web_port: int | None) -> None:
        """Describe the supervisor; `run` starts the components."""
        self.site = site
        self.web_port = web_port
        self.running: dict[str, Component] = {}
        self.status = Status(os.getpid(), "starting", attempt=attempt)
        self.is_start_requested = True
        self.is_stop_requested = False
        self.started_again: dict[str, list[float]] = {}
        self.next_start: float | None = None

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
                    self._begin()
                self._note_dead()
                if self.next_start is not None and time.monotonic() >= self.next_start:
                    self.next_start = None
                    self._start_all()
                time.sleep(WATCH_SECONDS)
        finally:
            self._stop_all()

    def _begin(self) -> None:
        self.is_start_requested = False
        self.started_again.clear()
        self.next_start = time.monotonic()
        self._publish(
            replace(self.status, phase="starting", attempt=self.status.attempt + 1, failure="")
        )

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_stop_requested = True

    def _on_start(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_start_requested = True

    def _publish(self, status: Status) -> None:
        running = {name: part.process.pid for name, part in self.running.items()}
        self.status = replace(status, running=running)
        write_status(self.site.layout.status, self.status)

    def _start_all(self) -> None:
        """Take every step whose result is missing; what fails is taken again after a pause."""
        step = ""
        try:
            self._leave_taken_ports()
            for step, take in self._steps():
                if self.is_stop_requested:
                    return
                self._publish(replace(self.status, step=step))
                began = time.monotonic()
                take()
                if self._note_dead():
                    return
                log.info("%s: %.1f s", step, time.monotonic() - began)
        except TerminalError as error:
            if not self.is_stop_requested:
                self._fail(str(error))
        except FAILURES as error:
            if not self.is_stop_requested and not self._note_dead():
                self._start_later(step, str(error))
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

    def _leave_taken_ports(self) -> None:
        """Move the system to other ports if another program took one of a part that is down.

        All parts stop for that, because each of them knows the ports of the others.
        """
        ports = self.site.ports
        wanted = {"mariadb": ports.mariadb, "postgres": ports.postgres, "mail": ports.mail}
        wanted["api-server"] = ports.web
        taken = [
            f"{port} ({name})"
            for name, port in wanted.items()
            if name not in self.running and not is_free(port)
        ]
        if taken:
            log.warning("another program listens on port %s", ", ".join(taken))
            self._stop_components()
            chosen = choose_ports(self.site.layout, web=self.web_port)
            self.site = replace(self.site, ports=chosen)
            components.write_environment_files(self.site)

    def _ensure(self, name: str, start: Callable[[Site], Component]) -> None:
        if name not in self.running:
            self.running[name] = start(self.site)

    def _ensure_airflow(self) -> None:
        for name in AIRFLOW_ARGUMENTS:
            if name not in self.running:
                self.running[name] = components.start_airflow(self.site, name)

    def _wait_for_health(self) -> None:
        """Return when Airflow is healthy or a component has died; kill one that hangs."""
        api = self.site.api()
        limit = time.monotonic() + HEALTH_LIMIT_SECONDS
        while waiting_for := components.unhealthy(api):
            if self.is_stop_requested or self._is_one_dead():
                return
            if time.monotonic() > limit:
                log.warning("not healthy after %s s: %s", HEALTH_LIMIT_SECONDS, waiting_for)
                components.kill([self.running[name] for name in waiting_for])
                return
            time.sleep(WATCH_SECONDS)

    def _is_one_dead(self) -> bool:
        return any(part.process.poll() is not None for part in self.running.values())

    def _note_dead(self) -> bool:
        """Have what has died started again; return whether anything had."""
        dead = {
            name: part for name, part in self.running.items() if part.process.poll() is not None
        }
        for name, part in dead.items():
            del self.running[name]
            components.kill_children(part)
        for name, part in dead.items():
            self._start_later(name, components.describe_exit(name, part))
        return bool(dead)

    def _start_later(self, name: str, what: str) -> None:
        """Start what died or failed after a pause, or, if that was done too often, give up."""
        now = time.monotonic()
        earlier = self.started_again.setdefault(name, [])
        pause = next_pause(earlier, now)
        if self.status.phase == "failed":
            log.error("%s", what)
        elif pause is None:
            self._fail(
                f"{what}\n{name} was started again {LIMIT} times within {WINDOW_SECONDS / 60:.0f} "
                f"minutes, and is not any more. Its log is in {self.site.layout.logs} or named "
                "above; the others keep running. `make demo` tries again."
            )
        else:
            earlier.append(now)
            line = f"{name} ended and is started again in {pause:.0f} s ({len(earlier)} of {LIMIT})"
            log.warning("%s\n%s", what, line)
            self.next_start = max(self.next_start or now, now + pause)
            is_first_start = self.status.phase == "starting"
            self._publish(
                replace(
                    self.status,
                    phase="starting" if is_first_start else "recovering",
                    step=name,
                    restarts=[*self.status.restarts, line],
                )
            )

    def _fail(self, failure: str) -> None:
        log.error("%s", failure)
        self.next_start = None
        self._publish(replace(self.status, phase="failed", failure=failure))

    def _stop_all(self) -> None:
        self._publish(replace(self.status, phase="stopping"))
        self._stop_components()
        self.site.layout.status.unlink(missing_ok=True)

    def _stop_components(self) -> None:
        # Airflow's components stop at the same time: none of them needs another one for that.
        airflow = [part for name in AIRFLOW_ARGUMENTS if (part := self.running.pop(name, None))]
        components.stop(airflow)
        for part in reversed(self.running.values()):
            components.stop([part])
        self.running.clear()
        # Processes that the components left behind, such as a running task.
        end_processes(self.site.layout)


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
        end_processes(layout)
        previous = read_status(layout.status)
        attempt = previous.attempt if previous else 0
        try:
            site = prepare(
                layout,
                dags=arguments.dags,
                config=arguments.config,
                web_port=arguments.web_port,
            )
        except PipelineError as error:
            failed = Status(os.getpid(), "failed", attempt=attempt + 1, failure=str(error))
            write_status(layout.status, failed)
            return 1
        Supervisor(site, attempt=attempt, web_port=arguments.web_port).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
