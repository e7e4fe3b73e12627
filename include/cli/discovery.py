"""`./dental discover` and `./dental plan`."""

from __future__ import annotations

from pathlib import Path

import click

from include import settings
from include.catalog.model import Tier
from include.cli.config import config_option
from include.cli.output import say
from include.names import counted


@click.command()
@config_option
def discover(*, config_directory: Path) -> None:
    """Inspect the practice database and write tables.yml.

    The exit code is 1 if a table was refused, cannot be read at present, or is gone.
    """
    from include.discovery import discover as run_discovery

    result = run_discovery(
        settings.source_endpoint(),
        settings.warehouse_endpoint(),
        config_directory=config_directory,
    )
    for tier, size in result.tier_sizes.items():
        say(f"{tier:<10} {size:>4} tables")
    say(f"left out   {len(result.catalog.left_out):>4} tables")
    for name, reason in result.catalog.excluded_tables.items():
        say(f"  {name}: {reason}")
    columns = result.catalog.excluded_columns
    say(f"left out   {sum(map(len, columns.values())):>4} columns")
    for name, listed in columns.items():
        say(f"  {name}: {', '.join(listed)}")
    for name, reason in result.refused.items():
        say(f"{name}: {reason}", err=True)
    for name in result.unreadable:
        say(f"{name}: cannot be read at present; its config stays", err=True)
    for name, reason in result.lost.items():
        say(f"{name}: {reason}", err=True)
    say(
        f"config version {result.config_version}; tables.yml is "
        f"{'new' if result.is_changed else 'unchanged'}"
    )
    if result.refused or result.unreadable or result.lost:
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("--full", is_flag=True, help="Compare every row, whatever earlier loads remember.")
@click.option(
    "--phase",
    type=click.IntRange(1, len(Tier)),
    default=len(Tier),
    show_default=True,
    help="1 plans the critical tables only, 4 all tiers.",
)
@config_option
def plan(*, tables: tuple[str, ...], full: bool, phase: int, config_directory: Path) -> None:
    """Show what a refresh would do, without writing anything.

    The exit code is 1 when a table would be in quarantine.
    """
    from include.planning import RefreshRequest, plan_refresh
    from include.transform.raw_indexes import BAKED_INDEXES

    planned = plan_refresh(
        settings.source_endpoint(),
        settings.warehouse_endpoint(),
        RefreshRequest(
            mode="full" if full else "compare",
            phase=phase,
            tables=tables,
            dry_run=True,
            config_directory=config_directory,
            raw_indexes=BAKED_INDEXES,
        ),
    )
    for tier, names in planned.tiers.items():
        say(f"{tier} ({counted(len(names), 'table')}, largest first): {', '.join(names) or 'none'}")
    say(f"empty, nothing to do: {counted(len(planned.skipped_empty), 'table')}")
    for change in planned.applied:
        say(f"would follow: {change}")
    for name, reason in planned.quarantined.items():
        say(f"{name}: quarantine: {reason}", err=True)
    if planned.quarantined:
        raise click.exceptions.Exit(1)
