"""Collects rows of the past and sends them in bulk."""

from __future__ import annotations

from simulator import writer
from simulator.background import Background

# A table's rows are sent when there are so many; bounds the memory with the queue's length.
_ROWS_AT_ONCE = 40_000


class Pen:
    """Collects rows of one table as lines of tabbed values, with keys that count up."""

    def __init__(self, table: str, columns: str, *, key: int) -> None:
        """`columns` are words; `key` is the last key that was given out."""
        self.table = table
        self.columns = tuple(columns.split())
        self.key = key
        self.rows: list[str] = []
        self.write = self.rows.append

    def send(self, background: Background, *, at_least: int = _ROWS_AT_ONCE) -> None:
        """Hand the rows over when there are enough of them."""
        if len(self.rows) >= max(1, at_least):
            text = "\n".join(self.rows) + "\n"
            self.rows.clear()
            background.do(
                lambda cursor: writer.load(cursor, self.table, columns=self.columns, lines=(text,))
            )
