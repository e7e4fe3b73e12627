"""The two servers of the benchmark: the same ones, with the same settings, for every contender.

MariaDB is the project's private one with a larger buffer pool. PostgreSQL is Debian's, because it
has lz4 and mysql_fdw; it starts empty each time.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql
from pymysql.cursors import Cursor

from bench.layout import Layout
from include.endpoints import Endpoint
from include.errors import PipelineError
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection
from local_system.layout import ACCOUNT_AS_ROOT
from local_system.servers import (
    LOOPBACK,
    WAREHOUSE_ADMINISTRATOR,
    Server,
    free_port,
    new_password,
    start_mariadb,
    tail,
)

POSTGRES_PROGRAMS = Path("/usr/lib/postgresql/15/bin")
READER = "reader"
START_LIMIT_TRIES = 300
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
    source = start_mariadb(layout.mariadb, port=free_port(), password=new_password())
    try:
        reader = _prepare_source(source.endpoint)
        warehouse = _start_postgres(layout)
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


def own(directory: Path) -> None:
    """Make a directory that the account of the servers may write."""
    directory.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT_AS_ROOT)
        os.chown(directory, account.pw_uid, account.pw_gid)
    directory.chmod(0o755)


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


def _start_postgres(layout: Layout) -> Server:
    directory = layout.postgres
    shutil.rmtree(directory, ignore_errors=True)
    own(directory)
    # The server refuses data that others may list.
    directory.chmod(0o700)
    owner = ACCOUNT_AS_ROOT if os.geteuid() == 0 else None
    data, log, secret = directory / "data", directory / "postgres.log", directory / "password"
    password, port = new_password(), free_port()
    secret.write_text(password)
    secret.chmod(0o600)
    if owner is not None:
        shutil.chown(secret, owner, owner)
    settings = {
        "port": str(port),
        "listen_addresses": LOOPBACK,
        "unix_socket_directories": "",
        **POSTGRES_SETTINGS,
    }
    with log.open("ab") as output:
        made = subprocess.run(
            [
                POSTGRES_PROGRAMS / "initdb",
                f"--pgdata={data}",
                f"--username={WAREHOUSE_ADMINISTRATOR}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ],
            stdout=output,
            stderr=output,
            user=owner,
            group=owner,
            cwd=directory,
        )
        if made.returncode != 0:
            raise PipelineError(f"failed:\n{tail(log)}", where="initdb")
        secret.unlink()
        process = subprocess.Popen(
            [
                str(POSTGRES_PROGRAMS / "postgres"),
                f"-D{data}",
                *(f"-c{name}={value}" for name, value in settings.items()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=owner,
            group=owner,
            extra_groups=None if owner is None else [],
            cwd=directory,
            start_new_session=True,
        )
    endpoint = Endpoint("postgres", LOOPBACK, port, WAREHOUSE_ADMINISTRATOR, password, "postgres")
    server = Server("postgres", directory, process, endpoint, log)
    _wait_for(server)
    return server


def _wait_for(server: Server) -> None:
    for _ in range(START_LIMIT_TRIES):
        answer = subprocess.run(
            [
                POSTGRES_PROGRAMS / "pg_isready",
                "-q",
                f"--host={LOOPBACK}",
                f"--port={server.endpoint.port}",
            ]
        )
        if answer.returncode == 0:
            return
        time.sleep(0.1)
    server.stop()
    raise PipelineError(f"did not start:\n{tail(server.log)}", where=server.name)
