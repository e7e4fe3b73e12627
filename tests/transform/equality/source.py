"""An office in a practice database of its own, for the way that a practice's rows go."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from include.endpoints import Endpoint
from simulator import writer
from simulator.journal import Journal, Value
from tests.transform.reports.practice import Practice


def fill_practice(endpoint: Endpoint, practice: Practice) -> None:
    """Make the database with all tables of Open Dental, and save the office's rows in it."""
    journal = Journal()
    for table, rows in practice.tables.items():
        for row in rows:
            journal.insert(table, **{column: _value(value) for column, value in row.items()})
    with writer.connect(endpoint) as connection:
        writer.create_database(connection, endpoint.database, engine=None)
        writer.save(connection, journal)


def _value(value: Any) -> Value:
    written: Value = str(value) if isinstance(value, Decimal | timedelta) else value
    return written
