"""Make raw rows equal to pages that were read, in the caller's transaction.

A page is copied into a temporary table and joined to raw. The rows that differ are listed with what
has to happen to them (insert, change, tombstone, un-delete), and only these are written, each with
the load's batch. The old and new values of the columns by which marts restate their rows
(`restate_by`) go to `ops.affected`. A raw row is a tombstone if `_deleted_at` is set; all others
are called living.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from psycopg import sql

from include.catalog.model import TableConfig
from include.engine.copying import Write, copy_into
from include.ops.affected import insert_affected
from include.ops.load_results import Batch, RowCounts
from include.source.keys import KeyRange, PagingKey
from include.warehouse import raw_tables
from include.warehouse.session import WarehouseConnection

_FLOATS = {"real": "float4send", "double precision": "float8send"}

WriteRows = Callable[[Write], None]


class PageApplier:
    """Applies rows to one raw table, which must have its primary key, over one connection.

    Its temporary tables are dropped with the transaction: call `on_transaction_end` then.
    """

    def __init__(
        self, connection: WarehouseConnection, table: TableConfig, key: PagingKey, batch: Batch
    ) -> None:
        self._connection = connection
        self._table = table
        self._key = key
        self._batch = batch
        self._columns = [column.raw_name for column in table.replicated_columns]
        self._page = sql.Identifier("pg_temp", "page")
        self._difference = sql.Identifier("pg_temp", "difference")
        self._seen = sql.Identifier("pg_temp", "seen")
        self._is_prepared = False

    def apply_page(self, write_rows: WriteRows, bounds: KeyRange) -> RowCounts:
        """Make the raw rows of the range equal to the rows written, of which there may be none.

        Where the two databases do not order the key alike, nothing is tombstoned here: the keys
        are noted until the end of the transaction, see `tombstone_others`.
        """
        self._fill(write_rows)
        if not self._key.is_ordered:
            self._run("insert into {seen} ({keys}) select {keys} from {page}")
        else:
            self._run(
                """
                insert into {difference}
                select 'deleted', {r_key}
                from {raw} r
                where r._deleted_at is null and {r_range}
                    and not exists (select from {page} p where {p_is_r})
                """,
                r_range=self._key.warehouse_predicate(bounds, "r"),
            )
        return self._write_differences()

    def apply_rows(self, write_rows: WriteRows, vanished: Sequence[int]) -> tuple[RowCounts, int]:
        """Insert, change or un-delete the rows written, and tombstone the keys that vanished.

        Also returns how many of the rows written, equal ones included, were living in raw before.
        The caller compares this with the number it expects, to detect other writers. Only for a
        key of one integer.
        """
        self._fill(write_rows)
        if vanished:
            self._run(
                """
                insert into {difference}
                select 'deleted', {r_key}
                from {raw} r
                where r._deleted_at is null and {keys} = any({vanished})
                """,
                vanished=sql.SQL("{}::{}[]").format(
                    sql.Literal([str(key) for key in vanished]),
                    sql.SQL(self._key.columns[0].warehouse_type),
                ),
            )
        alive = self._connection.execute(
            sql.SQL(
                """
                select count(*)
                from {page} p
                join {raw} r on {p_is_r}
                where r._deleted_at is null
                """
            ).format(**self._placeholders)
        ).fetchone()
        return self._write_differences(), int(alive[0]) if alive else 0

    def note_keys(self, write_keys: WriteRows, names: Sequence[str]) -> None:
        """Note more keys for `tombstone_others`; `names` are the raw columns that are written."""
        self._prepare()
        with copy_into(self._connection, self._seen, names) as write:
            write_keys(write)

    def tombstone_others(self) -> RowCounts:
        """Tombstone every living raw row whose key this transaction has not noted.

        Keys are compared by bytes.
        """
        self._prepare()
        self._run("truncate {page}, {difference}")
        self._run("analyze {seen}")
        self._run(
            """
            insert into {difference}
            select 'deleted', {r_key}
            from {raw} r
            where r._deleted_at is null and not exists (select from {seen} p where {p_is_r})
            """
        )
        return self._write_differences()

    def on_transaction_end(self) -> None:
        """Note that the temporary tables no longer exist; the next call creates them again."""
        self._is_prepared = False

    def _fill(self, write_rows: WriteRows) -> None:
        """Copy rows into the page, and list those that are new, changed or tombstones in raw."""
        self._prepare()
        self._run("truncate {page}, {difference}")
        with copy_into(self._connection, self._page, self._columns) as write:
            write_rows(write)
        self._run("analyze {page} ({keys})")
        self._run(
            """
            insert into {difference}
            select
                case
                    when r._batch_id is null then 'inserted'
                    when r._deleted_at is not null then 'undeleted'
                    else 'changed'
                end,
                {p_key}
            from {page} p
            left join {raw} r on {p_is_r}
            where r._batch_id is null or r._deleted_at is not null
                or row({p_content}) is distinct from row({r_content})
            """
        )

    def _prepare(self) -> None:
        if self._is_prepared:
            return
        # The join to a page reads raw in the order of the key, so its reads are not random.
        self._run("set local random_page_cost = 1.1")
        # "as select" copies types and collations, but no constraints.
        self._run(
            """
            create temporary table if not exists page on commit drop as
            select {columns} from {raw} limit 0
            """
        )
        self._run(
            """
            create temporary table if not exists difference on commit drop as
            select ''::text as _kind, {keys} from {raw} limit 0
            """
        )
        if not self._key.is_ordered:
            self._run(
                """
                create temporary table if not exists seen on commit drop as
                select {keys} from {raw} limit 0
                """
            )
        self._is_prepared = True

    def _write_differences(self) -> RowCounts:
        counts: dict[str, int] = dict(
            self._connection.execute(
                sql.SQL("select _kind, count(*) from {} group by _kind").format(self._difference)
            ).fetchall()
        )
        moved = RowCounts(**{name: counts.get(name, 0) for name in RowCounts.__dataclass_fields__})
        if not moved.total:
            return moved
        self._run("analyze {difference}")
        self._record_affected("d._kind <> 'inserted'", from_page=False)
        if moved.changed or moved.undeleted:
            self._run(
                """
                update {raw} r set
                    {assignments},
                    _loaded_at = {loaded_at},
                    _batch_id = {batch_id},
                    _deleted_at = null
                from {page} p
                join {difference} d on {p_is_d}
                where d._kind in ('changed', 'undeleted') and {p_is_r}
                """
            )
        if moved.inserted:
            self._run(
                """
                insert into {raw} ({columns}, _loaded_at, _batch_id)
                select {p_columns}, {loaded_at}, {batch_id}
                from {page} p
                join {difference} d on {p_is_d}
                where d._kind = 'inserted'
                """
            )
        if moved.deleted:
            self._run(
                """
                update {raw} r set
                    _deleted_at = {loaded_at}, _loaded_at = {loaded_at}, _batch_id = {batch_id}
                from {difference} d
                where d._kind = 'deleted' and {d_is_r}
                """
            )
        self._record_affected("d._kind <> 'deleted'", from_page=True)
        return moved

    def _record_affected(self, condition: str, *, from_page: bool) -> None:
        if not self._table.restate_by:
            return
        rows = sql.SQL("{rows} a join {difference} d on {a_is_d} and {condition}").format(
            rows=self._placeholders["page" if from_page else "raw"],
            condition=sql.SQL(condition),
            **{name: self._placeholders[name] for name in ("difference", "a_is_d")},
        )
        for name in self._table.restate_by:
            column = self._table.column(name)
            self._connection.execute(
                insert_affected(
                    table=self._table.raw_name,
                    batch=self._batch,
                    column=column.raw_name,
                    warehouse_type=column.warehouse_type,
                    rows=rows,
                )
            )

    def _run(self, statement: str, **more: sql.Composable) -> None:
        self._connection.execute(sql.SQL(statement).format(**self._placeholders, **more))

    @cached_property
    def _placeholders(self) -> dict[str, Any]:
        """The values of the names in braces; built late, because an unchanged table needs none."""
        types = [column.warehouse_type for column in self._table.replicated_columns]
        typed = list(zip(self._columns, types, strict=True))
        keys = self._key.raw_names
        return {
            "raw": raw_tables.identifier(self._table.raw_name),
            "page": self._page,
            "difference": self._difference,
            "seen": self._seen,
            "columns": _listed(map(sql.Identifier, self._columns)),
            "keys": _listed(map(sql.Identifier, keys)),
            "p_columns": _listed(sql.Identifier("p", name) for name in self._columns),
            "p_key": _listed(sql.Identifier("p", name) for name in keys),
            "r_key": _listed(sql.Identifier("r", name) for name in keys),
            "p_content": _listed(exact(sql.Identifier("p", name), kind) for name, kind in typed),
            "r_content": _listed(exact(sql.Identifier("r", name), kind) for name, kind in typed),
            "p_is_r": _same("p", "r", keys),
            "p_is_d": _same("p", "d", keys),
            "d_is_r": _same("d", "r", keys),
            "a_is_d": _same("a", "d", keys),
            "assignments": _listed(
                sql.SQL("{} = p.{}").format(sql.Identifier(name), sql.Identifier(name))
                for name in self._columns
            ),
            "loaded_at": sql.Literal(self._batch.loaded_at),
            "batch_id": sql.Literal(self._batch.batch_id),
        }


def exact(value: sql.Composable, warehouse_type: str) -> sql.Composable:
    """Return an expression that differs whenever the stored value does: also for 0.0 and -0.0."""
    function = _FLOATS.get(warehouse_type)
    if function is None:
        return value
    return sql.SQL("{}({})").format(sql.Identifier(function), value)


def _listed(items: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(", ").join(items)


def _same(left: str, right: str, keys: Sequence[str]) -> sql.Composable:
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(left, key), sql.Identifier(right, key))
        for key in keys
    )
