"""The two servers of the benchmark: the same ones, with the same settings, for every contender.

MariaDB is the project's private one with a larger buffer pool. PostgreSQL is Debian's, because it
has lz4 and mysql_fdw; it starts empty each time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql
from pymysql.cursors import Cursor

from bench.layout import Layout
from include.endpoints import Endpoint
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection
from local_system.servers import (
    LOOPBACK,
    Server,
    free_port,
    new_password,
    start_mariadb,
    start_postgres,
)

POSTGRES_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
READER = "reader"
MARIADB_SETTINGS = {"innodb_buffer_pool_size": str(6 << 30)}
# For a machine of 24 GiB. Nothing syncs less than it would in production.
POSTGRES_SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "maintenance_work_mem": "512MB",
    "work_mem": "64MB",
    "default_toast_compression": "lz4",
    "wal_compression": "off",
    # A vacuum that starts by itself would hit one contender and spare the other.
    "autovacuum": "off",
    "jit": "off",
    "max_connections": "100",
    "shared_preload_libraries": "pg_stat_statements",
}
# PostgreSQL's own values of what the local system's server sets otherwise.
POSTGRES_DEFAULTS = {
    "synchronous_commit": "on",
    "log_error_verbosity": "default",
    "log_min_error_statement": "error",
}


@dataclass(frozen=True, slots=True)
class Servers:
    """Both servers and an account that may only read the source."""

    source: Server
    warehouse: Server
    reader: Endpoint

    @property
    def administrator(self) -> Endpoint:
        """The source's account that may write."""
        return self.source.endpoint


@contextmanager
def running(layout: Layout) -> Iterator[Servers]:
    """Start both servers and stop them at the end."""
    source = start_mariadb(
        layout.mariadb,
        port=free_port(),
        password=new_password(),
        settings={"secure-file-priv": str(layout.parts)},
    )
    try:
        reader = _prepare_source(source.endpoint)
        warehouse = start_warehouse(layout.postgres)
        try:
            yield Servers(source, warehouse, reader)
        finally:
            warehouse.stop()
    finally:
        source.stop()


@contextmanager
def writing(administrator: Endpoint, database: str = "") -> Iterator[Cursor]:
    """A cursor that may write on the source."""
    with (
        pymysql.connect(
            host=administrator.host,
            port=administrator.port,
            user=administrator.user,
            password=administrator.password,
            database=database or None,
            charset="utf8mb4",
            autocommit=True,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "set time_zone = '+00:00', sql_mode = 'NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES', "
            "unique_checks = 0, foreign_key_checks = 0"
        )
        yield cursor


def administering(servers: Servers, database: str = "postgres") -> WarehouseConnection:
    """Open an autocommit session of the warehouse's administrator."""
    endpoint = servers.warehouse.endpoint.with_database(database)
    return warehouse_session.connect(endpoint, autocommit=True)


def _prepare_source(administrator: Endpoint) -> Endpoint:
    password = new_password()
    with writing(administrator) as cursor:
        for name, value in MARIADB_SETTINGS.items():
            cursor.execute(f"set global {name} = {value}")
        cursor.execute(
            f"create or replace user {READER}@'{LOOPBACK}' identified by %s", (password,)
        )
        cursor.execute(f"grant select, show view on *.* to {READER}@'{LOOPBACK}'")
    return Endpoint("mysql", administrator.host, administrator.port, READER, password, "")


def start_warehouse(directory: Path) -> Server:
    """Start PostgreSQL on an empty `directory`, with the benchmark's settings and no others."""
    shutil.rmtree(directory, ignore_errors=True)
    return start_postgres(
        directory,
        port=free_port(),
        password=new_password(),
        programs=POSTGRES_PROGRAMS,
        settings={**POSTGRES_DEFAULTS, **POSTGRES_SETTINGS},
    )
