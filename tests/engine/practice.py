"""A small practice for the engine's tests: statements, configs built from the live structure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.cursors import Cursor

from include.catalog.model import CellExclusion, ColumnConfig, TableConfig, Tier
from include.catalog.targets import Mode
from include.endpoints import Endpoint
from include.engine import EngineConnections, load
from include.ops.load_results import Attempt, TableLoad
from include.ops.migrate import migrate
from include.source import session as source_session
from include.source.structure import read_structures
from include.source.warehouse_types import warehouse_type
from include.warehouse import session as warehouse_session


@dataclass(frozen=True)
class Practice:
    """A source and a warehouse with one run to load in."""

    source: Endpoint
    warehouse: Endpoint
    run_id: int

    def execute(self, *statements: str) -> None:
        """Run statements on the source as the practice's own programs do."""
        with writing(self.source) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the warehouse."""
        with warehouse_session.connect(self.warehouse, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    def command(self, statement: str) -> None:
        """Run a statement on the warehouse."""
        with warehouse_session.connect(self.warehouse, autocommit=True) as connection:
            connection.execute(statement.encode())

    def config(
        self,
        name: str,
        *,
        chunk_rows: int = 1000,
        excluded: tuple[str, ...] = (),
        cells: tuple[CellExclusion, ...] = (),
        restate_by: tuple[str, ...] = (),
    ) -> TableConfig:
        """Return the config that the live structure leads to."""
        with source_session.connect(self.source) as connection:
            structure = read_structures(connection, self.source, tables=[name])[name]
        return TableConfig(
            name=name,
            key=structure.key,
            columns=tuple(
                ColumnConfig(
                    c.name, c.column_type, warehouse_type(c), is_excluded=c.name in excluded
                )
                for c in structure.columns
            ),
            tier=Tier.CRITICAL,
            chunk_rows=chunk_rows,
            expected_minutes=1,
            sla_minutes=10,
            quality_threshold=0.99,
            is_alerting=True,
            fingerprint=structure.fingerprint,
            restate_by=restate_by,
            excluded_cells=cells,
        )

    def load(self, table: TableConfig, mode: Mode = "compare") -> TableLoad:
        """Load one table in the practice's run."""
        with EngineConnections(self.source, self.warehouse) as connections:
            return load(connections, Attempt(self.run_id, table), mode=mode)

    def raw_versions(self, table: TableConfig) -> list[tuple[Any, ...]]:
        """Return what changes whenever PostgreSQL writes a row."""
        return self.query(
            "select ctid::text, xmin::text, xmax::text, _batch_id "
            f'from raw."{table.raw_name}" order by ctid'
        )


@contextmanager
def writing(source: Endpoint) -> Iterator[Cursor]:
    """A cursor that may write on the source."""
    with (
        pymysql.connect(
            host=source.host,
            port=source.port,
            user=source.user,
            password=source.password,
            database=source.database,
            charset="utf8mb4",
            autocommit=True,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("set time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'")
        yield cursor


def open_practice(source: Endpoint, warehouse: Endpoint) -> Practice:
    """Set the warehouse up, where that was not done, and open one run."""
    migrate(warehouse)
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        connection.execute(
            "insert into ops.config (sha256, tables_yml, overrides_yml) values ('', '', '')"
        )
        row = connection.execute(
            "insert into ops.run (mode, phase, config_version) values ('compare', 4, 1) "
            "returning run_id"
        ).fetchone()
    assert row is not None
    return Practice(source, warehouse, int(row[0]))
