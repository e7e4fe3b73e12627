"""Which load of a table this is, and what it did: what the engine hands to `include.ops.loads`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from include.catalog.model import TableConfig


class LoadState(StrEnum):
    """How far the load of a table in a run has got."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which load of which run this is. A repeat belongs to settling, not to a retry.

    `in_ranges` says that the run loads the table in ranges of its key.
    """

    run_id: int
    table: TableConfig
    is_repeat: bool = False
    in_ranges: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """The number and the moment that every row written by one load carries.

    The number only grows for a table, because it is taken under the table's lock.
    """

    batch_id: int
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many raw rows were written, by the reason for it."""

    inserted: int = 0
    changed: int = 0
    undeleted: int = 0
    deleted: int = 0

    @property
    def total(self) -> int:
        """All rows that were written."""
        return self.inserted + self.changed + self.undeleted + self.deleted

    def __add__(self, other: RowCounts) -> RowCounts:
        return RowCounts(
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
