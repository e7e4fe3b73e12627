"""The environment variables of a local system's processes, and of shells that work on it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include import settings
from include.endpoints import Endpoint
from local_system.layout import Layout
from local_system.processes import MARKER
from local_system.secrets import Ports, Secrets
from local_system.servers import LOOPBACK, SOURCE_ADMINISTRATOR, WAREHOUSE_ADMINISTRATOR

PRACTICE_DATABASE = "opendental"
PRACTICE_READER = "warehouse_reader"
PRACTICE_WRITER = "simulator"
WAREHOUSE = "warehouse"
AIRFLOW = "airflow"
WEB_USER = "admin"
MAIL_SENDER = "airflow@dental.example"
ALERT_RECIPIENT = "office@dental.example"
PARALLELISM = 8
BOOKS_VARIABLE = "DENTAL_SIMULATOR_BOOKS"
PROGRAMS = Path(sys.executable).parent
# Settings of another Airflow or Python in the caller's shell must not leak into this one.
DROPPED_PREFIXES = ("AIRFLOW", "PYTHON", "VIRTUAL_ENV", "DBT_", "DENTAL_")
# Exceptions: a person may set these for a local system.
KEPT_VARIABLES = (
    "DENTAL_DEADLINE_MINUTES",
    "DENTAL_LOAD_RANGES",
    "DENTAL_OFFICE_TIME_ZONE",
    "DENTAL_RETRY_SECONDS",
    "DENTAL_SPLIT_ROWS",
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The databases and the web UI of one local system."""

    practice: Endpoint
    practice_writer: Endpoint
    practice_administrator: Endpoint
    postgres_administrator: Endpoint
    warehouse: Endpoint
    airflow: Endpoint
    web: str


def addresses(ports: Ports, secrets: Secrets) -> Addresses:
    """Return the addresses of the system's databases and web UI."""

    def practice(user: str, password: str) -> Endpoint:
        return Endpoint("mysql", LOOPBACK, ports.mariadb, user, password, PRACTICE_DATABASE)

    warehouse = Endpoint(
        "postgres", LOOPBACK, ports.postgres, WAREHOUSE, secrets.warehouse, WAREHOUSE
    )
    return Addresses(
        practice=practice(PRACTICE_READER, secrets.practice_reader),
        practice_writer=practice(PRACTICE_WRITER, secrets.practice_writer),
        practice_administrator=practice(SOURCE_ADMINISTRATOR, secrets.practice_administrator),
        postgres_administrator=Endpoint(
            "postgres",
            LOOPBACK,
            ports.postgres,
            WAREHOUSE_ADMINISTRATOR,
            secrets.postgres,
            "postgres",
        ),
        warehouse=warehouse,
        airflow=Endpoint(
            "postgres", LOOPBACK, ports.postgres, AIRFLOW, secrets.airflow_database, AIRFLOW
        ),
        web=f"http://{LOOPBACK}:{ports.web}",
    )


def simulator_environment(layout: Layout, ports: Ports, secrets: Secrets) -> dict[str, str]:
    """Return what the simulator's commands need besides, and nobody else has: how to write."""
    return {
        settings.PRACTICE_ADMINISTRATOR_VARIABLE: addresses(ports, secrets).practice_writer.uri(),
        BOOKS_VARIABLE: str(layout.truth),
    }


def command_environment(
    layout: Layout, ports: Ports, secrets: Secrets, *, config: Path, dags: Path
) -> dict[str, str]:
    """Return what `./dental` and `airflow` need to work on this system, from whatever process."""
    where = addresses(ports, secrets)
    metadata = where.airflow.uri().removeprefix("postgres")
    root = settings.PROJECT_ROOT
    return {
        "PYTHONPATH": str(root),
        "AIRFLOW_HOME": str(layout.airflow_home),
        settings.SOURCE_VARIABLE: where.practice.uri(),
        settings.WAREHOUSE_VARIABLE: where.warehouse.uri(),
        "AIRFLOW_CONN_SMTP_DEFAULT": (
            f"smtp://{LOOPBACK}:{ports.mail}/?disable_ssl=true&disable_tls=true"
            f"&from_email={MAIL_SENDER}"
        ),
        "DENTAL_ALERT_TO": ALERT_RECIPIENT,
        "DENTAL_CONFIG_DIRECTORY": str(config),
        **settings.TELEMETRY_OFF,
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(PARALLELISM),
        "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": str(PARALLELISM),
        "AIRFLOW__CORE__MAX_MAP_LENGTH": "4096",
        "AIRFLOW__CORE__FERNET_KEY": secrets.fernet,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{where.web}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{WEB_USER}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(
            layout.airflow_home / "passwords.json"
        ),
        # The driver is named, because SQLAlchemy 2.1 would choose another than Airflow expects.
        # Another program may have taken the port, and must not get the password.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (
            f"postgresql+psycopg2{metadata}?require_auth=scram-sha-256"
        ),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+asyncpg{metadata}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(layout.airflow_home / "logs"),
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        # By default Cosmos caches parsed projects in a directory that all users share.
        "AIRFLOW__COSMOS__CACHE_DIR": str(layout.airflow_home / "cosmos"),
        "AIRFLOW__COSMOS__ENABLE_DAG_VERSIONING": "False",
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(ports.web),
        "AIRFLOW__API__BASE_URL": where.web,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.api,
        "AIRFLOW__API__MAXIMUM_PAGE_LIMIT": "1000",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.jwt,
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        # Tasks of a scheduler that was killed are taken up again within a minute, not within ten.
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def airflow_environment(
    layout: Layout, ports: Ports, secrets: Secrets, *, config: Path, dags: Path
) -> dict[str, str]:
    """Return the whole environment of the Airflow processes of this system."""
    inherited = {
        name: value
        for name, value in settings.inherited_environment().items()
        if not name.startswith(DROPPED_PREFIXES) or name in KEPT_VARIABLES
    }
    return {
        **inherited,
        **command_environment(layout, ports, secrets, config=config, dags=dags),
        MARKER: str(layout.state),
        # Airflow sets the titles of its processes, which would overwrite the marker above in /proc.
        "SPT_NOENV": "1",
        "PATH": f"{PROGRAMS}:{inherited.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
    }


def environment_file(variables: Mapping[str, str], *, title: str) -> str:
    """Return a shell script that exports these variables; it holds passwords."""
    lines = [f"# {title}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join(lines) + "\n"
