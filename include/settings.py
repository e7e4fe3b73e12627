"""The environment, read in this one module."""

from __future__ import annotations

import os
from pathlib import Path

from include.endpoints import Endpoint, parse_connection
from include.errors import ConfigError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "include" / "dbt"

SOURCE_VARIABLE = "AIRFLOW_CONN_OPEN_DENTAL"
WAREHOUSE_VARIABLE = "AIRFLOW_CONN_WAREHOUSE"


def source_endpoint() -> Endpoint:
    """Return the practice database that the environment names."""
    return _endpoint(SOURCE_VARIABLE, kind="mysql")


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
