"""Warehouses of the benchmark: a new one for each load, with the engine's own bookkeeping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.servers import Servers, administering
from include.catalog.files import write_catalog
from include.catalog.model import Catalog, ColumnConfig, TableConfig, Tier
from include.discovery.profile import TableMeasurement
from include.discovery.tiers import choose_chunk_rows
from include.endpoints import Endpoint
from include.errors import PipelineError
from include.ops import stored_tables, table_states
from include.ops.migrate import migrate
from include.planning import RefreshPlan, RefreshRequest, plan_refresh
from include.source import session as source_session
from include.source.structure import read_structures
from include.source.warehouse_types import warehouse_type

DATABASE = "warehouse"


def fresh_warehouse(servers: Servers, name: str = DATABASE) -> Endpoint:
    """Make a warehouse without a table, with nothing of an earlier one left to be written out."""
    with administering(servers) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())
        connection.execute(f"create database {name}".encode())
        connection.execute("checkpoint")
    warehouse = servers.warehouse.endpoint.with_database(name)
    migrate(warehouse)
    return warehouse


def plain_configs(source: Endpoint) -> dict[str, TableConfig]:
    """Return a config for each table of the source: all columns, and no optional settings.

    Chunks have the size that discovery would choose.
    """
    with source_session.connect(source) as connection:
        structures = read_structures(connection, source)
        with connection.cursor() as cursor:
            cursor.execute(
                "select table_name, table_rows, data_length, engine "
                "from information_schema.tables where table_schema = database()"
            )
            measured = {
                name: TableMeasurement(int(rows or 0), int(size or 0), engine)
                for name, rows, size, engine in cursor.fetchall()
            }
    return {
        name: TableConfig(
            name=name,
            key=structure.key,
            columns=tuple(
                ColumnConfig(c.name, c.column_type, warehouse_type(c)) for c in structure.columns
            ),
            tier=Tier.CRITICAL,
            chunk_rows=choose_chunk_rows(measured[name], None),
            expected_minutes=1,
            sla_minutes=10,
            quality_threshold=0.99,
            is_alerting=True,
            fingerprint=structure.fingerprint,
        )
        for name, structure in structures.items()
    }


def plan(
    source: Endpoint,
    warehouse: Endpoint,
    directory: Path,
    configs: Mapping[str, TableConfig],
    *,
    workers: int = 1,
) -> RefreshPlan:
    """Pin the configs and open a run with them, as the first task of a refresh does."""
    directory.mkdir(parents=True, exist_ok=True)
    write_catalog(directory, Catalog(tables=dict(configs), excluded_tables={}))
    return plan_pinned(source, warehouse, directory, workers=workers)


def plan_pinned(
    source: Endpoint, warehouse: Endpoint, directory: Path, *, workers: int = 1
) -> RefreshPlan:
    """Open a run with the config in a directory, for this many workers."""
    return plan_refresh(
        source,
        warehouse,
        RefreshRequest(config_directory=directory, workers=workers),
    )


def run_number(plan: RefreshPlan) -> int:
    """Return the plan's run; raises PipelineError when the plan has left tables out."""
    if plan.run_id is None or plan.quarantined:
        raise PipelineError(f"left out {plan.quarantined}", where="the plan")
    return plan.run_id


def publish(servers: Servers, warehouse: Endpoint) -> None:
    """Mark every table as publishable, as validation does after a load."""
    with administering(servers, warehouse.database) as connection:
        states = stored_tables.read_states(connection)
        table_states.judge(connection, dict.fromkeys(states, (None, 1.0)))


def largest_first(source: Endpoint, names: Sequence[str]) -> list[str]:
    """Order tables by the bytes of their rows in the source, the largest first."""
    with source_session.connect(source) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select table_name, data_length from information_schema.tables "
            "where table_schema = database()"
        )
        sizes = {str(name): int(size or 0) for name, size in cursor.fetchall()}
    return sorted(names, key=lambda name: (-sizes[name], name))
