"""Months of a practice's life: a verdict on carried counts equals one that counts everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import simulator
from include.catalog.model import Tier
from include.discovery import discover
from include.endpoints import Endpoint
from include.engine import load_table
from include.planning import RefreshRequest, plan_refresh
from include.validation import TierVerdict, validate_tier
from include.warehouse.session import connect
from simulator import PracticePlan
from tests.engine.practice import writing
from tests.validation.records import forget_counts, record_asked, records

PLAN = PracticePlan(patients=40, years=1, seed=5, until=date(2026, 6, 30))
# All tiers, with the tables that most rows refer to, and two that refer to none of them.
TABLES = (
    "appointment",
    "claim",
    "claimproc",
    "definition",
    "patient",
    "payment",
    "paysplit",
    "preference",
    "procedurecode",
    "procedurelog",
    "provider",
    "securitylog",
    "userod",
)


@dataclass
class Refreshes:
    """A practice that is loaded and validated again and again."""

    source: Endpoint
    warehouse: Endpoint
    directory: Path
    docs: Path
    asked: list[str]
    run_id: int = 0
    loaded: frozenset[str] = frozenset()

    def load(self, *tables: str) -> None:
        request = RefreshRequest(tables=tables or TABLES, config_directory=self.directory)
        plan = plan_refresh(self.source, self.warehouse, request)
        assert plan.run_id is not None
        self.run_id = plan.run_id
        self.loaded = frozenset(plan.tables)
        for table in plan.tables:
            load_table(self.source, self.warehouse, run_id=plan.run_id, table=table)

    def validate(self) -> tuple[list[TierVerdict], dict[str, Any]]:
        verdicts = [validate_tier(self.warehouse, run_id=self.run_id, tier=tier) for tier in Tier]
        with connect(self.warehouse, autocommit=True) as connection:
            return verdicts, records(connection, self.docs, self.run_id)

    def compare(self) -> set[str]:
        """Validate with what is on record and without; return what was counted the first time."""
        self.asked.clear()
        carried = self.validate()
        counted = set(self.asked)
        with connect(self.warehouse, autocommit=True) as connection:
            forget_counts(connection, self.loaded)
        self.asked.clear()
        assert self.validate() == carried
        assert set(self.asked) == self.loaded
        with connect(self.warehouse, autocommit=True) as connection:
            connection.execute("update ops.run set summary = '{}'")
        return counted

    def change(self, *statements: str) -> None:
        with writing(self.source) as cursor:
            for statement in statements:
                cursor.execute(statement)


@pytest.fixture
def refreshes(
    source: Endpoint,
    warehouse: Endpoint,
    docs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Refreshes:
    simulator.build(source, PLAN, truth=tmp_path / "truth.json")
    (tmp_path / "overrides.yml").write_text("{}\n")
    discover(source, warehouse, config_directory=tmp_path)
    return Refreshes(source, warehouse, tmp_path, docs, record_asked(monkeypatch))


def test_carried_and_new_verdicts_are_equal_while_a_practice_lives(refreshes: Refreshes) -> None:
    one = refreshes
    one.load()
    one.validate()

    # Nothing moves but a threshold.
    (one.directory / "overrides.yml").write_text(
        "tables:\n  procedurelog: {quality_threshold: 0.5}\n  payment: {quality_threshold: 1}\n"
    )
    one.load()
    assert one.compare() == set()

    simulator.advance(one.source, days=5, truth=one.directory / "truth.json")
    one.load()
    moved = one.compare()
    assert moved >= {"patient", "procedurelog"}
    assert moved < one.loaded

    # Rows that break rules, and rows that are gone from under others.
    one.change(
        "update procedurelog set ProcStatus = 77 order by ProcNum limit 9",
        "update appointment set AptDateTime = '1066-10-14' order by AptNum limit 1",
        "delete from provider order by ProvNum limit 1",
        "delete from patient order by PatNum limit 2",
    )
    one.load()
    assert "preference" not in one.compare()

    # Without the tables that their rows name, and then with them.
    one.load("claimproc", "preference")
    assert one.compare() == one.loaded - {"preference"}
    one.load()
    assert one.compare() == {"claimproc"}
