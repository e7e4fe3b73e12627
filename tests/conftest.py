"""Real servers for the tests: one MariaDB and one PostgreSQL a session, new databases a test."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest

from include.endpoints import Endpoint
from include.ops.migrate import migrate
from include.source.session import quote
from include.warehouse import session as warehouse_session
from local_system import servers
from tests.missing import skipped_where_missing

pytest_plugins = ["tests.airflow_system", "tests.encrypted_servers"]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """A short path that an unprivileged account can enter (socket paths are limited)."""
    with tempfile.TemporaryDirectory(prefix="dental-test-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.fixture(scope="session")
def mariadb(server_directory: Path) -> Iterator[Endpoint]:
    """The administrator's endpoint of a private MariaDB server, without a database."""
    with skipped_where_missing():
        server = servers.start_mariadb(
            server_directory / "mariadb", port=servers.free_port(), password=servers.new_password()
        )
    yield server.endpoint
    server.stop()


@pytest.fixture(scope="session")
def postgres(server_directory: Path) -> Iterator[Endpoint]:
    """The administrator's endpoint of a private PostgreSQL server."""
    with skipped_where_missing():
        server = servers.start_postgres(
            server_directory / "postgres", port=servers.free_port(), password=servers.new_password()
        )
    yield server.endpoint
    server.stop()


@pytest.fixture
def source(mariadb: Endpoint) -> Iterator[Endpoint]:
    """A new, empty practice database; the account may write, as the practice itself does."""
    database = f"practice_{next(_numbers)}"
    _administer_source(mariadb, f"create database {quote(database)} character set utf8mb4")
    yield mariadb.with_database(database)
    _administer_source(mariadb, f"drop database {quote(database)}")


@pytest.fixture(scope="session")
def migrated_warehouse(postgres: Endpoint) -> Endpoint:
    """A warehouse of this release without a table in raw; others are copied from it."""
    _administer_warehouse(postgres, "create database migrated")
    template = postgres.with_database("migrated")
    migrate(template)
    return template


@pytest.fixture
def warehouse(postgres: Endpoint, migrated_warehouse: Endpoint) -> Iterator[Endpoint]:
    """A new warehouse database of this release, without a table in raw."""
    database = f"warehouse_{next(_numbers)}"
    _administer_warehouse(
        postgres, f"create database {database} template {migrated_warehouse.database}"
    )
    yield postgres.with_database(database)
    _administer_warehouse(postgres, f"drop database {database} with (force)")


@pytest.fixture
def empty_warehouse(postgres: Endpoint) -> Iterator[Endpoint]:
    """A new database that nobody has set up as a warehouse."""
    database = f"warehouse_{next(_numbers)}"
    _administer_warehouse(postgres, f"create database {database}")
    yield postgres.with_database(database)
    _administer_warehouse(postgres, f"drop database {database} with (force)")


def _administer_source(endpoint: Endpoint, statement: str) -> None:
    with (
        pymysql.connect(
            host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def _administer_warehouse(endpoint: Endpoint, statement: str) -> None:
    with warehouse_session.connect(endpoint, autocommit=True) as connection:
        connection.execute(statement.encode())
