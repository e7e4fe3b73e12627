"""A simulated practice of the size of a real one, created once and kept."""

from __future__ import annotations

import logging
from datetime import date
from fractions import Fraction
from pathlib import Path

import pymysql

import simulator
from bench import dataset
from bench.layout import Layout
from bench.servers import Servers, writing
from include.endpoints import Endpoint
from include.source.session import quote
from local_system.environment import PRACTICE_DATABASE

log = logging.getLogger(__name__)

PATIENTS = 35_000
LAST_DAY = date(2026, 10, 30)
SEED = 1


def ensure_practice(layout: Layout, servers: Servers, scale: Fraction) -> str:
    """Create the practice unless it exists; return its database. At full scale it takes minutes.

    Only one practice exists at a time, under the name that it has in a local system.
    """
    patients = int(PATIENTS * scale)
    plan = simulator.PracticePlan(patients, simulator.natural_years(patients), SEED, LAST_DAY)
    name = PRACTICE_DATABASE
    if dataset.made_from(servers, name) == repr(plan):
        return name
    log.info("simulating a practice of %s patients", patients)
    with writing(servers.administrator) as cursor:
        cursor.execute(f"drop database if exists {quote(name)}")
    simulator.build(servers.administrator.with_database(name), plan, truth=books(layout))
    _analyze(servers, name)
    dataset.remember(servers, name, repr(plan))
    return name


def books(layout: Layout) -> Path:
    """Return the file of the practice's own books, with its memory beside it."""
    return layout.root / f"{PRACTICE_DATABASE}.json"


def described(layout: Layout, servers: Servers, scale: Fraction) -> tuple[Endpoint, str]:
    """Create the practice unless it exists; return its read-only endpoint and its size in words."""
    name = ensure_practice(layout, servers, scale)
    tables, rows = count_rows(servers, name)
    source = servers.reader.with_database(name)
    return source, f"{tables} tables and {rows / 1e6:.1f} M rows"


def count_rows(servers: Servers, name: str) -> tuple[int, int]:
    """Count every row of every table exactly; return how many tables and rows there are."""
    with writing(servers.administrator, name) as cursor:
        names = _tables(cursor)
        total = 0
        for start in range(0, len(names), 50):
            cursor.execute(
                " union all ".join(
                    f"select count(*) from {quote(table)}"  # noqa: S608
                    for table in names[start : start + 50]
                )
            )
            total += sum(int(row[0]) for row in cursor.fetchall())
    return len(names), total


def _analyze(servers: Servers, name: str) -> None:
    with writing(servers.administrator, name) as cursor:
        for table in _tables(cursor):
            cursor.execute(f"analyze table {quote(table)}")


def _tables(cursor: pymysql.cursors.Cursor) -> list[str]:
    cursor.execute(
        "select table_name from information_schema.tables "
        "where table_schema = database() and table_type = 'BASE TABLE' order by table_name"
    )
    return [str(row[0]) for row in cursor.fetchall()]
