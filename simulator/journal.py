"""What the simulated practice has written and not yet saved: inserts, changes and deletes by key.

The simulator works on this journal only, so that building and living on are the same code: a row
that is still pending is changed in place, one that the database holds already becomes an update.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeAlias

from include.open_dental import schema

Value: TypeAlias = str | int | float | date | None
Row: TypeAlias = dict[str, Value]

# Open Dental's own sentinel for "no date".
EMPTY_DATETIME = "0001-01-01 00:00:00"


class Journal:
    """Pending operations per table, and the last key given out per table.

    `now` is the simulated moment; it goes into the columns that a server would maintain.
    """

    def __init__(self) -> None:
        self.now = EMPTY_DATETIME
        self.inserts: dict[str, dict[int, Row]] = defaultdict(dict)
        self.updates: dict[str, dict[int, Row]] = defaultdict(dict)
        self.deletes: dict[str, dict[int, None]] = defaultdict(dict)
        self.pending = 0
        self._last_key: dict[str, int] = defaultdict(int)
        self._shape: dict[str, tuple[str, str | None]] = {
            name: (table.key, table.stamp) for name, table in schema.tables().items()
        }

    def insert(self, table: str, /, **values: Value) -> int:
        """Add a row and return its key, the next number unless the row brings its own."""
        key_column, stamp = self._shape[table]
        key = values.get(key_column)
        if not isinstance(key, int):
            key = self._last_key[table] + 1
            values[key_column] = key
        self._last_key[table] = max(key, self._last_key[table])
        if stamp is not None and stamp not in values:
            values[stamp] = self.now
        self.inserts[table][key] = values
        self.pending += 1
        return key

    def update(self, table: str, key: int, /, **values: Value) -> None:
        """Change columns of a row; the server's stamp moves to the simulated moment."""
        stamp = self._shape[table][1]
        if stamp is not None and stamp not in values:
            values[stamp] = self.now
        self._change(table, key, values)

    def update_quietly(self, table: str, key: int, /, **values: Value) -> None:
        """Change columns of a row and leave the server's stamp where it was."""
        self._change(table, key, values)

    def delete(self, table: str, key: int, /) -> None:
        """Remove a row for good."""
        self.updates[table].pop(key, None)
        if self.inserts[table].pop(key, None) is None:
            self.deletes[table][key] = None
            self.pending += 1

    def row(self, table: str, key: int, /) -> Mapping[str, Value] | None:
        """Return the row as it is pending, or None when the database holds it already."""
        return self.inserts[table].get(key)

    def last_key(self, table: str, /) -> int:
        """Return the last number given out in a table."""
        return self._last_key[table]

    def skip_to(self, table: str, key: int, /) -> None:
        """Take numbers as given out that rows from elsewhere hold."""
        self._last_key[table] = max(key, self._last_key[table])

    def clear(self) -> None:
        """Forget what has been saved; keys go on counting."""
        self.inserts.clear()
        self.updates.clear()
        self.deletes.clear()
        self.pending = 0

    def _change(self, table: str, key: int, values: dict[str, Any]) -> None:
        pending = self.inserts[table].get(key)
        if pending is not None:
            pending.update(values)
            return
        self.updates[table].setdefault(key, {}).update(values)
        self.pending += 1
