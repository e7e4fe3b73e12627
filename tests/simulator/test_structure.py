"""The simulated practice has Open Dental's own tables."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from include.endpoints import Endpoint
from include.errors import TerminalError
from include.open_dental import schema
from include.source import session
from include.source.session import SourceConnection
from simulator import PracticePlan, build, memory, writer
from tests.simulator.documented import coded_columns
from tests.simulator.simulated import LAST_DAY, Simulated

COLUMNS = """
    select table_name, column_name, column_type, is_nullable, column_default, extra
    from information_schema.columns where table_schema = database()
    order by table_name, ordinal_position"""
INDEXES = """
    select table_name, index_name,
        group_concat(concat(column_name, if(sub_part is null, '', concat('(', sub_part, ')')))
            order by seq_in_index)
    from information_schema.statistics where table_schema = database()
    group by table_name, index_name"""
ENGINES = """
    select engine, count(*) from information_schema.tables
    where table_schema = database() group by engine"""


def _all(connection: SourceConnection, query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def test_every_column_default_and_index_is_as_open_dental_declares_it(
    connection: SourceConnection,
) -> None:
    expected_columns = [
        (t.name, c.name, c.type, "YES" if c.is_nullable else "NO", c.default, c.extra)
        for t in sorted(schema.tables().values(), key=lambda table: table.name)
        for c in t.columns
    ]
    seen = [
        # MariaDB spells a missing default of a nullable column "NULL".
        (t, c, kind, null, None if default == "NULL" else default, extra)
        for t, c, kind, null, default, extra in _all(connection, COLUMNS)
    ]
    assert seen == expected_columns
    expected_indexes = {
        (t.name, name): ",".join(columns)
        for t in schema.tables().values()
        for name, columns in {**t.indexes, "PRIMARY": t.primary_key}.items()
    }
    assert {(t, i): columns for t, i, columns in _all(connection, INDEXES)} == expected_indexes


def test_tables_have_their_own_engines_and_become_innodb_on_demand(
    connection: SourceConnection, mariadb: Endpoint
) -> None:
    assert dict(_all(connection, ENGINES)) == {"MyISAM": 378, "InnoDB": 46}
    endpoint = mariadb.with_database("demo_innodb")
    with writer.connect(endpoint) as opened:
        writer.create_database(opened, endpoint.database, engine="InnoDB")
    with session.connect(endpoint) as opened:
        assert dict(_all(opened, ENGINES)) == {"InnoDB": 424}


def test_at_least_sixty_tables_are_alive(connection: SourceConnection) -> None:
    sizes = {
        name: _all(connection, f"select count(*) from {session.quote(name)}")[0][0]
        for name in schema.tables()
    }
    assert sum(size > 0 for size in sizes.values()) >= 60
    assert min(sizes[name] for name in ("procedurelog", "claimproc", "paysplit", "commlog")) > 250


def test_every_documented_code_is_a_known_one(connection: SourceConnection) -> None:
    """A column with a code list holds the list's numbers only."""
    strange: Counter[str] = Counter()
    for table, column, codes in coded_columns():
        query = f"select distinct {session.quote(column)} from {session.quote(table)}"
        for (value,) in _all(connection, query):
            if value is not None and value not in codes:
                strange[f"{table}.{column}"] += 1
    assert not strange


def test_a_database_of_another_origin_is_refused_and_left_alone(
    source: Endpoint, practice: Simulated
) -> None:
    with writer.connect(source) as opened, opened.cursor() as cursor:
        cursor.execute(f"use {session.quote(source.database)}")
        cursor.execute("create table patient (PatNum int primary key)")
    truth = practice.truth_path.with_name("other.json")
    with pytest.raises(TerminalError, match="holds 1 tables that no simulation made"):
        build(source, PracticePlan(5, 1, 1, LAST_DAY), truth=truth)
    with session.connect(source) as opened:
        assert _all(opened, "show tables") == [("patient",)]
    assert not memory.path_of(truth).exists()
