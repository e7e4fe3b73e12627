"""PostgreSQL reads the source itself, through mysql_fdw.

The target is the engine's table without its bookkeeping. A time of day arrives as `time`, so it is
cast to the interval that the table holds.
"""

from __future__ import annotations

from bench.peers.job import SCHEMA, Job
from include.catalog.model import TableConfig
from include.warehouse.session import WarehouseConnection

_FETCH_ROWS = 50_000
_FOREIGN = {"interval": "time"}


def prepare(connection: WarehouseConnection, job: Job, table: TableConfig) -> None:
    """Make the target table and the foreign one; this is not measured."""
    columns = [(c.name, c.warehouse_type) for c in table.replicated_columns]
    held = ", ".join(f'"{name}" {kind}' for name, kind in columns)
    foreign = ", ".join(f'"{name}" {_FOREIGN.get(kind, kind)}' for name, kind in columns)
    account = job.source
    for statement in (
        f'create table {SCHEMA}."{job.table}" ({held})',
        "create extension mysql_fdw",
        "create server practice foreign data wrapper mysql_fdw "
        f"options (host '{account.host}', port '{account.port}', fetch_size '{_FETCH_ROWS}')",
        "create user mapping for current_user server practice "
        f"options (username '{account.user}', password '{account.password}')",
        f'create foreign table public."{job.table}" ({foreign}) server practice '
        f"options (dbname '{account.database}', table_name '{job.table}')",
    ):
        connection.execute(statement.encode())


def statement(job: Job, table: TableConfig) -> str:
    """Return the statement that loads the table."""
    cells = ", ".join(
        f'"{c.name}"::{c.warehouse_type}' if c.warehouse_type in _FOREIGN else f'"{c.name}"'
        for c in table.replicated_columns
    )
    return f'insert into {SCHEMA}."{job.table}" select {cells} from public."{job.table}"'  # noqa: S608
