"""A refresh of a whole practice, and the comparison of all its tables with the source."""

from __future__ import annotations

from pathlib import Path

from include.endpoints import Endpoint
from include.engine import load_table, settle
from include.ops.config_versions import load_catalog
from include.planning import RefreshRequest, plan_refresh
from include.warehouse import session as warehouse_session
from tests.engine.oracle import Excluded, compare
from tests.engine.practice import writing

TABLE_COUNT = 424


def refresh(source: Endpoint, warehouse: Endpoint, config: Path) -> tuple[int, int]:
    """Refresh everything; return the run and how many rows moved."""
    plan = plan_refresh(source, warehouse, RefreshRequest(config_directory=config))
    assert plan.run_id is not None
    assert not plan.quarantined
    loads = [load_table(source, warehouse, run_id=plan.run_id, table=name) for name in plan.tables]
    assert settle(source, warehouse, run_id=plan.run_id).is_settled
    return plan.run_id, sum(load.moved for load in loads)


def assert_all_equal(source: Endpoint, warehouse: Endpoint, run_id: int) -> int:
    """Compare every table of the source, and return how many rows it holds."""
    with (
        writing(source) as cursor,
        warehouse_session.connect(warehouse, autocommit=True) as connection,
    ):
        row = connection.execute(
            "select config_version from ops.run where run_id = %s", (run_id,)
        ).fetchone()
        assert row is not None
        catalog = load_catalog(connection, int(row[0]))
        cursor.execute(
            "select table_name from information_schema.tables "
            "where table_schema = database() and table_type = 'BASE TABLE'"
        )
        names = {str(name) for (name,) in cursor.fetchall()}
        assert len(names) == TABLE_COUNT
        assert names == set(catalog.tables) | set(catalog.excluded_tables)
        assert len(catalog.excluded_tables) < 10
        return sum(
            compare(
                cursor,
                connection,
                name,
                Excluded(
                    [column.name for column in table.columns if column.is_excluded],
                    [(c.column, c.when_column, c.pattern) for c in table.excluded_cells],
                ),
            )
            for name, table in catalog.tables.items()
        )
