"""What each check of a run found: `ops.validation_result`. It holds counts, never a row's value."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from include.warehouse.session import WarehouseConnection

RECONCILIATION = "reconciliation"
GREAT_EXPECTATIONS = "great_expectations"


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


_INSERT: LiteralString = """
    insert into ops.validation_result (
        run_id, table_name, source, check_name, column_name, is_passed, element_count,
        unexpected_count, detail
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_OVERWRITE: LiteralString = """
    on conflict (run_id, table_name, source, check_name, column_name) do update set
        is_passed = excluded.is_passed,
        element_count = excluded.element_count,
        unexpected_count = excluded.unexpected_count,
        detail = excluded.detail,
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
            )
