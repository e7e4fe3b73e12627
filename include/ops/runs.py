"""The runs: `ops.run`, one row per refresh, or per load from the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from psycopg.types.json import Jsonb

from include.catalog.model import TableConfig
from include.errors import ConfigError
from include.source.office_clock import OfficeClock
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
    clock. `clock` is that of the practice when the plan connected, None before, and where it read
    nothing there. `as_of_on` is the past day of a backfill, None for a run of today.
    """

    run_id: int
    config_version: int
    mode: str
    phase: int
    requested: frozenset[str]
    started_at: datetime
    read_at: datetime
    clock: OfficeClock | None = None
    as_of_on: date | None = None

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
    as_of_on: date | None = None,
) -> int:
    """Open a run and return its number, in a transaction of its own.

    The run that the DAG run `dag_run_id` opened when its turn came, or in an earlier try of its
    plan, is taken over, and starts now.
    """
    parameters = (config_version, mode, phase, list(tables), as_of_on, dag_run_id)
    with connection.transaction():
        row = connection.execute(
            """
            update ops.run set
                config_version = %s, mode = %s, phase = %s, requested_tables = %s,
                as_of_on = %s, started_at = now()
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
                insert into ops.run (
                    config_version, mode, phase, requested_tables, as_of_on, dag_run_id
                )
                values (%s, %s, %s, %s, %s, %s)
                returning run_id
                """,
                parameters,
            ).fetchone()
    if row is None:
        raise RuntimeError("the insert returned no row")
    return int(row[0])


def take_turn(
    connection: WarehouseConnection, dag_run_id: str, *, is_active: Callable[[str], bool]
) -> str | None:
    """Open a run for the DAG run unless another one is at work; return the one that is.

    `is_active` tells of another DAG run whether it goes on. One that ended without its report is
    recorded as failed. Nothing is opened while there is no config; the plan will say so. Works in a
    transaction of its own, so that of several DAG runs that ask at once one is let in.
    """
    with connection.transaction():
        connection.execute("lock table ops.run in share row exclusive mode")
        others = connection.execute(
            """
            select distinct dag_run_id
            from ops.run
            where state = 'running' and dag_run_id <> %s
            order by dag_run_id
            """,
            (dag_run_id,),
        ).fetchall()
        for (other,) in others:
            if is_active(other):
                return str(other)
            connection.execute(
                """
                update ops.run set state = 'failed', finished_at = now()
                where state = 'running' and dag_run_id = %s
                """,
                (other,),
            )
        row = connection.execute("select max(config_version) from ops.config").fetchone()
        if row is not None and row[0] is not None:
            open_run(
                connection,
                config_version=row[0],
                mode="compare",
                phase=4,
                tables=(),
                dag_run_id=dag_run_id,
            )
    return None


def set_config_version(connection: WarehouseConnection, run_id: int, config_version: int) -> None:
    """Pin the run to another config version."""
    connection.execute(
        "update ops.run set config_version = %s where run_id = %s", (config_version, run_id)
    )


def set_office_clock(connection: WarehouseConnection, run_id: int, clock: OfficeClock) -> None:
    """Record what day it was at the practice when the run's plan connected."""
    connection.execute(
        "update ops.run set office_on = %s, office_utc_minutes = %s where run_id = %s",
        (clock.today, clock.utc_offset // timedelta(minutes=1), run_id),
    )


def read_office_day(connection: WarehouseConnection) -> date | None:
    """Return the practice's today, as the models read it; None before a run has connected."""
    row = connection.execute("select office_on from ops.office_day").fetchone()
    return row[0] if row else None


def read_run(connection: WarehouseConnection, run_id: int) -> Run:
    """Return a run; raises ConfigError for one that is unknown."""
    row = connection.execute(
        """
        select
            config_version, mode, phase, requested_tables, started_at, now(),
            office_on, office_utc_minutes, as_of_on
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
    version, mode, phase, requested, started_at, read_at, office_on, minutes, as_of_on = row
    return Run(
        run_id=run_id,
        config_version=int(version),
        mode=mode,
        phase=phase,
        requested=frozenset(map(str.lower, requested)),
        started_at=started_at,
        read_at=read_at,
        clock=OfficeClock(office_on, timedelta(minutes=minutes)) if office_on else None,
        as_of_on=as_of_on,
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
