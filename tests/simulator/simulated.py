"""A simulated practice, and what the server says of its rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from include.endpoints import Endpoint
from include.open_dental import schema
from include.source.session import SourceConnection, quote
from simulator import PracticePlan

LAST_DAY = date(2026, 11, 20)
PLAN = PracticePlan(patients=150, years=1, seed=17, until=LAST_DAY)


@dataclass(frozen=True)
class Simulated:
    """A practice in a database of its own, and its truth as it was when it was built."""

    endpoint: Endpoint
    truth_path: Path
    checksums: dict[str, int]
    built_truth: str

    def truth(self) -> dict[str, Any]:
        """Return the truth as it is now."""
        truth: dict[str, Any] = json.loads(self.truth_path.read_text())
        return truth


Simulate = Callable[[str, PracticePlan], Simulated]


def checksums(connection: SourceConnection) -> dict[str, int]:
    """Return the server's checksum of every table's rows."""
    names = ", ".join(map(quote, schema.tables()))
    with connection.cursor() as cursor:
        cursor.execute(f"checksum table {names} extended")
        return {str(name).split(".", 1)[1]: int(total) for name, total in cursor.fetchall()}


def rows(connection: SourceConnection) -> dict[str, dict[int, dict[str, Any]]]:
    """Return every row of the practice by table and key, as the server writes it in text."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        for table in schema.tables().values():
            cursor.execute(
                "select "
                + ", ".join(f"cast({quote(c.name)} as char)" for c in table.columns)
                + f" from {quote(table.name)}"
            )
            names = [column.name for column in table.columns]
            found[table.name] = {
                int(row[names.index(table.key)]): dict(zip(names, row, strict=True))
                for row in cursor.fetchall()
            }
    return found
