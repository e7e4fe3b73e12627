"""The practice's whole schema in MariaDB, discovered once for all tests that only look."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from include.discovery import discover
from include.endpoints import Endpoint
from include.open_dental import schema
from include.ops.migrate import migrate
from simulator.tables import create_statement
from tests.discovery.practice import Discovered, execute

DATABASE = "discovered_practice"


@pytest.fixture(scope="session")
def discovered(
    mariadb: Endpoint, postgres: Endpoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Discovered]:
    """The whole schema, without rows, and its first discovery."""
    execute(mariadb, f"create database {DATABASE}")
    source = mariadb.with_database(DATABASE)
    execute(source, *(create_statement(table) for table in schema.tables().values()))
    warehouse = postgres.with_database(DATABASE)
    address = {
        "host": postgres.host,
        "port": postgres.port,
        "user": postgres.user,
        "password": postgres.password,
        "dbname": postgres.database,
    }
    with psycopg.connect(**address, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute(f"create database {DATABASE}")
    migrate(warehouse)
    directory = tmp_path_factory.mktemp("config")
    yield Discovered(
        source, warehouse, directory, discover(source, warehouse, config_directory=directory)
    )
    execute(mariadb, f"drop database {DATABASE}")
    with psycopg.connect(**address, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute(f"drop database {DATABASE} with (force)")
