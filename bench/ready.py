"""Ready binary files: what the engine loaded, as PostgreSQL writes it out and copies it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from psycopg import sql

from bench import children, warehouses
from bench.layout import Layout
from bench.servers import Servers, administering
from include.catalog.model import TableConfig
from include.catalog.targets import LoadTarget
from include.endpoints import Endpoint
from include.warehouse.raw_tables import identifier
from local_system.layout import POSTGRES_ACCOUNT
from local_system.private_files import give_directory
from local_system.servers import account_of


def write_files(
    layout: Layout, servers: Servers, source: Endpoint, configs: Mapping[str, TableConfig]
) -> None:
    """Load the tables with the engine and let the server write each into a file."""
    warehouse = warehouses.fresh_warehouse(servers)
    directory = layout.scratch / "config"
    plan = warehouses.plan(source, warehouse, directory, configs)
    with children.worker(
        "bench.worker", layout.scratch, source=source, warehouse=warehouse
    ) as worker:
        targets = [asdict(LoadTarget(name)) for name in configs]
        worker.ask(run_id=warehouses.run_number(plan), targets=targets)
    write_loaded(layout, servers, warehouse, configs)


def write_loaded(
    layout: Layout, servers: Servers, warehouse: Endpoint, configs: Mapping[str, TableConfig]
) -> None:
    """Let the server write the raw tables into files, bookkeeping columns included."""
    give_directory(layout.ready, account_of(POSTGRES_ACCOUNT))
    with administering(servers, warehouse.database) as connection:
        for table in configs.values():
            connection.execute(
                sql.SQL("copy {} to {} (format binary)").format(
                    identifier(table.raw_name), sql.Literal(file_of(layout, table))
                )
            )


def copy_statement(layout: Layout, table: TableConfig) -> sql.Composed:
    """Return the statement that copies a table's file back."""
    return sql.SQL("copy {} from {} (format binary)").format(
        identifier(table.raw_name), sql.Literal(file_of(layout, table))
    )


def file_of(layout: Layout, table: TableConfig) -> str:
    """Return the path of a table's file; one source at a time has files."""
    return str(layout.ready / f"{table.raw_name}.copy")
