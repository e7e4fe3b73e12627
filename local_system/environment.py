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
WAREHOUSE = "warehouse"
AIRFLOW = "airflow"
WEB_USER = "admin"
MAIL_SENDER = "airflow@dental.example"
ALERT_RECIPIENT = "office@dental.example"
PARALLELISM = 8
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
    practice_administrator: Endpoint
    postgres_administrator: Endpoint
    warehouse: Endpoint
    airflow: Endpoint
    web: str


def addresses(ports: Ports, secrets: Secrets) -> Addresses:
    """Return the addresses of the system's databases and web UI."""
    practice = Endpoint(
        "mysql",
        LOOPBACK,
        ports.mariadb,
        PRACTICE_READER,
        secrets.practice_reader,
        PRACTICE_DATABASE,
    )
    warehouse = Endpoint(
        "postgres", LOOPBACK, ports.postgres, WAREHOUSE, secrets.warehouse, WAREHOUSE
    )
    return Addresses(
        practice=practice,
        practice_administrator=Endpoint(
            "mysql",
            LOOPBACK,
            ports.mariadb,
            SOURCE_ADMINISTRATOR,
            secrets.practice_administrator,
            PRACTICE_DATABASE,
        ),
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


def shared_environment(
    layout: Layout, ports: Ports, secrets: Secrets, *, config: Path
) -> dict[str, str]:
    """Return what the command line and Airflow both need: connections, paths, no telemetry."""
    where = addresses(ports, secrets)
    return {
        "AIRFLOW_HOME": str(layout.airflow_home),
        "AIRFLOW_CONN_OPEN_DENTAL": where.practice.uri(),
        "AIRFLOW_CONN_OPEN_DENTAL_ADMIN": where.practice_administrator.uri(),
        "AIRFLOW_CONN_WAREHOUSE": where.warehouse.uri(),
        "AIRFLOW_CONN_SMTP_DEFAULT": (
            f"smtp://{LOOPBACK}:{ports.mail}/?disable_ssl=true&disable_tls=true"
            f"&from_email={MAIL_SENDER}"
        ),
        "DENTAL_ALERT_TO": ALERT_RECIPIENT,
        "DENTAL_CONFIG_DIRECTORY": str(config),
        **settings.TELEMETRY_OFF,
    }


def airflow_environment(
    layout: Layout, ports: Ports, secrets: Secrets, *, config: Path, dags: Path
) -> dict[str, str]:
    """Return the whole environment of the Airflow processes of this system."""
    where = addresses(ports, secrets)
    metadata = where.airflow.uri().removeprefix("postgres")
    root = settings.PROJECT_ROOT
    inherited = {
        name: value
        for name, value in settings.inherited_environment().items()
        if not name.startswith(DROPPED_PREFIXES) or name in KEPT_VARIABLES
    }
    return {
        **inherited,
        **shared_environment(layout, ports, secrets, config=config),
        MARKER: str(layout.state),
        # Airflow sets the titles of its processes, which would overwrite the marker above in /proc.
        "SPT_NOENV": "1",
        "PATH": f"{Path(sys.executable).parent}:{inherited.get('PATH', '')}",
        "PYTHONPATH": str(root),
        "PYTHONUNBUFFERED": "1",
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
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2{metadata}",
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
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def environment_file(shared: Mapping[str, str]) -> str:
    """Return a shell script that exports what the command line needs; it holds passwords."""
    lines = ["# Databases of the demo system; ./dental reads this when no others are named."]
    for name, value in shared.items():
        lines.append(f"export {name}={shlex.quote(value)}")
    return "\n".join(lines) + "\n"
