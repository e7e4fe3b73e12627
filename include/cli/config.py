"""`./dental config`: what the config says, after overrides.yml, and what was found against it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from include import settings
from include.catalog.files import read_catalog
from include.catalog.model import Catalog, ColumnConfig, TableConfig, Tier
from include.catalog.overrides import nearest
from include.cli.output import say
from include.errors import ConfigError, PipelineError
from include.names import counted

if TYPE_CHECKING:
    from include.ops.validation_results import Finding

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
@click.option("--findings", is_flag=True, help="List what validation found and no gate follows.")
@config_option
def show(*, table: str | None, excluded: bool, findings: bool, config_directory: Path) -> None:
    """Show the config of TABLE, or of all tables in one line each.

    What the last validations found stands with it, where the warehouse can be asked.
    """
    catalog = read_catalog(config_directory)
    if table is not None:
        _show_table(catalog, table, is_only_excluded=excluded)
    elif excluded:
        _show_excluded(catalog)
    elif findings:
        for one in _findings():
            say(f"{one.place}: {one}")
    else:
        _show_tables(catalog)


def _findings() -> Sequence[Finding]:
    """Return the findings that stand; say why where they cannot be read."""
    from include.ops import schema
    from include.ops.validation_results import standing_findings

    try:
        with schema.connect(settings.warehouse_endpoint()) as connection:
            return standing_findings(connection)
    except PipelineError as error:
        say(f"findings are not known: {error}", err=True)
        return ()


def _show_tables(catalog: Catalog) -> None:
    sizes = Counter(table.tier for table in catalog.tables.values())
    for tier in Tier:
        say(f"{tier} ({counted(sizes[tier], 'table')})")
        for table in catalog.of_tier(tier):
            say(
                f"  {table.name:<32} key {', '.join(table.key) or 'none':<28} "
                f"{len(table.replicated_columns):>4} columns  SLA {table.sla_minutes:g} min"
            )
    say(f"left out: {counted(len(catalog.left_out), 'table')} (see --excluded)")
    if found := len(_findings()):
        say(f"findings: {found} (see --findings)")


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
    findings = {one.column: one for one in _findings() if one.table == table.raw_name}
    for column in table.columns:
        say(
            f"  {column.name:<32} {column.source_type:<24} "
            f"{column.warehouse_type:<18} {_remarks(column, findings)}".rstrip()
        )
    _show_excluded_parts(table)


def _remarks(column: ColumnConfig, findings: Mapping[str, Finding]) -> str:
    remarks = [f"-> {column.references} ({column.reference_origin})"] if column.references else []
    if column.phi:
        remarks.append(f"protected: {column.phi}")
    if column.is_excluded:
        remarks.append("never leaves the source")
    if column.is_retired:
        remarks.append("retired")
    if column.raw_name in findings:
        remarks.append(f"found: {findings[column.raw_name]}")
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
