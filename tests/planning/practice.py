"""A small practice with a warehouse that follows it, for the tests of planning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import pymysql

from include.catalog.files import read_catalog
from include.catalog.model import TableConfig
from include.discovery import DiscoveryResult, discover
from include.endpoints import Endpoint
from include.engine import load_table
from include.planning import RefreshPlan, RefreshRequest, plan_refresh
from include.warehouse.session import connect


@dataclass(frozen=True)
class Practice:
    """Both databases and the config directory; every method acts as production does."""

    source: Endpoint
    warehouse: Endpoint
    config_directory: Path

    def execute(self, *statements: str) -> None:
        """Change the practice's database."""
        with (
            pymysql.connect(
                host=self.source.host,
                port=self.source.port,
                user=self.source.user,
                password=self.source.password,
                database=self.source.database,
                init_command="set sql_mode = ''",
                autocommit=True,
            ) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)

    def ask(self, query: LiteralString) -> list[tuple[Any, ...]]:
        """Return what the warehouse holds."""
        with connect(self.warehouse) as connection:
            return connection.execute(query).fetchall()

    def change_warehouse(self, statement: LiteralString) -> None:
        """Change the warehouse, as somebody who works with it does."""
        with connect(self.warehouse) as connection:
            connection.execute(statement)

    def discover(self) -> DiscoveryResult:
        """Write the config anew."""
        return discover(self.source, self.warehouse, config_directory=self.config_directory)

    def config(self, name: str) -> TableConfig:
        """Return a table's config as the files have it."""
        return read_catalog(self.config_directory).tables[name]

    def plan(self, **request: Any) -> RefreshPlan:
        """Plan a refresh with the directory's config."""
        wanted = {"config_directory": self.config_directory, **request}
        return plan_refresh(self.source, self.warehouse, RefreshRequest(**wanted))

    def refresh(self, **request: Any) -> RefreshPlan:
        """Plan and load, as a refresh does."""
        plan = self.plan(**request)
        assert plan.run_id is not None
        for table in plan.tables:
            load_table(self.source, self.warehouse, run_id=plan.run_id, table=table)
        return plan
