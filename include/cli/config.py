"""`./dental config`: what the config says, after overrides.yml."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from include import settings
from include.catalog.files import read_catalog
from include.catalog.model import Catalog, ColumnConfig, TableConfig, Tier
from include.catalog.overrides import nearest
from include.cli.output import say
from include.errors import ConfigError

config_option = click.option(
    "--config",
    "config_directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=settings.config_directory,
    show_default="include/config",
    help="The directory of tables.yml and overrides.yml.",
)


@click.group()
def config() -> None:
    """Show what discovery decided and overrides.yml corrected."""


@config.command()
@click.argument("table", required=False)
@click.option("--excluded", is_flag=True, help="List what never leaves the source.")
@config_option
def show(*, table: str | None, excluded: bool, config_directory: Path) -> None:
    """Show the config of TABLE, or of all tables in one line each."""
    catalog = read_catalog(config_directory)
    if table is not None:
        _show_table(catalog, table, is_only_excluded=excluded)
    elif excluded:
        _show_excluded(catalog)
    else:
        _show_tables(catalog)


def _show_tables(catalog: Catalog) -> None:
    sizes = Counter(table.tier for table in catalog.tables.values())
    for tier in Tier:
        say(f"{tier} ({sizes[tier]} tables)")
        for table in catalog.of_tier(tier):
            say(
                f"  {table.name:<32} key {', '.join(table.key) or 'none':<28} "
                f"{len(table.replicated_columns):>4} columns  SLA {table.sla_minutes:g} min"
            )
    say(f"left out: {len(catalog.left_out)} tables (see --excluded)")


def _show_table(catalog: Catalog, name: str, *, is_only_excluded: bool) -> None:
    known = {known.lower(): known for known in (*catalog.tables, *catalog.left_out)}
    found = known.get(name.lower())
    if found is None:
        raise ConfigError(f"is not in the config{nearest(name, known)}.", where=f"table {name}")
    if found in catalog.left_out:
        say(f"{found}: left out, {catalog.left_out[found]}")
        return
    table = catalog.tables[found]
    if is_only_excluded:
        _show_excluded_parts(table)
        return
    say(
        f"{table.name}: {table.tier} (phase {table.phase}), key {', '.join(table.key) or 'none'}, "
        f"chunks of {table.chunk_rows} rows"
    )
    say(
        f"  expected within {table.expected_minutes:g} minutes, late after {table.sla_minutes:g}; "
        f"quality at least {table.quality_threshold:g}; "
        f"is_alerting: {'yes' if table.is_alerting else 'no'} (nothing follows it yet)"
    )
    say(
        f"  restated by: {', '.join(table.restate_by) or 'nothing'}; "
        f"settled with: {table.consistency_group or 'nothing'}"
    )
    for column in table.columns:
        say(
            f"  {column.name:<32} {column.source_type:<24} "
            f"{column.warehouse_type:<18} {_remarks(column)}".rstrip()
        )
    _show_excluded_parts(table)


def _remarks(column: ColumnConfig) -> str:
    remarks = [f"-> {column.references}"] if column.references else []
    if column.phi:
        remarks.append(f"protected: {column.phi}")
    if column.is_excluded:
        remarks.append("never leaves the source")
    if column.is_retired:
        remarks.append("retired")
    return ", ".join(remarks)


def _show_excluded(catalog: Catalog) -> None:
    say("tables:")
    for name, reason in sorted(catalog.left_out.items()):
        say(f"  {name}: {reason}")
    say("columns and cells:")
    for _, table in sorted(catalog.tables.items()):
        _show_excluded_parts(table)


def _show_excluded_parts(table: TableConfig) -> None:
    for column in table.columns:
        if column.is_excluded:
            say(f"  {table.name}.{column.name}")
    for cell in table.excluded_cells:
        say(f"  {table.name}.{cell.column} where {cell.when_column} matches {cell.pattern}")
