"""The rules are facts about Open Dental: a practice that lives by its rules breaks none of them."""

from datetime import date
from pathlib import Path

from include.catalog.model import Tier
from include.discovery import discover
from include.endpoints import Endpoint
from include.engine import load_table
from include.planning import RefreshRequest, plan_refresh
from include.reporting import report_run
from include.validation import validate_tier
from include.warehouse.session import connect
from simulator import PracticePlan, advance, build

# Old enough for a past: its group notes and verified plans tell of rows that are replaced since.
PLAN = PracticePlan(patients=60, years=12, seed=5, until=date(2026, 6, 30))


def test_the_dirt_of_the_demo_practice_stays_above_every_threshold(
    source: Endpoint, warehouse: Endpoint, docs: Path, tmp_path: Path
) -> None:
    del docs
    build(source, PLAN, truth=tmp_path / "truth.json")
    # Rows that are gone, and what referred to them, are part of the practice's life.
    advance(source, days=20, truth=tmp_path / "truth.json")
    discover(source, warehouse, config_directory=tmp_path)
    plan = plan_refresh(source, warehouse, RefreshRequest(config_directory=tmp_path))
    assert plan.run_id is not None
    for table in plan.tables:
        load_table(source, warehouse, run_id=plan.run_id, table=table)
    for tier in Tier:
        verdict = validate_tier(warehouse, run_id=plan.run_id, tier=tier)
        assert verdict.blocked == {}
        assert verdict.qualities.keys() == {name.lower() for name in plan.tiers[tier]}
    with connect(warehouse) as connection:
        checked: dict[str, int] = dict(
            connection.execute(
                "select check_name, count(*) from ops.validation_result"
                " where source = 'great_expectations' and element_count > 0 group by 1"
            ).fetchall()
        )
        told = {
            place: (effect, detail.rpartition(": ")[2])
            for place, effect, detail in connection.execute(
                "select table_name || '.' || column_name, effect, detail"
                " from ops.validation_result where check_name = 'reference'"
            )
        }
    # Every kind of rule has looked at many columns that hold rows.
    assert min(checked[kind] for kind in ("code", "date", "finite", "not_null", "unique")) > 50
    assert checked["reference"] > 200
    assert told["procgroupitem.groupnum"] == ("blocks", "documented by the practice software.")
    assert told["insverifyhist.insverifynum"] == (
        "finding",
        "a row of the past, and the source deletes or replaces what it names.",
    )
    assert {effect for effect, _ in told.values()} == {"blocks", "finding"}
    report = report_run(warehouse, run_id=plan.run_id)
    assert report.is_right, report.text
    assert report.totals.tables == len(plan.tables)
