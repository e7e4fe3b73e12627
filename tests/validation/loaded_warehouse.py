"""Tables in raw as the engine leaves them, with rows and bookkeeping made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from include.catalog.document import dump_catalog
from include.catalog.model import Catalog, ColumnConfig, ReferenceOrigin, TableConfig, Tier
from include.endpoints import Endpoint
from include.ops.config_versions import pin_bytes
from include.validation import TierVerdict, validate_tier
from include.warehouse.session import WarehouseConnection


def column(name: str, source_type: str, warehouse_type: str, **more: Any) -> ColumnConfig:
    return ColumnConfig(name, source_type, warehouse_type, **more)


def table(name: str, key: str, *columns: ColumnConfig, tier: Tier = Tier.CRITICAL) -> TableConfig:
    return TableConfig(
        name=name,
        key=(key,),
        columns=(column(key, "bigint(20)", "bigint"), *columns),
        tier=tier,
        chunk_rows=20_000,
        expected_minutes=1.0,
        sla_minutes=10.0,
        quality_threshold=0.99,
        is_alerting=True,
        fingerprint="f",
    )


PATIENT = table(
    "patient",
    "PatNum",
    column("LName", "varchar(100)", "text"),
    column("Birthdate", "date", "date"),
    column("PatStatus", "tinyint(4)", "smallint"),
    tier=Tier.IMPORTANT,
)
PROCEDURE = table(
    "procedurelog",
    "ProcNum",
    column(
        "PatNum",
        "bigint(20)",
        "bigint",
        references="patient",
        reference_origin=ReferenceOrigin.DOCUMENTED,
    ),
    column("ProcStatus", "tinyint(3) unsigned", "smallint"),
    column("ProcDate", "date", "date"),
    column("DateTStamp", "timestamp", "timestamptz"),
    column("ProcFee", "double", "double precision"),
    column("Note", "text", "text"),
)


@dataclass
class LoadedWarehouse:
    """Tables in raw, as the engine leaves them; every `load` records what it read."""

    endpoint: Endpoint
    connection: WarehouseConnection
    run_id: int = 0
    catalog: Catalog = field(default_factory=lambda: Catalog({}, {}))

    def start_run(
        self, *tables: TableConfig, phase: int = 4, requested: tuple[str, ...] = ()
    ) -> None:
        self.catalog = Catalog({one.name: one for one in tables}, {})
        version = pin_bytes(self.connection, dump_catalog(self.catalog), b"")
        row = self.connection.execute(
            "insert into ops.run (mode, phase, config_version, requested_tables) "
            "values ('compare', %s, %s, %s) returning run_id",
            (phase, version, list(requested)),
        ).fetchone()
        assert row is not None
        self.run_id = row[0]
        for one in tables:
            self._create(one)

    def _create(self, one: TableConfig) -> None:
        parts = [
            sql.SQL("{} {}").format(sql.Identifier(c.raw_name), sql.SQL(c.warehouse_type))
            for c in one.replicated_columns
        ]
        self.connection.execute(
            sql.SQL(
                "create table if not exists raw.{} ({}, _loaded_at timestamptz default now(),"
                " _batch_id bigint default 0, _deleted_at timestamptz)"
            ).format(sql.Identifier(one.raw_name), sql.SQL(", ").join(parts))
        )
        self.connection.execute(
            "insert into ops.table_state (table_name) values (%s) on conflict do nothing",
            (one.raw_name,),
        )

    def execute(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(statement.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []

    def load(self, *names: str) -> None:
        """Record a good load of what the raw tables hold now."""
        for name in names:
            [(living, batch)] = self.execute(
                f"select count(*), nextval('ops.batch_id') from raw.{name} "
                "where _deleted_at is null"
            )
            self.execute(
                "insert into ops.table_load (run_id, table_name, tier, state, batch_id, rows_read,"
                " finished_at) values (%s, %s, 'critical', 'succeeded', %s, %s, now())"
                " on conflict (run_id, table_name) do update set state = 'succeeded',"
                " batch_id = excluded.batch_id, rows_read = excluded.rows_read",
                self.run_id,
                name,
                batch,
                living,
            )
            self.execute(
                "update ops.table_state set state = 'loaded', row_count = %s, batch_id = %s,"
                " last_run_id = %s, loaded_at = now() where table_name = %s",
                living,
                batch,
                self.run_id,
                name,
            )
            self.execute("delete from ops.chunk where table_name = %s", name)
            self.execute(
                "insert into ops.chunk (table_name, ordinal, row_count, content_hash)"
                " values (%s, 0, %s, '')",
                name,
                living,
            )

    def compare(self, name: str) -> None:
        """Record a load that found the table as it was."""
        self.execute(
            "insert into ops.table_load (run_id, table_name, tier, state, finished_at)"
            " values (%s, %s, 'critical', 'succeeded', now())",
            self.run_id,
            name,
        )
        self.execute(
            "update ops.table_state set last_run_id = %s, loaded_at = now() where table_name = %s",
            self.run_id,
            name,
        )

    def validate(self, tier: Tier = Tier.CRITICAL) -> TierVerdict:
        return validate_tier(self.endpoint, run_id=self.run_id, tier=tier)

    def gate(self, name: str) -> tuple[Any, ...]:
        [row] = self.execute(
            "select is_publishable, blocked_reason from ops.table_state where table_name = %s", name
        )
        return row

    def breaches(self, name: str) -> dict[str, int]:
        return dict(
            self.execute(
                "select rtrim(check_name || ' ' || column_name), unexpected_count"
                " from ops.validation_result where run_id = %s and table_name = %s"
                " and not is_passed",
                self.run_id,
                name,
            )
        )
