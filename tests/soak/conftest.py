"""A practice on each of the servers that practices run: those of other releases, and our own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from include.endpoints import Endpoint
from include.source.session import quote
from tests.engine.practice import writing
from tests.missing import skipped_where_missing
from tests.other_servers import INSTALLED, RELEASES, OtherServer, start

_numbers = itertools.count(1)


@pytest.fixture(
    scope="session",
    params=[*RELEASES, None],
    ids=[*(release.suite for release in RELEASES), "installed"],
)
def other_server(request: pytest.FixtureRequest, server_directory: Path) -> Iterator[OtherServer]:
    """One server after the other; each is stopped before the next one starts."""
    if request.param is None:
        administrator = request.getfixturevalue("mariadb")
        yield OtherServer(INSTALLED, server_directory / "mariadb", administrator)
        return
    directory = server_directory / request.param.suite
    with skipped_where_missing():
        server = start(request.param, directory)
    yield OtherServer(request.param.name, directory, server.endpoint)
    server.stop()


@pytest.fixture
def owner(other_server: OtherServer) -> Iterator[Endpoint]:
    """A new, empty database on that server; the account may write, as the practice itself does."""
    database = f"practice_{next(_numbers)}"
    with writing(other_server.administrator) as cursor:
        cursor.execute(f"create database {quote(database)} character set utf8mb4")
        yield replace(other_server.administrator, database=database)
        cursor.execute(f"drop database {quote(database)}")


@pytest.fixture
def reader(other_server: OtherServer, owner: Endpoint) -> Iterator[Endpoint]:
    """The account of the pipeline: it may select that database, and nothing else.

    Its password was set by the server's own default method.
    """
    account = "reader@'127.0.0.1'"
    with writing(owner) as cursor:
        cursor.execute(f"create user {account} identified by 'Read-€ \"it\"'")
        cursor.execute(f"grant select, show view on {quote(owner.database)}.* to {account}")
        options = {"ssl_mode": "required"} if other_server.is_mysql else {}
        yield replace(owner, user="reader", password='Read-€ "it"', options=options)
        cursor.execute(f"drop user {account}")
