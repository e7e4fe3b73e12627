"""`./dental load` and `./dental verify`."""

from __future__ import annotations

from pathlib import Path

import click

from include import settings
from include.catalog.model import Catalog, TableConfig, Tier
from include.cli.config import config_option
from include.cli.output import say
from include.errors import ConfigError, PipelineError
from include.names import counted


@click.command()
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("--full", is_flag=True, help="Compare every row, whatever earlier loads remember.")
@click.option(
    "--validate/--no-validate",
    default=True,
    show_default=True,
    help="Judge the loaded tables afterwards; without a verdict dbt does not read what changed.",
)
@config_option
def load(*, tables: tuple[str, ...], full: bool, validate: bool, config_directory: Path) -> None:
    """Make the raw tables equal to the source.

    All of them, or the TABLEs named. Each fails alone. The exit code is 0 only when every table is
    right.
    """
    from include.engine import load_table, settle
    from include.planning import RefreshRequest, plan_refresh
    from include.reporting import report_run
    from include.transform.raw_indexes import BAKED_INDEXES
    from include.validation import validate_tier

    source, warehouse = settings.source_endpoint(), settings.warehouse_endpoint()
    plan = plan_refresh(
        source,
        warehouse,
        RefreshRequest(
            mode="full" if full else "compare",
            tables=tables,
            config_directory=config_directory,
            raw_indexes=BAKED_INDEXES,
        ),
    )
    if plan.run_id is None:
        raise click.ClickException("the plan opened no run")
    for message in plan.applied:
        say(message)
    asked = {name.lower() for name in tables}
    quarantined = {
        name: reason
        for name, reason in plan.quarantined.items()
        if not asked or name.lower() in asked
    }
    for name, reason in quarantined.items():
        say(f"{name}: in quarantine: {reason}", err=True)
    is_right = not quarantined
    say(f"empty on both sides: {counted(len(plan.skipped_empty), 'table')}")
    for name in plan.tables:
        try:
            done = load_table(
                source,
                warehouse,
                run_id=plan.run_id,
                table=name,
                mode="full" if full else "compare",
            )
        except PipelineError as error:
            is_right = False
            say(f"{name}: failed: {error}", err=True)
            continue
        say(
            f"{name:<32} {done.rows_read:>9} rows  {done.inserted:>8} new  {done.changed:>7} "
            f"changed  {done.deleted:>7} deleted  {done.undeleted:>5} back"
        )
    settled = settle(source, warehouse, run_id=plan.run_id)
    for group, moved in settled.skews.items():
        say(f"group {group} still changed while it was read: {', '.join(moved)}")
    is_right = is_right and not settled.failed
    for tier in Tier if validate else ():
        verdict = validate_tier(warehouse, run_id=plan.run_id, tier=tier)
        is_right = is_right and not verdict.blocked
        for name, reason in verdict.blocked.items():
            say(f"{name}: blocked: {reason}", err=True)
    report_run(warehouse, run_id=plan.run_id)
    if not is_right:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("--keys", is_flag=True, help="List the keys of differing rows, 100 a table at most.")
@config_option
def verify(*, tables: tuple[str, ...], keys: bool, config_directory: Path) -> None:
    """Compare both sides in full, value by value.

    The exit code is 0 only when all of it is equal. What the config excludes is left out. The
    stored chunks of earlier loads play no part in it. A table that cannot be compared is reported,
    and the others are compared all the same.
    """
    from include.catalog.files import read_catalog
    from include.engine import verify_table
    from include.sessions.failures import describe

    source, warehouse = settings.source_endpoint(), settings.warehouse_endpoint()
    is_right = True
    for table in _chosen(read_catalog(config_directory), tables):
        try:
            found = verify_table(source, warehouse, table)
        except PipelineError as error:
            is_right = False
            say(f"{table.name}: not compared: {error}", err=True)
            continue
        except Exception as error:  # noqa: BLE001 - no table's fault leaves the others out
            is_right = False
            say(f"{table.name}: not compared: {describe(error)}", err=True)
            continue
        is_right = is_right and found.is_equal
        say(
            f"{table.name:<32} {found.source_rows:>9} rows  "
            + (
                "equal"
                if found.is_equal
                else f"{found.missing} missing, {found.surplus} surplus, "
                f"{found.different} different in {counted(len(found.ranges), 'key range')}"
            )
        )
        for key in found.keys if keys else ():
            say(f"  {', '.join(table.key)}: {key}")
    if not is_right:
        raise click.exceptions.Exit(1)


def _chosen(catalog: Catalog, names: tuple[str, ...]) -> list[TableConfig]:
    if not names:
        return [table for _, table in sorted(catalog.tables.items())]
    known = {table.raw_name: table for table in catalog.tables.values()}
    for name in names:
        if name.lower() not in known:
            raise ConfigError("is not in the config. Nothing was compared.", where=f"table {name}")
    return [known[name.lower()] for name in names]
