"""The contenders besides the engine: each loads one table into an empty warehouse.

All are measured in the same way. A peer's time begins when its program has started and, in Python,
has imported everything; it ends with the program. No peer adds a key.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import children, ready, warehouses
from bench.layout import Layout
from bench.meter import Cost, Meter
from bench.peers import mysql_fdw, pgloader, sling
from bench.peers.job import SCHEMA, Address, Job, begun_at, write_job
from bench.results import Reading
from bench.servers import Servers, administering
from include.catalog.model import TableConfig
from include.endpoints import Endpoint
from include.errors import PipelineError
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection

MEGABYTE = 1e6

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arena:
    """What a contender is given: one table of one source database, and the servers."""

    layout: Layout
    servers: Servers
    source: Endpoint
    table: TableConfig
    rows: int


Contender = Callable[[Arena], Reading]


def reading(cost: Cost, rows: int | None) -> Reading:
    """Return a cost as a line of the results."""
    return Reading(
        seconds=cost.seconds,
        rows=rows,
        source_cpu=cost.source_cpu,
        warehouse_cpu=cost.warehouse_cpu,
        client_cpu=cost.client_cpu,
        peak_megabytes=None if cost.peak_bytes is None else cost.peak_bytes / MEGABYTE,
    )


def in_rounds(
    arena: Arena, contenders: Mapping[str, Contender], *, rounds: int
) -> dict[str, list[Reading]]:
    """Let every contender load the table in each round, so that noise affects all of them alike."""
    readings: dict[str, list[Reading]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name, contender in contenders.items():
            readings[name].append(contender(arena))
            log.info(
                "%s, round %s: %s took %.2f s",
                arena.table.name,
                turn + 1,
                name,
                readings[name][-1].seconds,
            )
    return readings


def key_seconds(connection: WarehouseConnection) -> float:
    """Return the seconds that adding primary keys took since `watch_statements`."""
    row = connection.execute(
        "select coalesce(sum(total_exec_time), 0) / 1000 from pg_stat_statements "
        "where query ilike 'alter table%add primary key%'"
    ).fetchone()
    return float(row[0]) if row else 0.0


def watch_statements(servers: Servers, warehouse: Endpoint) -> None:
    """Reset the statistics of statements, which `key_seconds` reads."""
    with administering(servers, warehouse.database) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        connection.execute("select pg_stat_statements_reset()")


def copy_ready_file(arena: Arena) -> Reading:
    """Let PostgreSQL copy its own file of these rows into the engine's table; add the key."""
    warehouse = warehouses.fresh_warehouse(arena.servers)
    with administering(arena.servers, warehouse.database) as connection:
        raw_tables.create_table(connection, arena.table)
        watch_statements(arena.servers, warehouse)
        meter = Meter(arena.servers)
        meter.start()
        connection.execute(ready.copy_statement(arena.layout, arena.table))
        raw_tables.add_primary_key(connection, arena.table.raw_name, _raw_key(arena.table))
        cost = meter.stop()
        check_rows(connection, f'raw."{arena.table.raw_name}"', arena.rows)
        key = key_seconds(connection)
    return replace(reading(cost, arena.rows), key_seconds=key)


def python_peer(module: str, *arguments: str) -> Contender:
    """Return a contender that is a script of `bench.peers`."""

    def load(arena: Arena) -> Reading:
        def command(job: Job) -> list[str | Path]:
            path = Path(job.scratch) / "job.json"
            write_job(path, job)
            return [arena.layout.python, "-m", f"bench.peers.{module}", path, *arguments]

        return _load_with_program(arena, command)

    return load


def load_with_sling(arena: Arena) -> Reading:
    """Load with Sling."""
    return _load_with_program(
        arena, lambda job: list(sling.command(arena.layout, job)), sling.environment
    )


def load_with_pgloader(arena: Arena) -> Reading:
    """Load with pgloader."""
    return _load_with_program(arena, lambda job: list(pgloader.command(job)))


def load_with_fdw(arena: Arena) -> Reading:
    """Let PostgreSQL read the source through mysql_fdw."""
    warehouse = warehouses.fresh_warehouse(arena.servers)
    job = _job(arena, warehouse)
    with administering(arena.servers, warehouse.database) as connection:
        connection.execute(f"create schema {SCHEMA}".encode())
        mysql_fdw.prepare(connection, job, arena.table)
        meter = Meter(arena.servers)
        meter.start()
        connection.execute(mysql_fdw.statement(job, arena.table).encode())
        cost = meter.stop()
        check_rows(connection, f'{SCHEMA}."{arena.table.name}"', arena.rows)
    return reading(cost, arena.rows)


def _load_with_program(
    arena: Arena,
    command: Callable[[Job], Sequence[str | Path]],
    environment: Callable[[Job], dict[str, str]] = lambda _: {},
) -> Reading:
    warehouse = warehouses.fresh_warehouse(arena.servers)
    job = _job(arena, warehouse)
    with administering(arena.servers, warehouse.database) as connection:
        connection.execute(f"create schema {SCHEMA}".encode())
        meter = Meter(arena.servers)
        meter.start()
        started = time.perf_counter()
        ended = children.run(command(job), arena.layout.scratch, environment=environment(job))
        cost = meter.stop()
        check_rows(connection, f'{SCHEMA}."{arena.table.name}"', arena.rows, ended.output)
    begun = begun_at(job)
    preparing = begun - started if begun else 0.0
    return reading(
        replace(
            cost,
            seconds=cost.seconds - preparing,
            client_cpu=ended.cpu,
            peak_bytes=ended.peak_bytes,
        ),
        arena.rows,
    )


def _job(arena: Arena, warehouse: Endpoint) -> Job:
    scratch = arena.layout.scratch / "peer"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    return Job(_address(arena.source), _address(warehouse), arena.table.name, str(scratch))


def _address(endpoint: Endpoint) -> Address:
    return Address(
        endpoint.host, endpoint.port, endpoint.user, endpoint.password, endpoint.database
    )


def _raw_key(table: TableConfig) -> list[str]:
    return [name.lower() for name in table.key]


def check_rows(connection: WarehouseConnection, table: str, expected: int, words: str = "") -> None:
    """Raise PipelineError unless the table holds `expected` rows; `words` are the loader's."""
    row = connection.execute(f"select count(*) from {table}".encode()).fetchone()  # noqa: S608
    if row != (expected,):
        raise PipelineError(f"holds {row} rows of {expected}. {words[-2000:]}", where=table)
