"""The fast path against the slow one, on random tables through random edits."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from include.catalog.model import TableConfig
from include.catalog.targets import Mode
from include.endpoints import Endpoint
from include.engine import EngineConnections, load
from include.engine.verify import verify_table
from include.ops.load_results import Attempt, TableLoad
from include.transcoder.core import load_core
from include.warehouse import session as warehouse_session
from include.warehouse.session import WarehouseConnection
from tests.engine import reference
from tests.engine.practice import Practice, open_practice
from tests.engine.reference import Cells, Column, RawRow
from tests.engine.scenarios import Scenario, scenarios

RESTATED = ("PatNum", "At")
_numbers = itertools.count(1)


@dataclass
class Twin:
    """A warehouse that one of the two cores loads, all tables over the same sessions."""

    practice: Practice
    connections: EngineConnections
    connection: WarehouseConnection

    def load(self, table: TableConfig, mode: Mode = "compare") -> TableLoad:
        attempt = Attempt(self.practice.run_id, table)
        return load(self.connections, attempt, mode=mode)

    def rows(self, table: TableConfig, columns: list[Column]) -> list[RawRow]:
        return reference.raw_rows(self.connection, table.name, columns)


@pytest.fixture
def second_warehouse(postgres: Endpoint) -> Iterator[Endpoint]:
    """Another empty warehouse beside the test's own."""
    other = postgres.with_database(f"second_{next(_numbers)}")
    with warehouse_session.connect(postgres, autocommit=True) as connection:
        connection.execute(f"create database {other.database}".encode())
        yield other
        connection.execute(f"drop database {other.database} with (force)".encode())


@pytest.fixture
def twins(practice: Practice, second_warehouse: Endpoint) -> Iterator[tuple[Twin, Twin]]:
    """The same practice loaded by the compiled core and by the one in Python."""
    other = open_practice(practice.source, second_warehouse)
    with (
        EngineConnections(practice.source, practice.warehouse) as fast,
        EngineConnections(practice.source, second_warehouse) as plain,
        warehouse_session.connect(practice.warehouse, autocommit=True) as left,
        warehouse_session.connect(second_warehouse, autocommit=True) as right,
    ):
        fast.core = load_core(compiled=True)
        plain.core = load_core(compiled=False)
        yield Twin(practice, fast, left), Twin(other, plain, right)


def hold(scenario: Scenario, fast: Twin, plain: Twin) -> None:
    """Go through the scenario and hold every load against the reference."""
    name = f"Case {next(_numbers)}"
    fast.practice.execute(scenario.create.replace("{t}", f"`{name}`"))
    columns = reference.columns_of(fast.practice.source, name)
    names = [column.name.lower() for column in columns]
    key = None if scenario.key is None else [names.index(part) for part in scenario.key]
    table = fast.practice.config(name, chunk_rows=scenario.chunk_rows, restate_by=RESTATED)
    for step in scenario.steps:
        fast.practice.execute(*(statement.replace("{t}", f"`{name}`") for statement in step))
        before = fast.rows(table, columns)
        substitutions = reference.copy_plainly(fast.practice.source, fast.connection, name, columns)
        now = reference.texts(fast.connection, name, columns)
        load = fast.load(table)
        plain.load(table)
        after = fast.rows(table, columns)
        _hold_load(load, before, after, reference.expected_of(before, now, key))
        if load.is_first_load and key is not None:
            assert _affected(fast, load) == Counter([("*", "*")])
        else:
            _hold_affected(fast, load, columns, reference.expected_of(before, now, key).moved)
        assert _counted(fast, table) == substitutions
        assert _content(plain.rows(table, columns)) == _content(after)
        assert load.rows_read == now.total()
        assert fast.load(table).moved == 0
        assert fast.load(table, "full").moved == 0
        assert fast.rows(table, columns) == after
    assert reference.raw_types(fast.connection, name) == {
        column.name.lower(): column.held_as for column in columns
    }
    assert verify_table(fast.practice.source, fast.practice.warehouse, table).is_equal
    fast.practice.execute(f"drop table `{name}`")


def _hold_load(
    load: TableLoad, before: list[RawRow], after: list[RawRow], expected: reference.Expected
) -> None:
    assert Counter((row.cells, row.is_deleted) for row in after) == expected.after
    assert (load.inserted, load.changed, load.undeleted, load.deleted) == (
        expected.inserted,
        expected.changed,
        expected.undeleted,
        expected.deleted,
    )
    assert sum(row.batch_id == load.batch_id for row in after) == load.moved
    untouched = {row.version for row in before} & {row.version for row in after}
    alive = Counter(row.cells for row in after if row.version in untouched and not row.is_deleted)
    assert alive == expected.untouched


def _hold_affected(
    twin: Twin, load: TableLoad, columns: list[Column], moved: Counter[Cells]
) -> None:
    names = [column.name for column in columns]
    patient, day = names.index("PatNum"), names.index("At")
    expected = {("patnum", cells[patient]) for cells in moved}
    expected |= {("at", (cells[day] or "")[:10] or None) for cells in moved}
    assert _affected(twin, load) == Counter(pair for pair in expected if pair[1] is not None)


def _affected(twin: Twin, load: TableLoad) -> Counter[tuple[str, str]]:
    rows = twin.connection.execute(
        "select column_name, value from ops.affected where batch_id = %s", (load.batch_id,)
    )
    return Counter((column, value) for column, value in rows.fetchall())


def _counted(twin: Twin, table: TableConfig) -> dict[tuple[str, str], int]:
    rows = twin.connection.execute(
        "select column_name, rule, value_count from ops.substitution where table_name = %s",
        (table.raw_name,),
    )
    return {(column, rule): count for column, rule, count in rows.fetchall()}


def _content(rows: list[RawRow]) -> Counter[tuple[Cells, bool]]:
    return Counter((row.cells, row.is_deleted) for row in rows)


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    # Every try loads tables; to make a failing case small is for the long test.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(scenario=scenarios())
def test_random_tables_arrive_as_the_plain_reference_reads_them(
    twins: tuple[Twin, Twin], scenario: Scenario
) -> None:
    hold(scenario, *twins)


@pytest.mark.soak
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=scenarios())
def test_very_many_random_tables_arrive_as_the_plain_reference_reads_them(
    twins: tuple[Twin, Twin], scenario: Scenario
) -> None:
    hold(scenario, *twins)
