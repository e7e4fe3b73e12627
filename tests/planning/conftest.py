"""The small practice, discovered."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.endpoints import Endpoint
from tests.planning.practice import Practice


@pytest.fixture
def practice(source: Endpoint, warehouse: Endpoint, tmp_path: Path) -> Practice:
    """Patients, visits that depend on them, an empty table and a table without a key."""
    practice = Practice(source, warehouse, tmp_path)
    practice.execute(
        "create table Patient (PatNum bigint primary key auto_increment, LName varchar(50), "
        "Gender tinyint, Balance double, Seen date)",
        "create table Visit (VisitNum int primary key, PatNum bigint, VisitDate date, "
        "Fee decimal(8,2), Code varchar(10))",
        "create table Empty (EmptyNum bigint primary key)",
        "create table Loose (Note text)",
        "insert into Patient values (1, 'a', 1, 1.5, '2024-01-01'), (2, 'b', 0, 0, null)",
        "insert into Visit select seq, 1, '2024-02-01', 10.5, 'x' from seq_1_to_500",
        "insert into Loose values ('one'), ('one')",
    )
    practice.discover()
    return practice
