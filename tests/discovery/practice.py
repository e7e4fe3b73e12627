"""A practice's database for the tests of discovery."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pymysql

from include.discovery import DiscoveryResult, discover
from include.endpoints import Endpoint


@dataclass(frozen=True)
class Discovered:
    """A discovery of the 424 tables, and where it was made."""

    source: Endpoint
    warehouse: Endpoint
    config_directory: Path
    result: DiscoveryResult

    def again(self) -> DiscoveryResult:
        return discover(self.source, self.warehouse, config_directory=self.config_directory)


def execute(endpoint: Endpoint, *statements: str) -> None:
    """Change the practice as its own programs do: with a lenient session."""
    with (
        pymysql.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password,
            database=endpoint.database or None,
            init_command="set sql_mode = ''",
            autocommit=True,
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
