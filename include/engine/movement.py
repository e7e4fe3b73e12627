"""What a load has done to a table, in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Movement:
    """How many raw rows were written, by the reason for it."""

    inserted: int = 0
    changed: int = 0
    undeleted: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        """All rows that were written."""
        return self.inserted + self.changed + self.undeleted + self.deleted

    def __add__(self, other: Movement) -> Movement:
        return Movement(
            self.inserted + other.inserted,
            self.changed + other.changed,
            self.undeleted + other.undeleted,
            self.deleted + other.deleted,
        )


@dataclass(frozen=True, slots=True)
class TableLoad:
    """The result of one load of one table. `batch_id` marks the rows that it wrote.

    `rows_read` counts the rows that the source held, `bytes_read` their bytes on the wire.
    """

    table: str
    batch_id: int
    rows_read: int
    bytes_read: int
    chunks_read: int
    chunks_changed: int
    inserted: int
    changed: int
    undeleted: int
    deleted: int
    is_first_load: bool = False

    @property
    def moved(self) -> int:
        """How many raw rows were written."""
        return self.inserted + self.changed + self.undeleted + self.deleted
