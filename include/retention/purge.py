"""Take tombstones away for good, once they are old enough and nobody waits for them.

A tombstone tells incremental models that a row is gone. It may go when its table's retention is
over and every incremental model that reads the table has seen the load that made it. A model that
never ran, or that is blocked, keeps everything. The rows of `ops.affected` go by the same rule.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from include.catalog.model import Catalog, TableConfig
from include.endpoints import Endpoint
from include.errors import WarehouseError
from include.ops import affected, schema, stored_tables
from include.ops.config_versions import load_catalog
from include.ops.mart_states import read_model_inputs
from include.ops.purges import TablePurge, record_purge, record_purged, tables_with_tombstones
from include.ops.runs import read_run
from include.ops.table_states import TableState
from include.sessions import locks
from include.sessions.failures import driver_errors
from include.sessions.locks import LockSession, lock_session, sole_writer, table_lock
from include.transform.lineage import read_lineage
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection

log = logging.getLogger(__name__)

# So long a person can still ask which days and families a load touched.
AFFECTED_DAYS = 14


@dataclass(frozen=True, slots=True)
class Readers:
    """The incremental models that read a table, and how far each has seen its loads.

    A model that never recorded what it saw has seen nothing.
    """

    seen: Mapping[str, int]

    @property
    def limit(self) -> int | None:
        """The newest load that all of them have seen; None when there are none to wait for."""
        return min(self.seen.values(), default=None)

    def behind(self, batch_id: int) -> tuple[str, ...]:
        """Return the models that have not seen this load, by name."""
        return tuple(sorted(model for model, seen in self.seen.items() if seen < batch_id))


def purge(warehouse: Endpoint, *, run_id: int, manifest: Path) -> tuple[TablePurge, ...]:
    """Purge every loaded table of the run's config; return those where there was anything to say.

    Each table is purged in a transaction of its own, under the lock that keeps loads away; one that
    is being loaded is left for the next run. Safe to repeat: counts of one run add up in
    `ops.purge`. Raises ConfigError without a manifest: nobody could say which models wait.
    """
    waiting = read_lineage(manifest).incremental_readers()
    with (
        schema.connect(warehouse, autocommit=True) as connection,
        lock_session(warehouse, wait_seconds=locks.WAIT_LIMIT_SECONDS) as session,
    ):
        catalog = load_catalog(connection, read_run(connection, run_id).config_version)
        readers = _read_readers(connection, waiting)
        cleared = _purge_affected(connection, catalog, readers, run_id)
        purged = {name: TablePurge(name, affected=count) for name, count in cleared.items()}
        for table in _with_tombstones(connection, catalog):
            with driver_errors(warehouse, warehouse, table.name):
                found = _purge_table(session, connection, table, readers, run_id)
            if found is not None:
                before = purged.get(table.raw_name)
                purged[table.raw_name] = TablePurge(
                    table.raw_name,
                    found.tombstones,
                    before.affected if before else 0,
                    found.kept,
                    found.waiting_for,
                )
    for _, one in sorted(purged.items()):
        log.info(
            "table %s: %s tombstones and %s rows of ops.affected are purged%s",
            one.table,
            one.tombstones,
            one.affected,
            f"; {one.kept} older tombstones wait for {', '.join(one.waiting_for)}"
            if one.kept
            else "",
        )
    return tuple(one for _, one in sorted(purged.items()))


def _read_readers(
    connection: WarehouseConnection, waiting: Mapping[str, frozenset[str]]
) -> dict[str, Readers]:
    seen = read_model_inputs(connection)
    return {
        table: Readers({model: seen.get((model, table), 0) for model in models})
        for table, models in waiting.items()
    }


def _with_tombstones(connection: WarehouseConnection, catalog: Catalog) -> list[TableConfig]:
    by_name = {table.raw_name: table for table in catalog.tables.values()}
    names = tables_with_tombstones(connection)
    return [by_name[name] for name in names if name in by_name]


def _purge_affected(
    connection: WarehouseConnection,
    catalog: Catalog,
    readers: Mapping[str, Readers],
    run_id: int,
) -> dict[str, int]:
    """Delete what all readers have seen and nobody asks about any more, in one transaction."""
    limits = {
        table.raw_name: readers.get(table.raw_name, Readers({})).limit
        for table in catalog.tables.values()
    }
    with connection.transaction():
        found = affected.purge_affected(connection, limits, days=AFFECTED_DAYS)
        for name, count in found.items():
            record_purge(connection, run_id, TablePurge(name, affected=count))
    return found


def _purge_table(
    session: LockSession,
    connection: WarehouseConnection,
    table: TableConfig,
    readers: Mapping[str, Readers],
    run_id: int,
) -> TablePurge | None:
    """Purge one table; None when nothing in it is old enough, or a load holds it."""
    of_table = readers.get(table.raw_name, Readers({}))
    # Mostly nothing is: then no load has to wait for us.
    old, _ = _count_old(connection, table)
    if not old:
        return None
    try:
        with (
            table_lock(session, table.raw_name) as lock,
            sole_writer(lock, connection),
            connection.transaction(),
        ):
            found = _delete(connection, table, of_table)
            if found is not None:
                record_purge(connection, run_id, found)
                lock.check()
    except WarehouseError as error:
        log.warning("table %s: not purged in this run: %s", table.name, error)
        return None
    return found


def _delete(
    connection: WarehouseConnection, table: TableConfig, readers: Readers
) -> TablePurge | None:
    if stored_tables.read_state(connection, table.raw_name) is not TableState.LOADED:
        return None
    limit = readers.limit
    is_seen = sql.SQL("true") if limit is None else sql.SQL("_batch_id <= {}").format(limit)
    deleted = connection.execute(
        sql.SQL("delete from {} where {} and {}").format(
            raw_tables.identifier(table.raw_name), _is_old(table), is_seen
        )
    ).rowcount
    count, newest = _count_old(connection, table)
    if not deleted and not count:
        return None
    record_purged(connection, table.raw_name, deleted)
    waiting_for = readers.behind(newest) if count else ()
    return TablePurge(table.raw_name, deleted, 0, count, waiting_for)


def _count_old(connection: WarehouseConnection, table: TableConfig) -> tuple[int, int]:
    """Return how many tombstones are past their retention, and the newest load among them."""
    row = connection.execute(
        sql.SQL("select count(*), coalesce(max(_batch_id), 0) from {} where {}").format(
            raw_tables.identifier(table.raw_name), _is_old(table)
        )
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _is_old(table: TableConfig) -> sql.Composed:
    return sql.SQL("_deleted_at < now() - make_interval(days => {})").format(
        sql.Literal(table.tombstone_days)
    )
