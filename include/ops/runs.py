"""The runs: `ops.run`, one row per refresh, or per load from the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg.types.json import Jsonb

from include.catalog.model import TableConfig
from include.errors import ConfigError
from include.warehouse.session import WarehouseConnection


class RunState(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """The parameters of a run, and the config version that it is pinned to.

    `requested` are names in raw; empty means all. `read_at` is when it was read, by the warehouse's
    clock.
    """

    run_id: int
    config_version: int
    mode: str
    phase: int
    requested: frozenset[str]
    started_at: datetime
    read_at: datetime

    def covers(self, table: TableConfig) -> bool:
        """Whether the run was asked to load the table."""
        return table.phase <= self.phase and (
            not self.requested or table.raw_name in self.requested
        )


def open_run(
    connection: WarehouseConnection,
    *,
    config_version: int,
    mode: str,
    phase: int,
    tables: tuple[str, ...],
    dag_run_id: str | None,
) -> int:
    """Open a run and return its number, in a transaction of its own.

    The retry of a plan takes over the run that the DAG run `dag_run_id` had opened.
    """
    parameters = (config_version, mode, phase, list(tables), dag_run_id)
    with connection.transaction():
        row = connection.execute(
            """
            update ops.run set config_version = %s, mode = %s, phase = %s, requested_tables = %s
            where run_id = (
                select max(run_id) from ops.run where dag_run_id = %s and state = 'running'
            )
            returning run_id
            """,
            parameters,
        ).fetchone()
        if row is None:
            row = connection.execute(
                """
                insert into ops.run (config_version, mode, phase, requested_tables, dag_run_id)
                values (%s, %s, %s, %s, %s)
                returning run_id
                """,
                parameters,
            ).fetchone()
    if row is None:
        raise RuntimeError("the insert returned no row")
    return int(row[0])


def set_config_version(connection: WarehouseConnection, run_id: int, config_version: int) -> None:
    """Pin the run to another config version."""
    connection.execute(
        "update ops.run set config_version = %s where run_id = %s", (config_version, run_id)
    )


def read_run(connection: WarehouseConnection, run_id: int) -> Run:
    """Return a run; raises ConfigError for one that is unknown."""
    row = connection.execute(
        """
        select config_version, mode, phase, requested_tables, started_at, now()
        from ops.run
        where run_id = %s
        """,
        (run_id,),
    ).fetchone()
    if row is None:
        raise ConfigError(
            f"has no run {run_id}. Nothing was read or written, and every verdict stands. Start a "
            "new refresh.",
            where="ops.run",
        )
    version, mode, phase, requested, started_at, read_at = row
    return Run(
        run_id=run_id,
        config_version=int(version),
        mode=mode,
        phase=phase,
        requested=frozenset(map(str.lower, requested)),
        started_at=started_at,
        read_at=read_at,
    )


def close_run(
    connection: WarehouseConnection,
    run_id: int,
    state: RunState,
    *,
    finished_at: datetime,
    summary: Mapping[str, Any],
) -> None:
    """Record how a run ended; a second call replaces the record."""
    connection.execute(
        "update ops.run set state = %s, finished_at = %s, summary = %s where run_id = %s",
        (state, finished_at, Jsonb(dict(summary)), run_id),
    )
