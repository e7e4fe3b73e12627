"""The two databases as Airflow's connections name them, for use inside tasks."""

from __future__ import annotations

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from include.endpoints import DEFAULT_PORTS, KINDS, Endpoint, connection_options
from include.errors import ConfigError

SOURCE_CONNECTION = "open_dental"
WAREHOUSE_CONNECTION = "warehouse"
SMTP_CONNECTION = "smtp_default"


def source_endpoint() -> Endpoint:
    """Return the practice database; raises ConfigError when the connection cannot name it."""
    return _endpoint(SOURCE_CONNECTION, kind="mysql")


def warehouse_endpoint() -> Endpoint:
    """Return the warehouse; raises ConfigError when the connection cannot name it."""
    return _endpoint(WAREHOUSE_CONNECTION, kind="postgres")


def _endpoint(name: str, *, kind: str) -> Endpoint:
    where = f"Airflow connection '{name}'"
    try:
        found = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise ConfigError(
            "does not exist. Nothing was read or written. Create it under Admin > Connections, "
            f"or set AIRFLOW_CONN_{name.upper()}.",
            where=where,
        ) from None
    seen = KINDS.get(found.conn_type or "")
    if seen != kind or not found.host or not found.schema:
        raise ConfigError(
            f"is of type {found.conn_type or 'none'}, expected {kind} with a host and a database. "
            "Nothing was read or written. Correct it under Admin > Connections.",
            where=where,
        )
    return Endpoint(
        kind=kind,
        host=found.host,
        port=int(found.port or DEFAULT_PORTS[kind]),
        user=found.login or "",
        password=found.password or "",
        database=found.schema,
        options=connection_options(found.extra_dejson),
    )
