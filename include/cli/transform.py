"""`./dental transform`: build the dbt project, or only its manifest."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from include.cli.output import say
from include.settings import DBT_MANIFEST, warehouse_endpoint


@click.command()
@click.option("--select", multiple=True, help="dbt selection, like od_aging or +marts; repeatable.")
@click.option("--all", "is_all", is_flag=True, help="Build everything, stale or not.")
@click.option(
    "--as-of",
    "past_days",
    type=click.DateTime(["%Y-%m-%d"]),
    multiple=True,
    help="A past day of which to keep the aging of receivables as well; repeatable.",
)
@click.option(
    "--target-path",
    type=click.Path(path_type=Path, file_okay=False),
    help="With --select or --all, keep dbt's compiled files here; removed afterwards by default.",
)
@click.option(
    "--unit-tests",
    is_flag=True,
    help="With --select or --all, also prove the SQL on the unit tests' own rows.",
)
@click.option(
    "--bake", is_flag=True, help="Only write the manifest that Airflow shows; build nothing."
)
@click.pass_context
def transform(
    context: click.Context,
    *,
    select: tuple[str, ...],
    is_all: bool,
    past_days: tuple[datetime, ...],
    target_path: Path | None,
    unit_tests: bool,
    bake: bool,
) -> None:
    """Build and test the models that are stale, as a refresh does.

    That is every model of staging, intermediate and marts of which rows, SQL or settings have
    changed, or that reads the practice's day when it is another; and, with --as-of, what the aging
    of that day needs. With --select or --all, build that instead, stale or not. A table that is not
    publishable stops the models that read it, and only these; their marts keep the rows of their
    last build. The exit code is 0 only when every mart is right and every test passed.
    """
    from include.ops import schema
    from include.ops.snapshot_days import request_snapshots
    from include.transform.build import build, build_stale, report_lines
    from include.transform.manifest import bake_manifest

    warehouse = warehouse_endpoint()
    if bake:
        path = bake_manifest(target_path or DBT_MANIFEST.parent, warehouse)
        say(f"wrote {path}")
        return
    if (target_path or unit_tests) and not (is_all or select):
        raise click.UsageError("--target-path and --unit-tests go with --select or --all")
    if past_days:
        with schema.connect(warehouse) as connection:
            for day in past_days:
                request_snapshots(connection, None, day.date())
    if is_all or select:
        outcome = build(warehouse, select=select, target_path=target_path, is_sql_tested=unit_tests)
    else:
        outcome = build_stale(warehouse)
    for line in report_lines(outcome):
        say(line)
    if not outcome.is_right:
        context.exit(1)
