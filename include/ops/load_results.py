"""What identifies a load and what it did, as the engine passes it to `include.ops.loads`."""

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
    """One load of a table in a run, with the table's config.

    `is_repeat` is true for the loads of `include.engine.settle`, which are no retries; `in_ranges`
    if the run loads the table in ranges of its key.
    """

    run_id: int
    table: TableConfig
    is_repeat: bool = False
    in_ranges: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """The `_batch_id` and `_loaded_at` of every row that a load writes.

    The ids of a table's batches only grow, because they are taken under the table's lock.
    """

    batch_id: int
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many raw rows were written, by what happened to them."""

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
