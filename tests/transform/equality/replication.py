"""The way of a practice: discovered, loaded, validated, and built with every test of the models."""

from __future__ import annotations

from pathlib import Path

import yaml

from include.catalog.files import OVERRIDES_FILE
from include.catalog.model import Tier
from include.discovery import discover
from include.endpoints import Endpoint
from include.engine import load_table, settle
from include.ops.migrate import migrate
from include.planning import RefreshRequest, plan_refresh
from include.transform.build import build, report_lines
from include.transform.lineage import read_lineage
from include.transform.manifest import MANIFEST
from include.validation import validate_tier
from tests.transform.equality.source import fill_practice
from tests.transform.equality.warehouse import DBT_PROJECT_NAME, BuiltOffice, OfficeDay, tell_day
from tests.transform.reports.practice import Practice


def replicate(
    practice: Practice, source: Endpoint, warehouse: Endpoint, directory: Path
) -> BuiltOffice:
    """Take an office from an empty source database to marts in an empty warehouse.

    So many of its references dangle that a practice with as few rows would be blocked: a person has
    set the threshold of every table that it fills to 0.
    """
    fill_practice(source, practice)
    migrate(warehouse)
    thresholds = {table: {"quality_threshold": 0.0} for table in practice.tables}
    (directory / OVERRIDES_FILE).write_text(yaml.safe_dump({"tables": thresholds}))
    discover(source, warehouse, config_directory=directory)
    plan = plan_refresh(source, warehouse, RefreshRequest(config_directory=directory))
    if plan.run_id is None:
        raise AssertionError("the plan opened no run")
    for table in plan.tables:
        load_table(source, warehouse, run_id=plan.run_id, table=table)
    settle(source, warehouse, run_id=plan.run_id)
    blocked = {
        table: reason
        for tier in Tier
        for table, reason in validate_tier(warehouse, run_id=plan.run_id, tier=tier).blocked.items()
    }
    if blocked:
        raise AssertionError(f"blocked: {blocked}")
    day = OfficeDay(practice.today, practice.today)
    tell_day(warehouse, day)
    outcome = build(warehouse, select=["+marts"], target_path=directory)
    lines = "\n".join(report_lines(outcome))
    failures = {f"model.{DBT_PROJECT_NAME}.{kept.name}": lines for kept in outcome.kept}
    return BuiltOffice(practice, day, warehouse, read_lineage(directory / MANIFEST), failures)
