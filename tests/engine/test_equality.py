"""The whole schema of a living practice: every table equal, value by value."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from include.discovery import discover
from include.endpoints import Endpoint
from include.engine import verify_table
from include.ops.config_versions import load_catalog
from include.warehouse import session as warehouse_session
from simulator import PracticePlan, advance, build
from tests.engine.equality import assert_all_equal, refresh

PLAN = PracticePlan(patients=60, years=1, seed=11, until=date(2026, 11, 13))


def test_a_living_practice_stays_equal_in_all_its_tables(
    source: Endpoint, warehouse: Endpoint, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.json"
    build(source, PLAN, truth=truth)
    (tmp_path / "overrides.yml").write_text("{}\n")
    discover(source, warehouse, config_directory=tmp_path)

    run_id, moved = refresh(source, warehouse, tmp_path)
    assert assert_all_equal(source, warehouse, run_id) == moved > 10_000

    versions = raw_versions(warehouse)
    run_id, moved = refresh(source, warehouse, tmp_path)
    assert moved == 0
    assert raw_versions(warehouse) == versions

    advance(source, truth=truth, days=14)
    run_id, moved = refresh(source, warehouse, tmp_path)
    assert moved > 500
    assert_all_equal(source, warehouse, run_id)
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        catalog = load_catalog(connection, _version(warehouse, run_id))
        changed = connection.execute(
            "select table_name, deleted > 0 from ops.table_load "
            "where run_id = %s and inserted + changed + deleted > 0",
            (run_id,),
        ).fetchall()
    assert any(is_deleted for _, is_deleted in changed)
    moved_tables = {name for name, _ in changed}
    for table in catalog.tables.values():
        if table.raw_name in moved_tables:
            assert verify_table(source, warehouse, table).is_equal


def raw_versions(warehouse: Endpoint) -> list[tuple[object, ...]]:
    """Return, for every raw table, the transactions that wrote its rows last."""
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        names = connection.execute(
            "select tablename from pg_tables where schemaname = 'raw' order by 1"
        ).fetchall()
        return [
            (name, *row)
            for (name,) in names
            for row in connection.execute(
                "select xmin::text, xmax::text, _batch_id, count(*) "
                f'from raw."{name}" group by 1, 2, 3 order by 1, 2, 3'.encode()
            ).fetchall()
        ]


def _version(warehouse: Endpoint, run_id: int) -> int:
    with warehouse_session.connect(warehouse, autocommit=True) as connection:
        row = connection.execute(
            "select config_version from ops.run where run_id = %s", (run_id,)
        ).fetchone()
    assert row is not None
    return int(row[0])
