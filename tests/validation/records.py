"""What a validation leaves behind, without the moments at which it wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from include.ops.validation_results import new_findings, standing_findings
from include.validation import counting
from include.validation.suites import run_suites
from include.warehouse.session import WarehouseConnection
from tests.validation.loaded_warehouse import LoadedWarehouse

_KEPT = {
    "ops.table_state": "to_jsonb(t) - 'validated_at'",
    "ops.validation_result": "to_jsonb(t) - 'checked_at'",
    # The same counts may have been taken in an earlier run.
    "ops.rule_count": "to_jsonb(t) - '{counted_at,run_id,page}'::text[]",
}


def records(connection: WarehouseConnection, docs: Path, run_id: int) -> dict[str, Any]:
    """Return the content of the tables that a validation writes, of its findings and its pages."""
    found: dict[str, Any] = {
        table: sorted(
            str(row) for (row,) in connection.execute(f"select {kept} from {table} as t".encode())
        )
        for table, kept in _KEPT.items()
    }
    found["new findings"] = new_findings(connection, run_id)
    found["standing findings"] = standing_findings(connection)
    found["pages"] = {
        index.relative_to(docs).as_posix(): _without_moments(index.read_text())
        for index in docs.glob("*/index.html")
    }
    for index in docs.glob("*/index.html"):
        links = re.findall(r'href="(validations/[^"]*)"', index.read_text())
        assert all((index.parent / link).is_file() for link in links)
    return found


def forget_counts(connection: WarehouseConnection, tables: Iterable[str]) -> None:
    """Let the next validation of these tables count everything anew."""
    connection.execute("delete from ops.rule_count where table_name = any(%s)", ([*tables],))


def record_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the tables whose rules Great Expectations is asked to count."""
    asked: list[str] = []

    def run(warehouse: Any, suites: Any, **named: Any) -> Any:
        asked.extend(suite.table for suite in suites)
        return run_suites(warehouse, suites, **named)

    monkeypatch.setattr(counting, "run_suites", run)
    return asked


def assert_as_new(loaded: LoadedWarehouse, docs: Path) -> None:
    """Compare what the last validation wrote with what one writes that carries nothing over."""
    carried = records(loaded.connection, docs, loaded.run_id)
    forget_counts(loaded.connection, [one.raw_name for one in loaded.catalog.tables.values()])
    loaded.validate()
    assert carried == records(loaded.connection, docs, loaded.run_id)


def _without_moments(page: str) -> str:
    return re.sub(r"(validations/table_\w+)/[^\"]*", r"\1", page)
