"""How each component of a local system is started, prepared and stopped."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import httpx

from include import settings
from include.errors import PipelineError
from include.ops.migrate import migrate
from local_system import databases, servers
from local_system.api import AirflowApi
from local_system.environment import (
    PROGRAMS,
    WEB_USER,
    Addresses,
    addresses,
    airflow_environment,
    command_environment,
    environment_file,
    simulator_environment,
)
from local_system.layout import Layout
from local_system.private_files import open_log, own_directory, write_private
from local_system.processes import MARKER, end, in_session
from local_system.secrets import Ports, Secrets

MIGRATION_LIMIT_SECONDS = 240
STOP_LIMIT_SECONDS = 8
POLL_SECONDS = 0.1
AIRFLOW_ARGUMENTS = {
    "api-server": ("api-server",),
    # Task logs are read from the disk; Airflow's servers for them would listen on all addresses.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
# What must be healthy, by the name that Airflow's page has for it, and whose work that is.
HEALTHY = {
    "metadatabase": "api-server",
    "scheduler": "scheduler",
    "dag_processor": "dag-processor",
    "triggerer": "triggerer",
}
POOLS = settings.PROJECT_ROOT / "include" / "config" / "pools.json"


@dataclass(frozen=True, slots=True)
class Component:
    """One running component, the signal that stops it, and its log."""

    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass(frozen=True)
class Site:
    """The directories, ports and secrets of one system."""

    layout: Layout
    ports: Ports
    secrets: Secrets
    dags: Path
    config: Path

    @cached_property
    def addresses(self) -> Addresses:
        """How to reach the databases and the web UI."""
        return addresses(self.ports, self.secrets)

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment of the Airflow processes."""
        return airflow_environment(
            self.layout, self.ports, self.secrets, config=self.config, dags=self.dags
        )

    def api(self) -> AirflowApi:
        """Return a client of the system's Airflow."""
        return AirflowApi(self.addresses.web, user=WEB_USER, password=self.secrets.web)


def write_environment_files(site: Site) -> None:
    """Write the files that a shell sources: to work on this system; to write into the practice."""
    commands = environment_file(
        command_environment(
            site.layout, site.ports, site.secrets, config=site.config, dags=site.dags
        ),
        title="The demo system; ./dental reads this when no other databases are named.",
    )
    path = f'export PATH={shlex.quote(str(PROGRAMS))}:"$PATH"\n'
    write_private(site.layout.environment, commands + path)
    simulator = environment_file(
        simulator_environment(site.layout, site.ports, site.secrets),
        title="How to write into the demo's practice; only `./dental demo` reads this.",
    )
    write_private(site.layout.simulator_environment, simulator)


def start_mariadb(site: Site) -> Component:
    """Start the practice's server."""
    password = site.secrets.practice_administrator
    server = servers.start_mariadb(site.layout.mariadb, port=site.ports.mariadb, password=password)
    return Component(server.process, server.log)


def start_postgres(site: Site) -> Component:
    """Start the server of the warehouse and of Airflow's metadata."""
    server = servers.start_postgres(
        site.layout.postgres, port=site.ports.postgres, password=site.secrets.postgres
    )
    # SIGINT makes PostgreSQL stop without waiting for its clients.
    return Component(server.process, server.log, signal.SIGINT)


def start_mail(site: Site) -> Component:
    """Start the mail sink."""
    own_directory(site.layout.mails, mode=0o700)
    port, directory = f"--port={site.ports.mail}", f"--directory={site.layout.mails}"
    # It listens to whoever connects, and needs no connection or key of the others.
    needed = (MARKER, "PATH", "PYTHONPATH")
    environment = {name: site.environment[name] for name in needed}
    return _spawn(site, "mail", ("local_system.mail", port, directory), environment)


def start_airflow(site: Site, name: str) -> Component:
    """Start one of Airflow's four components."""
    return _spawn(site, name, ("airflow", *AIRFLOW_ARGUMENTS[name]), site.environment)


def make_accounts(site: Site) -> None:
    """Create the accounts and databases that are missing."""
    where = site.addresses
    databases.ensure_practice_accounts(where)
    databases.ensure_database(where.postgres_administrator, where.warehouse)
    databases.ensure_database(where.postgres_administrator, where.airflow)


def migrate_warehouse(site: Site) -> None:
    """Bring the warehouse's schemas to this release, over the pipeline's own account."""
    migrate(site.addresses.warehouse)


def migrate_metadata(site: Site, is_cancelled: Callable[[], bool]) -> None:
    """Migrate Airflow's metadata to the installed version; returns at once if that was done.

    Raises PipelineError, with the end of the log, when it fails, takes too long or is cancelled.
    """
    own_directory(site.layout.airflow_home, mode=0o700)
    passwords = site.layout.airflow_home / "passwords.json"
    write_private(passwords, json.dumps({WEB_USER: site.secrets.web}) + "\n")
    # The marker is beside the database that it describes, so that both are removed together.
    done = site.layout.postgres / f"airflow-{version('apache-airflow')}"
    if done.exists():
        return
    migration = _spawn(site, "metadata", ("airflow", "db", "migrate"), site.environment)
    limit = time.monotonic() + MIGRATION_LIMIT_SECONDS
    while migration.process.poll() is None and time.monotonic() < limit and not is_cancelled():
        time.sleep(POLL_SECONDS)
    if migration.process.poll() is None:
        end([migration.process.pid])
    if migration.process.wait() != 0:
        raise PipelineError(describe_exit("airflow db migrate", migration))
    write_private(done, "")


def make_pools(site: Site) -> None:
    """Create the pools that are missing; existing ones may have been changed on purpose."""
    api = site.api()
    for name, pool in json.loads(POOLS.read_text()).items():
        api.ensure_pool(name, slots=pool["slots"], description=pool["description"])


def unhealthy(api: AirflowApi) -> list[str]:
    """Return the components of Airflow that are not healthy yet."""
    try:
        health = api.health()
    except httpx.HTTPError:
        return ["api-server"]
    return [
        component
        for name, component in HEALTHY.items()
        if (health.get(name) or {}).get("status") != "healthy"
    ]


def describe_exit(name: str, part: Component) -> str:
    """Return the exit code of a component that has ended, and the end of its log."""
    return (
        f"{name} ended with code {part.process.returncode}. The end of {part.log}:\n"
        f"{servers.tail(part.log)}"
    )


def kill(parts: Sequence[Component]) -> None:
    """Kill components that do not answer, and wait for their end."""
    for part in parts:
        part.process.kill()
        part.process.wait()


def kill_children(part: Component) -> None:
    """Kill the children of a component that has ended: they would disturb its next start."""
    end(in_session(part.process.pid), first=signal.SIGKILL)


def stop(parts: Sequence[Component]) -> None:
    """Stop these components at the same time and wait until they have gone."""
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


def _spawn(
    site: Site, name: str, module: Sequence[str], environment: Mapping[str, str]
) -> Component:
    output = site.layout.logs / f"{name}.log"
    with open_log(output) as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=site.layout.state,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    return Component(process, output)
