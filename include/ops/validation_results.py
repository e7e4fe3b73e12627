"""What each check of a run found: `ops.validation_result`. It holds counts, never a row's value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, LiteralString

from include.warehouse.session import WarehouseConnection

RECONCILIATION = "reconciliation"
GREAT_EXPECTATIONS = "great_expectations"


class Effect(StrEnum):
    """What a breach of a check does: it may close the table's gate, or it is told to people."""

    BLOCKS = "blocks"
    FINDING = "finding"


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach that closes no gate.

    `column` is empty for one of the whole table, `unexpected_count` None where it could not be
    measured.
    """

    table: str
    column: str
    element_count: int | None
    unexpected_count: int | None
    detail: str

    def __str__(self) -> str:
        """The finding in words, without its place."""
        if self.unexpected_count is None:
            return f"could not be measured: {self.detail}"
        if self.element_count is None:
            return f"{self.unexpected_count} rows: {self.detail}"
        return f"{self.unexpected_count} of {self.element_count} rows break: {self.detail}"

    @property
    def place(self) -> str:
        """The table, with the column if it is about one."""
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one table; `source` is RECONCILIATION or GREAT_EXPECTATIONS."""

    source: str
    check_name: str
    is_passed: bool
    element_count: int | None = None
    unexpected_count: int | None = None
    column_name: str = ""
    detail: str | None = None
    effect: Effect = Effect.BLOCKS


def replace_results(
    connection: WarehouseConnection,
    run_id: int,
    results: Mapping[str, Sequence[CheckResult]],
    *,
    reconciled: Collection[str],
) -> None:
    """Replace the checks of these tables that the run's earlier validation had written.

    `reconciled` are the names of the reconciliation checks to replace; those of other steps, such
    as settling, stay. The caller commits.
    """
    connection.execute(
        """
        delete from ops.validation_result
        where run_id = %s and table_name = any(%s)
            and (source = 'great_expectations' or check_name = any(%s))
        """,
        (run_id, list(results), list(reconciled)),
    )
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, _rows(run_id, results))


def record_results(
    connection: WarehouseConnection, run_id: int, results: Mapping[str, Sequence[CheckResult]]
) -> None:
    """Write checks, by table; one that the run had written is overwritten. The caller commits."""
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT + _OVERWRITE, _rows(run_id, results))


def new_findings(connection: WarehouseConnection, run_id: int) -> tuple[Finding, ...]:
    """Return the findings of a run that no report before has told, the largest first.

    A finding is known by what it says of its column: another target, or another teller, is new; a
    count that moves is not.
    """
    return _findings(
        connection,
        """
        select
            found.table_name, found.column_name, found.element_count, found.unexpected_count,
            found.detail
        from ops.validation_result as found
        where
            found.run_id = %s and found.effect = 'finding' and not found.is_passed
            and found.unexpected_count is distinct from 0
            and not exists (
                select
                from ops.validation_result as earlier
                inner join ops.run as told on earlier.run_id = told.run_id
                where
                    told.summary is not null and earlier.run_id < found.run_id
                    and earlier.effect = 'finding' and not earlier.is_passed
                    and earlier.table_name = found.table_name
                    and earlier.check_name = found.check_name
                    and earlier.column_name = found.column_name
                    and earlier.detail = found.detail
            )
        order by found.unexpected_count desc nulls last, found.table_name, found.column_name
        """,
        run_id,
    )


def standing_findings(connection: WarehouseConnection) -> tuple[Finding, ...]:
    """Return what the last validation of each table found, by table and column."""
    return _findings(
        connection,
        """
        select table_name, column_name, element_count, unexpected_count, detail
        from ops.validation_result
        where
            effect = 'finding' and not is_passed and unexpected_count is distinct from 0
            and (table_name, run_id) in (
                select table_name, max(run_id)
                from ops.validation_result
                where source = 'great_expectations'
                group by table_name
            )
        order by table_name, column_name
        """,
    )


def _findings(
    connection: WarehouseConnection, query: LiteralString, *parameters: int
) -> tuple[Finding, ...]:
    return tuple(Finding(*row) for row in connection.execute(query, parameters).fetchall())


_INSERT: LiteralString = """
    insert into ops.validation_result (
        run_id, table_name, source, check_name, column_name, is_passed, element_count,
        unexpected_count, detail, effect
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_OVERWRITE: LiteralString = """
    on conflict (run_id, table_name, source, check_name, column_name) do update set
        is_passed = excluded.is_passed,
        element_count = excluded.element_count,
        unexpected_count = excluded.unexpected_count,
        detail = excluded.detail,
        effect = excluded.effect,
        checked_at = now()
"""


def _rows(run_id: int, results: Mapping[str, Sequence[CheckResult]]) -> Iterator[tuple[Any, ...]]:
    for table, checks in results.items():
        for one in checks:
            yield (
                run_id,
                table,
                one.source,
                one.check_name,
                one.column_name,
                one.is_passed,
                one.element_count,
                one.unexpected_count,
                one.detail,
                one.effect,
            )
