"""How often a rule replaced a value that PostgreSQL cannot hold: `ops.substitution`.

The constants are clauses of the one statement with which `include.ops.loads` ends a load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from include.warehouse.session import WarehouseConnection

HELD_NOW: LiteralString = """
    select *
    from unnest(%(columns)s::text[], %(rules)s::text[], %(counts)s::bigint[])
        as n (column_name, rule, value_count)
"""
HELD_NO_MORE: LiteralString = """
    delete from ops.substitution s
    where run_id = %(run)s and table_name = %(table)s
        and not exists (
            select from now n where (n.column_name, n.rule) = (s.column_name, s.rule)
        )
"""
RECORD: LiteralString = """
    insert into ops.substitution (table_name, column_name, rule, value_count, run_id)
    select %(table)s, column_name, rule, value_count, %(run)s
    from now
    on conflict (table_name, column_name, rule, run_id) do update set
        value_count = excluded.value_count, counted_at = now()
"""


@dataclass(frozen=True, slots=True)
class Substitution:
    """How many values of a column a rule replaced because PostgreSQL cannot hold them."""

    table: str
    column: str
    rule: str
    value_count: int


def read_substitutions(connection: WarehouseConnection, run_id: int) -> tuple[Substitution, ...]:
    """Return what the loads of a run have substituted, in the order of table, column and rule."""
    return tuple(
        Substitution(*row)
        for row in connection.execute(
            """
            select table_name, column_name, rule, value_count
            from ops.substitution
            where run_id = %s and value_count > 0
            order by table_name, column_name, rule
            """,
            (run_id,),
        )
    )
