"""The environment, read in this one module."""

from __future__ import annotations

import os
from pathlib import Path

from include.endpoints import Endpoint, parse_connection
from include.errors import ConfigError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "include" / "dbt"
DBT_PROFILE = "open_dental"
DBT_TARGET = "warehouse"
# Made from the project before Airflow starts; not part of the checkout. dbt itself writes another
# one into its target, whenever somebody runs it by hand.
DBT_MANIFEST = DBT_PROJECT / "target" / "baked" / "manifest.json"
# As much of it as Airflow shows, because a DAG file is parsed every few seconds.
DBT_SHOWN = DBT_MANIFEST.with_name("shown.json")

SOURCE_VARIABLE = "AIRFLOW_CONN_OPEN_DENTAL"
PRACTICE_ADMINISTRATOR_VARIABLE = "AIRFLOW_CONN_OPEN_DENTAL_ADMIN"
WAREHOUSE_VARIABLE = "AIRFLOW_CONN_WAREHOUSE"
# Below this a table is read within a minute, and its tasks' own start would be felt.
SPLIT_ROWS = 2_000_000
TELEMETRY_OFF = {
    "GX_ANALYTICS_ENABLED": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
    "DO_NOT_TRACK": "1",
}


def source_endpoint() -> Endpoint:
    """Return the practice database that the environment names."""
    return _endpoint(SOURCE_VARIABLE, kind="mysql")


def practice_administrator_endpoint() -> Endpoint:
    """Return the practice database with an account that may write: the simulation's own."""
    return _endpoint(PRACTICE_ADMINISTRATOR_VARIABLE, kind="mysql")


def warehouse_endpoint() -> Endpoint:
    """Return the warehouse that the environment names."""
    return _endpoint(WAREHOUSE_VARIABLE, kind="postgres")


def config_directory() -> Path:
    """Return the directory of tables.yml and overrides.yml (DENTAL_CONFIG_DIRECTORY)."""
    return Path(
        os.environ.get("DENTAL_CONFIG_DIRECTORY", PROJECT_ROOT / "include" / "config")
    ).resolve()


def alert_recipients() -> tuple[str, ...]:
    """Return who gets the alert mails (DENTAL_ALERT_TO, comma separated)."""
    names = os.environ.get("DENTAL_ALERT_TO", "").split(",")
    return tuple(name.strip() for name in names if name.strip())


def data_docs_directory() -> Path:
    """Return where the pages of the validation results go (DENTAL_DATA_DOCS_DIRECTORY).

    Without it they stand beside Airflow's own files, or below .local outside Airflow.
    """
    named = os.environ.get("DENTAL_DATA_DOCS_DIRECTORY")
    home = os.environ.get("AIRFLOW_HOME")
    return Path(named or Path(home or PROJECT_ROOT / ".local") / "data_docs").resolve()


def dbt_cache_directory() -> Path:
    """Return where dbt's own cache is kept, beside Airflow's files or below .local."""
    home = os.environ.get("AIRFLOW_HOME")
    return (Path(home or PROJECT_ROOT / ".local") / "dbt").resolve()


def forbid_telemetry() -> None:
    """Tell every library that reports on its users not to; call it before importing one."""
    for name, value in TELEMETRY_OFF.items():
        os.environ[name] = value


def office_time_zone() -> str:
    """Return the office's time zone: nightly runs start by its clock (DENTAL_OFFICE_TIME_ZONE)."""
    return os.environ.get("DENTAL_OFFICE_TIME_ZONE", "UTC")


def deadline_minutes() -> float:
    """Return how long a DAG run may take, from its queueing, until a mail says it is late."""
    return _positive_number("DENTAL_DEADLINE_MINUTES", "120", "minutes")


def retry_seconds() -> float:
    """Return how long a task waits before its second try (DENTAL_RETRY_SECONDS).

    Each further pause is longer: see `include.orchestration.retries`.
    """
    return _positive_number("DENTAL_RETRY_SECONDS", "10", "seconds")


def load_ranges() -> int:
    """Return in how many ranges a table is loaded that outweighs the rest (DENTAL_LOAD_RANGES)."""
    return _whole_number("DENTAL_LOAD_RANGES", 4)


def split_rows() -> int:
    """Return how many rows a table must have to be loaded in ranges (DENTAL_SPLIT_ROWS)."""
    return _whole_number("DENTAL_SPLIT_ROWS", SPLIT_ROWS)


def c_compiler() -> str:
    """Return the command that compiles C (CC); the set-up builds the transcoder's core with it."""
    return os.environ.get("CC") or "cc"


def inherited_environment() -> dict[str, str]:
    """Return a copy of this process's environment, for processes that are started from here."""
    return dict(os.environ)


def _positive_number(variable: str, default: str, unit: str) -> float:
    text = os.environ.get(variable, default)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ConfigError(f"must be a number of {unit} above 0", where=variable)
    return number


def _whole_number(variable: str, default: int) -> int:
    text = os.environ.get(variable, str(default)).strip()
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError("must be a whole number above 0", where=variable)
    return int(text)


def _endpoint(variable: str, *, kind: str) -> Endpoint:
    text = os.environ.get(variable)
    if not text:
        raise ConfigError(
            f"is not set. Nothing was read or written. Set it to {kind}://user:password@host:port"
            "/database, or start the demo with `make demo`.",
            where=variable,
        )
    endpoint = parse_connection(text, where=variable)
    if endpoint.kind != kind:
        raise ConfigError(f"names a {endpoint.kind} database, expected {kind}", where=variable)
    return endpoint
