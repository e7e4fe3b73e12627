"""What a plan reads from and writes to `ops`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.catalog.model import TableConfig
from include.planning.model import RefreshRequest
from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class TableState:
    """What `ops.table_state` says of a table."""

    state: str
    row_count: int
    deleted_count: int

    @property
    def is_empty(self) -> bool:
        """Whether its raw table is known to hold nothing, not even tombstones."""
        is_settled = self.state in ("never_loaded", "loaded")
        return is_settled and self.row_count == 0 and self.deleted_count == 0


def open_run(connection: WarehouseConnection, request: RefreshRequest, config_version: int) -> int:
    """Open the run and return its number; the retry of a plan takes over the run it had opened."""
    with connection.transaction():
        row = connection.execute(
            "update ops.run set config_version = %s, mode = %s, phase = %s, requested_tables = %s "
            "where run_id = (select max(run_id) from ops.run "
            "where dag_run_id = %s and state = 'running') returning run_id",
            (
                config_version,
                request.mode,
                request.phase,
                list(request.tables),
                request.dag_run_id,
            ),
        ).fetchone()
        if row is None:
            row = connection.execute(
                "insert into ops.run (dag_run_id, mode, phase, requested_tables, config_version) "
                "values (%s, %s, %s, %s, %s) returning run_id",
                (
                    request.dag_run_id,
                    request.mode,
                    request.phase,
                    list(request.tables),
                    config_version,
                ),
            ).fetchone()
    if row is None:
        raise RuntimeError("insert returned no row")
    return int(row[0])


def set_version(connection: WarehouseConnection, run_id: int, config_version: int) -> None:
    """Pin another config version for the run."""
    connection.execute(
        "update ops.run set config_version = %s where run_id = %s", (config_version, run_id)
    )


def read_states(connection: WarehouseConnection) -> dict[str, TableState]:
    """Return the state of every table that has one; nothing on a warehouse never prepared."""
    if not _exists(connection, "ops.table_state"):
        return {}
    rows = connection.execute(
        "select table_name, state, row_count, deleted_count from ops.table_state"
    ).fetchall()
    return {name: TableState(*values) for name, *values in rows}


def read_quarantine(connection: WarehouseConnection) -> dict[str, str]:
    """Return the raw names in quarantine, with the reasons."""
    if not _exists(connection, "ops.quarantine"):
        return {}
    return dict(connection.execute("select table_name, reason from ops.quarantine").fetchall())


def quarantine(connection: WarehouseConnection, reasons: Mapping[str, str], *, run_id: int) -> None:
    """Put tables into quarantine, in one transaction: their gates close, their rows stay."""
    with connection.transaction():
        for name, reason in reasons.items():
            connection.execute(
                "insert into ops.quarantine (table_name, reason, run_id) values (%s, %s, %s) "
                "on conflict (table_name) do update set reason = excluded.reason",
                (name.lower(), reason, run_id),
            )
            connection.execute(
                "insert into ops.table_state (table_name, state, blocked_reason) "
                "values (%s, 'quarantined', %s) on conflict (table_name) do update "
                "set state = 'quarantined', is_publishable = false, "
                "blocked_reason = excluded.blocked_reason",
                (name.lower(), f"quarantined: {reason}"),
            )


def mark_empty(
    connection: WarehouseConnection,
    tables: Sequence[TableConfig],
    *,
    run_id: int,
    config_version: int,
) -> None:
    """Record that tables were found empty and equal to the source: loaded and publishable."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.table_state as s (table_name, state, is_publishable, blocked_reason, "
            "row_count, deleted_count, quality, config_version, fingerprint, last_run_id, "
            "loaded_at, validated_at) values (%s, 'loaded', true, null, 0, 0, 1, %s, %s, %s, "
            "now(), now()) on conflict (table_name) do update set state = 'loaded', "
            "is_publishable = true, blocked_reason = null, quality = 1, "
            "config_version = excluded.config_version, fingerprint = excluded.fingerprint, "
            "last_run_id = excluded.last_run_id, loaded_at = now(), validated_at = now()",
            [(table.raw_name, config_version, table.fingerprint, run_id) for table in tables],
        )


def _exists(connection: WarehouseConnection, name: str) -> bool:
    return connection.execute("select to_regclass(%s) is not null", (name,)).fetchone() == (True,)
