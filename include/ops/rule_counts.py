"""What Great Expectations counted last in each table: `ops.rule_count`. Counts, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from include.warehouse.session import WarehouseConnection


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """The rows and the breaches that each rule of a table has seen, in the order of its rules.

    `breaking_rows` counts each row once. `inputs` is the digest of all that decides the counts, and
    `page` the page that shows them, below the directory of the table's tier.
    """

    inputs: str
    row_counts: tuple[int, ...]
    breach_counts: tuple[int, ...]
    breaking_rows: int
    page: str


def read_rule_counts(connection: WarehouseConnection) -> dict[str, RuleCounts]:
    """Return what is on record, by the tables' names in raw."""
    return {
        name: RuleCounts(inputs, tuple(rows), tuple(breaches), breaking, page)
        for name, inputs, rows, breaches, breaking, page in connection.execute(
            """
            select table_name, inputs, row_counts, breach_counts, breaking_rows, page
            from ops.rule_count
            """
        )
    }


def store_rule_counts(
    connection: WarehouseConnection, run_id: int, counted: Mapping[str, RuleCounts]
) -> None:
    """Replace what is on record of these tables, as counted in this run. The caller commits."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into ops.rule_count (
                table_name, inputs, row_counts, breach_counts, breaking_rows, page, run_id
            )
            values (%s, %s, %s, %s, %s, %s, %s)
            on conflict (table_name) do update set
                inputs = excluded.inputs,
                row_counts = excluded.row_counts,
                breach_counts = excluded.breach_counts,
                breaking_rows = excluded.breaking_rows,
                page = excluded.page,
                run_id = excluded.run_id,
                counted_at = now()
            """,
            [
                (
                    name,
                    one.inputs,
                    list(one.row_counts),
                    list(one.breach_counts),
                    one.breaking_rows,
                    one.page,
                    run_id,
                )
                for name, one in counted.items()
            ],
        )
